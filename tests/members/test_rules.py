"""Which names, addresses and passwords will do. No database needed."""

import time
from collections.abc import Iterator

import pytest

from forum import settings
from forum.members import addresses, names
from forum.members.forms import JoinForm
from forum.members.sessions import passwords
from forum.settings import Settings


@pytest.fixture(autouse=True)
def _a_house() -> Iterator[None]:
    settings.use(Settings(site_name="Hearthside", secret_key="only for tests, and long enough"))
    yield


@pytest.mark.parametrize(
    "name",
    "Admin,admin,Аdmin,ADMIN,Adm1n,Kettle,KettIe,moderator,Moderat0r,The Moderator,Site Admin,Hearthside,hearthslde,"
    "Staff,Nobody,NHS,Someone who left,someone-who-left".split(","),
)
def test_nobody_takes_a_name_that_speaks_for_the_house(name: str) -> None:
    assert "people who run this place" in names.trouble_with(names.clean_name(name))


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "Tell us a name"),
        ("\u200b\u200b", "Tell us a name"),
        ("J", "two letters"),
        ("…!", "two letters"),
        ("x" * 41, "40 letters"),
        ("x" * 100_000, "40 letters"),
        ("a/b", "slashes"),
        ("..\\x", "slashes"),
        ('Joan "the boss"', "quotation"),
        ("joan@example.org", "e-mail address"),
    ],
)
def test_a_name_that_will_not_do_says_what_to_do(name: str, word: str) -> None:
    assert word in names.trouble_with(names.clean_name(name))


@pytest.mark.parametrize(
    "name",
    ["Siân", "Olùwáṣeun", "李雷", "محمد علي", "Jo", "Maggie’s daughter", "Bob 🐈", "x" * 40, "Stafford", "Kettles on"],
)
def test_names_of_all_kinds_are_welcome(name: str) -> None:
    assert names.clean_name(f"  {name}\n") == name
    assert not names.trouble_with(name)


@pytest.mark.parametrize(
    "email",
    [
        *",joan,joan@,@example.org,a b@example.org,a@b@c.org,a@example,a@-x.org,a..b@x.org,.a@x.org,a.@x.org".split(
            ","
        ),
        *"a@x..org,a@127.0.0.1,a\nb@x.org,a@x.org\r\nBcc: b@x.org,jöan@example.org".split(","),
        "a" * 64 + "@" + ".".join("b" * 63 for _ in range(3)) + ".org",
        "a" * 65 + "@example.org",
        "y" * 100_000,
    ],
)
def test_an_address_that_cannot_be_one_says_what_to_do(email: str) -> None:
    assert "address" in addresses.trouble_with(addresses.clean_address(email))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Joan@Example.ORG ", "joan@example.org"),
        ("joan+forum@example.org", "joan+forum@example.org"),
        ("o'neil@example.co.uk", "o'neil@example.co.uk"),
        ("joan@bücher.example", "joan@xn--bcher-kva.example"),
        ("ｊｏａｎ@example.org", "joan@example.org"),
    ],
)
def test_an_address_has_one_spelling(typed: str, kept: str) -> None:
    assert addresses.clean_address(typed) == kept
    assert not addresses.trouble_with(kept)


@pytest.mark.parametrize(
    "password",
    "password123 Password123! 1234567890 0987654321 aaaaaaaaaaaa abababababab abcdefghijkl Liverpool2024! qwertyuiop "
    "QWERTYUIOP 1q2w3e4r5t iloveyou12 чччччччччччч".split(),
)
def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    assert "tried first" in passwords.trouble_with(password)


@pytest.mark.parametrize(
    "password",
    ["maggie@example.org", "Maggie of the Moor", "MaggieOfTheMoor1", "maggie of the moor!", "1maggie.moor99"],
)
def test_ones_own_name_or_address_is_no_password(password: str) -> None:
    about = "maggie@example.org" if "@" in password else "maggie.moor@example.org"
    assert "too close" in passwords.trouble_with(password, "Maggie of the Moor", about)


@pytest.mark.parametrize(
    "password",
    ["three odd teaspoons", "κωδικός πρόσβασης", "9999xxx72klq", " leading and trailing ", "maggie loves her tea"],
)
def test_no_composition_rules(password: str) -> None:
    assert not passwords.trouble_with(password, "Maggie", "maggie@example.org")


@pytest.mark.parametrize(("password", "word"), [("short", "at least 10"), ("x1y2" * 51, "at most 200")])
def test_a_password_is_neither_too_short_nor_endless(password: str, word: str) -> None:
    assert word in passwords.trouble_with(password)


def test_the_same_password_typed_on_another_device_fits() -> None:
    assert passwords.fits(passwords.hashed("café au lait, trois"), "cafe\u0301 au lait, trois")


def test_a_password_is_kept_as_argon2id_and_dated_ones_are_noticed() -> None:
    kept = passwords.hashed("three odd teaspoons")
    assert kept.startswith("$argon2id$")
    assert "teaspoons" not in kept
    assert not passwords.is_dated(kept)
    assert passwords.is_dated("$argon2id$v=19$m=65536,t=3,p=4$VGhpc2lzYXNhbHQ$TmV2ZXIgYSByZWFsIGhhc2ggb2YgYW55")


def test_somebody_unknown_takes_as_long_as_a_wrong_password() -> None:
    kept = passwords.hashed("three odd teaspoons")
    passwords.fits(None, "warm up")

    def quickest(stored: str | None) -> float:
        spans = []
        for _ in range(4):
            began = time.perf_counter()
            assert not passwords.fits(stored, "not these words")
            spans.append(time.perf_counter() - began)
        return min(spans)

    assert 0.4 < quickest(None) / quickest(kept) < 2.5


def test_a_stored_password_that_is_no_hash_fits_nothing() -> None:
    assert not passwords.fits("!", "three odd teaspoons")


def test_a_way_of_caring_that_we_do_not_know_counts_as_not_said() -> None:
    sent = {"name": "Maggie", "email": "maggie@example.org", "care": "<b>"}
    assert JoinForm.read(sent) == JoinForm("Maggie", "maggie@example.org", "", "")
