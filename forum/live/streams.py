"""Streams: one for each open page. They live in the event loop and hold no thread and no database connection."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from forum.live.tickets import Ticket

# A stream that is this many frames behind is closed; its page comes back and reads the log.
QUEUE_BOUND = 64

# Every message of an ASGI response goes through one of these.
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


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


async def begin(send: Send) -> None:
    """Open the answer that events will be sent in."""
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def plain(send: Send, status: int, sentence: str, retry_after: int = 0) -> int:
    """Answer with one sentence instead of a stream, and return *status*."""
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
