"""The only clock. Everything that asks for the time asks here, so that tests can move it."""

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)
_fixed: datetime | None = None


def now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    if _fixed is not None:
        return _fixed
    return datetime.now(UTC) + _offset


def set(moment: datetime) -> None:  # noqa: A001 - reads as clock.set(...)
    """Stop the clock at *moment* (aware), for tests."""
    global _fixed
    _fixed = moment.astimezone(UTC)


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
