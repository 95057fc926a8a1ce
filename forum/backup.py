"""Keeping a copy of everything, and bringing it back, while the site goes on serving.

A backup is one tar file: ``manifest.json``, the database (a whole SQLite file, or a PostgreSQL dump) and the uploads.
It is whole when it has its name: it is written beside it first. What is brought back is checked before it replaces
anything, and what it replaces is kept.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from forum import migrations
from forum.clock import now
from forum.database import close_connection, db, is_postgres, open_database
from forum.errors import Trouble
from forum.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE_NAME, POSTGRES_NAME = "kettle.db", "kettle.pgdump"
PAGES_AT_ONCE = 2_000
BUSY_SECONDS = 60
LONGEST_RUN = 6 * 3600

# Told (bytes done, bytes in all), as far as that is known.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a backup holds. *size* is that of the file, in bytes; *before* names what a restore put aside."""

    path: Path
    size: int
    uploads: int
    made_at: str
    before: Path | None = None


def _say_nothing(_done: int, _total: int) -> None:
    pass


# ---- making one ----------------------------------------------------------------------------------------------------


def make(path: Path, settings: Settings, *, progress: Progress = _say_nothing) -> Kept:
    """Write a backup to *path*, compressed when it ends in ``.gz`` or ``.tgz``. Only its owner may read it.

    Raises Trouble when the copy cannot be made or is not whole."""
    partial = path.with_name(f".{path.name}.partial")
    moment = now().isoformat(timespec="seconds")
    with _workshop(path.parent) as folder:
        name = POSTGRES_NAME if is_postgres() else SQLITE_NAME
        copy = folder / name
        if is_postgres():
            _dump_postgres(settings.database_url, copy)
        else:
            _copy_sqlite(Path(db.obj.database), copy, progress)
            _check_sqlite(copy, "PRAGMA quick_check")
        uploads = _uploads(settings)
        manifest = {
            "format": FORMAT,
            "made_at": moment,
            "database": name,
            "sha256": _digest(copy),
            "steps": _steps_taken(),
            "uploads": len(uploads),
        }
        try:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                with _archive(file, compressed=path.suffix in (".gz", ".tgz")) as archive:
                    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
                    archive.add(folder / MANIFEST, MANIFEST)
                    archive.add(copy, name)
                    for upload in uploads:
                        archive.add(upload, f"uploads/{upload.relative_to(settings.instance / 'uploads').as_posix()}")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return Kept(path, path.stat().st_size, len(uploads), moment)


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder for what is being made, beside where it will be: the same disk, gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=".kettle-", dir=folder))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _archive(file: IO[bytes], *, compressed: bool) -> tarfile.TarFile:
    if compressed:
        return tarfile.open(fileobj=file, mode="w:gz", compresslevel=4)
    return tarfile.open(fileobj=file, mode="w")


def _copy_sqlite(source: Path, target: Path, progress: Progress) -> None:
    with closing(sqlite3.connect(source, timeout=BUSY_SECONDS, isolation_level=None)) as live:
        page_size = live.execute("PRAGMA page_size").fetchone()[0]
        # One moment's view of everything: writers go on, and the copy need not begin again for each of them.
        live.execute("BEGIN")
        live.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target)) as copy:
            live.backup(
                copy,
                pages=PAGES_AT_ONCE,
                progress=lambda _status, left, total: progress((total - left) * page_size, total * page_size),
                sleep=0,
            )
            copy.execute("PRAGMA journal_mode = DELETE")


def _check_sqlite(path: Path, *questions: str) -> None:
    try:
        with closing(sqlite3.connect(path)) as copy:
            for question in questions:
                answer = copy.execute(question).fetchall()
                if answer not in ([], [("ok",)]):
                    raise Trouble(f"The database in the copy is damaged: {answer[0]}.")
    except sqlite3.DatabaseError as trouble:
        raise Trouble(f"The database in the copy is damaged: {trouble}.") from trouble


def _uploads(settings: Settings) -> list[Path]:
    return sorted(path for path in (settings.instance / "uploads").rglob("*") if path.is_file())


def _steps_taken() -> list[str]:
    waiting = set(migrations.pending())
    return [name for name in migrations.names() if name not in waiting]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---- bringing one back ---------------------------------------------------------------------------------------------


def bring_back(path: Path, settings: Settings, *, progress: Progress = _say_nothing) -> Kept:
    """Replace what is here by the backup at *path*, once it has been checked, and keep what it replaces beside it.

    A server may go on serving meanwhile. Raises Trouble and changes nothing when the backup cannot be used."""
    with _workshop(settings.instance) as folder:
        manifest = _unpacked(path, folder)
        copy = folder / manifest["database"]
        _check_fits(manifest)
        if is_postgres():
            _check_postgres(copy)
        else:
            _check_sqlite(copy, "PRAGMA integrity_check", "PRAGMA foreign_key_check")
            _bring_up_to_date(copy, settings)
        before = _put_aside(settings)
        if is_postgres():
            _load_postgres(settings.database_url, copy, folder / "script.sql")
            migrations.migrate()
        else:
            close_connection()
            _overwrite_sqlite(copy, Path(db.obj.database), progress)
        uploads = _bring_uploads(folder / "uploads", settings.instance / "uploads")
    return Kept(path, path.stat().st_size, uploads, manifest["made_at"], before)


