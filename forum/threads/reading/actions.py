"""How far somebody has read."""

from collections.abc import Callable
from datetime import datetime

from peewee import EXCLUDED

from forum.access import Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.text import _
from forum.threads.models import ReadingMark
from forum.threads.sight import thread

# What rooms above do once somebody has read a thread up to a post: called with the member's id, the thread's and the
# number, inside the transaction. Wiring fills this.
readings: list[Callable[[int, int, int], None]] = []


def mark_read(viewer: Viewer, thread_id: int, number: int) -> None:
    """Remember that *viewer* has read a thread up to post *number*; it never moves back. NotFound, NotAllowed."""
    require(viewer.is_member, _("Please sign in first."))
    seen = thread(viewer, thread_id)
    number = min(number, seen.last_number)
    if number <= seen.mark:
        return
    with transaction():
        ReadingMark.insert(member=viewer.id, thread=thread_id, number=number, at=now()).on_conflict(
            conflict_target=[ReadingMark.member, ReadingMark.thread],
            update={ReadingMark.number: EXCLUDED.number, ReadingMark.at: EXCLUDED.at},
            where=(EXCLUDED.number > ReadingMark.number),
        ).execute()
        for settle in readings:
            settle(viewer.id or 0, thread_id, number)


def has_read_own(viewer: Viewer, thread_id: int, number: int, moment: datetime) -> None:
    """Nobody's own post is new to them, unless there is more they have not read before it."""
    if number == 1:
        ReadingMark.insert(member=viewer.id, thread=thread_id, number=1, at=moment).on_conflict_ignore().execute()
    else:
        ReadingMark.update(number=number, at=moment).where(
            ReadingMark.member == viewer.id, ReadingMark.thread == thread_id, ReadingMark.number == number - 1
        ).execute()
