"""Reading posts: as they stand in their thread, and one at a time."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from forum.access import Viewer, may_see_hidden_words
from forum.database import HtmlField, utc
from forum.errors import NotFound
from forum.members.names import shown_name
from forum.rows import marks, moment, rows, stored
from forum.text import SafeHtml, quote_block, quoted_spans
from forum.threads.models import REACTIONS
from forum.threads.sight import LARGEST_ID, ThreadView, thread
from forum.threads.urls import PAGE_SIZE, first_on_page, thread_url
from forum.threads.voices.joins import shown, thread_name

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608

_html = HtmlField().python_value


@dataclass(frozen=True, slots=True)
class ReactionCount:
    """How many chose one word of support, and whether the viewer did."""

    kind: str
    count: int
    mine: bool


@dataclass(frozen=True, slots=True)
class PostView:
    """One message. *html* is None where the viewer may not read the words: withdrawn, or hidden by a moderator.

    With *has_thread_name* nothing that is shown may lead to who wrote it: no profile, no role."""

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
    has_thread_name: bool
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


_POST = f"""
    SELECT p.id, p.number, p.author_id, {shown("m.name")}, CASE WHEN v.id IS NULL THEN m.role ELSE '' END,
           m.left_at IS NOT NULL, q.number, {shown("n.name", "vn")}, n.left_at IS NOT NULL,
           p.html, p.revision, p.said_at, p.edited_at, p.withdrawn_at IS NOT NULL, p.hidden_at IS NOT NULL,
           p.is_event, p.inside_use_only, p.imported_likes, v.id IS NOT NULL
    FROM post p JOIN member m ON m.id = p.author_id {thread_name("p.thread_id", "p.author_id")}
    LEFT JOIN post q ON q.id = p.reply_to_id LEFT JOIN member n ON n.id = q.author_id
    {thread_name("q.thread_id", "q.author_id", "vn")}"""


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
        said_at=moment(row[11]),
        edited_at=utc(row[12]),
        is_withdrawn=is_withdrawn,
        is_hidden=is_hidden,
        is_event=bool(row[15]),
        inside_use_only=bool(row[16]),
        imported_likes=row[17],
        has_thread_name=bool(row[18]),
    )


def posts(viewer: Viewer, thread: ThreadView, *, at: int = 1) -> list[PostView]:
    """Return the page of *thread* on which post number *at* stands, at most 20 posts, with their reactions."""
    first = first_on_page(min(at, max(thread.last_number, 1)))
    found = rows(
        f"{_POST} WHERE p.thread_id = ? AND p.number >= ? AND p.number < ? ORDER BY p.number",
        (thread.id, first, first + PAGE_SIZE),
    )
    posts = [_post_view(viewer, thread, row) for row in found]
    counts = reactions(viewer, [post.id for post in posts])
    return [replace(post, reactions=counts[post.id]) if post.id in counts else post for post in posts]


def post(viewer: Viewer, id: int) -> PostView:
    """Return one post with its thread and reactions. Raises NotFound when *viewer* may not read the thread."""
    if not 0 < id <= LARGEST_ID:
        raise NotFound
    where = rows("SELECT thread_id FROM post WHERE id = ?", (id,))
    if not where:
        raise NotFound
    home = thread(viewer, where[0][0])
    found = rows(f"{_POST} WHERE p.id = ?", (id,))
    if not found:
        raise NotFound
    return replace(_post_view(viewer, home, found[0]), reactions=reactions(viewer, [id]).get(id, ()))


def post_for_everybody(id: int) -> PostView | None:
    """Return a post as every reader of its thread may see it, whoever they are; None when its thread is hidden."""
    try:
        return post(Viewer(role="supporter"), id)
    except NotFound:
        return None


def reactions(viewer: Viewer, post_ids: Sequence[int]) -> dict[int, list[ReactionCount]]:
    """Return the words of support for each of *post_ids* that has any, in the order of the house."""
    if not post_ids:
        return {}
    found = rows(
        "SELECT post_id, kind, COUNT(*), MAX(CASE WHEN member_id = ? THEN 1 ELSE 0 END) FROM reaction "
        f"WHERE post_id IN ({marks(len(post_ids))}) GROUP BY post_id, kind",
        (viewer.id or 0, *post_ids),
    )
    counts: dict[int, list[ReactionCount]] = {}
    for post_id, kind, count, mine in sorted(found, key=lambda row: REACTIONS.index(row[1])):
        counts.setdefault(post_id, []).append(ReactionCount(kind, count, bool(mine)))
    return counts


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def number_at(thread: ThreadView, typed: str, *, zone: ZoneInfo) -> int | None:
    """Return the number of the post that *typed* means: a number, or the first one said on or after a day in *zone*.

    What lies beyond the last post means the last one. None for anything else."""
    if typed.isascii() and typed.isdigit() and len(typed) < 10:
        return max(1, min(int(typed), thread.last_number))
    day = _day(typed)
    if day is None:
        return None
    begins = datetime.combine(day, time(), tzinfo=zone)
    # Numbers grow with time but for what an import brought: the first by number is what a reader looks for.
    found = rows("SELECT MIN(number) FROM post WHERE thread_id = ? AND said_at >= ?", (thread.id, stored(begins)))
    return found[0][0] or thread.last_number


def _day(typed: str) -> date | None:
    numbers = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", typed, re.ASCII)
    words = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?[ .]+([a-z]{3})[a-z]*\.?,? +(\d{4})", typed.casefold(), re.ASCII)
    slashes = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", typed, re.ASCII)
    try:
        if numbers:
            return date(int(numbers[1]), int(numbers[2]), int(numbers[3]))
        if words and words[2] in _MONTHS:
            return date(int(words[3]), _MONTHS.index(words[2]) + 1, int(words[1]))
        if slashes:
            return date(int(slashes[3]), int(slashes[2]), int(slashes[1]))
    except ValueError:
        return None
    return None


def who_reacted(viewer: Viewer, id: int) -> dict[str, list[str]]:
    """Return who had which kind word for a post: kind -> names, the first one first. Raises NotFound."""
    seen = post(viewer, id)
    if seen.html is None:
        raise NotFound
    found = rows(
        f"""SELECT r.kind, {shown("m.name")}, m.left_at IS NOT NULL FROM reaction r JOIN member m ON m.id = r.member_id
            {thread_name("?", "r.member_id")} WHERE r.post_id = ? ORDER BY r.id""",
        (seen.thread.id, id),
    )
    names: dict[str, list[str]] = {kind: [] for kind in REACTIONS}
    for kind, name, has_left in found:
        names[kind].append(shown_name(name, has_left=bool(has_left)))
    return {kind: people for kind, people in names.items() if people}


# ---- one post, in detail ---------------------------------------------------------------------------------------------


def source(viewer: Viewer, id: int) -> tuple[str, int]:
    """Return what was typed for a post that *viewer* may read, and its revision. Raises NotFound for gone words."""
    seen = post(viewer, id)
    found = rows("SELECT source, revision FROM post WHERE id = ?", (id,))
    if not found or seen.html is None:
        raise NotFound
    return found[0]


def quotation(viewer: Viewer, id: int) -> str:
    """Return the Markdown that quotes a post in a reply, without what it quoted itself. Raises NotFound."""
    seen = post(viewer, id)
    if seen.html is None:
        raise NotFound
    plain = rows("SELECT plain FROM post WHERE id = ?", (id,))[0][0]
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
    found = rows(
        "SELECT revision, source, replaced_at FROM post_revision WHERE post_id = ? ORDER BY revision DESC", (id,)
    )
    return [RevisionView(row[0], row[1], moment(row[2])) for row in found]


# ---- for jobs and other nouns ----------------------------------------------------------------------------------------


def titles_of_own_posts(viewer: Viewer, post_ids: list[int]) -> dict[int, str]:
    """Return the titles of the threads that these posts stand in, as far as *viewer* wrote them."""
    if not post_ids:
        return {}
    found = rows(
        "SELECT p.id, t.title FROM post p JOIN thread t ON t.id = p.thread_id "
        f"WHERE p.author_id = ? AND p.id IN ({marks(len(post_ids))})",
        (viewer.id, *post_ids),
    )
    return dict(found)


def quoting_posts(*, after: int, limit: int, thread_id: int | None = None) -> list[int]:
    """Return ids of posts above *after* that quote anybody, now or in an earlier version, ascending: for jobs, in batches.

    With *thread_id* those that may quote something in that thread."""
    like = f"%[quote=%{thread_id or ''}%"
    sql = (
        "SELECT p.id FROM post p WHERE p.id > ? AND (p.source LIKE ? OR EXISTS "
        "(SELECT 1 FROM post_revision r WHERE r.post_id = p.id AND r.source LIKE ?)) ORDER BY p.id LIMIT ?"
    )
    return [id for (id,) in rows(sql, (after, like, like, limit))]


def gone_among(addresses: Iterable[tuple[int, int]], *, seen_from: int | None) -> dict[tuple[int, int], str]:
    """Return which of the posts at (thread, number) can't be read any more, and why: ``left``, ``taken_back``, ``hidden``.

    *seen_from* is the thread that quotes them: what stands in a hidden thread is gone everywhere but there."""
    wanted = set(addresses)
    ids = sorted({thread_id for thread_id, _number in wanted})
    if not ids:
        return {}
    sql = f"""
        SELECT p.thread_id, p.number, CASE WHEN m.left_at IS NOT NULL THEN 'left'
            WHEN p.withdrawn_at IS NOT NULL THEN 'taken_back' ELSE 'hidden' END
        FROM post p JOIN thread t ON t.id = p.thread_id JOIN member m ON m.id = p.author_id
        WHERE p.thread_id IN ({marks(len(ids))}) AND (m.left_at IS NOT NULL OR p.withdrawn_at IS NOT NULL
            OR p.hidden_at IS NOT NULL OR (t.hidden_at IS NOT NULL AND t.id <> ?))"""
    gone = {(row[0], row[1]): row[2] for row in rows(sql, (*ids, seen_from or 0))}
    return {address: why for address, why in gone.items() if address in wanted}
