"""When somebody of the team is here."""

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


def hours_line(_viewer: Viewer | None = None) -> str:
    """Return who is watching now, or when somebody is back, in a sentence."""
    kept = hours()
    if not kept:
        return gettext("We can't promise that someone is watching just now.")
    local = site_now()
    minute = local.hour * 60 + local.minute
    for weekday, opens, closes in kept:
        if weekday == local.weekday() and opens <= minute < closes:
            return gettext("Our team is here until %(time)s.") % {"time": _at(local, closes)}
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        for weekday, opens, _closes in kept:
            if weekday == day.weekday() and (ahead or opens > minute):
                name = [gettext("today"), gettext("tomorrow")][ahead] if ahead < 2 else f"{day:%A}"
                return gettext("Nobody from our team is here just now. We're back %(day)s at %(time)s.") % {
                    "day": name,
                    "time": _at(local, opens),
                }
    return gettext("We can't promise that someone is watching just now.")


def is_watched() -> bool:
    """Say whether somebody is on shift now."""
    local = site_now()
    minute = local.hour * 60 + local.minute
    return any(weekday == local.weekday() and opens <= minute < closes for weekday, opens, closes in hours())


def _at(day: datetime, minute: int) -> str:
    if minute == 24 * 60:
        return gettext("midnight")
    return clock_words(day.replace(hour=minute // 60, minute=minute % 60))
