"""The ASGI application: who answers what."""

import asyncio
import io
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import IO, TYPE_CHECKING
from urllib.parse import parse_qs

from werkzeug.middleware.proxy_fix import ProxyFix

from forum import live, logs
from forum.asgi.bodies import Gone, Refused, body_limit, read_body
from forum.asgi.bridge import File, Wsgi, build_environ, call_wsgi, send_file
from forum.asgi.messages import Receive, Scope, Send, send_whole
from forum.asgi.refusals import prepare_refusals
from forum.asgi.static import StaticFiles
from forum.database import close_connection
from forum.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

access_log = logging.getLogger("forum.access_log")

THREADS = 8
# Requests that may wait for a thread; past this it is kinder to say "in a minute" at once.
MOST_WAITING = 256


class Door:
    """The ASGI application."""

    def __init__(
        self, settings: Settings, make_app: "Callable[[Settings], Flask]", *, logs_access: bool = True
    ) -> None:
        self._settings = settings
        self._make_app = make_app
        self._logs_access = logs_access
        self._waiting = 0
        self.hub = live.Hub(settings.redis_url)

    def open(self) -> None:
        """Make the Flask application and what is served without it. May take a second."""
        from forum.web import STATIC, static_url

        app = self._make_app(self._settings)
        live.frames.around = lambda: app.test_request_context("/", base_url=self._settings.site_url)
        self._static = StaticFiles(STATIC, lambda name: static_url(name).partition("?v=")[2])
        self._refusals = prepare_refusals(app)
        proxies = self._settings.trusted_proxies
        self._wsgi: Wsgi = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies) if proxies else app
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="pages")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            began = time.perf_counter()
            status = 499
            try:
                status = await self._answer(scope, receive, send)
            except Gone:
                pass
            finally:
                if self._logs_access:
                    self._note(scope, status, began)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await asyncio.to_thread(self.open)
            self.hub.start()
        except Exception as trouble:
            await send({"type": "lifespan.startup.failed", "message": f"{type(trouble).__name__}: {trouble}"})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self._close)
        await send({"type": "lifespan.shutdown.complete"})

    def _close(self) -> None:
        self.hub.stop()
        # Each thread has a connection of its own, which only it can close: all of them meet, and none closes two.
        meeting = threading.Barrier(THREADS)

        def leave() -> None:
            meeting.wait(5)
            close_connection()

        for left in [self._threads.submit(leave) for _ in range(THREADS)]:
            left.exception()
        self._threads.shutdown()
        close_connection()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> int:
        path: str = scope["path"]
        asked = dict(scope["headers"])
        if path.startswith("/live/") and scope["method"] == "GET":
            return await self._live(scope, asked, receive, send)
        if path.startswith("/static/"):
            found = self._static.answer(scope, asked)
            if found is not None:
                return await send_whole(send, *found)
        try:
            body, length = await self._body(scope, asked, receive)
        except Refused as refused:
            return await self._refuse(scope, asked, send, refused.status)
        if self._waiting >= MOST_WAITING:
            body.close()
            return await self._refuse(scope, asked, send, HTTPStatus.SERVICE_UNAVAILABLE)
        self._waiting += 1
        try:
            environ = build_environ(scope, body, length)
            status, headers, answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, call_wsgi, self._wsgi, environ
            )
        finally:
            self._waiting -= 1
            body.close()
        if isinstance(answer, File):
            return await send_file(send, status, headers, answer)
        return await send_whole(send, status, headers, answer)

    @staticmethod
    async def _body(scope: Scope, asked: dict[bytes, bytes], receive: Receive) -> tuple[IO[bytes], int]:
        announced = asked.get(b"content-length")
        if (announced is None or announced == b"0") and b"transfer-encoding" not in asked:
            return io.BytesIO(), 0
        return await read_body(
            receive,
            limit=body_limit(scope["path"]),
            announced=int(announced) if announced and announced.isdigit() else None,
        )

    async def _live(self, scope: Scope, asked: dict[bytes, bytes], receive: Receive, send: Send) -> int:
        word = scope["path"].removeprefix("/live/")
        seen = asked.get(b"last-event-id") or next(iter(parse_qs(scope["query_string"]).get(b"after", [])), b"")
        after = int(seen) if seen.isdigit() and len(seen) < 19 else None
        return await self.hub.serve(word, after, self._address(scope, asked), receive, send)

    def _address(self, scope: Scope, asked: dict[bytes, bytes]) -> str:
        """Return who asks, as far as we believe our proxies."""
        proxies = self._settings.trusted_proxies
        forwarded = [part.strip() for part in asked.get(b"x-forwarded-for", b"").decode("latin1").split(",")]
        if proxies and len(forwarded) >= proxies and forwarded[-proxies]:
            return forwarded[-proxies]
        return scope["client"][0] if scope.get("client") else ""

    async def _refuse(self, scope: Scope, asked: dict[bytes, bytes], send: Send, status: int) -> int:
        as_json = scope["path"].endswith(".json") or asked.get(b"accept", b"").startswith(b"application/json")
        headers, body = self._refusals[status, as_json]
        return await send_whole(send, status, [*headers, (b"content-length", str(len(body)).encode())], body)

    def _note(self, scope: Scope, status: int, began: float) -> None:
        took = round((time.perf_counter() - began) * 1000)
        path = logs.without_secrets(scope["path"])
        access_log.info(
            "%s %s %s %s ms",
            scope["method"],
            path,
            status,
            took,
            extra={"facts": {"method": scope["method"], "path": path, "status": status, "ms": took}},
        )


def create() -> Door:
    """Return the door with settings from the environment, for ``uvicorn --factory forum.asgi:create``."""
    from forum.wiring import build_app

    settings = Settings.from_env()
    logs.configure(settings.log_format)
    return Door(settings, build_app)
