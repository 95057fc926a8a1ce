"""The real thing for browser tests: `kettle serve` and `kettle worker` as processes, on a database of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.stacks import PostgresDatabase, SqliteTemplate, Stack, empty_sqlite

# How long something may take before it counts as not happening: a slow machine is no failure.
PATIENCE = 60.0
# Words in a server's log that mean something broke.
TROUBLE = ("Traceback (most recent call last)", " ERROR ", "CRITICAL")


def free_port() -> int:
    """Return a loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(is_so: Callable[[], Any], *, seconds: float = PATIENCE, what: str = "it") -> Any:
    """Ask until the answer is true, and return it. Fails when *seconds* have gone by."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := is_so():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds:g} seconds")


class LiveSite:
    """A running site: *url*, *stack*, *environ* (its settings), and the folder with its logs and letters."""

    def __init__(self, folder: Path, stack: Stack, *, empty: Callable[[], None], **more: str) -> None:
        self.folder = folder
        self.stack = stack
        self._empty = empty
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "DATABASE_URL": stack.url,
            "KETTLE_INSTANCE": str(folder),
            "MAIL_URL": f"file:{folder}/outbox",
            "SECRET_KEY": "only for tests, and long enough",
            "SITE_URL": self.url,
            "STAFF_CODES": "optional",
            **more,
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        # Server and worker end when the other end of this closes, however the tests end.
        self._lifeline = os.pipe()
        self._read: dict[str, int] = {}

    def start(self) -> None:
        """Start server and worker and wait until pages are answered."""
        self.start_server()
        self.start_worker()

    def revive(self) -> None:
        """Start again what a test before this one ended and left so."""
        for command, start in (("serve", self.start_server), ("worker", self.start_worker)):
            process = self._running.get(command)
            if process is None or process.poll() is not None:
                start()

    def start_server(self) -> None:
        """Start the web server and wait until it answers."""
        self._start("serve", "--port", str(self.port), "--workers", "2")
        wait_until(self._answers, what=f"the start of the server ({self.log('serve')[-800:]})")

    def start_worker(self) -> None:
        """Start the background worker."""
        self._start("worker")

    def _start(self, command: str, *args: str) -> None:
        kettle = Path(sys.executable).parent / "kettle"
        with (self.folder / f"{command}.log").open("ab") as log:
            self._running[command] = subprocess.Popen(
                [str(kettle), command, *args],
                env={**_plain_environment(), **self.environ, "KETTLE_LIFELINE": str(self._lifeline[0])},
                pass_fds=(self._lifeline[0],),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        process = self._running["serve"]
        if process.poll() is not None:
            raise AssertionError(f"kettle serve stopped with {process.returncode}:\n{self.log('serve')[-2000:]}")
        try:
            with urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return answer.status == 200
        except (URLError, OSError):
            return False

    def kill(self, command: str) -> None:
        """End ``serve`` or ``worker``, children and all, without a chance to tidy up."""
        self._signal(command, signal.SIGKILL)

    def stop(self) -> None:
        """Ask both to end, and make sure that they do."""
        for command in list(self._running):
            self._signal(command, signal.SIGTERM)

    def _signal(self, command: str, how: signal.Signals) -> None:
        process = self._running.pop(command, None)
        if process is None:
            return
        for wanted in (how, signal.SIGKILL):
            try:
                os.killpg(process.pid, wanted)
            except ProcessLookupError:
                pass
            try:
                process.wait(timeout=10)
                return
            except subprocess.TimeoutExpired:
                continue

    def log(self, command: str) -> str:
        """Return all that ``serve`` or ``worker`` has said."""
        path = self.folder / f"{command}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def troubles(self) -> list[str]:
        """Return what server and worker complained about since the last time somebody asked."""
        found = []
        for command in ("serve", "worker"):
            said = self.log(command)
            new = said[self._read.get(command, 0) :]
            self._read[command] = len(said)
            if any(word in new for word in TROUBLE):
                found.append(f"kettle {command} said:\n{new[-3000:]}")
        return found

    def empty(self) -> None:
        """Bring the database back to what the migrations made, with server and worker running."""
        self._empty()
        for letter in (self.folder / "outbox").rglob("*.eml"):
            letter.unlink(missing_ok=True)
        self._forget_limits()

    def _forget_limits(self) -> None:
        """All browsers here come from one address: what one test did must not be counted against the next."""
        import sqlite3

        for path in self.folder.glob("*limit*.db"):
            with sqlite3.connect(path, timeout=5) as connection:
                tables = connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                ).fetchall()
                for (table,) in tables:
                    connection.execute(f'DELETE FROM "{table}"')
            connection.close()

    def wait_until_quiet(self, seconds: float = PATIENCE) -> None:
        """Wait until the worker has done everything that is due."""
        from peewee import fn

        from forum import jobs
        from forum.clock import now
        from forum.events import Event

        def is_quiet() -> bool:
            # In one look: between two, a todo that is done makes an event that is not spread yet.
            todos = jobs.Todo.select().where(jobs.Todo.done_at.is_null(), jobs.Todo.due_at <= now())
            return not Event.select().where(Event.spread_at.is_null() | fn.EXISTS(todos)).exists()

        wait_until(is_quiet, seconds=seconds, what="the worker's being done")


def _plain_environment() -> dict[str, str]:
    keep = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER")
    return {name: os.environ[name] for name in keep if name in os.environ}


def sqlite_site(folder: Path, template: SqliteTemplate) -> LiveSite:
    """Return a site on a copy of the migrated file, not yet started."""
    stack = template.copy(folder)
    path = Path(stack.url.removeprefix("sqlite:///"))
    return LiveSite(folder, stack, empty=lambda: empty_sqlite(path, template.path))


def postgres_site(folder: Path, database: PostgresDatabase) -> LiveSite:
    """Return a site on a PostgreSQL database of its own, not yet started."""
    folder.mkdir(parents=True, exist_ok=True)
    return LiveSite(folder, database.stack, empty=database.empty)
