"""Frames: what open pages are shown of each event, rendered once for all of them."""

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from peewee import DatabaseError, InterfaceError

from forum import events
from forum.text import gettext

log = logging.getLogger(__name__)

KEPT_FRAMES = 1000
SESSION_ENDED = "session.ended"
# Somebody may no longer read something that they could read: what their open pages may hear has to be decided anew.
SIGHT_LOST = "sight.lost"


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as frames see it."""

    id: int
    kind: str
    subject_kind: str
    subject_id: int
    channel: str
    extra: dict[str, Any]


# Kind of event -> what open pages are shown of it: HTML that is the same for every reader of the channel and holds no
# member ids, or None for nothing. Wiring fills this.
makers: dict[str, Callable[[Heard], str | None]] = {}
# What frames are rendered inside of; the outer door puts a Flask context here.
around: Callable[[], AbstractContextManager[Any]] = nullcontext


def frame(kind: str, text: str, id: int | None = None) -> bytes:
    """Return *text* as one server-sent event."""
    lines = [f"id: {id}"] if id is not None else []
    lines.append(f"event: {kind}")
    lines += [f"data: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


class Frames:
    """Renders each event once and keeps the newest."""

    def __init__(self) -> None:
        # Event -> the log position its frame was rendered at, and the frame.
        self._kept: OrderedDict[int, tuple[int, bytes | None]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, heard: Heard, position: int) -> bytes | None:
        """Return the frame of *heard*, or None when pages are shown nothing. A frame that fails is left out.

        *position* is the log's, read before this call. A frame rendered before it is made anew: what was said may have
        been taken back since, and must not be told to anybody any more.
        """
        if heard.kind in (SESSION_ENDED, SIGHT_LOST):
            return None
        make = makers.get(heard.kind)
        if make is None:
            return None
        with self._lock:
            rendered_at, kept = self._kept.get(heard.id, (-1, None))
            if rendered_at >= position:
                return kept
        try:
            with around():
                html = make(heard)
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            log.exception("no frame for event %s (%s)", heard.id, heard.kind)
            html = None
        made = frame(heard.kind, html, heard.id) if html else None
        with self._lock:
            self._kept[heard.id] = (position, made)
            while len(self._kept) > KEPT_FRAMES:
                self._kept.popitem(last=False)
        return made

    def forget(self) -> None:
        """Drop what is kept, because the log is another one now."""
        with self._lock:
            self._kept.clear()


# ---- the log, and farewells ------------------------------------------------------------------------------------------


def as_heard(row: tuple[int, str, str, int, str, str]) -> Heard:
    """Return a row of the event log as frames see it."""
    return Heard(*row[:5], json.loads(row[5]))


def in_channels(channels: Iterable[str], after: int, limit: int) -> list[Heard]:
    """Return what was told in *channels* after that event, at most *limit*, in order."""
    event = events.Event
    query = (
        event.select(event.id, event.kind, event.subject_kind, event.subject_id, event.channel, event.ids)
        .where(event.channel.in_(list(channels)), event.id > after)
        .order_by(event.id)
        .limit(limit)
    )
    return [as_heard(row) for row in query.tuples()]


def farewell_of(heard: Heard) -> bytes:
    """Return what the pages of a session are told last because of *heard*, nothing when they go on."""
    if heard.kind == SESSION_ENDED:
        return frame("ended", gettext("You have signed out. Load this page again to go on."))
    if heard.kind == SIGHT_LOST:
        return frame("behind", gettext("Load this page again to go on."))
    return b""


def behind() -> bytes:
    """Return the farewell to a page that missed too much to be told."""
    return frame("behind", gettext("A lot has been said since. Load this page again to read it."))
