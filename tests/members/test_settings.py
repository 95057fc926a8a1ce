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
from forum.members.sessions import passwords
from tests import factories
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


# ---- Me --------------------------------------------------------------------------------------------------------------


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
