"""Server-sent events: what happened, told at once to every open page that may hear it.

A page carries a *ticket*: signed, short-lived, naming the channels its reader may hear and the log position read before
the page's queries. One thread per process reads the event log, renders each event to a frame once, and hands it to the
streams of its channel. What a stream missed it reads from the log, so nothing is lost or doubled.
"""

import asyncio
import json
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from peewee import DatabaseError, InterfaceError

from forum import events
from forum.clock import now
from forum.database import close_connection, db, is_postgres
from forum.settings import Settings
from forum.text import gettext

log = logging.getLogger(__name__)

TICKET_LASTS = timedelta(hours=2)
# How often the log is asked for news while anybody listens. SQLite answers from shared memory in microseconds.
POLL_SECONDS = 0.2
COMMENT_SECONDS = 15.0
STREAMS_PER_SESSION = 6
STREAMS_PER_ADDRESS = 100
# A stream that is this many frames behind is closed; its page comes back and reads the log.
QUEUE_BOUND = 64
REPLAY_BOUND = 200
READ_BATCH = 500
KEPT_FRAMES = 1000
SESSION_ENDED = "session.ended"
# Somebody may no longer read something that they could read: what their open pages may hear has to be decided anew.
SIGHT_LOST = "sight.lost"

# Every message of an ASGI response goes through one of these.
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


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
frames: dict[str, Callable[[Heard], str | None]] = {}

# What frames are rendered inside of; the outer door puts a Flask context here.
around: Callable[[], AbstractContextManager[Any]] = nullcontext


# ---- tickets -------------------------------------------------------------------------------------------------------

_signer: URLSafeSerializer | None = None
_redis_bell: Callable[[], object] | None = None


class BadTicket(Exception):
    """Not one of ours."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a page may hear. *expires* is in seconds since 1970; *session_id* is None for visitors."""

    channels: tuple[str, ...]
    position: int
    session_id: int | None
    expires: int

    @property
    def is_over(self) -> bool:
        return now().timestamp() >= self.expires


def prepare(settings: Settings) -> None:
    """Sign tickets with the site's secret, and ring Redis when there is one."""
    global _signer, _redis_bell
    _signer = URLSafeSerializer(settings.secret_key, salt="live")
    if _redis_bell is not None:
        events.bells.remove(_redis_bell)
        _redis_bell = None
    if settings.redis_url:
        _redis_bell = redis_bell(settings.redis_url)
        events.bells.append(_redis_bell)


def ticket_for(viewer: Any, channels: Iterable[str], position: int) -> str:
    """Return a ticket to hear *channels* from *position* (`events.position`, read before the page's queries) on."""
    if _signer is None:
        raise RuntimeError("live.prepare comes first")
    expires = int((now() + TICKET_LASTS).timestamp())
    return str(_signer.dumps([sorted(set(channels)), position, viewer.session_id, expires]))


def read_ticket(word: str) -> Ticket:
    """Return what *word* allows. Raises BadTicket when it was not made by `ticket_for`; one that is over comes back."""
    if _signer is None:
        raise RuntimeError("live.prepare comes first")
    try:
        channels, position, session_id, expires = _signer.loads(word)
    except (BadData, ValueError, TypeError) as trouble:
        raise BadTicket from trouble
    return Ticket(tuple(channels), position, session_id, expires)


# ---- frames --------------------------------------------------------------------------------------------------------


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
        make = frames.get(heard.kind)
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


def _heard(row: tuple[int, str, str, int, str, str]) -> Heard:
    return Heard(*row[:5], json.loads(row[5]))


def _in_channels(channels: Iterable[str], after: int, limit: int) -> list[Heard]:
    event = events.Event
    query = (
        event.select(event.id, event.kind, event.subject_kind, event.subject_id, event.channel, event.ids)
        .where(event.channel.in_(list(channels)), event.id > after)
        .order_by(event.id)
        .limit(limit)
    )
    return [_heard(row) for row in query.tuples()]


# ---- one open page -------------------------------------------------------------------------------------------------


