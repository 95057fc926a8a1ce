"""Thousands of posts at once: two processes render while the one that asked writes to the database."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from forum.text.door import is_heavy, new_helpers, rendered_here, to_html
from forum.text.mentions import Known, known_names
from forum.text.plain import to_plain
from forum.text.safe import SafeHtml, sealed
from forum.text.tidying import tidy

_CHUNK = 100
_CHUNK_SECONDS = 120.0


class Rendered(NamedTuple):
    """One post, ready to be stored."""

    source: str
    html: SafeHtml
    plain: str


def render_many(
    items: Iterable[Any],
    *,
    prepare: Callable[[Any], str] | None = None,
    mentions: Known | None = None,
    processes: int = 2,
) -> Iterator[Rendered]:
    """Render many sources in `processes` helpers; yields a `Rendered` for each item, in order, in bounded memory.

    `prepare` turns an item into its source over there (`from_raw`, `from_html`, a function of a module or a partial of
    one); without it the items are sources. Items, `prepare` and `mentions` must be picklable. What `prepare` raises
    comes out here. Sources are tidied; heavy ones go through `to_html` and its time limit. Close the generator, or
    exhaust it, to stop the processes.
    """
    pool = new_helpers(processes)
    chunks = _chunks(items)
    waiting: deque[Future[list[tuple[str, str | None, str]]]] = deque()
    try:
        while True:
            for chunk in islice(chunks, 3 * processes - len(waiting)):
                waiting.append(pool.schedule(_render_chunk, args=(chunk, prepare, mentions), timeout=_CHUNK_SECONDS))
            if not waiting:
                return
            for source, html, plain in waiting.popleft().result():
                if html is None:
                    heavy = to_html(source, mentions=mentions)
                    yield Rendered(source, heavy, to_plain(heavy))
                else:
                    yield Rendered(source, sealed(html), plain)
    finally:
        pool.stop()
        pool.join()


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _render_chunk(
    items: list[Any], prepare: Callable[[Any], str] | None, mentions: Known | None
) -> list[tuple[str, str | None, str]]:
    """Runs in a helper: source, HTML and plain text of each item; no HTML where it could take long."""
    _collect_rarely()
    results: list[tuple[str, str | None, str]] = []
    for item in items:
        source = tidy(prepare(item) if prepare else item)
        if is_heavy(source):
            results.append((source, None, ""))
            continue
        html = rendered_here(source, known_names(source, mentions))
        results.append((source, str(html), to_plain(html)))
    return results


@cache
def _collect_rarely() -> None:
    """A tenth of the time went into looking through the same modules for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
