"""Reading conversations. The viewer comes first, and what they may not read is not there.

The pages of this room are the most visited ones, so rows come from plain SQL as tuples.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from forum import search
from forum.access import Viewer, may_read_place, may_read_thread, may_see_hidden_words, require, require_sight
from forum.clock import now
from forum.database import HtmlField, UtcField, db, is_postgres, utc
from forum.errors import NotFound
from forum.members.names import NOBODY
from forum.search import Found
from forum.text import SafeHtml, _, quote_block, quoted_spans
from forum.threads.models import REACTIONS
from forum.threads.urls import PAGE_SIZE, first_on_page, thread_url

THREADS_ON_A_PAGE = 30
# A thread that nobody answered for longer than this is no longer new; imported ones would crowd the others out.
WAITING = timedelta(days=30)
LARGEST_ID = 2**63 - 1
_stored = UtcField().db_value
_html = HtmlField().python_value


@dataclass(frozen=True, slots=True)
class CategoryView:
    """A place for threads, as a reader sees it."""

    id: int
    slug: str
    name: str
    description: str
    audience: str
    group_id: int | None


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
        return _cursor(self.last_post_at, self.id)


@dataclass(frozen=True, slots=True)
class ReactionCount:
    """How many chose one word of support, and whether the viewer did."""

    kind: str
    count: int
    mine: bool


@dataclass(frozen=True, slots=True)
class PostView:
    """One message. *html* is None where the viewer may not read the words: withdrawn, or hidden by a moderator."""

    id: int
    thread: ThreadView
    number: int
    author_id: int
    author_name: str
    author_role: str
    author_left: bool
    reply_to_number: int | None
    reply_to_name: str
    html: SafeHtml | None
    revision: int
    said_at: datetime
    edited_at: datetime | None
    is_withdrawn: bool
    is_hidden: bool
    is_event: bool
    inside_use_only: bool
    imported_likes: int
    reactions: Sequence[ReactionCount] = field(default=())

    @property
    def url(self) -> str:
        return thread_url(self.thread.id, self.thread.slug, self.number)


@dataclass(frozen=True, slots=True)
class RevisionView:
    """What a post said until *replaced_at*."""

    revision: int
    source: str
    replaced_at: datetime


# ---- SQL that both databases read ------------------------------------------------------------------------------------


# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608


def select(sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of *sql*, in which every value is a question mark whichever database answers."""
    return db.execute_sql(sql.replace("?", "%s") if is_postgres() else sql, tuple(values)).fetchall()


def _marks(count: int) -> str:
    return ",".join("?" * count)


def _readable(viewer: Viewer) -> tuple[str, list[int]]:
    """Return what `access.may_read_thread` asks of thread t and category c, and that t is not hidden, as SQL.

    The plus keeps SQLite from starting at the group, which nearly no thread has, instead of at the newest thread.
    """
    if viewer.is_staff:
        return "t.hidden_at IS NULL", []
    if not viewer.is_member:
        return "t.hidden_at IS NULL AND c.audience = 'public' AND c.group_id IS NULL AND +t.group_id IS NULL", []
    groups = sorted(viewer.group_ids)
    within = f"({_marks(len(groups))})" if groups else "(NULL)"
    circles = f"(c.group_id IS NULL OR c.group_id IN {within}) AND (+t.group_id IS NULL OR +t.group_id IN {within})"
    return f"t.hidden_at IS NULL AND c.audience <> 'staff' AND {circles}", groups * 2


def _cursor(moment: datetime, id: int) -> str:
    return f"{int(moment.timestamp() * 1_000_000)}.{id}"


def _read_cursor(word: str | None) -> tuple[datetime, int] | None:
    """Return what `_cursor` wrote; None for anything else, so that a mangled link shows the first page."""
    found = re.fullmatch(r"(\d{1,17})\.(\d{1,18})", word or "", re.ASCII)
    if found is None:
        return None
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1])), int(found[2])
    except OverflowError:
        return None


# ---- places ----------------------------------------------------------------------------------------------------------


def categories(viewer: Viewer) -> list[CategoryView]:
    """Return the categories that *viewer* may read, in the order of the house."""
    rows = select("SELECT id, slug, name, description, audience, group_id FROM category ORDER BY position, name, id")
    return [CategoryView(*row) for row in rows if may_read_place(viewer, row[4], row[5], None)]


