"""The database: one connection per thread, one way to write, and the fields that keep their promises.

SQLite and PostgreSQL differ here and nowhere else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from peewee import (
    AutoField,
    DatabaseProxy,
    Model,
    PeeweeException,
    PostgresqlDatabase,
    SqliteDatabase,
    TextField,
    __exception_wrapper__,
)
from peewee import Field as PeeweeField

from forum.errors import NotFound
from forum.settings import BadSetting
from forum.text import is_safe, stored_html

BUSY_SECONDS = 15

db = DatabaseProxy()


def open_database(url: str) -> Any:
    """Point the models at the database that *url* names and return it.

    *url* is ``sqlite:///path`` (relative to the working folder; four slashes for an absolute path) or
    ``postgresql://…``. Connections are opened by the thread that first asks and stay open between requests.
    """
    if db.obj is not None:
        db.obj.close()
    if url.startswith("sqlite:"):
        path = Path(url.removeprefix("sqlite:///"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as trouble:
            raise _cannot_be_opened(url, trouble.strerror or str(trouble)) from trouble
        target = SqliteDatabase(
            str(path),
            pragmas={
                "journal_mode": "wal",
                "foreign_keys": 1,
                "synchronous": 2,
                "cache_size": -16_000,
                "temp_store": 2,
            },
            timeout=BUSY_SECONDS,
            field_types={"UTC": "TEXT"},
        )
    else:
        target = PostgresqlDatabase(
            _postgres_dsn(url),
            prefer_psycopg3=True,
            prepare_threshold=None,
            options="-c timezone=UTC",
            field_types={"UTC": "TIMESTAMPTZ", "AUTO": "BIGSERIAL"},
        )
    db.initialize(target)
    return target


def reach(url: str) -> None:
    """Connect to the database that was opened as *url*. Raises BadSetting with one sentence when that cannot be done."""
    try:
        db.obj.connect(reuse_if_open=True)
    except PeeweeException as trouble:
        reason = " ".join(str(trouble).partition("\n")[0].split()).removeprefix("connection failed: ").rstrip(".")
        raise _cannot_be_opened(url, reason) from trouble


def _cannot_be_opened(url: str, reason: str) -> BadSetting:
    is_file = url.startswith("sqlite:")
    what = f"the file {url.removeprefix('sqlite:///')}" if is_file else f"the database {database_name(url)}"
    example = "sqlite:////srv/kettle/instance/kettle.db" if is_file else "postgresql://kettle:password@127.0.0.1/kettle"
    return BadSetting(
        f"DATABASE_URL names {what}, which cannot be opened ({reason}); write it like DATABASE_URL={example}."
    )


def _postgres_dsn(url: str) -> str:
    """Psycopg reads URLs, except for the ``postgres+driver://`` spellings that other tools write."""
    parts = urlsplit(url)
    return parts._replace(scheme="postgresql").geturl()


def database_name(url: str) -> str:
    """Return what a person would call the database that *url* names, without its password."""
    parts = urlsplit(url)
    return unquote(parts.path.lstrip("/")) or url


def is_postgres() -> bool:
    """Say which of the two databases is behind the models."""
    return isinstance(db.obj, PostgresqlDatabase)


def close_connection() -> None:
    """Give up this thread's connection; the next query opens a fresh one."""
    if db.obj is not None and not db.obj.is_closed():
        db.obj.close()


# Any constant will do, as long as nothing else in this database takes the same advisory lock.
_LOG_LOCK = 7_315_001


def wait_for_log() -> None:
    """Wait until nobody else writes what has an order, the log of events and the audit chain, and keep it to the end.

    One lock for both: two would be taken in either order."""
    if is_postgres():
        db.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_LOG_LOCK,))


@contextmanager
def transaction() -> Iterator[None]:
    """All or nothing. Nested calls join the outer transaction as savepoints.

    On SQLite the write lock is taken at once, because a read that turns into a write under somebody else's write
    fails immediately instead of waiting.
    """
    context = db.obj.atomic() if is_postgres() else db.obj.atomic("IMMEDIATE")
    with context:
        yield


