"""Leaving: what goes, what stays."""

import importlib
import importlib.util
import pkgutil
from typing import Any

import pytest

import forum
from forum import audit
from forum.access import HOUSE
from forum.errors import Conflict, NotAllowed
from forum.events import Event
from forum.members import actions, queries
from forum.members.models import GroupMember, Link, Member, Session
from forum.members.sessions import passwords
from tests import factories
from tests.members.letters import newest_link, path_of
from tests.members.test_joining import errors

LONG = "three odd teaspoons"


@pytest.fixture
def joan(app: Any) -> Any:
    return factories.a_member(
        name="Joan", email="joan@example.org", about="Two cats", care="care", password_hash=passwords.hashed(LONG)
    )


@pytest.fixture
def later(client: Any, joan: Any, clock: Any) -> Any:
    """Joan's browser, some time after she came in."""
    client.fill("/login", email="joan@example.org", password=LONG, keep="yes")
    clock.advance(hours=5)
    return client


def test_who_leaves_takes_their_name_address_and_words_and_the_place_stays_readable(
    later: Any, new_client: Any, joan: Any
) -> None:
    thread = factories.a_thread(title="Tea", source="The kettle is on.")
    post = factories.a_post(thread, joan, source="My very own sentence.")
    factories.a_post(thread, source="Quite right.")
    factories.a_group(joan)
    page = later.soup("/me/leave")
    assert "Someone who left" in page.get_text()

    assert later.fill("/me/leave", password=LONG).location == "/goodbye"
    assert later.get("/goodbye").status_code == 200
    assert later.get("/me").status_code == 303

    gone = Member.get_by_id(joan.id)
    assert (gone.name, gone.email, gone.password_hash, gone.about, gone.care) == (
        "Someone who left",
        None,
        None,
        "",
        "",
    )
    assert gone.left_at is not None
    assert not Session.select().where(Session.member == joan.id).exists()
    assert not Link.select().where(Link.member == joan.id).exists()
    assert not GroupMember.select().where(GroupMember.member == joan.id).exists()
    assert Event.select().where(Event.kind == "member.left", Event.subject_id == joan.id).count() == 1

    reader = new_client(factories.a_member(name="Reader"))
    words = reader.soup(f"/t/{thread.id}/{thread.slug}").get_text()
    assert "My very own sentence" not in words
    assert "Quite right." in words
    assert "Joan" not in words
    assert "Someone who left" in words
    assert post.id
    assert reader.get("/m/Joan").status_code == 404
    assert reader.get("/m/Someone%20who%20left").status_code == 404


def test_leaving_needs_the_password_or_a_fresh_link(later: Any, joan: Any) -> None:
    answer = later.fill("/me/leave", password="not this one")
    assert answer.status_code == 422
    assert "isn't your password" in errors(answer)
    assert later.fill("/me/leave", press="Send me the link").location == "/login/sent"
    assert later.fill(path_of(newest_link()), press="Come in").location == "/me/leave"
    assert later.fill("/me/leave", press="Leave and take my words with me").location == "/goodbye"
    assert Member.get_by_id(joan.id).left_at is not None


def test_several_people_leave_and_somebody_else_takes_the_name(later: Any, joan: Any, new_client: Any) -> None:
    sam = factories.a_member(name="Sam")
    actions.erase_member(HOUSE, joan.id, reason="asked by letter")
    actions.erase_member(HOUSE, sam.id, reason="asked by phone")
    assert [member.name for member in Member.select()] == ["Someone who left"] * 2
    actions.join("Joan", "joan@example.org")
    assert newest_link().purpose == "confirm"


def test_leaving_asks_every_room_and_all_or_nothing_happens(later: Any, joan: Any, monkeypatch: Any) -> None:
    asked = []

    def forgetful(member_id: int) -> None:
        asked.append(member_id)
        raise RuntimeError("a room that stumbles")

    monkeypatch.setattr(actions, "farewells", [*actions.farewells, forgetful])
    with pytest.raises(RuntimeError):
        actions.erase_member(HOUSE, joan.id, reason="asked")
    assert asked == [joan.id]
    assert Member.get_by_id(joan.id).name == "Joan"
    assert not audit.AuditEntry.select().exists()


def test_only_an_administrator_erases_others_and_the_reason_is_kept(app: Any, joan: Any) -> None:
    with pytest.raises(NotAllowed):
        actions.erase_member(actions.viewer_for(factories.a_member(role="moderator")), joan.id, reason="no")
    actions.erase_member(HOUSE, joan.id, reason="asked by letter")
    assert audit.AuditEntry.get().deed == "member.erased"
    assert audit.AuditWords.get().reason == "asked by letter"


def test_the_last_administrator_cannot_leave_the_place_alone(client: Any, clock: Any) -> None:
    admin = factories.a_member(name="Ada", role="admin")
    client.sign_in(admin)
    answer = client.fill("/me/leave", press="Leave and take my words with me")
    assert answer.status_code == 409
    assert "Make somebody else one first" in errors(answer)
    with pytest.raises(Conflict):
        actions.erase_member(HOUSE, admin.id, reason="asked")


def test_every_room_that_knows_people_is_asked_when_one_leaves_or_wants_to_see(app: Any) -> None:
    packages = [found.name for found in pkgutil.walk_packages(forum.__path__, "forum.") if found.ispkg]
    rooms = [name for name in packages if _part(name, "models")]
    assert "forum.listening.cuppas" in rooms
    for room in rooms:
        queries_there, actions_there = _part(room, "queries"), _part(room, "actions")
        told = getattr(queries_there, "about_member", None)
        forgets = getattr(actions_there, "forget_member", None)
        assert told is None or told is queries.about_member or told in queries.exports.values(), (
            f"{room} exports nothing"
        )
        assert forgets is None or forgets in actions.farewells, f"{room} says no farewell"


def _part(room: str, part: str) -> Any:
    name = f"{room}.{part}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
