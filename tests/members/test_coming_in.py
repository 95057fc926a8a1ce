"""Signing in: by password, by a link alone, and with a forgotten password."""

from typing import Any

import pytest
from argon2 import PasswordHasher

from forum.database import transaction
from forum.events import Event
from forum.members import actions
from forum.members.models import Link, Member, Session
from forum.members.sessions import actions as sessions
from forum.members.sessions import passwords
from forum.members.sessions.queries import token_digest
from tests import factories
from tests.members.letters import links_sent, newest_link, path_of
from tests.members.test_joining import errors

LONG = "three odd teaspoons"
OTHER = "five cold saucers"


@pytest.fixture
def joan(app: Any) -> Any:
    return factories.a_member(name="Joan", email="joan@example.org", password_hash=passwords.hashed(LONG))


@pytest.fixture
def lin(app: Any) -> Any:
    """Comes in by links alone."""
    return factories.a_member(name="Lin", email="lin@example.org")


def is_in(client: Any) -> bool:
    return client.get("/me").status_code == 200


def test_a_member_signs_in_with_address_and_password_and_out_again(client: Any, joan: Any) -> None:
    assert client.fill("/login", email=" Joan@example.org", password=LONG).location == "/me"
    assert is_in(client)
    assert client.soup("/logout").select_one("main form")
    assert is_in(client), "a GET signs nobody out"
    assert client.fill("/logout", press="Sign out").location == "/"
    assert not is_in(client)


def test_signing_in_leads_back_to_where_one_was(client: Any, joan: Any) -> None:
    answer = client.get("/me/settings")
    assert answer.location == "/login?next=/me/settings"
    assert client.fill(answer.location, email="joan@example.org", password=LONG).location == "/me/settings"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: Any, joan: Any) -> None:
    wrong = client.fill("/login", email="joan@example.org", password=OTHER)
    unknown = client.fill("/login", email="nobody@example.org", password=OTHER)
    assert wrong.status_code == unknown.status_code == 422
    assert errors(wrong) == errors(unknown)
    assert "don't fit together" in errors(wrong)
    assert OTHER not in wrong.text


def test_somebody_without_a_password_is_not_let_in_with_an_empty_one(client: Any, lin: Any) -> None:
    for password in ("", " ", "None"):
        assert client.fill("/login", email="lin@example.org", password=password).status_code == 422


