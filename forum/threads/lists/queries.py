"""Reading threads line by line, for home and a category's page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from forum.access import Viewer
from forum.clock import now
from forum.members.names import shown_name
from forum.rows import cursor, moment, read_cursor, rows, stored
from forum.threads.categories.queries import CategoryView
from forum.threads.sight import readable
from forum.threads.urls import thread_url
from forum.threads.voices.joins import shown, thread_name

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608

THREADS_ON_A_PAGE = 30
# A thread that nobody answered for longer than this is no longer new; imported ones would crowd the others out.
WAITING = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A line in a list of threads. *new* is how many posts the viewer has not read since they were last there."""

    id: int
    slug: str
    title: str
    ask: str
    category_slug: str
    category_name: str
    author_name: str
    last_name: str
    started_at: datetime
    last_post_at: datetime
    last_number: int
    post_count: int
    is_closed: bool
    is_waiting: bool
    mark: int

    @property
    def new(self) -> int:
        return max(self.last_number - self.mark, 0) if self.mark else 0

    @property
    def url(self) -> str:
        """Where the viewer goes on reading."""
        if not self.mark or self.last_number == 1:
            return thread_url(self.id, self.slug)
        return thread_url(self.id, self.slug, min(self.mark + 1, self.last_number))

    @property
    def replies(self) -> int:
        return max(self.post_count - 1, 0)

    @property
    def cursor(self) -> str:
        return cursor(self.last_post_at, self.id)


# Nobody but the one who started it has said anything: looked up only where the last word is theirs too.
_ALONE = """t.last_author_id = t.author_id AND NOT EXISTS (
        SELECT 1 FROM post p WHERE p.thread_id = t.id AND p.author_id <> t.author_id
        AND p.withdrawn_at IS NULL AND p.hidden_at IS NULL AND NOT p.is_event)"""


_ROW = f"""
    SELECT t.id, t.slug, t.title, t.ask, c.slug, c.name, {shown("a.name", "va")}, {shown("l.name", "vl")},
           t.started_at, t.last_post_at, t.last_number, t.post_count, t.closed_at IS NOT NULL,
           t.closed_at IS NULL AND t.started_at > ? AND {_ALONE},
           COALESCE(k.number, 0), a.left_at IS NOT NULL, l.left_at IS NOT NULL
    FROM thread t CROSS JOIN category c JOIN member a ON a.id = t.author_id
    LEFT JOIN member l ON l.id = t.last_author_id
    {thread_name("t.id", "t.author_id", "va")}
    {thread_name("t.id", "t.last_author_id", "vl")}
    LEFT JOIN reading_mark k ON k.thread_id = t.id AND k.member_id = ?"""


def _thread_rows(viewer: Viewer, where: str, values: list[Any], tail: str, tail_values: list[Any]) -> list[ThreadRow]:
    condition, groups = readable(viewer)
    # For SQLite a cross join fixes the order: the newest threads first, then their places.
    sql = f"{_ROW} WHERE c.id = t.category_id AND {condition} AND t.post_count > 0 {where} {tail}"
    since = stored(now() - WAITING)
    found = rows(sql, [since, viewer.id or 0, *groups, *values, *tail_values])
    return [
        ThreadRow(
            id=row[0],
            slug=row[1],
            title=row[2],
            ask=row[3],
            category_slug=row[4],
            category_name=row[5],
            author_name=shown_name(row[6], has_left=row[15]),
            last_name=shown_name(row[7] or "", has_left=row[16]),
            started_at=moment(row[8]),
            last_post_at=moment(row[9]),
            last_number=row[10],
            post_count=row[11],
            is_closed=bool(row[12]),
            is_waiting=bool(row[13]),
            mark=row[14],
        )
        for row in found
    ]


def lively_threads(viewer: Viewer, *, limit: int = 8) -> list[ThreadRow]:
    """Return the threads where something was said last, newest first."""
    return _thread_rows(viewer, "", [], "ORDER BY t.last_post_at DESC, t.id DESC LIMIT ?", [limit])


def waiting_threads(viewer: Viewer, *, limit: int = 5) -> list[ThreadRow]:
    """Return new threads of other people that nobody has answered yet, the longest waiting first. Circles keep their own."""
    return _thread_rows(
        viewer,
        # The plus as in `sight.readable`: from the moment since when, not from those outside circles, which nearly all are.
        f"AND t.started_at > ? AND t.closed_at IS NULL AND +t.group_id IS NULL AND t.author_id <> ? AND {_ALONE}",
        [stored(now() - WAITING), viewer.id or 0],
        "ORDER BY t.started_at, t.id LIMIT ?",
        [limit],
    )


def threads_in(viewer: Viewer, place: CategoryView, *, before: str | None = None) -> tuple[list[ThreadRow], str | None]:
    """Return a page of a category's threads, last spoken in first, and the cursor of the next page or None.

    *before* is such a cursor; anything else gives the first page.
    """
    where, values = "AND t.category_id = ?", [place.id]
    last = read_cursor(before)
    if last is not None:
        where += " AND t.last_post_at <= ? AND (t.last_post_at < ? OR t.id < ?)"
        last_post_at = stored(last[0])
        values += [last_post_at, last_post_at, last[1]]
    found = _thread_rows(
        viewer, where, values, "ORDER BY t.last_post_at DESC, t.id DESC LIMIT ?", [THREADS_ON_A_PAGE + 1]
    )
    page = found[:THREADS_ON_A_PAGE]
    return page, page[-1].cursor if len(found) > THREADS_ON_A_PAGE else None
