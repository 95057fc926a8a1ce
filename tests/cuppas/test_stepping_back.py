"""Stepping back is one tap and one letter, however often the thumb comes down."""

from typing import Any

import pytest

from forum.events import Event
from forum.listening.cuppas import actions
from forum.members.actions import start_session, viewer_for
from forum.members.models import Session
from tests import factories
from tests.cuppas.people import prompts_of, published, says

pytestmark = pytest.mark.usefixtures("app", "clock")


def _goodbyes(outbox: Any, member: Any) -> int:
    return sum(
        "text/calendar" in one.as_string() and "METHOD:CANCEL" in _calendar(one) for one in outbox.to(member.email)
    )


def _calendar(letter: Any) -> str:
    return "".join(part.get_content() for part in letter.walk() if part.get_content_type() == "text/calendar")


def test_stepping_back_twice_takes_the_calendar_entry_away_once(work: Any, outbox: Any) -> None:
    cuppa, guest = published(), factories.a_member()
    says(cuppa, guest)
    work()
    for _thumb in range(2):
        says(cuppa, guest, "not_this_time")
        work()
    assert _goodbyes(outbox, guest) == 1


def test_coming_back_and_stepping_back_again_takes_the_new_entry_away(work: Any, outbox: Any, clock: Any) -> None:
    cuppa, guest = published(), factories.a_member()
    for _time in range(2):
        says(cuppa, guest)
        work()
        says(cuppa, guest, "not_this_time")
        work()
        clock.advance(minutes=1)
    assert _goodbyes(outbox, guest) == 2


def test_a_jotting_is_rendered_before_the_transaction_and_posted_once(clock: Any, monkeypatch: Any) -> None:
    from forum.database import in_transaction
    from forum.threads import writing

    cuppa, guest = published(), factories.a_member()
    says(cuppa, guest)
    jotting = actions.jot(viewer_for(guest), prompts_of(cuppa)[0].id, words="Tea at three.")
    clock.advance(hours=48)
    actions.mind_the_door(cuppa.id)
    inside = []
    to_html = writing.to_html
    monkeypatch.setattr(writing, "to_html", lambda *a, **k: (inside.append(in_transaction()), to_html(*a, **k))[1])
    where = [actions.post_jotting(viewer_for(guest), jotting.id) for _thumb in range(2)]
    assert where[0] == where[1]
    assert not any(inside)


def test_who_steps_back_hears_nothing_more_of_the_conversation_on_an_open_page() -> None:
    cuppa, jo = published(), factories.a_member("Jo")
    for answer, told in (("hope_to", 0), ("not_this_time", 1), ("not_this_time", 1), ("hope_to", 1)):
        start_session(jo.id)
        says(cuppa, jo, answer)
        sessions = Session.select(Session.id).where(Session.member == jo.id).order_by(Session.id).tuples()
        first = f"session:{next(iter(sessions))[0]}"
        assert Event.select().where(Event.kind == "sight.lost", Event.channel == first).count() == told
