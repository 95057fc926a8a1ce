"""Another e-mail address: confirmed at both ends, and nobody learns who has a place here."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from forum.members import actions as members
from forum.members.models import Member, Session
from forum.members.moves.models import Move
from forum.members.sessions import actions as sessions
from forum.members.sessions import passwords
from tests import factories
from tests.members.letters import newest_link, path_of
from tests.members.test_joining import errors

LONG = "three odd teaspoons"
PAGE = "/me/signing-in"


@pytest.fixture
def joan(app: Any) -> Any:
    return factories.a_member(name="Joan", email="joan@example.org", password_hash=passwords.hashed(LONG))


@pytest.fixture
def later(client: Any, joan: Any, clock: Any) -> Any:
    """Joan's browser, some time after she came in."""
    client.fill("/login", email="joan@example.org", password=LONG, keep="yes")
    clock.advance(hours=5)
    return client


def ask(client: Any, email: str = "Joan.New@example.org", current: str = LONG) -> Any:
    return client.fill(PAGE, email=email, current=current, press="Send a link there")


def link_to(outbox: Any, address: str) -> str:
    """Return the path of the link in the newest letter to *address*."""
    found = [urlsplit(link).path for link in outbox.links(outbox.last(address))]
    return next(path for path in found if path.startswith("/address/"))


def address_of(joan: Any) -> str:
    return Member.get_by_id(joan.id).email


def test_it_happens_at_once_when_both_ends_say_yes(
    later: Any, new_client: Any, joan: Any, work: Any, outbox: Any
) -> None:
    sessions.send_link("joan@example.org", "reset")
    at_the_old_address = path_of()
    assert ask(later).location == f"{PAGE}#address"
    work()
    assert "still missing" in later.soup(PAGE).get_text()
    mailbox = new_client()
    new, old = link_to(outbox, "joan.new@example.org"), link_to(outbox, "joan@example.org")
    mailbox.get(new)
    assert mailbox.fill(new, press="Yes, write to me here").location == new
    assert "One thing is missing" in mailbox.soup(new).get_text()
    assert address_of(joan) == "joan@example.org"
    mailbox.fill(old, press="Yes, that was me")
    assert address_of(joan) == "joan.new@example.org"
    assert mailbox.get("/me").status_code == 303
    assert "has changed" in mailbox.soup(old, status=410).get_text()
    assert mailbox.get(at_the_old_address).status_code == 410
    work()
    assert "has changed" in outbox.last("joan@example.org")["Subject"]


def test_it_happens_after_three_days_when_nobody_reads_the_old_address(
    later: Any, joan: Any, work: Any, outbox: Any, clock: Any
) -> None:
    ask(later)
    work()
    later.fill(link_to(outbox, "joan.new@example.org"), press="Yes, write to me here")
    clock.advance(hours=71)
    work()
    assert address_of(joan) == "joan@example.org"
    clock.advance(hours=1)
    work()
    assert address_of(joan) == "joan.new@example.org"


def test_a_new_address_that_says_yes_late_need_not_wait(
    later: Any, joan: Any, work: Any, outbox: Any, clock: Any
) -> None:
    ask(later)
    work()
    clock.advance(days=4)
    work()
    assert address_of(joan) == "joan@example.org"
    later.fill(link_to(outbox, "joan.new@example.org"), press="Yes, write to me here")
    assert address_of(joan) == "joan.new@example.org"


def test_a_new_address_that_never_says_yes_changes_nothing(
    later: Any, joan: Any, work: Any, outbox: Any, clock: Any
) -> None:
    ask(later)
    work()
    later.fill(link_to(outbox, "joan@example.org"), press="Yes, that was me")
    clock.advance(days=8)
    work()
    assert address_of(joan) == "joan@example.org"
    assert "is over" in later.soup(link_to(outbox, "joan.new@example.org"), status=410).get_text()
    assert "still missing" not in later.soup(PAGE).get_text()


def test_it_wasnt_me_keeps_the_address_and_shuts_everybody_out(
    later: Any, new_client: Any, joan: Any, work: Any, outbox: Any, clock: Any
) -> None:
    ask(later)
    work()
    new, old = link_to(outbox, "joan.new@example.org"), link_to(outbox, "joan@example.org")
    later.fill(new, press="Yes, write to me here")
    mailbox = new_client()
    mailbox.fill(old, press="That wasn't me")
    assert "choose a new password" in mailbox.soup(old, status=410).get_text()
    assert later.get("/me").status_code == 303
    assert not Session.select().where(Session.member == joan.id, Session.ended_at.is_null()).exists()
    assert "don't fit" in errors(mailbox.fill("/login", email="joan@example.org", password=LONG, press="Sign in"))
    clock.advance(hours=80)
    work()
    assert address_of(joan) == "joan@example.org"
    page = mailbox.soup(new, status=410)
    assert "is over" in page.get_text()
    assert page.select_one("main form") is None


