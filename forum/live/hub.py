"""The hub: all streams of one process, and the thread that reads the log for them."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from peewee import DatabaseError, InterfaceError

from forum import events
from forum.clock import now
from forum.database import close_connection, db, is_postgres
from forum.live.bell import hear_redis
from forum.live.frames import Frames, Heard, as_heard, behind, farewell_of, frame, in_channels
from forum.live.streams import Crowded, Receive, Send, Stream, begin, plain
from forum.live.tickets import BadTicket, Ticket, read_ticket
from forum.text import gettext

log = logging.getLogger(__name__)

# How often the log is asked for news while anybody listens. SQLite answers from shared memory in microseconds.
POLL_SECONDS = 0.2
COMMENT_SECONDS = 15.0
STREAMS_PER_SESSION = 6
STREAMS_PER_ADDRESS = 100
REPLAY_BOUND = 200
READ_BATCH = 500


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
            hearing = (self._redis_url, self.ring, lambda: self._is_over)
            self._threads.append(threading.Thread(target=hear_redis, args=hearing, name="live-bell", daemon=True))
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
            return await plain(send, 403, gettext("This page is out of date. Load it again."))
        if ticket.is_over:
            await begin(send)
            renew = frame("renew", "", ticket.position if after is None else after)
            await send({"type": "http.response.body", "body": renew, "more_body": False})
            return 200
        key = f"session {ticket.session_id}" if ticket.session_id is not None else f"address {address}"
        stream = Stream(ticket, key, send, ticket.position if after is None else after)
        try:
            self._join(stream)
        except Crowded:
            return await plain(send, 429, gettext("Too many pages are open at once."), retry_after=60)
        try:
            await self._stream(stream, receive)
        finally:
            self._leave(stream)
        return 200

    async def _stream(self, stream: Stream, receive: Receive) -> None:
        await begin(stream.send)
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
                own = in_channels([f"session:{ticket.session_id}"], ticket.position, REPLAY_BOUND)
                if farewell := next(filter(None, map(farewell_of, own)), b""):
                    return [], position, farewell
            rows = in_channels(channels, after, REPLAY_BOUND + 1)
            if len(rows) > REPLAY_BOUND:
                return [], position, behind()
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
            rows = [as_heard(row) for row in events.after(position, limit=READ_BATCH)]
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
                farewell = farewell_of(heard)
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
