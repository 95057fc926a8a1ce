"""A cuppa as a calendar entry: RFC 5545, and RFC 5546 for invitations, updates and cancellations."""

from datetime import timedelta

from icalendar import Calendar, Event, Timezone, vCalAddress, vText

from forum.clock import now
from forum.listening.cuppas.models import Cuppa
from forum.settings import Settings
from forum.text import gettext
from forum.web import zone


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
    status: str = "CONFIRMED",
) -> str:
    """Return a cuppa as an iCalendar text with CRLF line ends.

    *method* is ``PUBLISH`` for the file beside the page, ``REQUEST`` or ``CANCEL`` in letters, which carry an
    *attendee* (name, address). Times stand in the cuppa's own zone, with that zone's rules beside them."""
    calendar = Calendar()
    calendar.add("prodid", "-//Kettle//Cuppas//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    there = zone(cuppa.time_zone)
    starts = cuppa.starts_at.astimezone(there)
    around = timedelta(days=400)
    rules = Timezone.from_tzinfo(
        there, tzid=cuppa.time_zone, first_date=starts.date() - around, last_date=starts.date() + around
    )
    calendar.add_component(rules)
    event = Event()
    event.add("uid", uid_of(cuppa.id, settings))
    event.add("sequence", cuppa.sequence)
    event.add("dtstamp", now())
    event.add("dtstart", starts)
    event.add("dtend", cuppa.ends_at.astimezone(there))
    event.add("summary", gettext("Cuppa: %(title)s") % {"title": cuppa.title})
    event.add("description", f"{cuppa.why}\n\n{url}")
    event.add("url", url)
    event.add("status", "CANCELLED" if method == "CANCEL" else status)
    event.add("location", vText(gettext("Online, at %(name)s") % {"name": settings.site_name}))
    organizer = vCalAddress(f"mailto:{settings.mail_from}")
    organizer.params["cn"] = vText(settings.site_name)
    event["organizer"] = organizer
    if attendee is not None:
        guest = vCalAddress(f"mailto:{attendee[1]}")
        guest.params["cn"] = vText(attendee[0])
        guest.params["partstat"] = vText("ACCEPTED")
        guest.params["rsvp"] = vText("FALSE")
        event.add("attendee", guest, encode=False)
    calendar.add_component(event)
    return calendar.to_ical().decode()