def in_transaction() -> bool:
    """Say whether this thread is inside `transaction`."""
    return bool(db.obj.in_transaction())


def insert_rows(model: type["BaseModel"], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert *rows* of *model*, all with the same keys (field names), each value through its field's own check.

    What `insert_many` does, in a fifth of the processor time: the statement is compiled once, not once for each value.
    Call inside `transaction`.
    """
    if not rows:
        return
    meta: Any = model._meta
    given = [(name, meta.combined[name]) for name in rows[0]]
    named = {field.name for _name, field in given}
    defaults = [
        (field, default() if callable(default) else default)
        for field, default in meta.defaults.items()
        if field.name not in named
    ]
    columns = [field.column_name for _name, field in given] + [field.column_name for field, _value in defaults]
    mark = "%s" if is_postgres() else "?"
    into, marks = ", ".join(f'"{column}"' for column in columns), ", ".join([mark] * len(columns))
    statement = f'INSERT INTO "{meta.table_name}" ({into}) VALUES ({marks})'  # noqa: S608 - names from our models
    rest = [field.db_value(value) for field, value in defaults]
    values = [[field.db_value(row[name]) for name, field in given] + rest for row in rows]
    with __exception_wrapper__:
        db.obj.connection().cursor().executemany(statement, values)


def reserved_ids(model: type["BaseModel"], count: int) -> list[int]:
    """*count* ids of *model* that nobody else will get, so that rows can point at each other before they are written."""
    if count == 0:
        return []
    table = model._meta.table_name
    if is_postgres():
        rows = db.execute_sql(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", (f'"{table}"', count)
        )
        return sorted(id for (id,) in rows.fetchall())
    with transaction():
        db.execute_sql(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0 "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)",
            (table, table),
        )
        db.execute_sql("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?", (count, table))
        (last,) = db.execute_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return list(range(last - count + 1, last + 1))


class IdField(AutoField):
    """A number that is never given out twice, so that an id in an old link never names something else."""

    def ddl(self, ctx: Any) -> Any:
        from peewee import SQL, NodeList

        nodes = super().ddl(ctx)
        return nodes if is_postgres() else NodeList((nodes, SQL("AUTOINCREMENT")))


class UtcField(PeeweeField):
    """An aware moment, kept in UTC. SQLite holds text of one width, so that order by text is order by time."""

    field_type = "UTC"

    def db_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")

    def python_value(self, value: Any) -> datetime | None:
        return utc(value)


def utc(value: Any) -> datetime | None:
    """Return what a raw query gave for a moment as an aware UTC datetime; None stays None."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value.astimezone(UTC) if value is not None else None


class HtmlField(TextField):
    """Safe HTML and nothing else: it refuses a text that did not come through `forum.text`."""

    def db_value(self, value: Any) -> Any:
        if value is None:
            return None
        if not is_safe(value):
            raise TypeError("only HTML made by forum.text may be stored")
        return str(value)

    def python_value(self, value: Any) -> Any:
        return None if value is None else stored_html(value)


class BaseModel(Model):
    """What every table shares."""

    id = IdField()

    class Meta:
        database = db
        legacy_table_names = False

    @classmethod
    def locked(cls, id: int) -> Self:
        """Return the row and hold it until the transaction ends. Raises NotFound when it is gone.

        Several kinds of rows are always held in the order of the house: member, idea, thread, post, excerpt, cuppa."""
        held = cls.all_locked([id])
        if not held:
            raise NotFound
        return held[0]

    @classmethod
    def all_locked(cls, ids: Iterable[int]) -> list[Self]:
        """Return these rows, without those that are gone, by ascending id, and hold them until the transaction ends."""
        query = cls.select().where(cls.id.in_(sorted(set(ids)))).order_by(cls.id)
        if is_postgres():
            # Keys never change, so whoever only points at a row need not wait for whoever holds it.
            query = query.for_update("FOR NO KEY UPDATE")
        return list(query)

    @classmethod
    def fetch(cls, id: int) -> Self:
        """Return the row, or raise NotFound."""
        row = cls.get_or_none(cls.id == id)
        if row is None:
            raise NotFound
        return row
