"""What a cuppa's clock does: its door opens and shuts by itself, and a day and an hour before are noted as events.

Those are events of their own because what follows an event tells each member once."""

from datetime import datetime, timedelta

from forum import events
from forum.clock import now
from forum.database import transaction
from forum.events import Event
from forum.jobs import Again
from forum.listening.cuppas import actions
from forum.listening.cuppas.models import Cuppa
from forum.listening.cuppas.times import CATCH_UP, DOORS_OPEN_BEFORE


def _door_times(cuppa: Cuppa) -> list[datetime]:
    starts: datetime = cuppa.starts_at
    return [starts - DOORS_OPEN_BEFORE, cuppa.ends_at + CATCH_UP]


def is_outdated(event: Event) -> bool:
    """Say whether the cuppa was changed after *event*: what follows the change keeps the times from then on."""
    changes = Event.select().where(Event.kind == "cuppa.changed", Event.subject_id == event.subject_id)
    return changes.where(Event.id > event.id).exists()


def mind_the_door(event: Event, _cursor: str) -> Again | None:
    """Set the door as the time asks, and come back at the next moment it turns."""
    cuppa = Cuppa.get_or_none(Cuppa.id == event.subject_id)
    if cuppa is None:
        return None
    actions.mind_the_door(cuppa.id)
    if cuppa.cancelled_at is not None:
        return None
    if is_outdated(event):
        return None
    coming = [moment for moment in _door_times(cuppa) if moment > now()]
    return Again(later=(min(coming) - now()).total_seconds() + 0.05) if coming else None


def _note(event: Event, ahead: timedelta, kind: str) -> Again | None:
    """Record the event *kind* when *ahead* of the start has come, once for each time that a cuppa was given."""
    with transaction():
        cuppa = Cuppa.locked(event.subject_id)
        if cuppa.cancelled_at is not None or cuppa.kind == "chat" or is_outdated(event):
            return None
        due = cuppa.starts_at - ahead
        if due > now():
            return Again(later=(due - now()).total_seconds())
        # A worker that was down reminds nobody of tomorrow when it is today, nor of what they were told this minute.
        if now() > due + ahead / 2 or cuppa.notice_from > due:
            return None
        noted = Event.select().where(Event.kind == kind, Event.subject_id == cuppa.id, Event.id > event.id)
        if not noted.exists():
            events.record(kind, subject=cuppa)
    return None


def note_tomorrow(event: Event, _cursor: str) -> Again | None:
    """Note that a cuppa is a day away."""
    return _note(event, timedelta(hours=24), "cuppa.tomorrow")


def note_soon(event: Event, _cursor: str) -> Again | None:
    """Note that a cuppa is an hour away."""
    return _note(event, timedelta(hours=1), "cuppa.soon")
