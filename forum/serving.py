"""The production server: a parent that holds the socket, and processes that answer. A process that dies is replaced."""

import gc
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

import uvicorn

from forum.asgi import Door
from forum.errors import Trouble
from forum.settings import Settings

log = logging.getLogger(__name__)

BACKLOG = 2048
STOP_SECONDS = 20
# A process that dies this soon after its start, this often in a row, will not do better the next time.
SOON_SECONDS = 10
MOST_FALSE_STARTS = 5
LIFELINE = "KETTLE_LIFELINE"


class PortInUse(Trouble):
    """Somebody else listens there."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on *host* and *port*. Raises PortInUse, or Trouble when we may not listen there."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as trouble:
        if trouble.errno == 98 or "in use" in str(trouble):
            raise PortInUse(
                f"Port {port} is taken by another program; choose another one, for example PORT={port + 1}."
            ) from trouble
        raise Trouble(f"Cannot listen on {host} port {port}: {trouble.strerror or trouble}.") from trouble
    listener.setblocking(False)
    return listener


def serve(settings: Settings, *, host: str, port: int, processes: int, logs_access: bool = True) -> None:
    """Answer until SIGTERM or SIGINT, then let what is under way finish. Raises Trouble when it cannot start."""
    listener = listen(host, port)
    log.info("Kettle answers on http://%s:%s with %s processes", host, port, processes)
    _Parent(settings, listener, processes, logs_access).watch()


class _Parent:
    def __init__(self, settings: Settings, listener: socket.socket, processes: int, logs_access: bool) -> None:
        self._settings = settings
        self._listener = listener
        self._wanted = processes
        self._logs_access = logs_access
        self._running: dict[int, float] = {}
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
        for _ in range(self._wanted):
            self._fork(heard)
        while True:
            told = signal.sigtimedwait(heard, 1.0)
            if (told is not None and told.si_signo != signal.SIGCHLD) or has_ended(above):
                break
            for pid in self._reap():
                self._replace(pid, heard)
        self._stop()

    def _fork(self, blocked: set[signal.Signals]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self._running[pid] = time.monotonic()
            return
        os.close(self._lifeline[1])
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
        _answer_requests(self._settings, self._listener, self._lifeline[0], self._logs_access)

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
        is_soon = time.monotonic() - self._running.pop(pid) < SOON_SECONDS
        self._false_starts = self._false_starts + 1 if is_soon else 0
        if self._false_starts >= MOST_FALSE_STARTS:
            self._stop()
            raise Trouble("The server's processes stop as soon as they start; the lines above say why.")
        log.warning("process %s ended; another one takes its place", pid)
        if is_soon:
            time.sleep(0.2 * self._false_starts)
        self._fork(blocked)

    def _stop(self) -> None:
        self._listener.close()
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
        http="httptools",
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
