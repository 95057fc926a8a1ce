"""Plain SQL that both databases read: question marks for values, tuples back. And the word that says where a page ended."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from forum.database import UtcField, db, is_postgres, utc

stored = UtcField().db_value
_EPOCH = datetime.fromtimestamp(0, UTC)


def rows(sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """Return what *sql* finds; every ``?`` in it is one of *values*."""
    return _run(sql, values).fetchall()


def rows_for_export(sql: str, values: Iterable[Any] = ()) -> list[dict[str, Any]]:
    """Return what *sql* finds, each row by the names of its columns and ready for JSON."""
    found = _run(sql, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, map(_for_json, row), strict=True)) for row in found.fetchall()]


def _for_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _run(sql: str, values: Iterable[Any]) -> Any:
    return db.execute_sql(sql.replace("?", "%s") if is_postgres() else sql, tuple(values))


def marks(count: int) -> str:
    """Return *count* question marks for ``IN (…)``; for none, a value that nothing equals."""
    return ",".join("?" * count) or "NULL"


def moment(value: Any) -> datetime:
    """Return a moment that is always there."""
    found = utc(value)
    if found is None:
        raise ValueError("a moment is missing")
    return found


def cursor(at: datetime, id: int) -> str:
    """Return the word that says where a page ended."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}.{id}"


def read_cursor(word: str | None) -> tuple[datetime, int] | None:
    """Return what `cursor` wrote; None for anything else, so that a mangled link shows the first page."""
    at, _dot, id = (word or "").partition(".")
    if not (at.isascii() and at.isdigit() and len(at) < 18 and id.isascii() and id.isdigit() and len(id) < 18):
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(at)), int(id)
    except OverflowError:
        return None
