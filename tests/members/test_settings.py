"""Me, settings, profiles."""

import json
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from forum import audit
from forum.access import HOUSE
from forum.errors import Conflict, Invalid, NotAllowed
from forum.events import Event
from forum.members import actions, queries
from forum.members.models import Member
from forum.members.queries import Line, Shelf
from forum.members.sessions import actions as sessions
from forum.members.sessions import passwords
from tests import factories
from tests.members.letters import links_sent, newest_link, path_of
from tests.members.test_joining import errors

LONG = "three odd teaspoons"
OTHER = "five cold saucers"


@pytest.fixture
def joan(app: Any) -> Any:
    return factories.a_member(name="Joan", email="joan@example.org", password_hash=passwords.hashed(LONG))


@pytest.fixture
def later(client: Any, joan: Any, clock: Any) -> Any:
    """Joan's browser, some time after she came in."""
    client.fill("/login", email="joan@example.org", password=LONG, keep="yes")
    clock.advance(hours=5)
    return client


def test_a_member_chooses_how_they_are_seen_asked_and_written_to(later: Any, joan: Any, clock: Any) -> None:
    answer = later.fill(
        "/me/settings",
        words="without_name",
        mail_replies=None,
        mail_asks=None,
        asks_per_month="1",
        pause="3",
        time_zone="Europe/Paris",
        press="Keep these settings",
    )
    assert answer.location == "/me/settings"
    kept = Member.get_by_id(joan.id)
    assert kept.words == "without_name"
    assert (kept.mail_replies, kept.mail_mentions, kept.mail_asks) == (False, True, False)
    assert (kept.asks_per_month, kept.time_zone) == (1, "Europe/Paris")
    assert kept.asks_paused_until == clock.now() + timedelta(days=90)
    assert Event.select().where(Event.kind == "member.words_chosen").count() == 1
    assert "You have a pause until" in later.soup("/me/settings").get_text()


def test_a_pause_stays_until_it_is_ended(later: Any, joan: Any) -> None:
    later.fill("/me/settings", pause="12", press="Keep these settings")
    until = Member.get_by_id(joan.id).asks_paused_until
    later.fill("/me/settings", words="ask", press="Keep these settings")
    assert Member.get_by_id(joan.id).asks_paused_until == until
    later.fill("/me/settings", pause="none", press="Keep these settings")
    assert Member.get_by_id(joan.id).asks_paused_until is None


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"words": "sell_them"}, "how your words"),
        ({"words": None}, "how your words"),
        ({"asks_per_month": "-1"}, "how often"),
        ({"asks_per_month": "99999999999999999999"}, "how often"),
        ({"asks_per_month": "0001" + "9" * 30}, "how often"),
        ({"asks_per_month": "²"}, "how often"),
        ({"asks_per_month": "00049999999999999999"}, "how often"),
        ({"time_zone": "Moon/Far_side"}, "time zone"),
        ({"time_zone": "../../etc/passwd"}, "time zone"),
    ],
)
def test_settings_that_will_not_do_say_what_to_do_and_keep_what_was_typed(
    later: Any, joan: Any, wrong: dict[str, Any], word: str
) -> None:
    typed = {"pause": "3", "mail_asks": None, **wrong}
    answer = later.fill("/me/settings", typed, press="Keep these settings")
    assert answer.status_code == 422
    assert word in errors(answer)
    page = BeautifulSoup(answer.text, "html.parser")
    assert page.select_one("[name=pause] [selected]")["value"] == "3"
    assert not page.select_one("[name=mail_asks]").has_attr("checked")
    assert Member.get_by_id(joan.id).mail_asks


def test_a_new_password_needs_the_one_so_far_and_signs_other_devices_out(
    later: Any, new_client: Any, joan: Any
) -> None:
    elsewhere = new_client(joan)
    answer = later.fill("/me/settings", form="#password form", current=OTHER, password=OTHER)
    assert "isn't your password" in errors(answer)
    assert later.fill("/me/settings", form="#password form", current=LONG, password=OTHER).location == "/me/settings"
    assert later.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 303
    assert sessions.sign_in("joan@example.org", OTHER)


