"""How one comes in, and where one is in: passwords and devices."""

from typing import Any

import pytest

from forum.errors import Invalid
from forum.members import actions
from forum.members.models import Session
from forum.members.sessions import actions as sessions
from forum.members.sessions import passwords
from forum.members.sessions.devices import device_words
from tests import factories
from tests.members.letters import path_of
from tests.members.test_joining import errors

LONG = "three odd teaspoons"
OTHER = "five cold saucers"
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


# ---- passwords -----------------------------------------------------------------------------------------------------


def test_a_new_password_needs_the_one_so_far_and_signs_other_devices_out(
    later: Any, new_client: Any, joan: Any
) -> None:
    elsewhere = new_client(joan)
    answer = later.fill(PAGE, form="#password form", current=OTHER, password=OTHER)
    assert "isn't your password" in errors(answer)
    assert later.fill(PAGE, form="#password form", current=LONG, password=OTHER).location == PAGE
    assert later.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 303
    assert sessions.sign_in("joan@example.org", OTHER)


def test_guessing_the_password_from_an_open_page_is_slowed_down(later: Any) -> None:
    answers = [later.fill(PAGE, form="#password form", current=OTHER, password=OTHER) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [422] * 8 + [429]


def test_who_comes_in_by_links_chooses_a_password_after_a_fresh_link(client: Any, clock: Any) -> None:
    lin = factories.a_member(name="Lin", email="lin@example.org")
    client.sign_in(lin)
    clock.advance(minutes=20)
    assert client.soup(PAGE).select_one("#password form") is None
    with pytest.raises(Invalid):
        sessions.change_password(actions.viewer_for(lin), OTHER)
    sessions.send_link("lin@example.org", "sign_in", next_path=PAGE)
    assert client.fill(path_of(), press="Come in").location == PAGE
    assert client.fill(PAGE, form="#password form", password=OTHER).status_code == 303


# ---- devices -------------------------------------------------------------------------------------------------------

AGENTS = {
    "Firefox on Android": "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0",
    "Safari on iPhone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
    "Firefox on iPhone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) FxiOS/131.0 Mobile Safari/605.1.15",
    "Chrome on iPad": "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) CriOS/130.0 Mobile/15E148 Safari/604.1",
    "Chrome on Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36",
    "Edge on Android": "Mozilla/5.0 (Linux; Android 10; K) Chrome/130.0.0.0 Mobile Safari/537.36 EdgA/130.0.0.0",
    "Samsung Internet on Android": "Mozilla/5.0 (Linux; Android 13) SamsungBrowser/26.0 Chrome/122.0 Mobile Safari",
    "Safari on Mac": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15",
    "Chrome on Chromebook": "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/130.0.0.0 Safari/537.36",
    "Linux": "curl/8 (Linux)",
    "": "",
}


@pytest.mark.parametrize("words", AGENTS)
def test_a_device_is_called_what_a_person_would_call_it(words: str) -> None:
    assert device_words(AGENTS[words]) == words


def rows(client: Any) -> list[str]:
    return [" ".join(row.get_text().split()) for row in client.soup(PAGE).select("#devices li")]


def test_a_member_sees_where_they_are_signed_in_and_ends_one_of_them(
    later: Any, new_client: Any, joan: Any, clock: Any
) -> None:
    phone, library = new_client(), new_client()
    for device, words in ((phone, "Firefox on Android"), (library, "Edge on Android")):
        token = device.soup("/login").select_one("main [name=csrf_token]")["value"]
        device.post(
            "/login",
            data={"email": "joan@example.org", "password": LONG, "keep": "yes", "csrf_token": token},
            headers={"User-Agent": AGENTS[words]},
        )
    assert [row.split(" Sign")[0] for row in rows(later)][:2] == ["Edge on Android", "Firefox on Android"]
    assert "This one" in rows(later)[2]
    later.fill(PAGE, press="Sign out Edge on Android")
    assert library.get("/me").status_code == 303
    assert phone.get("/me").status_code == 200
    later.fill(PAGE, press="Sign out everywhere else")
    assert phone.get("/me").status_code == 303
    assert later.get("/me").status_code == 200


def test_nobody_signs_out_somebody_elses_device(later: Any, new_client: Any) -> None:
    sam = factories.a_member(name="Sam")
    theirs = new_client(sam)
    id = Session.get(Session.member == sam.id).id
    token = later.soup(PAGE).select_one("[name=csrf_token]")["value"]
    assert later.post(f"/me/devices/{id}/end", data={"csrf_token": token}).status_code == 303
    assert theirs.get("/me").status_code == 200


def test_the_day_a_device_was_last_used_is_kept_once_a_day_and_reading_writes_nothing(
    later: Any, clock: Any, queries: Any
) -> None:
    clock.advance(days=3)
    later.get("/me")
    assert "Last used Monday 2 November." in rows(later)[0]
    later.fill("/me/settings", press="Keep these settings")
    assert "Last used Thursday 5 November." in rows(later)[0]
    with queries(at_most=99) as seen:
        later.fill("/me/settings", press="Keep these settings")
    assert not [statement for statement in seen if 'UPDATE "session"' in str(statement)]


def test_no_address_of_a_connection_is_kept(later: Any) -> None:
    assert "127.0.0.1" not in str(list(Session.select().dicts()))