class Stream:
    """One open page. Lives in the event loop; holds no thread and no database connection."""

    __slots__ = ("channels", "is_closing", "key", "last", "pumping", "send", "sent_at", "ticket", "waiting")

    def __init__(self, ticket: Ticket, key: str, send: Send, last: int) -> None:
        self.ticket = ticket
        self.key = key
        self.send = send
        # Frames up to this one have been sent.
        self.last = last
        self.channels = [*ticket.channels]
        if ticket.session_id is not None:
            self.channels.append(f"session:{ticket.session_id}")
        self.waiting: deque[tuple[int, bytes]] = deque()
        # The task that sends what is waiting; True holds it back until the replay is through.
        self.pumping: asyncio.Task[None] | bool | None = True
        self.is_closing = False
        self.sent_at = asyncio.get_running_loop().time()

    def hand(self, id: int, frame_bytes: bytes) -> None:
        """Give the page a frame, to be sent as soon as it reads."""
        if self.is_closing:
            return
        if len(self.waiting) >= QUEUE_BOUND:
            # Too slow. Nothing is lost: the page comes back and reads on from the last event that reached it.
            self.waiting.clear()
            self.end()
            return
        self.waiting.append((id, frame_bytes))
        self._pump()

    def end(self, farewell: bytes = b"") -> None:
        """Close the stream, after what is waiting and *farewell*."""
        if self.is_closing:
            return
        self.is_closing = True
        if farewell:
            self.waiting.append((0, farewell))
        self._pump()

    def release(self) -> None:
        """Send what came in during the replay, from now on at once."""
        self.pumping = None
        if self.waiting or self.is_closing:
            self._pump()

    def _pump(self) -> None:
        if self.pumping is None:
            self.pumping = asyncio.create_task(self._send_waiting())

    async def _send_waiting(self) -> None:
        try:
            while self.waiting:
                id, frame_bytes = self.waiting.popleft()
                # The replay may have sent it already. Comments and farewells have no number.
                if id == 0 or id > self.last:
                    self.last = max(self.last, id)
                    self.sent_at = asyncio.get_running_loop().time()
                    await self.send({"type": "http.response.body", "body": frame_bytes, "more_body": True})
            if self.is_closing:
                await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.pumping = None
            if self.waiting and not self.is_closing:
                self._pump()


class Crowded(Exception):
    """This session or address has as many streams as it may have."""


# ---- one process ---------------------------------------------------------------------------------------------------


