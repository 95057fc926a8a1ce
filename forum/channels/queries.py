"""Reading what people are told."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum.access import Viewer, require
from forum.channels.lines import say
from forum.channels.models import Letter
from forum.database import HtmlField, utc
from forum.members.models import GroupMember, Member
from forum.members.names import NOBODY
from forum.members.queries import Line, Shelf
from forum.rows import moment, rows, stored
from forum.text import SafeHtml, _
from forum.threads.models import Post, ReadingMark
from forum.threads.urls import thread_url
from forum.threads.voices.joins import shown, thread_name

# Only numbers of our own are ever put into SQL here; values travel beside it.
# ruff: noqa: S608

NOTICES_ON_A_PAGE = 50
MOST_COUNTED = 100
_html = HtmlField().python_value
_NUMBER = re.compile(r"/t/\d+/[^/]*/(\d+)(?:#.*)?")
_POST_KEY = re.compile(r"post:(\d+):member:\d+")


def number_in(path: str) -> int | None:
    """Return the number of the post that a thread's address leads to, or None."""
    found = _NUMBER.fullmatch(path)
    return int(found[1]) if found else None


# ---- notices -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One line: *words* is the whole sentence, *path* where it leads. Several kind words for one post are one line."""

    id: int
    words: str
    path: str
    at: datetime
    is_unread: bool


def unread_notices(viewer: Viewer) -> int:
    """Return how many notices *viewer* has not seen, counted up to 100."""
    if not viewer.is_member:
        return 0
    sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM notice WHERE member_id = ? AND read_at IS NULL LIMIT {MOST_COUNTED}) n"
    return rows(sql, (viewer.id,))[0][0]


def unread_of_session(session_id: int) -> int:
    """Return the same for whoever a session belongs to, for the live count."""
    sql = f"""SELECT COUNT(*) FROM (SELECT 1 FROM notice n JOIN session s ON s.member_id = n.member_id
        WHERE s.id = ? AND n.read_at IS NULL LIMIT {MOST_COUNTED}) found"""
    return rows(sql, (session_id,))[0][0]


_NOTICES = f"""
    SELECT n.id, n.kind, {shown("a.name")}, a.left_at IS NOT NULL, n.about, n.path, n.at, n.read_at IS NULL
    FROM notice n LEFT JOIN member a ON a.id = n.actor_id {thread_name("n.thread_id", "n.actor_id")}
    WHERE n.member_id = ?"""


def notices(viewer: Viewer, *, before: int | None = None) -> tuple[list[NoticeView], int | None]:
    """Return a page of *viewer*'s own notices, newest first, and the id to ask for what came *before*, or None."""
    require(viewer.is_member, _("Please sign in to see what is new for you."))
    where, values = ("", [viewer.id]) if before is None else (" AND n.id < ?", [viewer.id, before])
    found = rows(f"{_NOTICES}{where} ORDER BY n.id DESC LIMIT ?", [*values, NOTICES_ON_A_PAGE + 1])
    page = found[:NOTICES_ON_A_PAGE]
    return _together(page), page[-1][0] if len(found) > NOTICES_ON_A_PAGE else None


def _together(rows: Sequence[tuple[Any, ...]]) -> list[NoticeView]:
    """Make lines of rows. Kind words for the same post, of which some are seen or none, become one line."""
    names: dict[tuple[str, str, bool], list[str]] = {}
    firsts: dict[tuple[str, str, bool], tuple[Any, ...]] = {}
    for row in rows:
        id, kind, name, has_left, _about, path, _at, is_unread = row
        key = (kind, path if kind == "reaction" else f"{id}", bool(is_unread))
        firsts.setdefault(key, row)
        who = names.setdefault(key, [])
        shown = str(NOBODY) if has_left else name
        if shown and shown not in who:
            who.append(shown)
    return [
        NoticeView(row[0], say(row[1], names[key], row[4]), row[5], moment(row[6]), bool(row[7]))
        for key, row in firsts.items()
    ]


MOST_ON_ME = 5


def newest_shelf(viewer: Viewer) -> Shelf:
    """Return what stands on Me: the newest notices that *viewer* has not seen."""
    found = rows(f"{_NOTICES} AND n.read_at IS NULL ORDER BY n.id DESC LIMIT ?", [viewer.id, 4 * MOST_ON_ME])
    lines = tuple(Line(line.words, line.path, at=line.at) for line in _together(found)[:MOST_ON_ME])
    return Shelf(
        heading=_("New for you"),
        lines=lines,
        empty=_("You've seen everything. Nothing waits for you here."),
        link_words=_("All your notices"),
        link_url="/me/notifications",
    )


# ---- whom a post concerns ------------------------------------------------------------------------------------------

_CONCERNED = """
    SELECT r.member_id, MAX(r.is_called) FROM (
        SELECT f.member_id, 0 AS is_called FROM follow f
        WHERE f.thread_id = ? AND f.member_id > ? AND f.since <= ?
        UNION ALL SELECT m.member_id, 1 FROM mention m WHERE m.post_id = ? AND m.member_id > ?
    ) r WHERE r.member_id <> ? AND NOT EXISTS (
        SELECT 1 FROM follow muted WHERE muted.thread_id = ? AND muted.member_id = r.member_id
        AND muted.muted_at IS NOT NULL
    ) GROUP BY r.member_id ORDER BY r.member_id LIMIT ?"""


