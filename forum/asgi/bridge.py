"""The bridge to Flask: an ASGI request as WSGI knows it, and the answer back."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import IO, Any

from forum.asgi.messages import Headers, Scope, Send

log = logging.getLogger(__name__)

CHUNK = 256 * 1024


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


async def send_file(send: Send, status: int, headers: Headers, answer: File) -> int:
    """Send a file piece by piece, close it, and return *status*."""
    try:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        while chunk := await asyncio.to_thread(answer.file.read, CHUNK):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        answer.close()
    return status
