"""The outer door. Open live pages are answered here, in the event loop; everything else goes to Flask in threads.

A thread never waits for a person: the whole body of a request is read first, and answers leave through the loop.
"""

import asyncio
import gzip
import io
import logging
import mimetypes
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qs

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout, ServiceUnavailable
from werkzeug.middleware.proxy_fix import ProxyFix

from forum import live, logs
from forum.database import close_connection
from forum.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)
access_log = logging.getLogger("forum.access_log")

THREADS = 8
# Requests that may wait for a thread; past this it is kinder to say "in a minute" at once.
MOST_WAITING = 256
BODY_SECONDS = 60.0
BODY_IN_MEMORY = 1_000_000
# Read and thrown away past the limit, so that the browser gets round to reading our answer.
MOST_DISCARDED = 64_000_000
CHUNK = 256 * 1024
# The longest beginning of the path decides how many bytes a body may have.
BODY_LIMITS: dict[str, int] = {"": 4_000_000, "/uploads": 12_000_000, "/me/picture": 12_000_000}

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Scope = dict[str, Any]
Headers = list[tuple[bytes, bytes]]


class Refused(Exception):
    """The request goes no further; *status* says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Gone(Exception):
    """The other side went away."""


# ---- bodies --------------------------------------------------------------------------------------------------------


def body_limit(path: str) -> int:
    """Return how many bytes may be sent to *path*."""
    return BODY_LIMITS[max((start for start in BODY_LIMITS if path.startswith(start)), key=len)]


async def read_body(receive: Receive, *, limit: int, announced: int | None) -> tuple[IO[bytes], int]:
    """Return the whole body, in memory or on disk, and its length. Raises Refused (413, 408) and Gone."""
    body: IO[bytes] = SpooledTemporaryFile(max_size=BODY_IN_MEMORY)  # noqa: SIM115 - closed with the request
    length = 0
    is_too_big = announced is not None and announced > limit
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                chunk = message.get("body", b"")
                length += len(chunk)
                is_too_big = is_too_big or length > limit
                if not is_too_big:
                    body.write(chunk)
                elif max(length, announced or 0) > MOST_DISCARDED:
                    break
                more = message.get("more_body", False)
    except TimeoutError:
        body.close()
        raise Refused(HTTPStatus.REQUEST_TIMEOUT) from None
    except BaseException:
        body.close()
        raise
    if is_too_big:
        body.close()
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body.seek(0)
    return body, length


# ---- the bridge to Flask -------------------------------------------------------------------------------------------


class File:
    """What a WSGI application returns to send a file: the loop sends it, without a thread that waits for the reader."""

    def __init__(self, file: IO[bytes], _size: int = 8192) -> None:
        self.file = file

    def __iter__(self) -> Iterable[bytes]:
        return iter(lambda: self.file.read(CHUNK), b"")

    def close(self) -> None:
        self.file.close()


def build_environ(scope: Scope, body: IO[bytes], length: int) -> dict[str, Any]:
    """Return the WSGI environ of an ASGI request whose body has been read."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "RAW_URI": (scope.get("raw_path") or b"").decode("latin1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": _Errors(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": File,
    }
    if scope.get("client"):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = scope["client"][0], str(scope["client"][1])
    for raw_name, raw_value in scope["headers"]:
        # X_Real_Name would look like X-Real-Name from here on, and pass for what a proxy vouches for.
        if b"_" in raw_name or raw_name in (b"transfer-encoding", b"content-length"):
            continue
        name = raw_name.decode("latin1").upper().replace("-", "_")
        key = name if name == "CONTENT_TYPE" else f"HTTP_{name}"
        value = raw_value.decode("latin1")
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    environ["CONTENT_LENGTH"] = str(length)
    return environ