def concerned(post: Post, *, after: int, limit: int) -> list[tuple[int, bool]]:
    """Return whom a post concerns: (member id, whether it calls them by name), ids above *after*, ascending.

    Those who followed its thread by then or are mentioned in it; not its author, nor anybody who muted the thread."""
    said_at = stored(post.said_at)
    values = (post.thread_id, after, said_at, post.id, after, post.author_id, post.thread_id, limit)
    return [(member_id, bool(is_called)) for member_id, is_called in rows(_CONCERNED, values)]


def newly_mentioned(post: Post, path: str) -> list[int]:
    """Return whom *post*, which stands at *path*, calls by name and nothing was said to about it yet.

    Not its author, nor anybody who muted the thread."""
    sql = """SELECT m.member_id FROM mention m WHERE m.post_id = ? AND m.member_id <> ?
        AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.member_id = m.member_id AND n.path = ?
            AND n.kind IN ('reply', 'mention'))
        AND NOT EXISTS (SELECT 1 FROM follow f WHERE f.thread_id = ? AND f.member_id = m.member_id
            AND f.muted_at IS NOT NULL)
        ORDER BY m.member_id"""
    return [member_id for (member_id,) in rows(sql, (post.id, post.author_id, path, post.thread_id))]


def readers_of(post: Post, member_ids: Sequence[int]) -> set[int]:
    """Return those of *member_ids* who have read as far as *post* already."""
    marks = ReadingMark.select(ReadingMark.member).where(
        ReadingMark.thread == post.thread_id,
        ReadingMark.number >= post.number,
        ReadingMark.member.in_(list(member_ids) or [0]),
    )
    return {member_id for (member_id,) in marks.tuples()}


_TAKING_PART = """
    SELECT r.member_id FROM (
        SELECT p.author_id AS member_id FROM post p
        WHERE p.thread_id = ? AND p.author_id > ? AND p.withdrawn_at IS NULL AND NOT p.is_event
        UNION SELECT f.member_id FROM follow f WHERE f.thread_id = ? AND f.member_id > ?
    ) r WHERE NOT EXISTS (
        SELECT 1 FROM follow muted WHERE muted.thread_id = ? AND muted.member_id = r.member_id
        AND muted.muted_at IS NOT NULL
    ) ORDER BY r.member_id LIMIT ?"""


def taking_part(thread_id: int, *, after: int, limit: int) -> list[int]:
    """Return who wrote in a thread or follows it, and has not muted it: ids above *after*, ascending."""
    values = (thread_id, after, thread_id, after, thread_id, limit)
    return [member_id for (member_id,) in rows(_TAKING_PART, values)]


def members_with_circles(member_ids: Sequence[int]) -> list[tuple[Member, frozenset[int]]]:
    """Return members by id, each with the ids of their circles, in two queries."""
    if not member_ids:
        return []
    circles: dict[int, set[int]] = {}
    places = GroupMember.select(GroupMember.member, GroupMember.group).where(GroupMember.member.in_(list(member_ids)))
    for member_id, group_id in places.tuples():
        circles.setdefault(member_id, set()).add(group_id)
    found = Member.select().where(Member.id.in_(list(member_ids)), Member.left_at.is_null()).order_by(Member.id)
    return [(member, frozenset(circles.get(member.id, ()))) for member in found]


# ---- what anybody may read -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublicPost:
    """A post that visitors may read, for feeds."""

    id: int
    number: int
    title: str
    who: str
    html: SafeHtml
    path: str
    said_at: datetime
    edited_at: datetime | None


_PUBLIC = f"""
    SELECT p.id, p.number, t.title, {shown("m.name")}, m.left_at IS NOT NULL, p.html, t.id, t.slug, p.said_at, p.edited_at
    FROM post p JOIN thread t ON t.id = p.thread_id JOIN category c ON c.id = t.category_id
    JOIN member m ON m.id = p.author_id {thread_name("t.id", "p.author_id")}
    WHERE c.audience = 'public' AND c.group_id IS NULL AND +t.group_id IS NULL AND t.hidden_at IS NULL
    AND p.hidden_at IS NULL AND p.withdrawn_at IS NULL AND NOT p.is_event"""


def newest_posts_of(thread_id: int, *, limit: int) -> list[PublicPost]:
    """Return what was said last in a thread that anybody may read, newest first."""
    return _public_posts(f"{_PUBLIC} AND t.id = ? ORDER BY p.number DESC LIMIT ?", (thread_id, limit))