def test_neither_letter_names_the_other_address(later: Any, work: Any, outbox: Any) -> None:
    ask(later)
    work()
    for address, other in (
        ("joan@example.org", "joan.new@example.org"),
        ("joan.new@example.org", "joan@example.org"),
    ):
        letter = outbox.last(address)
        assert other not in outbox.words(letter)
        assert other not in outbox.words(letter, "html")
    page = later.soup(link_to(outbox, "joan@example.org")).select_one("main").get_text()
    assert "joan.new@" not in page


def test_asking_for_an_address_that_has_a_place_tells_only_its_owner(
    later: Any, new_client: Any, joan: Any, work: Any, outbox: Any
) -> None:
    sam = factories.a_member(name="Sam", email="sam@example.org")
    taken = ask(later, "sam@example.org")
    page = later.soup(PAGE).select_one("#address .notice").get_text()
    work()
    assert (newest_link().purpose, newest_link().member_id) == ("already_here", sam.id)
    assert not [link for link in outbox.links(outbox.last("sam@example.org")) if "/address/" in link]
    free = ask(later, "ann@example.org")
    assert (taken.status_code, taken.location) == (free.status_code, free.location)
    assert later.soup(PAGE).select_one("#address .notice").get_text() == page.replace("sam@", "ann@")


def test_an_address_that_was_taken_meanwhile_changes_nothing(later: Any, joan: Any, work: Any, outbox: Any) -> None:
    ask(later)
    work()
    factories.a_member(name="Quick", email="joan.new@example.org")
    later.fill(link_to(outbox, "joan@example.org"), press="Yes, that was me")
    new = link_to(outbox, "joan.new@example.org")
    later.fill(new, press="Yes, write to me here")
    assert address_of(joan) == "joan@example.org"
    assert "is over" in later.soup(new, status=410).get_text()


def test_asking_needs_the_password_and_a_second_wish_takes_the_place_of_the_first(
    later: Any, joan: Any, work: Any, outbox: Any
) -> None:
    answer = ask(later, current="not this one")
    assert "isn't your password" in errors(answer)
    assert 'value="Joan.New@example.org"' in answer.text
    assert not Move.select().exists()
    ask(later)
    work()
    first = link_to(outbox, "joan.new@example.org")
    ask(later, "other@example.org")
    assert "is over" in later.soup(first, status=410).get_text()
    later.fill(PAGE, press="Leave my address as it is")
    assert [move.outcome for move in Move.select().order_by(Move.id)] == ["replaced", "left_it"]


def test_an_address_nobody_ever_confirmed_is_not_asked(app: Any, work: Any, outbox: Any, client: Any) -> None:
    lin = factories.a_member(name="Lin", email="lni@example.org", confirmed=False)
    client.sign_in(lin)
    ask(client, "lin@example.org", current="")
    work()
    client.fill(link_to(outbox, "lin@example.org"), press="Yes, write to me here")
    kept = Member.get_by_id(lin.id)
    assert kept.email == "lin@example.org"
    assert kept.email_confirmed_at is not None
    with pytest.raises(AssertionError):
        outbox.last("lni@example.org")


@pytest.mark.parametrize("word", ["abc", "WzEsMl0.nonsense", "x" * 3000, "%00", "é"])
def test_a_foreign_link_gets_a_page_that_says_so(client: Any, word: str) -> None:
    assert "doesn't work" in client.soup(f"/address/{word}", status=404).get_text()


def test_moves_are_in_the_export_and_go_with_the_member_and_with_time(
    later: Any, joan: Any, clock: Any, work: Any
) -> None:
    ask(later)
    held = json.loads(later.fill("/me/export", press="Download it").text)["you"]
    assert held["moves_to_another_address"][0]["to"] == "joan.new@example.org"
    sam = factories.a_member(name="Sam")
    Move.create(member=sam.id, old_email="", new_email="s@example.org", asked_at=clock.now(), due_at=clock.now())
    members.erase_member(members.HOUSE, joan.id, reason="asked")
    assert [move.member_id for move in Move.select()] == [sam.id]
    clock.advance(days=31)
    members.clear_out()
    assert not Move.select().exists()
