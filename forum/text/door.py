"""The door itself: `to_html`. Ordinary posts are rendered here and now; the others in a helper that can be killed."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, TimeoutError
from itertools import islice
from typing import NamedTuple

from markupsafe import escape
from pebble import ProcessExpired, ProcessPool

from forum.text.mentions import Known, known_names
from forum.text.plain import to_plain
from forum.text.rendering import rendered
from forum.text.safe import SafeHtml, sealed
from forum.text.tidying import tidy

RENDERER = 1  # raise it when the same source gives other HTML than before: stored posts are then rendered again

SECONDS = 2.0  # in the helper, from the moment it begins
_START_SECONDS = 20.0  # for a helper to come up on a busy machine; not part of the limit above
_LONG = 10_000
_BUSY_MARKS = 300

log = logging.getLogger(__name__)


def to_html(source: str, *, mentions: Known | None = None) -> SafeHtml:
    """What a person wrote, as HTML that may be shown.

    `source` is Markdown of any length and content. `mentions` says who is meant by a name: a mapping from name to the
    name in that member's address, or a callable that returns it or None. Never raises; a text that takes longer than
    two seconds or breaks the renderer comes out as plain paragraphs.
    """
    source = tidy(source)
    known = known_names(source, mentions)
    if not is_heavy(source):
        try:
            return sealed(rendered(source, known))
        except Exception:  # noqa: BLE001  # a text nobody can read otherwise must still be readable as it stands
            log.exception("A text of %d characters broke the renderer and is kept as plain text", len(source))
            return as_plain_html(source)
    return _in_helper(source, known)


def is_heavy(source: str) -> bool:
    """Whether rendering `source` could take long: it is, or is full of the marks that make Markdown search."""
    if len(source) > _LONG:
        return True
    if len(source) < _BUSY_MARKS:
        return False
    return sum(map(source.count, "[]()*_`<>~!&|\\")) > _BUSY_MARKS


def as_plain_html(source: str) -> SafeHtml:
    """`source` as it was typed: paragraphs and line breaks, nothing else."""
    paragraphs = [part.strip("\n") for part in source.split("\n\n")]
    return sealed(
        "\n".join(
            "<p>" + str(escape(part)).replace("&#34;", '"').replace("&#39;", "'").replace("\n", "<br>\n") + "</p>"
            for part in paragraphs
            if part.strip()
        )
    )


# The helper -----------------------------------------------------------------------------------------------------------

_lock = threading.Lock()
_pool: ProcessPool | None = None
_pool_owner = 0


def _helpers(workers: int = 1) -> ProcessPool:
    """This process's helpers, started when first needed."""
    global _pool, _pool_owner
    with _lock:
        if _pool is None or _pool_owner != os.getpid() or not _pool.active:
            # spawn: a process that runs threads must not be forked
            _pool = ProcessPool(max_workers=workers, max_tasks=500, context=multiprocessing.get_context("spawn"))
            _pool_owner = os.getpid()
        return _pool


def shutdown() -> None:
    """Stop the helpers, if any run. They start again when needed."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None and _pool_owner == os.getpid():
        pool.stop()
        pool.join()


atexit.register(shutdown)


def _in_helper(source: str, known: Mapping[str, str]) -> SafeHtml:
    return _from_helper(_schedule(source, known), source)


def _schedule(source: str, known: Mapping[str, str]) -> Future[str]:
    return _helpers().schedule(rendered, args=(source, dict(known)), timeout=SECONDS)


def _from_helper(future: Future[str], source: str) -> SafeHtml:
    try:
        return sealed(future.result(timeout=SECONDS + _START_SECONDS))
    except (TimeoutError, ProcessExpired):
        future.cancel()
        log.warning("A text of %d characters took too long to render and is kept as plain text", len(source))
    except Exception:  # noqa: BLE001  # whatever broke over there, the words are kept
        log.exception("A text of %d characters broke the renderer and is kept as plain text", len(source))
    return as_plain_html(source)
