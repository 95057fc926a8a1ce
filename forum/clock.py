"""The only clock. Everything that asks for the time asks here, so that tests can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SITE_ZONE = "Europe/London"

_offset = timedelta(0)
_fixed: datetime | None = None


def now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    if _fixed is not None:
        return _fixed
    return datetime.now(UTC) + _offset


def site_now() -> datetime:
    """Return the present moment as the clocks show it where the community is: its days begin at its own midnight."""
    return now().astimezone(ZoneInfo(SITE_ZONE))


def set(moment: datetime) -> None:
    """Stop the clock at *moment* (aware), for tests."""
    global _fixed
    _fixed = moment.astimezone(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let it be *moment* (aware) inside the block, for telling a story that began long ago. Not for web processes:
    the clock is the whole process's."""
    global _fixed
    before = _fixed
    _fixed = moment.astimezone(UTC)
    try:
        yield
    finally:
        _fixed = before


def advance(**span: float) -> None:
    """Move a stopped or a running clock on by a timedelta's keywords, for tests: ``advance(hours=2)``."""
    global _fixed, _offset
    if _fixed is not None:
        _fixed += timedelta(**span)
    else:
        _offset += timedelta(**span)


def reset() -> None:
    """Let the clock run with the world again."""
    global _fixed, _offset
    _fixed, _offset = None, timedelta(0)
