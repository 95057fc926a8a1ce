"""What a cuppa's clock does: its door opens and shuts by itself."""

from datetime import datetime

from forum.clock import now
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
