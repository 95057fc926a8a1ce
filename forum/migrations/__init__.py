"""Bringing the schema up to date. Steps are numbered and frozen; two hosts may start this at once."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhouse.migrations import Runner

from forum.database import db, is_postgres

STEPS = Path(__file__).parent
_LOCK = 7_315_003
log = logging.getLogger(__name__)


def migrate() -> list[str]:
    """Bring the open database up to date and return the names of the steps taken, none when there was nothing to do."""
    with _one_at_a_time():
        steps = Runner(db.obj, directory=str(STEPS)).up()
        if steps and not is_postgres():
            broken = db.execute_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"a migration left rows that point nowhere: {broken[:5]}")
        return steps


def pending() -> list[str]:
    """Return the names of steps that the open database has not taken."""
    return [step.name for step in Runner(db.obj, directory=str(STEPS)).status() if not step.applied]


def names() -> list[str]:
    """Return the names of all steps there are, in their order."""
    return sorted(path.stem for path in STEPS.glob("[0-9]*.py"))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if is_postgres():
        db.execute_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            yield
        finally:
            db.execute_sql("SELECT pg_advisory_unlock(%s)", (_LOCK,))
        return
    with Path(f"{db.obj.database}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