class _Errors:
    """wsgi.errors: goes to the log."""

    def write(self, text: str) -> int:
        if text.strip():
            log.error("%s", text.rstrip())
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back."""


Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def call_wsgi(app: Wsgi, environ: dict[str, Any]) -> tuple[int, Headers, bytes | File]:
    """Run *app* to its end and return (status, headers, body). Runs in a thread."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], None]:
        started[:] = [status, headers]
        return written.append

    result = app(environ, start_response)
    if isinstance(result, File):
        body: bytes | File = result
    else:
        try:
            written.extend(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        body = b"".join(written)
    status, headers = started
    return int(status[:3]), [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers], body


# ---- static files --------------------------------------------------------------------------------------------------


class StaticFiles:
    """The files under /static, held in memory, compressed once."""

    def __init__(self, folder: Path, digest: Callable[[str], str]) -> None:
        self._files: dict[str, tuple[Headers, bytes, bytes | None, str]] = {}
        for file in folder.rglob("*"):
            name = file.relative_to(folder).as_posix()
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts):
                self._files[f"/static/{name}"] = self._prepared(file, digest(name))

    @staticmethod
    def _prepared(file: Path, digest: str) -> tuple[Headers, bytes, bytes | None, str]:
        whole = file.read_bytes()
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if kind.startswith("text/") or kind in {"application/javascript", "application/json"}:
            kind += "; charset=utf-8"
        small = gzip.compress(whole, 9, mtime=0)
        headers = [
            (b"content-type", kind.encode()),
            (b"etag", f'"{digest}"'.encode()),
            (b"last-modified", formatdate(file.stat().st_mtime, usegmt=True).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"accept-encoding"),
        ]
        return headers, whole, small if len(small) < 0.9 * len(whole) else None, digest

    def answer(self, scope: Scope, asked: dict[bytes, bytes]) -> tuple[int, Headers, bytes] | None:
        """Return (status, headers, body) for a request, or None when there is no such file."""
        found = self._files.get(scope["path"])
        if found is None or scope["method"] not in ("GET", "HEAD"):
            return None
        headers, whole, small, digest = found
        # The name in the page changes with the file, so that what was asked for by its name never changes.
        is_named = scope["query_string"] == f"v={digest}".encode()
        headers = [
            *headers,
            (b"cache-control", b"public, max-age=31536000, immutable" if is_named else b"public, no-cache"),
        ]
        if asked.get(b"if-none-match") == dict(headers)[b"etag"]:
            return 304, headers, b""
        body = whole
        if small is not None and b"gzip" in asked.get(b"accept-encoding", b""):
            body = small
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", str(len(body)).encode()))
        return 200, headers, b"" if scope["method"] == "HEAD" else body


# ---- refusals ------------------------------------------------------------------------------------------------------

_REFUSALS: tuple[type[HTTPException], ...] = (RequestTimeout, RequestEntityTooLarge, ServiceUnavailable)


def prepare_refusals(app: "Flask") -> dict[tuple[int, bool], tuple[Headers, bytes]]:
    """Return the site's own pages for what the door itself says no to: (status, as JSON) -> (headers, body)."""
    ready = {}
    for kind in _REFUSALS:
        for as_json in (False, True):
            accept = "application/json" if as_json else "text/html"
            with app.test_request_context("/", headers={"Accept": accept}):
                response = app.make_response(app.handle_user_exception(kind()))
                response = app.process_response(response)
                headers = [
                    (name.lower().encode(), value.encode())
                    for name, value in response.headers
                    if name.lower() not in ("set-cookie", "content-length")
                ]
                headers += [(b"connection", b"close"), (b"cache-control", b"no-store")]
                ready[kind().code or 500, as_json] = (headers, response.get_data())
    return ready


# ---- the door ------------------------------------------------------------------------------------------------------


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
        live.around = lambda: app.test_request_context("/", base_url=self._settings.site_url)
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
                return await _send_whole(send, *found)
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
            return await _send_file(send, status, headers, answer)
        return await _send_whole(send, status, headers, answer)

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
        return await _send_whole(send, status, [*headers, (b"content-length", str(len(body)).encode())], body)

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


async def _send_whole(send: Send, status: int, headers: Headers, body: bytes) -> int:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    return status


async def _send_file(send: Send, status: int, headers: Headers, answer: File) -> int:
    try:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        while chunk := await asyncio.to_thread(answer.file.read, CHUNK):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        answer.close()
    return status


def create() -> Door:
    """Return the door with settings from the environment, for ``uvicorn --factory forum.asgi:create``."""
    from forum.wiring import build_app

    settings = Settings.from_env()
    logs.configure(settings.log_format)
    return Door(settings, build_app)