class Hub:
    """All streams of one process, and the thread that reads the log for them."""

    def __init__(self, redis_url: str = "") -> None:
        self._streams: dict[str, set[Stream]] = {}
        self._keys: dict[str, int] = {}
        self._frames = Frames()
        self._news = threading.Event()
        self._listening = threading.Event()
        self._position_lock = threading.Lock()
        self._position: int | None = None
        self._is_over = False
        self._redis_url = redis_url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._comments: asyncio.Task[None] | None = None
        self._replays = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-replay")

    # -- opening and closing

    def start(self) -> None:
        """Begin to read the log whenever somebody listens. Call it inside the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._comments = self._loop.create_task(self._comment())
        self._threads = [threading.Thread(target=self._read, name="live", daemon=True)]
        if self._redis_url:
            self._threads.append(threading.Thread(target=self._hear_bell, name="live-bell", daemon=True))
        events.bells.append(self.ring)
        for thread in self._threads:
            thread.start()

    def end_streams(self) -> None:
        """Close every stream; their pages come back to whoever serves then."""
        for stream in self._everybody():
            stream.end()

    def _everybody(self) -> set[Stream]:
        return {stream for streams in self._streams.values() for stream in streams}

    def stop(self) -> None:
        """Stop reading."""
        self._is_over = True
        if self.ring in events.bells:
            events.bells.remove(self.ring)
        self._news.set()
        self._listening.set()
        if self._comments is not None:
            self._comments.cancel()
        for thread in self._threads:
            thread.join(2)
        self._replays.submit(close_connection)
        self._replays.shutdown(cancel_futures=False)

    def ring(self) -> None:
        """Say that there is news, so that the reader looks now instead of in a moment. Callable from any thread."""
        self._news.set()

    @property
    def open_streams(self) -> int:
        """How many pages are listening in this process."""
        return sum(self._keys.values())

    # -- one stream, from its opening to its end

    async def serve(self, word: str, after: int | None, address: str, receive: Receive, send: Send) -> int:
        """Answer a request for the stream of ticket *word*, until either side ends it. Return the status given.

        *after* is the last event that the page has seen, None for the ticket's own position. *address* is who asks.
        """
        try:
            ticket = read_ticket(word)
        except BadTicket:
            return await _plain(send, 403, gettext("This page is out of date. Load it again."))
        if ticket.is_over:
            await _begin(send)
            renew = frame("renew", "", ticket.position if after is None else after)
            await send({"type": "http.response.body", "body": renew, "more_body": False})
            return 200
        key = f"session {ticket.session_id}" if ticket.session_id is not None else f"address {address}"
        stream = Stream(ticket, key, send, ticket.position if after is None else after)
        try:
            self._join(stream)
        except Crowded:
            return await _plain(send, 429, gettext("Too many pages are open at once."), retry_after=60)
        try:
            await self._stream(stream, receive)
        finally:
            self._leave(stream)
        return 200

    async def _stream(self, stream: Stream, receive: Receive) -> None:
        await _begin(stream.send)
        missed, position, farewell = await asyncio.get_running_loop().run_in_executor(
            self._replays, self._replay, stream.ticket, stream.channels, stream.last
        )
        # A page that is ahead of the log (an older backup was brought back) starts from where the log is.
        stream.last = min(stream.last, position)
        # The page learns its position even when there is nothing to tell, so that a new ticket loses nothing.
        body = b"retry: 3000\nid: %d\n\n" % stream.last + b"".join(made for _, made in missed)
        stream.last = max([stream.last, *(id for id, _ in missed)])
        await stream.send({"type": "http.response.body", "body": body, "more_body": True})
        if farewell:
            # What came in meanwhile is not for this page any more.
            stream.waiting.clear()
            stream.end(farewell)
        stream.release()
        while (await receive())["type"] != "http.disconnect":
            pass

    def _replay(self, ticket: Ticket, channels: list[str], after: int) -> tuple[list[tuple[int, bytes]], int, bytes]:
        """Return what the stream missed, the log's position, and the farewell when it must end at once."""
        try:
            position = self._wake_reader()
            if ticket.session_id is not None:
                own = _in_channels([f"session:{ticket.session_id}"], ticket.position, REPLAY_BOUND)
                if farewell := next(filter(None, map(_farewell, own)), b""):
                    return [], position, farewell
            rows = _in_channels(channels, after, REPLAY_BOUND + 1)
            if len(rows) > REPLAY_BOUND:
                return [], position, _behind()
            made = [(heard.id, self._frames.of(heard, position)) for heard in rows]
            return [(id, text) for id, text in made if text is not None], position, b""
        except (DatabaseError, InterfaceError) as trouble:
            log.warning("a stream could not read the log: %s", trouble)
            # Ending it makes its page come back in a moment.
            close_connection()
            return [], after, b": the log cannot be read now\n\n"

    def _join(self, stream: Stream) -> None:
        bound = STREAMS_PER_ADDRESS if stream.ticket.session_id is None else STREAMS_PER_SESSION
        if self._keys.get(stream.key, 0) >= bound:
            raise Crowded
        self._keys[stream.key] = self._keys.get(stream.key, 0) + 1
        for channel in stream.channels:
            self._streams.setdefault(channel, set()).add(stream)

    def _leave(self, stream: Stream) -> None:
        stream.is_closing = True
        for channel in stream.channels:
            streams = self._streams.get(channel, set())
            streams.discard(stream)
            if not streams:
                self._streams.pop(channel, None)
        left = self._keys[stream.key] - 1
        if left:
            self._keys[stream.key] = left
        else:
            del self._keys[stream.key]
        if not self._keys:
            self._listening.clear()

    # -- the reader

    def _wake_reader(self) -> int:
        """Make sure that the reader goes on from no later than now, and return the log's position.

        It must be called before a replay's query: what commits after that query is then the reader's to tell.
        """
        with self._position_lock:
            position = events.position()
            if self._position is None:
                self._position = position
            self._listening.set()
        return position

    def _read(self) -> None:
        # On SQLite this number changes whenever another connection has committed.
        seen_version: Any = None
        while not self._is_over:
            if not self._listening.is_set():
                with self._position_lock:
                    if not self._listening.is_set():
                        self._position = None
                self._listening.wait()
                seen_version = None
                continue
            try:
                version = None if is_postgres() else db.execute_sql("PRAGMA data_version").fetchone()[0]
                if version is None or version != seen_version:
                    self._tell_news()
                seen_version = version
            except (DatabaseError, InterfaceError) as trouble:
                log.warning("the log could not be read, trying again: %s", trouble)
                close_connection()
                seen_version = None
            except Exception:
                log.exception("the live reader stumbled")
            self._news.wait(POLL_SECONDS)
            self._news.clear()
        close_connection()

    def _tell_news(self) -> None:
        newest = events.position()
        while (position := self._position) is not None and position < newest:
            rows = [_heard(row) for row in events.after(position, limit=READ_BATCH)]
            batch: list[tuple[Heard, bytes | None]] = []
            for heard in rows:
                # A stream that opens after this line finds the event in its replay.
                if heard.channel in self._streams:
                    batch.append((heard, self._frames.of(heard, newest)))
            is_all = len(rows) < READ_BATCH
            self._move_to(max([newest, *(heard.id for heard in rows)]) if is_all else rows[-1].id)
            if batch:
                self._in_loop(self._hand_out, batch)
            if is_all:
                return
        if self._position is not None and self._position > newest:
            # An older backup was brought back under us: pages begin again from where the log is now.
            self._move_to(newest)
            self._frames.forget()
            self._in_loop(self.end_streams)

    def _move_to(self, position: int) -> None:
        with self._position_lock:
            if self._position is not None:
                self._position = position

    def _in_loop(self, call: Callable[..., None], *args: Any) -> None:
        if self._loop is not None and not self._is_over:
            self._loop.call_soon_threadsafe(call, *args)

    def _hand_out(self, batch: list[tuple[Heard, bytes | None]]) -> None:
        for heard, made in batch:
            for stream in list(self._streams.get(heard.channel, ())):
                farewell = _farewell(heard)
                if farewell and heard.channel == f"session:{stream.ticket.session_id}":
                    stream.end(farewell)
                elif made is not None:
                    stream.hand(heard.id, made)

    async def _comment(self) -> None:
        """Keep silent lines open with a comment, and let tickets run out."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(1.0, COMMENT_SECONDS / 4))
            moment, silent_since = now().timestamp(), loop.time() - COMMENT_SECONDS
            for stream in self._everybody():
                if moment >= stream.ticket.expires:
                    stream.end(frame("renew", ""))
                elif stream.sent_at <= silent_since and not stream.waiting:
                    stream.hand(0, b":\n\n")

    # -- the bell of other hosts

    def _hear_bell(self) -> None:
        from redis import Redis
        from redis.exceptions import RedisError

        while not self._is_over:
            try:
                with Redis.from_url(self._redis_url, socket_timeout=30).pubsub() as line:
                    line.subscribe(BELL)
                    while not self._is_over:
                        if line.get_message(ignore_subscribe_messages=True, timeout=1.0):
                            self.ring()
            except (RedisError, OSError) as trouble:
                # Only a bell: the reader looks every moment anyway.
                log.warning("no bell from Redis, trying again: %s", trouble)
                threading.Event().wait(2)


BELL = "kettle:bell"


def redis_bell(redis_url: str) -> Callable[[], object]:
    """Return a function that tells every host that there is news."""
    from redis import Redis

    connection = Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
    return lambda: connection.publish(BELL, b"")


# ---- answers -------------------------------------------------------------------------------------------------------


def _farewell(heard: Heard) -> bytes:
    """Return what the pages of a session are told last because of *heard*, nothing when they go on."""
    if heard.kind == SESSION_ENDED:
        return _ended()
    if heard.kind == SIGHT_LOST:
        return frame("behind", gettext("Load this page again to go on."))
    return b""


def _ended() -> bytes:
    return frame("ended", gettext("You have signed out. Load this page again to go on."))


def _behind() -> bytes:
    return frame("behind", gettext("A lot has been said since. Load this page again to read it."))


async def _begin(send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _plain(send: Send, status: int, sentence: str, retry_after: int = 0) -> int:
    body = f"{sentence}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    return status
