"""Listening threads: who listens, what for, and what that means for whoever reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forum.access import Viewer
from forum.database import utc
from forum.members.names import NOBODY
from forum.rows import marks, moment, rows, stored
from forum.threads import queries as threads
from forum.threads.queries import ThreadView

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608


@dataclass(frozen=True, slots=True)
class MarkView:
    """What a thread says about listening. *by* is who listens; *ended_at* is None while they do."""

    thread_id: int
    by: str
    purpose: str
    can_change: str
    cannot_change: str
    who_decides: str
    hear_by: str
    since: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Banner:
    """The mark, and what it means for the viewer. *setting* is how their words may be used, "" for visitors.

    *has_earlier* says that they spoke here before the mark (whoever listens isn't asked), *agreed* that we may listen
    to that as well."""

    mark: MarkView
    setting: str
    has_earlier: bool
    agreed: bool


_MARK = """
    SELECT k.thread_id, m.name, m.left_at IS NOT NULL, k.purpose, k.can_change, k.cannot_change, k.who_decides,
           k.hear_by, k.since, k.ended_at
    FROM listening_mark k JOIN member m ON m.id = k.by_id WHERE k.thread_id = ?"""


def mark_of(viewer: Viewer, thread_id: int) -> MarkView | None:
    """Return what a thread says about listening, None when nobody ever listened there. Raises NotFound."""
    threads.thread(viewer, thread_id)
    return _mark(thread_id)


def _mark(thread_id: int) -> MarkView | None:
    found = rows(_MARK, (thread_id,))
    if not found:
        return None
    row = found[0]
    return MarkView(
        thread_id=row[0],
        by=str(NOBODY) if row[2] else row[1],
        purpose=row[3],
        can_change=row[4],
        cannot_change=row[5],
        who_decides=row[6],
        hear_by=row[7],
        since=moment(row[8]),
        ended_at=utc(row[9]),
    )


def banner(viewer: Viewer, thread: ThreadView) -> Banner | None:
    """Return what stands above the posts of a listening thread, None in any other. One query, two for members there."""
    mark = _mark(thread.id)
    if mark is None:
        return None
    if not viewer.is_member:
        return Banner(mark, "", has_earlier=False, agreed=False)
    setting, earlier, agreed = rows(
        """SELECT m.words,
                  EXISTS (SELECT 1 FROM post p WHERE p.thread_id = ? AND p.author_id = m.id AND p.said_at < ?
                          AND p.withdrawn_at IS NULL AND NOT p.is_event AND NOT p.inside_use_only
                          AND p.author_id <> (SELECT k.by_id FROM listening_mark k WHERE k.thread_id = p.thread_id)),
                  EXISTS (SELECT 1 FROM earlier_words w WHERE w.thread_id = ? AND w.member_id = m.id)
           FROM member m WHERE m.id = ?""",
        (thread.id, stored(mark.since), thread.id, viewer.id),
    )[0]
    return Banner(mark, setting, has_earlier=bool(earlier), agreed=bool(agreed))


def listening_among(thread_ids: Sequence[int]) -> set[int]:
    """Return which of *thread_ids* are listening threads now."""
    if not thread_ids:
        return set()
    found = rows(
        f"SELECT thread_id FROM listening_mark WHERE ended_at IS NULL AND thread_id IN ({marks(len(thread_ids))})",
        thread_ids,
    )
    return {id for (id,) in found}
