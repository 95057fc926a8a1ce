"""Who asked to see who stands behind a name for one thread, and what came of it. For moderators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forum.access import Viewer, may_moderate, require_sight
from forum.clock import now
from forum.rows import moment, rows
from forum.threads.models import Post, ThreadName
from forum.threads.urls import thread_url

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.

# How long the two who opened a name see who it is, and how soon a second moderator has to look at an opening in danger.
OPEN_FOR = timedelta(days=7)
REVIEW_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class OpeningView:
    """Somebody asked to open a name. *agreed* is None until a second moderator has answered.

    With *in_danger* it was open at once, and the second moderator says afterwards whether that was right."""

    id: int
    thread_name_id: int
    name: str
    asked_by_id: int
    asked_by: str
    reason: str
    in_danger: bool
    asked_at: datetime
    second_by_id: int | None
    second_by: str
    agreed: bool | None
    second_words: str
    url: str
    case_id: int | None

    @property
    def waits(self) -> bool:
        """A second moderator is still to answer."""
        return self.agreed is None

    @property
    def review_by(self) -> datetime:
        return self.asked_at + REVIEW_WITHIN

    @property
    def is_late(self) -> bool:
        """It was opened in danger, and nobody has looked at that in time."""
        return self.waits and self.in_danger and now() > self.review_by

    def is_open_to(self, viewer: Viewer) -> bool:
        """Say whether *viewer* sees now who it is: the two who opened it, for a week."""
        if viewer.id not in {self.asked_by_id, self.second_by_id} or now() > self.asked_at + OPEN_FOR:
            return False
        return bool(self.agreed) or (self.in_danger and self.waits)


_OPENING = """
    SELECT o.id, o.thread_name_id, v.name, o.asked_by_id, a.name, o.reason, o.in_danger, o.asked_at, o.second_by_id,
           s.name, o.agreed, o.second_words, t.id, t.slug, o.post_number,
           (SELECT MAX(c.id) FROM safety_case c JOIN post p ON p.id = c.subject_id
            WHERE c.subject_kind = 'post' AND p.thread_id = t.id AND p.number = o.post_number)
    FROM name_opening o JOIN thread_name v ON v.id = o.thread_name_id JOIN thread t ON t.id = v.thread_id
    JOIN member a ON a.id = o.asked_by_id LEFT JOIN member s ON s.id = o.second_by_id"""


def _openings(where: str, values: Sequence[int] = ()) -> list[OpeningView]:
    return [
        OpeningView(
            id=row[0],
            thread_name_id=row[1],
            name=row[2],
            asked_by_id=row[3],
            asked_by=row[4],
            reason=row[5],
            in_danger=bool(row[6]),
            asked_at=moment(row[7]),
            second_by_id=row[8],
            second_by=row[9] or "",
            agreed=None if row[10] is None else bool(row[10]),
            second_words=row[11],
            url=thread_url(row[12], row[13], row[14]),
            case_id=row[15],
        )
        for row in rows(f"{_OPENING} {where} ORDER BY o.id", values)
    ]


def openings_of(viewer: Viewer, thread_name_id: int) -> list[OpeningView]:
    """Return all that was asked about one name, the oldest first. For moderators."""
    require_sight(may_moderate(viewer))
    return _openings("WHERE o.thread_name_id = ?", (thread_name_id,))


def waiting_openings(viewer: Viewer) -> list[OpeningView]:
    """Return what a second moderator is still to answer, the oldest first. For moderators."""
    require_sight(may_moderate(viewer))
    return _openings("WHERE o.second_by_id IS NULL")


def name_behind(post: Post) -> ThreadName | None:
    """Return the name for one thread under which a post stands, if it does."""
    return ThreadName.get_or_none(ThreadName.thread == post.thread_id, ThreadName.member == post.author_id)


def unnamed_posts(member_id: int) -> list[int]:
    """Return ids of posts that stand under a name for one thread of a member's: not for those who look at the member."""
    found = rows(
        """SELECT p.id FROM post p JOIN thread_name v ON v.thread_id = p.thread_id AND v.member_id = p.author_id
           WHERE p.author_id = ?""",
        (member_id,),
    )
    return [id for (id,) in found]
