"""The one search. Entries change in the action's own transaction; FTS5 or tsvector finds them.

An entry's *visibility* is ``public``, ``members``, ``staff`` or ``group:N``; a reader finds only what they may see.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from peewee import BigIntegerField, TextField

from forum.access import Viewer
from forum.database import BaseModel, UtcField, db, insert_rows, is_postgres, utc
from forum.text import excerpt_of

MOST_WORDS = 12


class SearchEntry(BaseModel):
    """One thing that can be found. *kind* is ``post`` or ``change``; *ref* its id; *thread_id* groups posts."""

    kind = TextField()
    ref = BigIntegerField()
    thread_id = BigIntegerField(null=True, index=True)
    visibility = TextField()
    title = TextField(default="")
    body = TextField(default="")
    at = UtcField()

    class Meta:
        indexes = ((("kind", "ref"), True),)


@dataclass(frozen=True, slots=True)
class Found:
    """One hit."""

    kind: str
    ref: int
    thread_id: int | None
    title: str
    excerpt: str
    at: datetime | None


def put(
    kind: str, ref: int, *, visibility: str, title: str, body: str, at: datetime, thread_id: int | None = None
) -> None:
    """Make *kind* *ref* findable, or change what it says. Call inside the action's transaction."""
    SearchEntry.insert(
        kind=kind, ref=ref, thread_id=thread_id, visibility=visibility, title=title, body=body, at=at
    ).on_conflict(
        conflict_target=[SearchEntry.kind, SearchEntry.ref],
        update={
            SearchEntry.visibility: visibility,
            SearchEntry.title: title,
            SearchEntry.body: body,
            SearchEntry.thread_id: thread_id,
            SearchEntry.at: at,
        },
    ).execute()


def put_many(entries: list[dict[str, object]]) -> None:
    """Make many new things findable at once, for imports. Keys as in `put`."""
    insert_rows(SearchEntry, entries)


def remove(kind: str, ref: int) -> None:
    """Make *kind* *ref* unfindable. Call inside the action's transaction."""
    SearchEntry.delete().where(SearchEntry.kind == kind, SearchEntry.ref == ref).execute()


def set_thread_visibility(thread_id: int, visibility: str) -> None:
    """Change who finds the posts of a thread."""
    SearchEntry.update(visibility=visibility).where(SearchEntry.thread_id == thread_id).execute()


def set_thread_title(thread_id: int, title: str) -> None:
    """Let the posts of a thread be found by its new title."""
    SearchEntry.update(title=title).where(SearchEntry.thread_id == thread_id).execute()


def _words(query: str) -> list[str]:
    return re.findall(r"[^\W_]+", query, re.UNICODE)[:MOST_WORDS]


def find(viewer: Viewer, query: str, *, limit: int = 20, skip_ids: int = 0) -> list[Found]:
    """Return what *viewer* may see that holds every word of *query*, best first.

    Anything may be typed: only its words count, so quotation marks and operators never fail.
    """
    words = _words(query)
    if not words:
        return []
    seen = _visibilities(viewer)
    mark = "%s" if is_postgres() else "?"
    readable = f"visibility IN ({','.join([mark] * len(seen))})"
    if viewer.is_staff:
        readable = f"({readable} OR visibility LIKE {mark})"
        seen.append("group:%")
    if is_postgres():
        sql = f"""
            SELECT kind, ref, thread_id, title, body, at FROM search_entry
            WHERE words @@ plainto_tsquery('english', %s) AND {readable}
            ORDER BY ts_rank(words, plainto_tsquery('english', %s)) DESC, id DESC LIMIT %s OFFSET %s"""  # noqa: S608
        text = " ".join(words)
        values: list[object] = [text, *seen, text, limit, skip_ids]
    else:
        sql = f"""
            SELECT e.kind, e.ref, e.thread_id, e.title, e.body, e.at FROM search_entry_fts f
            JOIN search_entry e ON e.id = f.rowid
            WHERE search_entry_fts MATCH ? AND {readable}
            ORDER BY bm25(search_entry_fts, 4.0, 1.0), e.id DESC LIMIT ? OFFSET ?"""  # noqa: S608
        values = [" ".join(f'"{word}"' for word in words), *seen, limit, skip_ids]
    rows = db.execute_sql(sql, values).fetchall()
    return [Found(r[0], r[1], r[2], r[3], _around(r[4], words), utc(r[5])) for r in rows]


def _visibilities(viewer: Viewer) -> list[str]:
    seen = ["public"]
    if viewer.is_member:
        seen.append("members")
        seen.extend(f"group:{group_id}" for group_id in sorted(viewer.group_ids))
    if viewer.is_staff:
        seen.append("staff")
    return seen


def _around(body: str, words: list[str], *, width: int = 220) -> str:
    """Return the part of *body* in which the first of *words* stands."""
    at = min((i for i in (body.casefold().find(word.casefold()) for word in words) if i >= 0), default=0)
    start = max(0, at - width // 3)
    piece = " ".join(body[start : start + width * 2].split())
    return ("… " if start else "") + excerpt_of(piece, width)