def category(viewer: Viewer, slug: str) -> CategoryView:
    """Return the category at */c/slug*. Raises NotFound when *viewer* may not read it."""
    if "\x00" in slug:
        raise NotFound
    rows = select("SELECT id, slug, name, description, audience, group_id FROM category WHERE slug = ?", (slug,))
    if not rows:
        raise NotFound
    found = CategoryView(*rows[0])
    _require_sight(viewer, may_read_place(viewer, found.audience, found.group_id, None))
    return found


def _require_sight(viewer: Viewer, ok: bool) -> None:
    """Raise NotFound unless *ok*; a visitor is asked to sign in first, because links come by mail to signed-out phones."""
    require(ok or viewer.is_member, _("Please sign in to read this."))
    require_sight(ok)


# ---- lists of threads ------------------------------------------------------------------------------------------------

# Nobody but the one who started it has said anything: looked up only where the last word is theirs too.
_ALONE = """t.last_author_id = t.author_id AND NOT EXISTS (
        SELECT 1 FROM post p WHERE p.thread_id = t.id AND p.author_id <> t.author_id
        AND p.withdrawn_at IS NULL AND p.hidden_at IS NULL AND NOT p.is_event)"""

_ROW = f"""
    SELECT t.id, t.slug, t.title, t.ask, c.slug, c.name, a.name, l.name, t.started_at, t.last_post_at, t.last_number,
           t.post_count, t.closed_at IS NOT NULL, t.closed_at IS NULL AND t.started_at > ? AND {_ALONE},
           COALESCE(k.number, 0), a.left_at IS NOT NULL, l.left_at IS NOT NULL
    FROM thread t CROSS JOIN category c JOIN member a ON a.id = t.author_id
    LEFT JOIN member l ON l.id = t.last_author_id
    LEFT JOIN reading_mark k ON k.thread_id = t.id AND k.member_id = ?"""


def _thread_rows(viewer: Viewer, where: str, values: list[Any], tail: str, tail_values: list[Any]) -> list[ThreadRow]:
    condition, groups = _readable(viewer)
    # For SQLite a cross join fixes the order: the newest threads first, then their places.
    sql = f"{_ROW} WHERE c.id = t.category_id AND {condition} AND t.post_count > 0 {where} {tail}"
    since = _stored(now() - WAITING)
    found = select(sql, [since, viewer.id or 0, *groups, *values, *tail_values])
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
            started_at=moment_of(row[8]),
            last_post_at=moment_of(row[9]),
            last_number=row[10],
            post_count=row[11],
            is_closed=bool(row[12]),
            is_waiting=bool(row[13]),
            mark=row[14],
        )
        for row in found
    ]


def moment_of(value: Any) -> datetime:
    """Return what a row holds for a moment that is never missing."""
    moment = utc(value)
    if moment is None:
        raise ValueError("a moment is missing")
    return moment


def shown_name(name: str, *, has_left: bool) -> str:
    """Return how a member is named in public."""
    return str(NOBODY) if has_left else name


def lively_threads(viewer: Viewer, *, limit: int = 8) -> list[ThreadRow]:
    """Return the threads where something was said last, newest first."""
    return _thread_rows(viewer, "", [], "ORDER BY t.last_post_at DESC, t.id DESC LIMIT ?", [limit])


def waiting_threads(viewer: Viewer, *, limit: int = 5) -> list[ThreadRow]:
    """Return new threads of other people that nobody has answered yet, the longest waiting first. Circles keep their own."""
    return _thread_rows(
        viewer,
        f"AND t.started_at > ? AND t.closed_at IS NULL AND t.group_id IS NULL AND t.author_id <> ? AND {_ALONE}",
        [_stored(now() - WAITING), viewer.id or 0],
        "ORDER BY t.started_at, t.id LIMIT ?",
        [limit],
    )


def threads_in(viewer: Viewer, place: CategoryView, *, before: str | None = None) -> tuple[list[ThreadRow], str | None]:
    """Return a page of a category's threads, last spoken in first, and the cursor of the next page or None.

    *before* is such a cursor; anything else gives the first page.
    """
    where, values = "AND t.category_id = ?", [place.id]
    cursor = _read_cursor(before)
    if cursor is not None:
        where += " AND t.last_post_at <= ? AND (t.last_post_at < ? OR t.id < ?)"
        moment = _stored(cursor[0])
        values += [moment, moment, cursor[1]]
    found = _thread_rows(
        viewer, where, values, "ORDER BY t.last_post_at DESC, t.id DESC LIMIT ?", [THREADS_ON_A_PAGE + 1]
    )
    page = found[:THREADS_ON_A_PAGE]
    return page, page[-1].cursor if len(found) > THREADS_ON_A_PAGE else None


