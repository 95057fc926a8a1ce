"""What moderators decided about somebody, and who asks us to look again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum.access import Viewer, may_moderate, require_sight
from forum.clock import now
from forum.database import utc
from forum.errors import NotFound
from forum.members.names import shown_name
from forum.rows import moment, rows
from forum.safety.trail.queries import reasons_for
from forum.text import gettext
from forum.threads.urls import thread_url
from forum.threads.voices.joins import shown, thread_name

MOST_APPEALS = 100

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608


@dataclass(frozen=True, slots=True)
class AppealView:
    """A member's request to look again."""

    id: int
    member: str
    post_id: int | None
    suspension_id: int | None
    about: str
    url: str
    reason: str
    decided_by_id: int | None
    words: str
    at: datetime
    outcome: str
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Something moderators decided about a member, which they may appeal."""

    kind: str
    id: int
    about: str
    reason: str
    at: datetime
    until: datetime | None
    appeal: AppealView | None
    may_still_appeal: bool


_APPEAL = f"""
    SELECT a.id, {shown("m.name")}, m.left_at IS NOT NULL, a.post_id, a.suspension_id, t.title, t.id, t.slug, p.number,
           p.hidden_by_id, s.reason, s.by_id, a.words, a.at, a.outcome, a.answer, a.answered_at
    FROM appeal a JOIN member m ON m.id = a.member_id
    LEFT JOIN post p ON p.id = a.post_id LEFT JOIN thread t ON t.id = p.thread_id
    LEFT JOIN suspension s ON s.id = a.suspension_id {thread_name("p.thread_id", "a.member_id")}"""


def _appeals(where: str, values: Sequence[Any]) -> list[AppealView]:
    found = rows(f"{_APPEAL} {where}", values)
    reasons = reasons_for("post", [row[3] for row in found if row[3] is not None], "post.hidden")
    return [_appeal_view(row, reasons) for row in found]


def _appeal_view(row: tuple[Any, ...], reasons: dict[int, str]) -> AppealView:
    is_post = row[3] is not None
    return AppealView(
        id=row[0],
        member=shown_name(row[1], has_left=row[2]),
        post_id=row[3],
        suspension_id=row[4],
        about=gettext("A hidden post in %(title)s") % {"title": row[5]}
        if is_post
        else gettext("A time away from posting"),
        url=thread_url(row[6], row[7], row[8]) if is_post else "",
        reason=reasons.get(row[3], "") if is_post else row[10],
        decided_by_id=row[9] if is_post else row[11],
        words=row[12],
        at=moment(row[13]),
        outcome=row[14],
        answer=row[15],
        answered_at=utc(row[16]),
    )


def open_appeals(viewer: Viewer) -> list[AppealView]:
    """Return appeals that wait for an answer, the oldest first."""
    require_sight(may_moderate(viewer))
    return _appeals("WHERE a.answered_at IS NULL ORDER BY a.at, a.id LIMIT ?", [MOST_APPEALS])


def appeal(viewer: Viewer, appeal_id: int) -> AppealView:
    """Return one appeal, for a moderator. Raises NotFound."""
    require_sight(may_moderate(viewer))
    found = _appeals("WHERE a.id = ?", [appeal_id])
    if not found:
        raise NotFound
    return found[0]


def decisions_about(viewer: Viewer) -> list[Decision]:
    """Return what moderators decided about the viewer, the newest first, with what came of an appeal."""
    require_sight(viewer.is_member)
    asked = _appeals("WHERE a.member_id = ? ORDER BY a.id", [viewer.id])
    found = [*_about_posts(viewer, asked), *_about_suspensions(viewer, asked)]
    return sorted(found, key=lambda decision: decision.at, reverse=True)


_POSTS = """
    SELECT p.id, t.title, p.hidden_at FROM post p JOIN thread t ON t.id = p.thread_id
    WHERE p.author_id = ? AND p.hidden_at IS NOT NULL ORDER BY p.id"""
_OVERTURNED = """
    SELECT a.id, p.id, t.title FROM appeal a JOIN post p ON p.id = a.post_id JOIN thread t ON t.id = p.thread_id
    WHERE a.member_id = ? AND a.outcome = 'overturned' AND p.hidden_at IS NULL ORDER BY a.id"""


def _about_posts(viewer: Viewer, asked: Sequence[AppealView]) -> list[Decision]:
    hidden = [(id, title, moment(at)) for id, title, at in rows(_POSTS, [viewer.id])]
    reasons = reasons_for("post", [id for id, _title, _at in hidden], "post.hidden")
    found = []
    for id, title, hidden_at in hidden:
        mine = next((one for one in asked if one.post_id == id and one.at >= hidden_at), None)
        about = gettext("We hid your post in %(title)s") % {"title": title}
        found.append(Decision("post", id, about, reasons.get(id, ""), hidden_at, None, mine, mine is None))
    by_id = {one.id: one for one in asked}
    for appeal_id, id, title in rows(_OVERTURNED, [viewer.id]):
        mine = by_id[appeal_id]
        about = gettext("We hid your post in %(title)s and have put it back") % {"title": title}
        found.append(Decision("post", id, about, mine.reason, mine.at, None, mine, may_still_appeal=False))
    return found


_SUSPENSIONS = "SELECT id, reason, starts_at, until, lifted_at FROM suspension WHERE member_id = ? ORDER BY id"


def _about_suspensions(viewer: Viewer, asked: Sequence[AppealView]) -> list[Decision]:
    found = []
    for row in rows(_SUSPENSIONS, [viewer.id]):
        id, reason, until, is_lifted = row[0], row[1], utc(row[3]), row[4] is not None
        mine = next((one for one in asked if one.suspension_id == id), None)
        about = gettext("A time away from posting, lifted since") if is_lifted else gettext("A time away from posting")
        holds = not is_lifted and (until is None or until > now())
        found.append(Decision("suspension", id, about, reason, moment(row[2]), until, mine, mine is None and holds))
    return found
