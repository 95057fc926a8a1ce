"""Reading what somebody has not posted yet. Nobody reads another's."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from forum.access import Viewer
from forum.threads import queries


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
    return DraftView(place=row[0], title=row[1], source=row[2], version=row[3], saved_at=queries.moment_of(row[4]))


def draft(viewer: Viewer, place: str) -> DraftView | None:
    """Return what *viewer* had begun to write at *place* (``thread:12``, ``new``, ``post:7``), or None."""
    if not viewer.is_member:
        return None
    rows = queries.select(f"{_DRAFT} WHERE member_id = ? AND place = ?", (viewer.id, place))
    return _draft_view(rows[0]) if rows else None


def drafts(viewer: Viewer) -> list[DraftView]:
    """Return all that *viewer* has not posted yet, newest first, with where it belongs."""
    rows = queries.select(f"{_DRAFT} WHERE member_id = ? ORDER BY saved_at DESC, id DESC", (viewer.id or 0,))
    found = [_draft_view(row) for row in rows]
    threads = queries.titles(viewer, [int(one.place[7:]) for one in found if one.place.startswith("thread:")])
    edited = queries.titles_of_own_posts(viewer, [int(one.place[5:]) for one in found if one.place.startswith("post:")])
    return [_with_place(one, threads, edited) for one in found]


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
