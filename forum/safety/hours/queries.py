"""When somebody of the team is here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from forum.access import Viewer
from forum.clock import site_now
from forum.safety.models import Hours
from forum.text import gettext
from forum.web import clock_words


def hours() -> list[tuple[int, int, int]]:
    """Return when somebody is watching: (weekday with Monday 0, opens, closes) in minutes after local midnight."""
    query = Hours.select(Hours.weekday, Hours.opens, Hours.closes).order_by(Hours.weekday, Hours.opens)
    return list(query.tuples())


@dataclass(frozen=True, slots=True)
class Watch:
    """Whether somebody of the team is here now, and the sentence about it."""

    is_on: bool
    line: str


def watch() -> Watch:
    """Return who is watching now, or when somebody is back."""
    kept = hours()
    local = site_now()
    minute = local.hour * 60 + local.minute
    for weekday, opens, closes in kept:
        if weekday == local.weekday() and opens <= minute < closes:
            return Watch(True, gettext("Our team is here until %(time)s.") % {"time": _at(local, closes)})
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        for weekday, opens, _closes in kept:
            if weekday == day.weekday() and (ahead or opens > minute):
                name = [gettext("today"), gettext("tomorrow")][ahead] if ahead < 2 else f"{day:%A}"
                line = gettext("Nobody from our team is here just now. We're back %(day)s at %(time)s.")
                return Watch(False, line % {"day": name, "time": _at(local, opens)})
    return Watch(False, gettext("We can't promise that someone is watching just now."))


def hours_line(_viewer: Viewer | None = None) -> str:
    """Return who is watching now, or when somebody is back, in a sentence."""
    return watch().line


def _at(day: datetime, minute: int) -> str:
    if minute == 24 * 60:
        return gettext("midnight")
    return clock_words(day.replace(hour=minute // 60, minute=minute % 60))
