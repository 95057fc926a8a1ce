"""An open live page without the browser: speaks ASGI to the door and reads the frames it is sent."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from forum import live
from tests.live import PATIENCE


@dataclass(frozen=True)
class Told:
    """One server-sent event."""

    kind: str
    text: str
    id: int | None


@dataclass
class Page:
    """One open stream on *hub*. Use it inside ``async with``."""

    hub: live.Hub
    ticket: str
    after: int | None = None
    address: str = "192.0.2.1"
    status: int = 0
    sent: bytes = b""
    is_closed: bool = False
    headers: dict[bytes, bytes] = field(default_factory=dict)

    async def __aenter__(self) -> "Page":
        self._gone = asyncio.Event()
        self._changed = asyncio.Event()
        # Cleared, the page reads nothing more.
        self.reads = asyncio.Event()
        self.reads.set()
        self._task = asyncio.create_task(
            self.hub.serve(self.ticket, self.after, self.address, self._receive, self._send)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        self.reads.set()
        await self._task

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.sent += message["body"]
            if not message.get("more_body"):
                self.is_closed = True
                self._gone.set()
        self._changed.set()

    def told(self) -> list[Told]:
        """Return the events that have come, without comments."""
        found = []
        for block in self.sent.decode().split("\n\n"):
            lines = [line.partition(": ") for line in block.split("\n")]
            kinds = [value for name, _, value in lines if name == "event"]
            if kinds:
                ids = [int(value) for name, _, value in lines if name == "id"]
                text = "\n".join(value for name, _, value in lines if name in ("data", "data:"))
                found.append(Told(kinds[0], text, ids[0] if ids else None))
        return found

    async def until(self, is_so: Any, seconds: float = PATIENCE) -> None:
        """Wait until *is_so(self)*."""
        async with asyncio.timeout(seconds):
            while not is_so(self):
                self._changed.clear()
                await self._changed.wait()

    async def until_told(self, number: int, seconds: float = PATIENCE) -> list[Told]:
        """Wait for *number* events and return all that have come."""
        await self.until(lambda page: len(page.told()) >= number, seconds)
        return self.told()

    async def until_closed(self, seconds: float = PATIENCE) -> None:
        await self.until(lambda page: page.is_closed, seconds)