def test_guessing_the_password_from_an_open_page_is_slowed_down(later: Any) -> None:
    answers = [later.fill("/me/settings", form="#password form", current=OTHER, password=OTHER) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [422] * 8 + [429]


def test_who_comes_in_by_links_chooses_a_password_after_a_fresh_link(client: Any, clock: Any) -> None:
    lin = factories.a_member(name="Lin", email="lin@example.org")
    client.sign_in(lin)
    clock.advance(minutes=20)
    assert client.soup("/me/settings").select_one("#password form") is None
    with pytest.raises(Invalid):
        sessions.change_password(actions.viewer_for(lin), OTHER)
    sessions.send_link("lin@example.org", "sign_in", next_path="/me/settings")
    assert client.fill(path_of(), press="Come in").location == "/me/settings"
    assert client.fill("/me/settings", form="#password form", password=OTHER).status_code == 303


def test_a_member_sees_where_they_are_signed_in_and_ends_it_elsewhere(later: Any, new_client: Any, joan: Any) -> None:
    elsewhere = new_client(joan)
    later.fill("/me/settings", press="Sign out everywhere else")
    assert elsewhere.get("/me").status_code == 303
    assert later.get("/me").status_code == 200


def test_a_new_address_counts_once_its_link_is_followed(later: Any, new_client: Any, joan: Any, clock: Any) -> None:
    sessions.send_link("joan@example.org", "reset")
    at_the_old_address = path_of()
    answer = later.fill("/me/settings", form="#address form", email="Joan.New@example.org", current=LONG)
    assert answer.location == "/me/settings"
    assert Member.get_by_id(joan.id).email == "joan@example.org"
    assert newest_link().email == "joan.new@example.org"
    assert new_client().fill(path_of(), press="Come in").location == "/me/settings"
    assert Member.get_by_id(joan.id).email == "joan.new@example.org"
    assert new_client().get(at_the_old_address).status_code == 410


def test_a_new_address_needs_the_password(later: Any) -> None:
    answer = later.fill("/me/settings", form="#address form", email="new@example.org", current=OTHER)
    assert "isn't your password" in errors(answer)
    assert 'value="new@example.org"' in answer.text
    assert links_sent() == 0


def test_asking_for_an_address_that_has_a_place_tells_only_its_owner(later: Any, joan: Any) -> None:
    sam = factories.a_member(name="Sam", email="sam@example.org")
    answer = later.fill("/me/settings", form="#address form", email="sam@example.org", current=LONG)
    assert answer.location == "/me/settings"
    assert (newest_link().purpose, newest_link().member_id) == ("already_here", sam.id)


def test_an_address_that_was_taken_meanwhile_changes_nothing(later: Any, joan: Any) -> None:
    later.fill("/me/settings", form="#address form", email="new@example.org", current=LONG)
    factories.a_member(name="Quick", email="new@example.org")
    page = later.soup(path_of())
    assert later.send(path_of(), page.select_one("main form")).status_code == 410
    assert Member.get_by_id(joan.id).email == "joan@example.org"


# ---- Me ------------------------------------------------------------------------------------------------------------


def test_me_opens_on_what_fits_five_minutes_in_its_order(client: Any, monkeypatch: Any) -> None:
    shelf = lambda words: lambda who: Shelf(words, (Line(f"{words} for {who.name}", "/somewhere"),))  # noqa: E731
    filled = {
        "later": shelf("Later"),
        "changed": shelf("Changed"),
        "replies": shelf("Replies"),
        "none": lambda who: None,
    }
    monkeypatch.setattr(queries, "me_extras", filled)
    client.sign_in(factories.a_member(name="Joan"))
    page = client.soup("/me")
    headings = [heading.get_text(strip=True) for heading in page.select("main h2")]
    assert headings[:3] == ["Replies", "Changed", "Later"]
    assert page.find("a", string="Replies for Joan")["href"] == "/somewhere"


# ---- roles ---------------------------------------------------------------------------------------------------------


def test_only_an_administrator_gives_roles_and_the_reason_is_kept(app: Any) -> None:
    admin = actions.viewer_for(factories.a_member(role="admin"))
    moderator = actions.viewer_for(factories.a_member(role="moderator"))
    joan = factories.a_member(name="Joan")
    with pytest.raises(NotAllowed):
        actions.change_role(moderator, joan.id, "admin", reason="me too")
    with pytest.raises(Invalid):
        actions.change_role(admin, joan.id, "supporter", reason=" ")
    actions.change_role(admin, joan.id, "supporter", reason="joined the team")
    assert Member.get_by_id(joan.id).role == "supporter"
    entry = audit.AuditEntry.get(audit.AuditEntry.deed == "member.role_changed")
    assert (entry.actor_id, entry.subject_id) == (admin.id, joan.id)
    assert "joined the team" in entry.words.get().reason
    assert audit.first_broken_entry()[0] is None


def test_the_last_administrator_stays(app: Any) -> None:
    admin = factories.a_member(role="admin")
    with pytest.raises(Conflict):
        actions.change_role(HOUSE, admin.id, "member", reason="oops")
    factories.a_member(role="admin")
    actions.change_role(HOUSE, admin.id, "member", reason="moved on")


# ---- everything we hold --------------------------------------------------------------------------------------------


def test_a_member_downloads_everything_we_hold_about_them(later: Any, joan: Any) -> None:
    thread = factories.a_thread(joan, title="Night shifts", source="He is up four times a night.")
    assert thread.id
    answer = later.fill("/me/export", press="Download it")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kettle-joan.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    held = json.loads(answer.text)
    assert held["you"]["email"] == "joan@example.org"
    assert held["you"]["has_password"] is True
    assert "He is up four times a night." in answer.text
    assert "argon2" not in answer.text
    assert set(queries.exports) <= set(held)
