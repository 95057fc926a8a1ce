"""Reading what somebody has not posted yet. Nobody reads another's."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from forum.access import Viewer
from forum.rows import moment, rows
from forum.threads.posts.queries import titles_of_own_posts
from forum.threads.sight import titles


@dataclass(frozen=True, slots=True)
class DraftView:
    """Words not posted yet. *where* is the thread's title, *url* where writing goes on."""

    place: str
    title: str
    source: str
    version: int
    saved_at: datetime
    where: str = ""
    url: str = ""


_DRAFT = "SELECT place, title, source, version, saved_at FROM draft"


def _draft_view(row: tuple[Any, ...]) -> DraftView:
    return DraftView(place=row[0], title=row[1], source=row[2], version=row[3], saved_at=moment(row[4]))


def draft(viewer: Viewer, place: str) -> DraftView | None:
    """Return what *viewer* had begun to write at *place* (``thread:12``, ``new``, ``post:7``), or None."""
    if not viewer.is_member:
        return None
    found = rows(f"{_DRAFT} WHERE member_id = ? AND place = ?", (viewer.id, place))
    return _draft_view(found[0]) if found else None


def thread_of(viewer: Viewer, place: str) -> int | None:
    """Return the thread that words at *place* are meant for, None for one to come or out of sight."""
    kind, _colon, number = place.partition(":")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    if kind == "thread":
        return int(number) if titles(viewer, [int(number)]) else None
    found = rows("SELECT thread_id FROM post WHERE id = ? AND author_id = ?", (int(number), viewer.id or 0))
    return found[0][0] if found else None


def drafts(viewer: Viewer) -> list[DraftView]:
    """Return all that *viewer* has not posted yet, newest first, with where it belongs."""
    found = rows(f"{_DRAFT} WHERE member_id = ? ORDER BY saved_at DESC, id DESC", (viewer.id or 0,))
    drafts = [_draft_view(row) for row in found]
    threads = titles(viewer, [int(one.place[7:]) for one in drafts if one.place.startswith("thread:")])
    edited = titles_of_own_posts(viewer, [int(one.place[5:]) for one in drafts if one.place.startswith("post:")])
    return [_with_place(one, threads, edited) for one in drafts]


def _with_place(one: DraftView, threads: dict[int, tuple[str, str]], edited: dict[int, str]) -> DraftView:
    kind, _colon, number = one.place.partition(":")
    if kind == "new":
        return replace(one, url="/new")
    if kind == "thread" and int(number) in threads:
        slug, title = threads[int(number)]
        return replace(one, where=title, url=f"/t/{number}/{slug}/reply")
    if kind == "post" and int(number) in edited:
        return replace(one, where=edited[int(number)], url=f"/posts/{number}/edit")
    return one
