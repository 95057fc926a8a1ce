"""Finding words that were said."""

from forum import search
from forum.access import Viewer
from forum.members.blocks.queries import unmet_by
from forum.rows import marks, rows
from forum.search import Found
from forum.threads.urls import thread_url
from forum.threads.voices.joins import thread_name

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608


def search_posts(viewer: Viewer, query: str, *, limit: int = 20, skip: int = 0) -> list[tuple[Found, str]]:
    """Return what holds every word of *query*, best first, each post with its address and anything else with "".

    What people whom *viewer* does not want to meet said under their own name has no address either."""
    found = search.find(viewer, query, limit=limit, skip_ids=skip)
    ids = [hit.ref for hit in found if hit.kind == "post"]
    urls: dict[int, str] = {}
    if ids:
        posts = rows(
            "SELECT p.id, t.id, t.slug, p.number, p.author_id, v.id IS NOT NULL FROM post p "
            f"JOIN thread t ON t.id = p.thread_id {thread_name('t.id', 'p.author_id')} WHERE p.id IN ({marks(len(ids))})",
            ids,
        )
        unmet = unmet_by(viewer)
        urls = {row[0]: thread_url(row[1], row[2], row[3]) for row in posts if row[5] or row[4] not in unmet}
    return [(hit, urls.get(hit.ref, "") if hit.kind == "post" else "") for hit in found]
