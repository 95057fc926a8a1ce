"""Counts the statements that reach the database."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET ")


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.statements: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        statement = record.msg[0] if isinstance(record.msg, tuple) else str(record.msg)
        if not statement.lstrip().upper().startswith(_NOT_COUNTED):
            self.statements.append(statement)


@contextmanager
def counted(*, at_most: int | None = None, exactly: int | None = None) -> Iterator[list[str]]:
    """Collect the statements made inside; fail when there are too many, or not as many as said."""
    log = logging.getLogger("peewee")
    listener, level = _Listener(), log.level
    log.addHandler(listener)
    log.setLevel(logging.DEBUG)
    try:
        yield listener.statements
    finally:
        log.removeHandler(listener)
        log.setLevel(level)
    said = "\n".join(f"  {number}. {text[:200]}" for number, text in enumerate(listener.statements, 1))
    count = len(listener.statements)
    assert at_most is None or count <= at_most, f"{count} statements, at most {at_most} allowed:\n{said}"
    assert exactly is None or count == exactly, f"{count} statements, {exactly} expected:\n{said}"
