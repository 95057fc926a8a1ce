"""The production server: a parent that holds the socket, and processes that answer. A process that dies is replaced."""

import errno
import gc
import logging
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from asyncio import BaseTransport, TimerHandle
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from forum.asgi import Door
from forum.errors import Trouble
from forum.settings import Settings
from forum.text import gettext

log = logging.getLogger(__name__)

BACKLOG = 2048
STOP_SECONDS = 20
# A process that dies this soon after its start, this often in a row, will not do better the next time.
SOON_SECONDS = 10
MOST_FALSE_STARTS = 5
LIFELINE = "KETTLE_LIFELINE"
# Until the whole head of a request is there, from when its line was opened or its first byte came.
HEAD_SECONDS = 20.0
# The longest address and the longest headers together; browsers stay far below.
HEAD_BYTES = 64 * 1024
# Every open page holds a line, and a line is a file to the system.
OPEN_FILES = 65_536


class PortInUse(Trouble):
    """Somebody else listens there."""


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """Return *count* sockets that listen on *host* and *port*; the system shares connections out among them.

    One socket for all would be cheaper, but then the process that is awake takes every connection. Raises PortInUse, or
    Trouble when we may not listen there."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Sockets that share a port never find it taken, so one that does not share looks first.
        with _bound(family, address, shares=False) as probe:
            address = (address[0], probe.getsockname()[1], *address[2:])
        listeners = [_bound(family, address, shares=True) for _ in range(count)]
        for listener in listeners:
            listener.listen(BACKLOG)
            listener.setblocking(False)
    except OSError as trouble:
        if trouble.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"Port {port} is taken by another program; choose another one, for example PORT={port + 1}."
            ) from trouble
        raise Trouble(f"Cannot listen on {host} port {port}: {trouble.strerror or trouble}.") from trouble
    return listeners


def _bound(family: int, address: tuple[Any, ...], *, shares: bool) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def serve(settings: Settings, *, host: str, port: int, processes: int, logs_access: bool = True) -> None:
    """Answer until SIGTERM or SIGINT, then let what is under way finish. Raises Trouble when it cannot start."""
    _open_more_files()
    listeners = listen(host, port, processes)
    log.info("Kettle answers on http://%s:%s with %s processes", host, port, processes)
    _Parent(settings, listeners, logs_access).watch()


def _open_more_files() -> None:
    """Take as many open files as we may have: the usual 1,024 are fewer than there may be open pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(frozen=True, slots=True)
class _Child:
    """A running process. Its socket is ours too: who waits there when it dies is answered by the next one."""

    listener: socket.socket
    began: float


class _Parent:
    def __init__(self, settings: Settings, listeners: list[socket.socket], logs_access: bool) -> None:
        self._settings = settings
        self._listeners = listeners
        self._logs_access = logs_access
        self._running: dict[int, _Child] = {}
        self._false_starts = 0
        # The children hold the reading end: it ends when we do, however we end.
        self._lifeline = os.pipe()

    def watch(self) -> None:
        import forum.wiring  # noqa: F401 - loaded once, before the processes part, so that they share its memory

        heard = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, heard)
        gc.collect()
        gc.freeze()
        above = lifeline_of_environment()
        for listener in self._listeners:
            self._fork(listener, heard)
        while True:
            told = signal.sigtimedwait(heard, 1.0)
            if (told is not None and told.si_signo != signal.SIGCHLD) or has_ended(above):
                break
            for pid in self._reap():
                self._replace(pid, heard)
        self._stop()

    def _fork(self, listener: socket.socket, blocked: set[signal.Signals]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self._running[pid] = _Child(listener, time.monotonic())
            return
        os.close(self._lifeline[1])
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
        for other in self._listeners:
            if other is not listener:
                other.close()
        _answer_requests(self._settings, listener, self._lifeline[0], self._logs_access)

    def _reap(self) -> list[int]:
        ended = []
        while self._running:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid in self._running:
                ended.append(pid)
        return ended

    def _replace(self, pid: int, blocked: set[signal.Signals]) -> None:
        child = self._running.pop(pid)
        is_soon = time.monotonic() - child.began < SOON_SECONDS
        self._false_starts = self._false_starts + 1 if is_soon else 0
        if self._false_starts >= MOST_FALSE_STARTS:
            self._stop()
            raise Trouble("The server's processes stop as soon as they start; the lines above say why.")
        log.warning("process %s ended; another one takes its place", pid)
        if is_soon:
            time.sleep(0.2 * self._false_starts)
        self._fork(child.listener, blocked)

    def _stop(self) -> None:
        for listener in self._listeners:
            listener.close()
        for pid in self._running:
            _signal(pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS + 5
        while self._running and time.monotonic() < until:
            for pid in self._reap():
                del self._running[pid]
            time.sleep(0.05)
        for pid in self._running:
            log.warning("process %s did not stop in time and is ended", pid)
            _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


# ---- one process ---------------------------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn, which lets go of open live pages before it waits for requests to finish."""

    def __init__(self, config: uvicorn.Config, door: Door) -> None:
        super().__init__(config)
        self._door = door

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._door.hub.end_streams()
        await super().shutdown(sockets)


class _Line(HttpToolsProtocol):
    """One connection. uvicorn waits for ever for the head of a request, however long it grows; we do not."""

    _head_ends: TimerHandle | None = None
    _head_length = 0

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_ends is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._forget_head()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_ends is not None:
            self._head_length += len(data)
            if self._head_length > HEAD_BYTES and not self.transport.is_closing():
                self._refuse_head()

    def _expect_head(self) -> None:
        self._head_length = 0
        self._head_ends = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _forget_head(self) -> None:
        if self._head_ends is not None:
            self._head_ends.cancel()
            self._head_ends = None

    def _refuse_head(self) -> None:
        body = gettext("That address, or what your browser sent with it, is too long for us.").encode()
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE] + head + body)
        self.transport.close()


def _answer_requests(settings: Settings, listener: socket.socket, lifeline: int, logs_access: bool) -> NoReturn:
    from forum.wiring import build_app

    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            # uvicorn puts these back and sends itself the signal again once it has stopped.
            signal.signal(number, lambda *_: None)
        watch_lifeline(lifeline, lambda: os.kill(os.getpid(), signal.SIGTERM))
        door = Door(settings, build_app, logs_access=logs_access)
        server = _Server(uvicorn_config(door), door)
        server.run(sockets=[listener])
        status = 0 if server.started else 3
    except SystemExit as end:
        status = int(end.code or 0)
    except Exception:
        log.exception("a process of the server stopped")
    finally:
        sys.stderr.flush()
        # Straight out: what the parent had set up to happen at its end is not ours to do.
        os._exit(status)


def uvicorn_config(door: Door) -> uvicorn.Config:
    """Return how uvicorn is run in front of *door*."""
    return uvicorn.Config(
        door,
        loop="uvloop",
        http=_Line,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


# ---- ends with its parent ------------------------------------------------------------------------------------------


def lifeline_of_environment() -> int | None:
    """Return the pipe that `kettle run` handed to what it started, if it did."""
    handle = os.environ.pop(LIFELINE, "")
    return int(handle) if handle.isdigit() else None


def has_ended(handle: int | None) -> bool:
    """Say whether the process at the other end of the pipe has ended."""
    return handle is not None and bool(select.select([handle], [], [], 0)[0])


def watch_lifeline(handle: int, on_end: Callable[[], object]) -> None:
    """Call *on_end* when the process at the other end of the pipe *handle* has ended."""

    def wait() -> None:
        while os.read(handle, 1):
            pass
        on_end()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
