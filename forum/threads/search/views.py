"""The page where words are found."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, request

from forum import web
from forum.search import Found
from forum.threads.search.queries import search_posts
from forum.threads.slots import search_addresses
from forum.web import viewer, whole_number

bp = Blueprint("search", __name__)

HITS_ON_A_PAGE = 20
DEEPEST_HIT = 200


@bp.get("/search")
@web.limiter.limit("60/minute")
def search() -> Any:
    query = request.args.get("q", "")[:200].replace("\x00", " ").strip()
    skip = min(whole_number(request.args.get("from"), 0), DEEPEST_HIT)
    found = search_posts(viewer(), query, limit=HITS_ON_A_PAGE + 1, skip=skip) if query else []
    addresses = _addresses([hit for hit, _url in found])
    hits = [(hit, url or addresses.get((hit.kind, hit.ref), "")) for hit, url in found[:HITS_ON_A_PAGE]]
    return web.page(
        "threads/search.html",
        query=query,
        hits=[(hit, url) for hit, url in hits if url],
        next_from=skip + HITS_ON_A_PAGE if len(found) > HITS_ON_A_PAGE and skip < DEEPEST_HIT else 0,
    )


def _addresses(found: Sequence[Found]) -> dict[tuple[str, int], str]:
    addresses: dict[tuple[str, int], str] = {}
    for kind, find in search_addresses.items():
        ours = [hit for hit in found if hit.kind == kind]
        if ours:
            addresses |= {(kind, ref): url for ref, url in find(ours).items()}
    return addresses