def newest_public_posts(*, category_id: int | None = None, limit: int) -> list[PublicPost]:
    """Return what was said last where everybody may read, newest first; in one category or in all of them."""
    where, values = (" AND c.id = ?", [category_id]) if category_id is not None else ("", [])
    # By thread first: the newest posts are in the threads that were spoken in last, and those have an index, which the
    # plus makes SQLite use, instead of the one of circles.
    recent = f"""AND t.id IN (
        SELECT t.id FROM thread t JOIN category c ON c.id = t.category_id
        WHERE c.audience = 'public' AND c.group_id IS NULL AND +t.group_id IS NULL AND t.hidden_at IS NULL{where}
        ORDER BY t.last_post_at DESC, t.id DESC LIMIT ?)"""
    sql = f"{_PUBLIC}{where} {recent} ORDER BY p.said_at DESC, p.id DESC LIMIT ?"
    return _public_posts(sql, [*values, *values, limit, limit])


def _public_posts(sql: str, values: Sequence[Any]) -> list[PublicPost]:
    return [
        PublicPost(
            id=row[0],
            number=row[1],
            title=row[2],
            who=str(NOBODY) if row[4] else row[3],
            html=_html(row[5]),
            path=thread_url(row[6], row[7], row[1]),
            said_at=moment(row[8]),
            edited_at=utc(row[9]),
        )
        for row in rows(sql, values)
    ]


# ---- what search engines may know ----------------------------------------------------------------------------------

_OPEN_THREADS = """FROM thread t JOIN category c ON c.id = t.category_id
    WHERE c.audience = 'public' AND c.group_id IS NULL AND +t.group_id IS NULL AND t.hidden_at IS NULL AND t.post_count > 0"""


def parts_of_map(size: int) -> list[int]:
    """Return the numbers of those runs of *size* thread ids in which anybody may read something."""
    return [number for (number,) in rows(f"SELECT DISTINCT (t.id - 1) / ? {_OPEN_THREADS} ORDER BY 1", (size,))]


def open_threads(part: int, size: int) -> list[tuple[str, datetime]]:
    """Return (address, when something was said last) of the threads in such a run that anybody may read."""
    first = part * size
    found = rows(
        f"SELECT t.id, t.slug, t.last_post_at {_OPEN_THREADS} AND t.id > ? AND t.id <= ? ORDER BY t.id",
        (first, first + size),
    )
    return [(thread_url(row[0], row[1]), moment(row[2])) for row in found]


# ---- letters -------------------------------------------------------------------------------------------------------


def may_still_go(letter: Letter) -> bool:
    """Say whether what a letter tells is still there: a post taken back or hidden meanwhile is not sent round."""
    about = _POST_KEY.fullmatch(letter.key)
    if about is None:
        return True
    return Post.select().where(Post.id == int(about[1]), Post.withdrawn_at.is_null(), Post.hidden_at.is_null()).exists()


def unsent_letters_about_posts_of(member_id: int, *, thread_id: int | None = None) -> list[int]:
    """Return ids of letters, not sent yet, that carry words of *member_id* to others; of those said in one thread only."""
    waiting = Letter.select(Letter.id, Letter.key).where(Letter.sent_at.is_null(), Letter.key.startswith("post:"))
    about = {id: int(found[1]) for id, key in waiting.tuples() if (found := _POST_KEY.fullmatch(key))}
    if not about:
        return []
    theirs = Post.select(Post.id).where(Post.author == member_id, Post.id.in_(list(set(about.values()))))
    if thread_id is not None:
        theirs = theirs.where(Post.thread == thread_id)
    posts = {post_id for (post_id,) in theirs.tuples()}
    return [id for id, post_id in about.items() if post_id in posts]


@dataclass(frozen=True, slots=True)
class LettersWaiting:
    """Letters not sent: how many wait and since when, and how many nobody would accept."""

    count: int
    oldest: datetime | None
    refused: int


def letters_waiting() -> LettersWaiting:
    """Return what lies in the post office, for `kettle doctor`."""
    unsent = Letter.sent_at.is_null()
    return LettersWaiting(
        count=Letter.select().where(unsent, Letter.text != "").count(),
        oldest=Letter.select(Letter.made_at).where(unsent, Letter.text != "").order_by(Letter.id).limit(1).scalar(),
        refused=Letter.select().where(unsent, Letter.text == "").count(),
    )


# ---- data rights ---------------------------------------------------------------------------------------------------


def about_member(member_id: int) -> dict[str, Any]:
    """Return everything this room holds about a member, ready for JSON."""
    lines = rows(f"{_NOTICES} ORDER BY n.id", (member_id,))
    sent = Letter.select(Letter.to_address, Letter.subject, Letter.text, Letter.made_at, Letter.sent_at).where(
        Letter.member == member_id
    )
    return {
        "notices": [
            {
                "words": say(row[1], [str(NOBODY) if row[3] else row[2]] if row[2] else [], row[4]),
                "address": row[5],
                "at": moment(row[6]).isoformat(),
                "seen": not row[7],
            }
            for row in lines
        ],
        "letters": [
            {
                "to": to,
                "subject": subject,
                "words": text,
                "written_at": made.isoformat(),
                "sent_at": sent_at.isoformat() if sent_at else None,
            }
            for to, subject, text, made, sent_at in sent.order_by(Letter.id).tuples()
        ],
    }
