"""What follows when somebody asked for another address."""

from datetime import datetime

from forum.errors import NotFound
from forum.events import Event
from forum.jobs import Again
from forum.members.moves import actions
from forum.members.moves.models import Move


def when_due(event: Event) -> datetime | None:
    """Return until when the old address may say that it was somebody else."""
    due: datetime | None = Move.select(Move.due_at).where(Move.id == event.subject_id).scalar()
    return due


def settle_move(event: Event, _cursor: str) -> Again | None:
    """Make the move now that the old address has let its time go by, if the new one has said yes."""
    try:
        actions.settle(event.subject_id)
    except NotFound:
        return None
    return None
