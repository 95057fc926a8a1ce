"""A cuppa as a calendar entry: RFC 5545, and RFC 5546 for invitations, updates and cancellations."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parseaddr

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vText

from forum.clock import now
from forum.listening.cuppas.models import Cuppa
from forum.settings import Settings
from forum.text import gettext
from forum.web import zone

# A cuppa is within a year of being planned; rules around its own day are all that a calendar needs.
AROUND = timedelta(days=400)


def uid_of(cuppa_id: int, settings: Settings) -> str:
    """Return the name a cuppa keeps in every calendar, however often it changes."""
    return f"cuppa-{cuppa_id}@{settings.mail_domain}"


def entry(
    cuppa: Cuppa,
    settings: Settings,
    *,
    url: str,
    method: str = "PUBLISH",
    attendee: tuple[str, str] | None = None,
) -> str:
    """Return a cuppa as an iCalendar text with CRLF line ends.

    *method* is ``PUBLISH`` for the file beside the page, ``REQUEST`` or ``CANCEL`` in letters, which carry an
    *attendee* (name, address). Times stand in the cuppa's own zone, with that zone's rules beside them."""
    calendar = Calendar()
    calendar.add("prodid", "-//Kettle//Cuppas//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(rules(cuppa.time_zone, cuppa.starts_at))
    event = Event()
    event.add("uid", uid_of(cuppa.id, settings))
    event.add("sequence", cuppa.sequence)
    event.add("dtstamp", now())
    _add_time(event, "dtstart", cuppa.starts_at, cuppa.time_zone)
    _add_time(event, "dtend", cuppa.ends_at, cuppa.time_zone)
    event.add("summary", gettext("Cuppa: %(title)s") % {"title": cuppa.title})
    event.add("description", f"{cuppa.why}\n\n{url}".strip())
    event.add("url", url)
    if cuppa.cancelled_at is not None:
        event.add("status", "CANCELLED")
    elif method != "CANCEL":
        # Whoever steps back from a cuppa that goes on without them gets a CANCEL without a status (RFC 5546, 3.2.5).
        event.add("status", "CONFIRMED")
    event.add("location", vText(gettext("Online, at %(name)s") % {"name": settings.site_name}))
    organizer = vCalAddress(f"mailto:{parseaddr(settings.mail_from)[1] or settings.mail_from}")
    organizer.params["cn"] = vText(settings.site_name)
    event["organizer"] = organizer
    if attendee is not None:
        name, address = attendee
        guest = vCalAddress(f"mailto:{address}")
        guest.params["cn"] = vText(name)
        guest.params["partstat"] = vText("DECLINED" if method == "CANCEL" else "ACCEPTED")
        guest.params["rsvp"] = vText("FALSE")
        event.add("attendee", guest, encode=False)
    calendar.add_component(event)
    return calendar.to_ical().decode()


def _add_time(event: Event, name: str, moment: datetime, zone_name: str) -> None:
    local = moment.astimezone(zone(zone_name)).replace(tzinfo=None)
    event.add(name, local, parameters={"tzid": zone_name})


# ---- the rules of a zone ---------------------------------------------------------------------------------------------


def rules(zone_name: str, around: datetime) -> Timezone:
    """Return what the clocks of a zone do in the year before and after *around*, as a VTIMEZONE.

    Written out change by change. Each begins at the wall time that the clocks showed just before it, as the standard
    asks; ready-made rules put the start of summer time an hour late."""
    there = zone(zone_name)
    begins, ends = around.astimezone(UTC) - AROUND, around.astimezone(UTC) + AROUND
    timezone = Timezone()
    timezone.add("tzid", zone_name)
    first = begins.replace(minute=0, second=0, microsecond=0)
    timezone.add_component(_observance(there, first, before=first))
    for moment in _changes(there, first, ends):
        timezone.add_component(_observance(there, moment, before=moment - timedelta(seconds=1)))
    return timezone


def _changes(there: tzinfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """Yield the moments at which the offset from UTC changes."""
    day = timedelta(days=1)
    while begins < ends:
        if begins.astimezone(there).utcoffset() != (begins + day).astimezone(there).utcoffset():
            yield _turn(there, begins, begins + day)
        begins += day


def _turn(there: tzinfo, low: datetime, high: datetime) -> datetime:
    """Return the second between *low* and *high* at which the offset changes."""
    offset = low.astimezone(there).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(there).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def _observance(there: tzinfo, moment: datetime, *, before: datetime) -> TimezoneDaylight | TimezoneStandard:
    old, new = before.astimezone(there).utcoffset(), moment.astimezone(there).utcoffset()
    observance = TimezoneDaylight() if moment.astimezone(there).dst() else TimezoneStandard()
    observance.add("dtstart", (moment + (old or timedelta(0))).replace(tzinfo=None))
    observance.add("tzoffsetfrom", old)
    observance.add("tzoffsetto", new)
    observance.add("tzname", moment.astimezone(there).tzname())
    return observance
