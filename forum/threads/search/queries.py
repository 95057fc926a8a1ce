"""Finding words that were said."""

from forum import search
from forum.access import Viewer
from forum.rows import marks, rows
from forum.search import Found
from forum.threads.urls import thread_url

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608


def search_posts(viewer: Viewer, query: str, *, limit: int = 20, skip: int = 0) -> list[tuple[Found, str]]:
    """Return what holds every word of *query*, best first, each post with its address and anything else with ""."""
    found = search.find(viewer, query, limit=limit, skip_ids=skip)
    ids = [hit.ref for hit in found if hit.kind == "post"]
    urls: dict[int, str] = {}
    if ids:
        posts = rows(
            "SELECT p.id, t.id, t.slug, p.number FROM post p JOIN thread t ON t.id = p.thread_id "
            f"WHERE p.id IN ({marks(len(ids))})",
            ids,
        )
        urls = {row[0]: thread_url(row[1], row[2], row[3]) for row in posts}
    return [(hit, urls.get(hit.ref, "") if hit.kind == "post" else "") for hit in found]