def _unpacked(path: Path, folder: Path) -> dict[str, Any]:
    if not path.is_file():
        raise Trouble(f"There is no file {path}.")
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                _check_name(member)
                content = archive.extractfile(member)
                if content is not None:
                    place = folder / member.name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    with place.open("wb") as file:
                        shutil.copyfileobj(content, file)
        manifest = json.loads((folder / MANIFEST).read_text())
        copy = folder / manifest["database"]
        is_whole = manifest["format"] == FORMAT and copy.parent == folder and _digest(copy) == manifest["sha256"]
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError) as trouble:
        raise Trouble(f"{path} is not a whole backup of Kettle's; nothing was changed.") from trouble
    if not is_whole:
        raise Trouble(f"{path} is damaged or comes from a newer Kettle; nothing was changed.")
    return manifest


def _check_name(member: tarfile.TarInfo) -> None:
    parts = PurePosixPath(member.name).parts
    fits = parts in ((MANIFEST,), (SQLITE_NAME,), (POSTGRES_NAME,)) or parts[:1] == ("uploads",)
    if not fits or ".." in parts or not (member.isfile() or member.isdir()):
        raise ValueError(member.name)


def _check_fits(manifest: dict[str, Any]) -> None:
    wanted = POSTGRES_NAME if is_postgres() else SQLITE_NAME
    if manifest["database"] != wanted:
        here, there = ("PostgreSQL", "SQLite") if is_postgres() else ("SQLite", "PostgreSQL")
        raise Trouble(f"This backup was made from {there} and the site runs on {here}; nothing was changed.")
    newer = sorted(set(manifest["steps"]) - set(migrations.names()))
    if newer:
        raise Trouble(f"This backup comes from a newer Kettle (it has {newer[0]}); nothing was changed.")


def _bring_up_to_date(copy: Path, settings: Settings) -> None:
    """Take the steps that the copy lacks, and look whether it holds together afterwards."""
    try:
        open_database(f"sqlite:///{copy}")
        migrations.migrate()
        close_connection()
    finally:
        open_database(settings.database_url)
    with closing(sqlite3.connect(copy)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
    Path(f"{copy}.migrating").unlink(missing_ok=True)


def _put_aside(settings: Settings) -> Path | None:
    """Keep what is about to be replaced, if there is anything."""
    if migrations.pending() == migrations.names():
        return None
    return make(settings.instance / f"before-restore-{now():%Y%m%d-%H%M%S}.tar", settings).path


def _overwrite_sqlite(copy: Path, target: Path, progress: Progress) -> None:
    """Replace the pages of a database that others have open: they see the old one, then, all at once, the new one."""
    with (
        closing(sqlite3.connect(copy)) as source,
        closing(sqlite3.connect(target, timeout=BUSY_SECONDS, isolation_level=None)) as live,
    ):
        live.execute("PRAGMA journal_mode = WAL")
        live.execute("PRAGMA synchronous = FULL")
        source.backup(live, pages=-1)
        live.execute("PRAGMA wal_checkpoint(PASSIVE)")
    progress(1, 1)


def _bring_uploads(source: Path, target: Path) -> int:
    """Add the uploads that are not here. They are named after their content, so none is ever different."""
    found = [path for path in source.rglob("*") if path.is_file()] if source.is_dir() else []
    for path in found:
        place = target / path.relative_to(source)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)
    return len(found)


# ---- PostgreSQL's own tools ----------------------------------------------------------------------------------------


def _dump_postgres(url: str, target: Path) -> None:
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--schema=public", f"--file={target}")


def _check_postgres(copy: Path) -> None:
    _run("", "pg_restore", "--file=/dev/null", str(copy))


def _load_postgres(url: str, copy: Path, script: Path) -> None:
    """Replace the schema in one transaction: others wait for a moment and then see the new one."""
    made = script.with_suffix(".part")
    _run("", "pg_restore", "--no-owner", "--no-privileges", f"--file={made}", str(copy))
    with script.open("wb") as whole, made.open("rb") as part:
        has_schema = any(line.startswith(b"CREATE SCHEMA public") for line in part)
        part.seek(0)
        whole.write(b"SET LOCAL lock_timeout = '60s';\nDROP SCHEMA public CASCADE;\n")
        if not has_schema:
            whole.write(b"CREATE SCHEMA public;\n")
        shutil.copyfileobj(part, whole)
    _run(url, "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={script}")


def _run(url: str, tool: str, *words: str) -> None:
    program = shutil.which(tool)
    if program is None:
        raise Trouble(f"This needs the program {tool}; on Debian: sudo apt install postgresql-client.")
    environ = dict(os.environ)
    command = [program, *words]
    if url:
        parts = urlsplit(url)
        if parts.password:
            # Not on the command line, where everybody on the machine can read it.
            environ["PGPASSWORD"] = unquote(parts.password)
            host = parts.netloc.rpartition("@")[2]
            parts = parts._replace(netloc=f"{parts.username}@{host}" if parts.username else host)
        command.append(f"--dbname={parts._replace(scheme='postgresql').geturl()}")
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own tools
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST_RUN, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        raise Trouble(f"{tool} did not succeed: {said or f'exit code {done.returncode}'}.")
