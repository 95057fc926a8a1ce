"""One thread as somebody sees it, and what everything that reads threads asks first: is it theirs to see?"""

from dataclasses import dataclass
from datetime import datetime

from forum.access import Viewer, may_read_thread, require, require_sight
from forum.errors import NotFound
from forum.members.names import shown_name
from forum.rows import marks, moment, rows
from forum.text import _
from forum.threads.urls import thread_url
from forum.threads.voices.joins import shown, thread_name

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread and its place. *mark* is how far the viewer has read, 0 for never; *follows* is False when muted."""

    id: int
    slug: str
    title: str
    ask: str
    author_id: int
    author_name: str
    started_at: datetime
    last_post_at: datetime
    last_number: int
    post_count: int
    is_closed: bool
    is_hidden: bool
    group_id: int | None
    category_id: int
    category_slug: str
    category_name: str
    audience: str
    category_group_id: int | None
    mark: int = 0
    follows: bool | None = None

    @property
    def url(self) -> str:
        return thread_url(self.id, self.slug)


def require_reading(viewer: Viewer, ok: bool) -> None:
    """Raise NotFound unless *ok*; a visitor is asked to sign in first, because links come by mail to signed-out phones."""
    require(ok or viewer.is_member, _("Please sign in to read this."))
    require_sight(ok)


def readable(viewer: Viewer) -> tuple[str, list[int]]:
    """Return what `access.may_read_thread` asks of thread t and category c, and that t is not hidden, as SQL.

    The plus keeps SQLite from starting at the group, which nearly no thread has, instead of at the newest thread.
    """
    if viewer.is_staff:
        return "t.hidden_at IS NULL", []
    if not viewer.is_member:
        return "t.hidden_at IS NULL AND c.audience = 'public' AND c.group_id IS NULL AND +t.group_id IS NULL", []
    groups = sorted(viewer.group_ids)
    within = f"({marks(len(groups))})" if groups else "(NULL)"
    circles = f"(c.group_id IS NULL OR c.group_id IN {within}) AND (+t.group_id IS NULL OR +t.group_id IN {within})"
    return f"t.hidden_at IS NULL AND c.audience <> 'staff' AND {circles}", groups * 2


_THREAD = f"""
    SELECT t.id, t.slug, t.title, t.ask, t.author_id, {shown("a.name")}, t.started_at, t.last_post_at, t.last_number, t.post_count,
           t.closed_at IS NOT NULL, t.hidden_at IS NOT NULL, t.group_id, c.id, c.slug, c.name, c.audience, c.group_id,
           COALESCE(k.number, 0), f.since IS NOT NULL, f.muted_at IS NOT NULL, a.left_at IS NOT NULL
    FROM thread t JOIN category c ON c.id = t.category_id JOIN member a ON a.id = t.author_id
    {thread_name("t.id", "t.author_id")}
    LEFT JOIN reading_mark k ON k.thread_id = t.id AND k.member_id = ?
    LEFT JOIN follow f ON f.thread_id = t.id AND f.member_id = ?
    WHERE t.id = ?"""


def thread(viewer: Viewer, id: int) -> ThreadView:
    """Return the thread *id*. Raises NotFound when *viewer* may not read it, NotAllowed when a visitor may not yet."""
    if not 0 < id <= LARGEST_ID:
        raise NotFound
    found = rows(_THREAD, (viewer.id or 0, viewer.id or 0, id))
    if not found:
        raise NotFound
    row = found[0]
    seen = ThreadView(
        id=row[0],
        slug=row[1],
        title=row[2],
        ask=row[3],
        author_id=row[4],
        author_name=shown_name(row[5], has_left=row[21]),
        started_at=moment(row[6]),
        last_post_at=moment(row[7]),
        last_number=row[8],
        post_count=row[9],
        is_closed=bool(row[10]),
        is_hidden=bool(row[11]),
        group_id=row[12],
        category_id=row[13],
        category_slug=row[14],
        category_name=row[15],
        audience=row[16],
        category_group_id=row[17],
        mark=row[18],
        follows=(not row[20]) if row[19] else None,
    )
    if seen.is_hidden:
        require_sight(may_read_thread(viewer, seen))
    require_reading(viewer, may_read_thread(viewer, seen))
    return seen


def titles(viewer: Viewer, ids: list[int]) -> dict[int, tuple[str, str]]:
    """Return (slug, title) of those threads among *ids* that *viewer* may read."""
    if not ids:
        return {}
    condition, groups = readable(viewer)
    found = rows(
        "SELECT t.id, t.slug, t.title FROM thread t JOIN category c ON c.id = t.category_id "
        f"WHERE {condition} AND t.id IN ({marks(len(ids))})",
        [*groups, *ids],
    )
    return {row[0]: (row[1], row[2]) for row in found}