# ---- one thread ------------------------------------------------------------------------------------------------------

_THREAD = """
    SELECT t.id, t.slug, t.title, t.ask, t.author_id, a.name, t.started_at, t.last_post_at, t.last_number, t.post_count,
           t.closed_at IS NOT NULL, t.hidden_at IS NOT NULL, t.group_id, c.id, c.slug, c.name, c.audience, c.group_id,
           COALESCE(k.number, 0), f.since IS NOT NULL, f.muted_at IS NOT NULL, a.left_at IS NOT NULL
    FROM thread t JOIN category c ON c.id = t.category_id JOIN member a ON a.id = t.author_id
    LEFT JOIN reading_mark k ON k.thread_id = t.id AND k.member_id = ?
    LEFT JOIN follow f ON f.thread_id = t.id AND f.member_id = ?
    WHERE t.id = ?"""


def thread(viewer: Viewer, id: int) -> ThreadView:
    """Return the thread *id*. Raises NotFound when *viewer* may not read it, NotAllowed when a visitor may not yet."""
    if not 0 < id <= LARGEST_ID:
        raise NotFound
    rows = select(_THREAD, (viewer.id or 0, viewer.id or 0, id))
    if not rows:
        raise NotFound
    row = rows[0]
    found = ThreadView(
        id=row[0],
        slug=row[1],
        title=row[2],
        ask=row[3],
        author_id=row[4],
        author_name=shown_name(row[5], has_left=row[21]),
        started_at=moment_of(row[6]),
        last_post_at=moment_of(row[7]),
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
    if found.is_hidden:
        require_sight(may_read_thread(viewer, found))
    _require_sight(viewer, may_read_thread(viewer, found))
    return found


_POST = """
    SELECT p.id, p.number, p.author_id, m.name, m.role, m.left_at IS NOT NULL, q.number, n.name, n.left_at IS NOT NULL,
           p.html, p.revision, p.said_at, p.edited_at, p.withdrawn_at IS NOT NULL, p.hidden_at IS NOT NULL,
           p.is_event, p.inside_use_only, p.imported_likes
    FROM post p JOIN member m ON m.id = p.author_id
    LEFT JOIN post q ON q.id = p.reply_to_id LEFT JOIN member n ON n.id = q.author_id"""


def _post_view(viewer: Viewer, thread: ThreadView, row: tuple[Any, ...]) -> PostView:
    is_withdrawn, is_hidden = bool(row[13]), bool(row[14])
    is_readable = not is_withdrawn and (not is_hidden or may_see_hidden_words(viewer))
    return PostView(
        id=row[0],
        thread=thread,
        number=row[1],
        author_id=row[2],
        author_name=shown_name(row[3], has_left=row[5]),
        author_role=row[4],
        author_left=bool(row[5]),
        reply_to_number=row[6],
        reply_to_name=shown_name(row[7] or "", has_left=row[8]),
        html=_html(row[9]) if is_readable else None,
        revision=row[10],
        said_at=moment_of(row[11]),
        edited_at=utc(row[12]),
        is_withdrawn=is_withdrawn,
        is_hidden=is_hidden,
        is_event=bool(row[15]),
        inside_use_only=bool(row[16]),
        imported_likes=row[17],
    )


def posts(viewer: Viewer, thread: ThreadView, *, at: int = 1) -> list[PostView]:
    """Return the page of *thread* on which post number *at* stands, at most 20 posts, with their reactions."""
    first = first_on_page(min(at, max(thread.last_number, 1)))
    rows = select(
        f"{_POST} WHERE p.thread_id = ? AND p.number >= ? AND p.number < ? ORDER BY p.number",
        (thread.id, first, first + PAGE_SIZE),
    )
    found = [_post_view(viewer, thread, row) for row in rows]
    counts = reactions(viewer, [post.id for post in found])
    return [replace(post, reactions=counts[post.id]) if post.id in counts else post for post in found]


def post(viewer: Viewer, id: int) -> PostView:
    """Return one post with its thread and reactions. Raises NotFound when *viewer* may not read the thread."""
    if not 0 < id <= LARGEST_ID:
        raise NotFound
    where = select("SELECT thread_id FROM post WHERE id = ?", (id,))
    if not where:
        raise NotFound
    home = thread(viewer, where[0][0])
    rows = select(f"{_POST} WHERE p.id = ?", (id,))
    if not rows:
        raise NotFound
    found = _post_view(viewer, home, rows[0])
    return replace(found, reactions=reactions(viewer, [id]).get(id, ()))


def post_for_everybody(id: int) -> PostView | None:
    """Return a post as every reader of its thread may see it, whoever they are; None when its thread is hidden."""
    try:
        return post(Viewer(role="supporter"), id)
    except NotFound:
        return None


def post_at(viewer: Viewer, thread: ThreadView, number: int) -> PostView:
    """Return post *number* of *thread* without its reactions. Raises NotFound when there is none."""
    rows = select(f"{_POST} WHERE p.thread_id = ? AND p.number = ?", (thread.id, min(number, LARGEST_ID)))
    if not rows:
        raise NotFound
    return _post_view(viewer, thread, rows[0])


def reactions(viewer: Viewer, post_ids: Sequence[int]) -> dict[int, list[ReactionCount]]:
    """Return the words of support for each of *post_ids* that has any, in the order of the house."""
    if not post_ids:
        return {}
    rows = select(
        "SELECT post_id, kind, COUNT(*), MAX(CASE WHEN member_id = ? THEN 1 ELSE 0 END) FROM reaction "
        f"WHERE post_id IN ({_marks(len(post_ids))}) GROUP BY post_id, kind",
        (viewer.id or 0, *post_ids),
    )
    found: dict[int, list[ReactionCount]] = {}
    for post_id, kind, count, mine in sorted(rows, key=lambda row: REACTIONS.index(row[1])):
        found.setdefault(post_id, []).append(ReactionCount(kind, count, bool(mine)))
    return found


def source(viewer: Viewer, id: int) -> tuple[str, int]:
    """Return what was typed for a post that *viewer* may read, and its revision. Raises NotFound for gone words."""
    seen = post(viewer, id)
    rows = select("SELECT source, revision FROM post WHERE id = ?", (id,))
    if not rows or seen.html is None:
        raise NotFound
    return rows[0]


def quotation(viewer: Viewer, id: int) -> str:
    """Return the Markdown that quotes a post in a reply, without what it quoted itself. Raises NotFound."""
    seen = post(viewer, id)
    if seen.html is None:
        raise NotFound
    plain = select("SELECT plain FROM post WHERE id = ?", (id,))[0][0]
    own, at = [], 0
    for span in quoted_spans(str(seen.html)):
        own.append(plain[at : span.start])
        at = span.end
    words = re.sub(r"\n+", "\n\n", "".join([*own, plain[at:]]).strip())
    return quote_block(words, name=seen.author_name, post=seen.number, thread=seen.thread.id)


def revisions(viewer: Viewer, id: int) -> list[RevisionView]:
    """Return what a post said before, newest first. Raises NotFound where its words are gone for *viewer*."""
    if post(viewer, id).html is None:
        raise NotFound
    rows = select(
        "SELECT revision, source, replaced_at FROM post_revision WHERE post_id = ? ORDER BY revision DESC", (id,)
    )
    return [RevisionView(row[0], row[1], moment_of(row[2])) for row in rows]


# ---- for jobs and rooms above -----------------------------------------------------------------------------------------------


def titles(viewer: Viewer, ids: list[int]) -> dict[int, tuple[str, str]]:
    """Return (slug, title) of those threads among *ids* that *viewer* may read."""
    if not ids:
        return {}
    condition, groups = _readable(viewer)
    rows = select(
        "SELECT t.id, t.slug, t.title FROM thread t JOIN category c ON c.id = t.category_id "
        f"WHERE {condition} AND t.id IN ({_marks(len(ids))})",
        [*groups, *ids],
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def titles_of_own_posts(viewer: Viewer, post_ids: list[int]) -> dict[int, str]:
    """Return the titles of the threads that these posts stand in, as far as *viewer* wrote them."""
    if not post_ids:
        return {}
    found = select(
        "SELECT p.id, t.title FROM post p JOIN thread t ON t.id = p.thread_id "
        f"WHERE p.author_id = ? AND p.id IN ({_marks(len(post_ids))})",
        (viewer.id, *post_ids),
    )
    return dict(found)


def followers(thread_id: int, *, after: int = 0, limit: int = 500) -> list[int]:
    """Return ids of members who want to hear of a thread, ascending, those above *after*: for jobs, in batches."""
    rows = select(
        "SELECT f.member_id FROM follow f JOIN member m ON m.id = f.member_id "
        "WHERE f.thread_id = ? AND f.muted_at IS NULL AND m.left_at IS NULL AND f.member_id > ? "
        "ORDER BY f.member_id LIMIT ?",
        (thread_id, after, limit),
    )
    return [member_id for (member_id,) in rows]


def quoting_posts(*, after: int, limit: int) -> list[int]:
    """Return ids of posts above *after* that quote anybody, ascending: for jobs, in batches."""
    sql = "SELECT id FROM post WHERE id > ? AND source LIKE ? ORDER BY id LIMIT ?"
    return [id for (id,) in select(sql, (after, "%[quote=%", limit))]


def numbers_of(member_id: int, thread_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Return (thread, number) of every post of a member in these threads."""
    ids = sorted(set(thread_ids))
    if not ids:
        return set()
    sql = f"SELECT thread_id, number FROM post WHERE author_id = ? AND thread_id IN ({_marks(len(ids))})"
    return {(row[0], row[1]) for row in select(sql, (member_id, *ids))}


def has_muted(member_id: int, thread_id: int) -> bool:
    """Say whether a member asked not to hear of a thread, not even of replies to them."""
    sql = "SELECT 1 FROM follow WHERE member_id = ? AND thread_id = ? AND muted_at IS NOT NULL"
    return bool(select(sql, (member_id, thread_id)))


# ---- finding ---------------------------------------------------------------------------------------------------------


def search_posts(viewer: Viewer, query: str, *, limit: int = 20, skip: int = 0) -> list[tuple[Found, str]]:
    """Return what holds every word of *query*, best first, each post with its address and anything else with ""."""
    found = search.find(viewer, query, limit=limit, skip_ids=skip)
    ids = [hit.ref for hit in found if hit.kind == "post"]
    urls: dict[int, str] = {}
    if ids:
        rows = select(
            "SELECT p.id, t.id, t.slug, p.number FROM post p JOIN thread t ON t.id = p.thread_id "
            f"WHERE p.id IN ({_marks(len(ids))})",
            ids,
        )
        urls = {row[0]: thread_url(row[1], row[2], row[3]) for row in rows}
    return [(hit, urls.get(hit.ref, "") if hit.kind == "post" else "") for hit in found]


# ---- data rights -----------------------------------------------------------------------------------------------------

_ABOUT = {
    "threads": "SELECT id AS thread, title, ask, started_at FROM thread WHERE author_id = ? ORDER BY id",
    "posts": """SELECT id AS post, thread_id AS thread, number, source AS words, said_at, edited_at, withdrawn_at, via
        FROM post WHERE author_id = ? ORDER BY id""",
    "earlier_versions": """SELECT r.post_id AS post, r.revision, r.source AS words, r.replaced_at
        FROM post_revision r JOIN post p ON p.id = r.post_id WHERE p.author_id = ? ORDER BY r.id""",
    "drafts": "SELECT place, title, source AS words, saved_at FROM draft WHERE member_id = ? ORDER BY id",
    "reactions": "SELECT post_id AS post, kind, at FROM reaction WHERE member_id = ? ORDER BY id",
    "mentioned_in": "SELECT post_id AS post FROM mention WHERE member_id = ? ORDER BY id",
    "follows": "SELECT thread_id AS thread, since, muted_at FROM follow WHERE member_id = ? ORDER BY id",
    "read_until": "SELECT thread_id AS thread, number AS post, at FROM reading_mark WHERE member_id = ? ORDER BY id",
}


def about_member(member_id: int) -> dict[str, Any]:
    """Return everything this room holds about a member, ready for JSON."""
    found: dict[str, Any] = {}
    for name, sql in _ABOUT.items():
        cursor = db.execute_sql(sql.replace("?", "%s") if is_postgres() else sql, (member_id,))
        columns = [column[0] for column in cursor.description]
        found[name] = [dict(zip(columns, map(_for_json, row), strict=True)) for row in cursor.fetchall()]
    return found


def _for_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
