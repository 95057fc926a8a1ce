"""The door itself: `to_html`. Ordinary posts are rendered here and now; the others in a helper that can be killed."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong

from markupsafe import escape
from pebble import ProcessExpired, ProcessPool

from forum.errors import TooOften
from forum.text.mentions import Known, known_names
from forum.text.messages import _
from forum.text.rendering import rendered
from forum.text.safe import SafeHtml, sealed
from forum.text.tidying import tidy

RENDERER = 1  # raise it when the same source gives other HTML than before: stored posts are then rendered again

NO_WORDS = sealed("")  # what stands where somebody's words were

# Longer or busier texts go to the helper. Below these bounds the worst text that a search over 50,000 hostile ones
# found takes 90 ms, an ordinary post 0.5 to 0.8 ms; of 9,127 real posts 115 are above them.
_LONG = 6_000
_MANY_LINES = 200
_MANY_MARKS = 250
_SEARCHED = 120_000  # opening brackets × length: each makes Markdown look for its partner to the end

SECONDS = 2.0  # of processor time in the helper: a busy machine must not turn an honest post into plain text
_CLOCK_SECONDS = 10.0  # of time on the wall, from the moment it begins, whatever it does
_WAITING_SECONDS = 20.0  # until it begins: for a helper to come up, or to finish with somebody else's text
_HELPER_MEMORY = 1 << 30  # bytes
_MOST_HEAVY = 4  # texts in the helper or waiting for it; each holds a thread that somebody else's page may need

log = logging.getLogger(__name__)


def to_html(source: str, *, mentions: Known | None = None) -> SafeHtml:
    """What a person wrote, as HTML that may be shown.

    `source` is Markdown of any length and content. `mentions` says who is meant by a name: a mapping from name to the
    name in that member's address, or to a path of this site (`/t/12/-/3`), or a callable that returns it or None. A text
    that takes longer than two seconds (of processor time) or breaks the renderer comes out as plain paragraphs. Raises
    TooOften, and nothing else, when several other heavy texts are waiting already.
    """
    source = tidy(source)
    known = known_names(source, mentions)
    return _in_helper(source, known) if is_heavy(source) else rendered_here(source, known)


def is_heavy(source: str) -> bool:
    """Whether rendering `source` could take long: it is, or is full of the marks that make Markdown search."""
    if len(source) > _LONG:
        return True
    if len(source) <= _MANY_LINES:
        return False
    if source.count("\n") > _MANY_LINES or source.count("[") * len(source) > _SEARCHED:
        return True
    return sum(map(source.count, "[]()*_`<>~!&|\\#@-+")) > _MANY_MARKS


def rendered_here(source: str, known: Mapping[str, str]) -> SafeHtml:
    """A text that is not heavy, rendered in this process."""
    try:
        return sealed(rendered(source, known))
    except Exception:  # a text that nobody foresaw is kept, and read as it was typed
        log.exception("A text of %d characters broke the renderer and is kept as plain text", len(source))
        return as_typed(source)


def as_typed(source: str) -> SafeHtml:
    """`source` as paragraphs and line breaks, nothing else."""
    paragraphs = [part.strip("\n") for part in source.split("\n\n")]
    return sealed("\n".join(f"<p>{_escaped(part)}</p>" for part in paragraphs if part.strip()))


def _escaped(words: str) -> str:
    return str(escape(words)).replace("&#34;", '"').replace("&#39;", "'").replace("\n", "<br>\n")


# The helper -----------------------------------------------------------------------------------------------------------

_lock = threading.Lock()
_places = threading.BoundedSemaphore(_MOST_HEAVY)
_pool: ProcessPool | None = None
_pool_owner = 0


def new_helpers(count: int) -> ProcessPool:
    """Processes that can be killed. Started afresh (spawn): a process that runs threads must not be forked."""
    return ProcessPool(
        max_workers=count,
        max_tasks=1000,
        initializer=_settle_in,
        context=multiprocessing.get_context("spawn"),
    )


def _settle_in() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked; it stops us in order
    resource.setrlimit(resource.RLIMIT_AS, (_HELPER_MEMORY, _HELPER_MEMORY))


def _helper() -> ProcessPool:
    """This process's helper, started when first needed."""
    global _pool, _pool_owner
    with _lock:
        if _pool is None or _pool_owner != os.getpid() or not _pool.active:
            _pool, _pool_owner = new_helpers(1), os.getpid()
        return _pool


def shutdown() -> None:
    """Stop the helper, if there is one. It starts again when needed. Called by itself when the program ends."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None and _pool_owner == os.getpid():
        pool.stop()
        pool.join()


atexit.register(shutdown)


def _rendered_or_killed(source: str, known: Mapping[str, str], seconds: float) -> str:
    """Runs in the helper. When the time is up the system ends the process, wherever it is."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return rendered(source, known)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _in_helper(source: str, known: Mapping[str, str]) -> SafeHtml:
    if not _places.acquire(blocking=False):
        raise TooOften(
            _("Many long texts are coming in just now. Yours is still in the box. Please send it again in a minute.")
        )
    try:
        return _rendered_there(source, known)
    finally:
        _places.release()


def _rendered_there(source: str, known: Mapping[str, str]) -> SafeHtml:
    try:
        task: Future[str] = _helper().schedule(
            _rendered_or_killed, args=(source, dict(known), SECONDS), timeout=_CLOCK_SECONDS
        )
        try:
            return sealed(task.result(timeout=_CLOCK_SECONDS + _WAITING_SECONDS))
        finally:
            task.cancel()
    except (TookTooLong, ProcessExpired):
        log.warning("A text of %d characters took too long to render and is kept as plain text", len(source))
    except Exception:  # whatever broke over there, the words are kept
        log.exception("A text of %d characters broke the renderer and is kept as plain text", len(source))
    return as_typed(source)
