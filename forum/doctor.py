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
from forum.database import database_name, db, is_postgres, reach
from forum.settings import BadSetting, Settings

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
# What nothing can be read from the database without.
FOUNDATIONS = ("database", "migrations")


def look(settings: Settings) -> Iterator[Finding]:
    """Yield what is found, one line a check; a check that fails is a finding too.

    With a database that cannot be opened, or has no tables yet, the checks that read it are left out."""
    is_readable = True
    for about, check, reads in _CHECKS:
        if reads and not is_readable:
            continue
        for finding in _found(about, check, settings):
            yield finding
            is_readable = is_readable and not (finding.is_wrong and about in FOUNDATIONS)


def _found(about: str, check: Check, settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except BadSetting as trouble:
        yield Finding(about, str(trouble), True)
    except Exception as trouble:  # noqa: BLE001 - whatever it is, the other checks go on
        yield Finding(about, f"could not be checked: {' '.join(str(trouble).split()) or type(trouble).__name__}", True)


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
    reach(settings.database_url)
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
        yield Finding("migrations", f"steps wait: {', '.join(waiting)}; take them with: kettle migrate", True)
    else:
        yield Finding("migrations", f"all steps taken, the last one {migrations.names()[-1]}")


def _queue(_settings: Settings) -> Iterator[Finding]:
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


def _redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url:
        from redis import Redis

        with Redis.from_url(settings.redis_url, socket_timeout=ANSWER_SECONDS) as connection:
            connection.ping()
        yield Finding("redis", "answers")


def _mail(settings: Settings) -> Iterator[Finding]:
    from forum.channels import post_office

    if settings.mail_goes_to_files:
        folder = Path(settings.mail_url.removeprefix("file:"))
        yield Finding("mail", f"letters are written to {folder}, not sent; set MAIL_URL to send them")
    else:
        trouble = post_office.trouble_with(settings, seconds=ANSWER_SECONDS).rstrip(".")
        yield Finding("mail", trouble or f"{urlsplit(settings.mail_url).hostname} takes our letters", bool(trouble))


def _letters(_settings: Settings) -> Iterator[Finding]:
    from forum.channels import queries

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


# What it is about, how to look, and whether that reads the database.
_CHECKS: tuple[tuple[str, Check, bool], ...] = (
    ("settings", _settings, False),
    ("database", _database, False),
    ("migrations", _migrations, True),
    ("queue", _queue, True),
    ("redis", _redis, False),
    ("mail", _mail, False),
    ("mail", _letters, True),
    ("disk", _disk, False),
)
