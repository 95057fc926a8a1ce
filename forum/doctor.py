"""A look at everything an operator should know about: one line each."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from forum import jobs, migrations
from forum.clock import now
from forum.database import database_name, db, is_postgres
from forum.settings import Settings

LITTLE_SPACE = 500_000_000
LATE = timedelta(minutes=10)
ANSWER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. *is_wrong* means that somebody has to do something."""

    about: str
    words: str
    is_wrong: bool = False


Check = Callable[[Settings], Iterator[Finding]]


def look(settings: Settings) -> Iterator[Finding]:
    """Yield what is found, one line a check; a check that fails is a finding too. The database must be open."""
    for about, check in _CHECKS:
        try:
            yield from check(settings)
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the other checks go on
            yield Finding(
                about, f"could not be checked: {' '.join(str(trouble).split()) or type(trouble).__name__}", True
            )


def _settings(settings: Settings) -> Iterator[Finding]:
    notes = []
    host = urlsplit(settings.site_url).hostname or ""
    if host in ("127.0.0.1", "localhost"):
        notes.append("SITE_URL is this machine's own, so links in letters lead nowhere else")
    elif not settings.is_https:
        notes.append("SITE_URL is not https, so cookies and passwords travel in the open")
    if not os.environ.get("SECRET_KEY"):
        notes.append(f"the secret is kept in {settings.instance}/secret_key")
    yield Finding("settings", "; ".join(notes) or f"complete; the site is {settings.site_url}")


def _database(settings: Settings) -> Iterator[Finding]:
    name = database_name(settings.database_url)
    if is_postgres():
        version, size = db.execute_sql(
            "SELECT current_setting('server_version'), pg_database_size(current_database())"
        ).fetchone()
        yield Finding("database", f"PostgreSQL {version} answers; {name} holds {_size(size)}")
        return
    path = Path(db.obj.database)
    (answer,) = db.execute_sql("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        yield Finding("database", f"{path} is damaged ({answer}); bring a backup back with: kettle restore FILE", True)
        return
    (mode,) = db.execute_sql("PRAGMA journal_mode").fetchone()
    words = f"SQLite {sqlite3.sqlite_version}; {path} is whole and holds {_size(path.stat().st_size)}"
    yield Finding("database", words if mode == "wal" else f"{words}, but is not in WAL mode", mode != "wal")


def _migrations(_settings: Settings) -> Iterator[Finding]:
    waiting = migrations.pending()
    if waiting:
        yield Finding(
            "migrations", f"{len(waiting)} steps wait, first {waiting[0]}; take them with: kettle migrate", True
        )
    else:
        yield Finding("migrations", f"all {len(migrations.names())} steps taken")


def _queue(settings: Settings) -> Iterator[Finding]:
    waiting, given_up, oldest = jobs.backlog()
    late = oldest is not None and oldest < now() - LATE
    unspread = jobs.Event.select(jobs.Event.at).where(jobs.Event.spread_at.is_null()).order_by(jobs.Event.id).first()
    late = late or (unspread is not None and unspread.at < now() - LATE)
    if late:
        yield Finding(
            "queue", f"{waiting} things wait, some for more than ten minutes; is kettle worker running?", True
        )
    else:
        yield Finding("queue", f"{waiting} things wait to be done" if waiting else "nothing waits")
    if given_up:
        id, reaction, trouble = jobs.given_up(1)[0]
        yield Finding(
            "queue",
            f"{given_up} things failed eight times, the last one {reaction} (todo {id}): {trouble[:200]}; "
            "once the cause is gone: kettle repair --try-again",
            True,
        )
    if settings.redis_url:
        from redis import Redis

        with Redis.from_url(settings.redis_url, socket_timeout=ANSWER_SECONDS) as connection:
            connection.ping()
        yield Finding("redis", "answers")


def _mail(settings: Settings) -> Iterator[Finding]:
    from forum.channels import post_office, queries

    if settings.mail_goes_to_files:
        folder = Path(settings.mail_url.removeprefix("file:"))
        yield Finding("mail", f"letters are written to {folder}, not sent; set MAIL_URL to send them")
    else:
        trouble = post_office.trouble_with(settings, seconds=ANSWER_SECONDS).rstrip(".")
        yield Finding("mail", trouble or f"{urlsplit(settings.mail_url).hostname} takes our letters", bool(trouble))
    letters = queries.letters_waiting()
    if letters.oldest is not None and letters.oldest < now() - timedelta(hours=1):
        yield Finding("mail", f"{letters.count} letters wait, some for more than an hour", True)
    if letters.refused:
        yield Finding("mail", f"{letters.refused} letters were refused for good and given up")


def _disk(settings: Settings) -> Iterator[Finding]:
    folders = {settings.instance}
    if not is_postgres():
        folders.add(Path(db.obj.database).parent)
    for folder in sorted({_that_is_there(folder) for folder in folders}):
        if not os.access(folder, os.W_OK):
            yield Finding("disk", f"{folder} cannot be written by this account", True)
            continue
        free = shutil.disk_usage(folder).free
        yield Finding("disk", f"{folder} has {_size(free)} free", free < LITTLE_SPACE)


def _that_is_there(folder: Path) -> Path:
    """Return *folder*, or the nearest one above it when it is not made yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _size(number: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


_CHECKS: tuple[tuple[str, Check], ...] = (
    ("settings", _settings),
    ("database", _database),
    ("migrations", _migrations),
    ("queue", _queue),
    ("mail", _mail),
    ("disk", _disk),
)