def test_wrong_passwords_are_slowed_down_per_address_but_the_link_always_works(client: Any, joan: Any) -> None:
    answers = [client.fill("/login", email="joan@example.org", password=OTHER) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [422] * 8 + [429]
    assert "send you a link" in errors(answers[-1])
    assert client.fill("/login", email="joan@example.org", password=LONG).status_code == 429
    assert client.fill("/login", email="lin@example.org", password=OTHER).status_code == 422, "others are not held up"
    client.fill("/login/link", email="joan@example.org")
    assert client.fill(path_of(), press="Come in").location == "/me"


def test_the_right_password_forgives_the_wrong_ones(client: Any, joan: Any) -> None:
    for _ in range(3):
        for _ in range(5):
            client.fill("/login", email="joan@example.org", password=OTHER)
        assert client.fill("/login", email="joan@example.org", password=LONG).status_code == 303
        client.sign_out()


def test_a_password_kept_with_older_parameters_is_kept_anew(client: Any, lin: Any) -> None:
    dated = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(LONG)
    with transaction():
        Member.update(password_hash=dated).execute()
    assert sessions.sign_in("lin@example.org", LONG)
    kept = Member.get().password_hash
    assert kept != dated
    assert sessions.sign_in("lin@example.org", LONG)
    assert Member.get().password_hash == kept


def test_the_cookie_lasts_with_the_browser_unless_the_device_is_ones_own(client: Any, joan: Any, clock: Any) -> None:
    client.fill("/login", email="joan@example.org", password=LONG)
    assert client.get_cookie("kettle").expires is None
    clock.advance(hours=23)
    assert is_in(client)
    clock.advance(hours=2)
    assert not is_in(client)

    client.fill("/login", email="joan@example.org", password=LONG, keep="yes")
    assert client.get_cookie("kettle").expires is not None
    clock.advance(days=59)
    assert is_in(client)
    clock.advance(days=2)
    assert not is_in(client)


def test_signing_in_changes_the_session_and_ends_the_one_before(
    client: Any, new_client: Any, joan: Any, lin: Any
) -> None:
    client.sign_in(lin)
    before = Session.get()
    sessions.send_link("joan@example.org", "sign_in")
    assert "Lin is signed in on this device" in client.soup(path_of()).get_text()
    client.fill(path_of(), press="Come in")
    assert "Hello, Joan" in client.soup("/me").get_text()
    assert Session.get_by_id(before.id).ended_at is not None
    assert Event.select().where(Event.kind == "session.ended", Event.channel == f"session:{before.id}").count() == 1


def test_the_database_holds_no_session_token_and_no_word_of_a_link(client: Any, lin: Any) -> None:
    token = actions.start_session(lin.id)
    sessions.send_link("lin@example.org", "sign_in")
    kept = str(list(Session.select().dicts()) + list(Link.select().dicts()))
    assert token not in kept
    assert token_digest(token) in kept
    assert path_of().rsplit("/", 1)[1] not in kept


def test_somebody_comes_in_by_an_e_mailed_link_alone(client: Any, new_client: Any, lin: Any) -> None:
    answer = client.fill("/login/link?next=/t/3/tea", email="lin@example.org")
    assert answer.location == "/login/sent"
    assert "If lin@example.org has a place here" in " ".join(client.soup("/login/sent").get_text().split())
    phone = new_client()
    assert phone.fill(path_of(), press="Come in").location == "/t/3/tea"
    assert is_in(phone)
    assert not is_in(client)


def test_asking_for_a_link_tells_nobody_whether_an_address_has_a_place(client: Any, new_client: Any, lin: Any) -> None:
    for path in ("/login/link", "/reset"):
        known = client.fill(path, email="lin@example.org")
        unknown = new_client().fill(path, email="nobody@example.org")
        assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert links_sent() == 2


def test_the_button_on_the_sign_in_page_takes_the_typed_address_along(client: Any, lin: Any) -> None:
    button = client.soup("/login").select_one("main form button[formaction]")
    assert button["formaction"] == "/login/link"
    assert "Send me a link" in button.get_text()


@pytest.mark.parametrize("purpose", ["sign_in", "reset"])
def test_a_used_link_does_not_work_again_and_offers_a_new_one(
    client: Any, new_client: Any, joan: Any, clock: Any, purpose: str
) -> None:
    sessions.send_link("joan@example.org", purpose)
    path = path_of()
    if purpose == "reset":
        client.fill(path, password=OTHER)
    else:
        client.fill(path, press="Come in")
    other = new_client()
    page = other.soup(path, status=410)
    assert "has been used" in page.get_text()
    clock.advance(minutes=2)
    assert other.send(path, page.select_one("main form"), press="Send me a new link").location == "/login/sent"
    assert links_sent() == 2
    assert newest_link().purpose == purpose
    assert other.get(path_of()).status_code == 200


def test_a_link_runs_out_and_offers_a_new_one(client: Any, lin: Any, clock: Any) -> None:
    sessions.send_link("lin@example.org", "sign_in")
    path = path_of()
    clock.advance(hours=23)
    assert client.get(path).status_code == 200
    clock.advance(hours=2)
    page = client.soup(path, status=410)
    assert "has run out" in page.get_text()
    client.send(path, page.select_one("main form"), press="Send me a new link")
    assert client.fill(path_of(), press="Come in").location == "/me"


def test_a_link_that_runs_out_while_its_page_is_open_lets_nobody_in(client: Any, lin: Any, clock: Any) -> None:
    sessions.send_link("lin@example.org", "sign_in")
    form = client.soup(path_of()).select_one("main form")
    clock.advance(hours=25)
    assert client.send(path_of(), form).status_code == 410
    assert not is_in(client)


@pytest.mark.parametrize("word", ["abc", "WzEsMl0.nonsense", "x" * 5000, "%00", "é", "1.2.3", "null"])
def test_a_foreign_link_gets_a_page_with_a_way_out(client: Any, word: str) -> None:
    for place in ("/login", "/join", "/reset"):
        page = client.soup(f"{place}/{word}", status=404)
        assert page.select_one("main a.button")["href"] == "/login/link"


def test_a_link_for_one_purpose_opens_no_other_door(client: Any, joan: Any) -> None:
    sessions.send_link("joan@example.org", "sign_in")
    word = path_of().rsplit("/", 1)[1]
    assert client.get(f"/reset/{word}").status_code == 404
    assert client.get(f"/join/{word}").status_code == 404


def test_a_link_signed_with_another_secret_is_foreign(client: Any, make_app: Any, joan: Any) -> None:
    sessions.send_link("joan@example.org", "sign_in")
    path = path_of()
    other = make_app(SECRET_KEY="another secret, and a long one").test_client()
    assert other.get(path).status_code == 404


def test_a_link_from_before_a_backup_was_brought_back_does_not_open_its_successor(
    client: Any, joan: Any, clock: Any
) -> None:
    """Then numbers are given out again."""
    sessions.send_link("joan@example.org", "sign_in")
    path = path_of()
    clock.advance(hours=1)
    with transaction():
        Link.update(made_at=clock.now()).execute()
    assert client.get(path).status_code == 404
    assert client.get(path_of()).status_code == 200


def test_an_impatient_thumb_on_the_button_gets_in_once(client: Any, lin: Any) -> None:
    sessions.send_link("lin@example.org", "sign_in")
    form = client.soup(path_of()).select_one("main form")
    with client.session_transaction() as cookie:
        before = dict(cookie)
    assert client.send(path_of(), form).status_code == 303
    # The second press left with the cookie from before the first answer.
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie.update(before)
    assert client.send(path_of(), form).status_code == 303
    assert is_in(client)


def test_another_browser_that_had_the_link_open_does_not_get_in_once_it_is_used(
    client: Any, new_client: Any, lin: Any
) -> None:
    sessions.send_link("lin@example.org", "sign_in")
    other = new_client()
    form = other.soup(path_of()).select_one("main form")
    client.fill(path_of(), press="Come in")
    assert other.send(path_of(), form).status_code == 410
    assert not is_in(other)


def test_who_opens_a_used_link_while_signed_in_simply_goes_on(client: Any, lin: Any) -> None:
    sessions.send_link("lin@example.org", "sign_in", next_path="/t/3/tea")
    client.fill(path_of(), press="Come in")
    assert client.get(path_of()).location == "/t/3/tea"


def test_a_forgotten_password_is_replaced_and_other_devices_are_signed_out(
    client: Any, new_client: Any, joan: Any, work: Any
) -> None:
    elsewhere = new_client(joan)
    assert client.fill("/reset", email="joan@example.org").location == "/reset/sent"
    path = path_of()
    assert "too close" in errors(client.fill(path, password="joan@example.org"))
    assert client.fill(path, password=OTHER).location == "/me"
    assert is_in(client)
    assert not is_in(elsewhere)
    assert Event.select().where(Event.kind == "session.ended").count() == 1
    assert new_client().fill("/login", email="joan@example.org", password=LONG).status_code == 422
    assert new_client().fill("/login", email="joan@example.org", password=OTHER).location == "/me"


def test_a_new_password_makes_older_letters_worthless(client: Any, new_client: Any, joan: Any, clock: Any) -> None:
    sessions.send_link("joan@example.org", "reset")
    older = path_of()
    clock.advance(minutes=5)
    sessions.send_link("joan@example.org", "reset")
    client.fill(path_of(), password=OTHER)
    assert new_client().get(older).status_code == 410


def test_an_older_link_still_works_when_others_ask_for_more(client: Any, new_client: Any, lin: Any, clock: Any) -> None:
    sessions.send_link("lin@example.org", "sign_in")
    oldest = path_of()
    for _ in range(4):
        clock.advance(minutes=5)
        sessions.send_link("lin@example.org", "sign_in")
    assert client.fill(oldest, press="Come in").location == "/me"


def test_a_link_does_not_let_in_somebody_who_left(client: Any, lin: Any) -> None:
    sessions.send_link("lin@example.org", "sign_in")
    path = path_of()
    actions.leave(_fresh_viewer(lin))
    assert client.get(path).status_code == 404


def _fresh_viewer(member: Any) -> Any:
    from forum.members.queries import viewer_by_session

    return viewer_by_session(actions.start_session(member.id))


def test_a_suspended_member_may_come_in_to_read_and_appeal(client: Any, joan: Any, clock: Any) -> None:
    from datetime import timedelta

    with transaction():
        Member.update(suspended_until=clock.now() + timedelta(days=3)).execute()
    assert client.fill("/login", email="joan@example.org", password=LONG).location == "/me"
