"""Where rate limits are counted without Redis: a small SQLite file of their own, shared by all processes of one host.

Importing this module teaches the `limits` library the address ``sqlite+limits:///path`` (four slashes for an absolute
path). Losing the file loses nothing but the counts.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from limits.storage import MovingWindowSupport, Storage

from forum.clock import now

BUSY_SECONDS = 5
# Now and then a count sweeps away what is long over.
SWEEP_EVERY = 500

_TABLES = """
    CREATE TABLE IF NOT EXISTS window (key TEXT PRIMARY KEY, hits INTEGER NOT NULL, expires REAL NOT NULL);
    CREATE INDEX IF NOT EXISTS window_expires ON window (expires);
    CREATE TABLE IF NOT EXISTS hit (id INTEGER PRIMARY KEY, key TEXT NOT NULL, at REAL NOT NULL, expires REAL NOT NULL);
    CREATE INDEX IF NOT EXISTS hit_key ON hit (key, at);
    CREATE INDEX IF NOT EXISTS hit_expires ON hit (expires);
"""


class SqliteLimits(Storage, MovingWindowSupport):
    """Counts in a SQLite file: fixed windows and moving windows, one transaction a hit."""

    STORAGE_SCHEME = ["sqlite+limits"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._path = Path(uri.removeprefix("sqlite+limits:///"))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._own = threading.local()
        self._counted = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        return sqlite3.Error

    def _connection(self) -> sqlite3.Connection:
        # A connection must not cross a fork.
        if getattr(self._own, "process", None) != os.getpid():
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_TABLES)
            self._own.connection, self._own.process = connection, os.getpid()
        return self._own.connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _sweep(self, connection: sqlite3.Connection, moment: float) -> None:
        self._counted += 1
        if self._counted % SWEEP_EVERY == 0:
            connection.execute("DELETE FROM window WHERE expires <= ?", (moment,))
            connection.execute("DELETE FROM hit WHERE expires <= ?", (moment,))

    # ---- fixed windows

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count *amount* more for *key* in a window of *expiry* seconds and return what the window holds."""
        moment = now().timestamp()
        with self._writing() as connection:
            self._sweep(connection, moment)
            row = connection.execute(
                "INSERT INTO window (key, hits, expires) VALUES (:key, :amount, :until) ON CONFLICT (key) DO UPDATE SET"
                " hits = CASE WHEN expires <= :now THEN :amount ELSE hits + :amount END,"
                " expires = CASE WHEN expires <= :now THEN :until ELSE expires END"
                " RETURNING hits",
                {"key": key, "amount": amount, "now": moment, "until": moment + expiry},
            ).fetchone()
        return int(row[0])

    def get(self, key: str) -> int:
        """Return what the window of *key* holds now."""
        row = self._window(key)
        return int(row[0]) if row else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window of *key* is over, in seconds since 1970."""
        row = self._window(key)
        return float(row[1]) if row else now().timestamp()

    def _window(self, key: str) -> Any:
        return (
            self._connection()
            .execute("SELECT hits, expires FROM window WHERE key = ? AND expires > ?", (key, now().timestamp()))
            .fetchone()
        )

    # ---- moving windows

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count *amount* more for *key* unless that makes more than *limit* within the last *expiry* seconds."""
        moment = now().timestamp()
        with self._writing() as connection:
            self._sweep(connection, moment)
            (hits,) = connection.execute(
                "SELECT COUNT(*) FROM hit WHERE key = ? AND at > ?", (key, moment - expiry)
            ).fetchone()
            if hits + amount > limit:
                return False
            connection.executemany(
                "INSERT INTO hit (key, at, expires) VALUES (?, ?, ?)", [(key, moment, moment + expiry)] * amount
            )
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return (when the oldest hit within the last *expiry* seconds was, how many there are)."""
        moment = now().timestamp()
        first, hits = (
            self._connection()
            .execute("SELECT MIN(at), COUNT(*) FROM hit WHERE key = ? AND at > ?", (key, moment - expiry))
            .fetchone()
        )
        return (float(first) if hits else moment), int(hits)

    # ---- looking after it

    def check(self) -> bool:
        """Say whether the file answers."""
        try:
            return bool(self._connection().execute("SELECT 1").fetchone())
        except sqlite3.Error:
            return False

    def reset(self) -> int | None:
        """Forget every count and return how many there were."""
        with self._writing() as connection:
            return connection.execute("DELETE FROM window").rowcount + connection.execute("DELETE FROM hit").rowcount

    def clear(self, key: str) -> None:
        """Forget the counts of *key*."""
        with self._writing() as connection:
            connection.execute("DELETE FROM window WHERE key = ?", (key,))
            connection.execute("DELETE FROM hit WHERE key = ?", (key,))
