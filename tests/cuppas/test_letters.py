"""What is written to people: calendar entries that calendars understand, and reminders at the right time."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from forum.channels.models import Notice
from forum.listening.cuppas import actions, calendar
from forum.members import actions as members
from forum.members.actions import viewer_for
from tests import factories
from tests.cuppas.people import a_host, a_plan, invited, published, says

pytestmark = pytest.mark.usefixtures("app", "clock")


def _calendar_of(letter: EmailMessage) -> tuple[str, Any, str]:
    """Return (method, event, text) of the calendar part of a letter."""
    part = next(part for part in letter.walk() if part.get_content_type() == "text/calendar")
    text = part.get_content()
    parsed = Calendar.from_ical(text)
    assert part.get_param("method") == parsed["method"]
    return str(parsed["method"]), parsed.walk("VEVENT")[0], text


def _has_calendar(letter: EmailMessage) -> bool:
    return any(part.get_content_type() == "text/calendar" for part in letter.walk())


def _check_lines(text: str) -> None:
    """RFC 5545: CRLF line ends, no line longer than 75 octets."""
    lines = text.split("\r\n")
    assert lines[-1] == ""
    assert not any("\n" in line or "\r" in line for line in lines)
    assert max(len(line.encode()) for line in lines) <= 75


def test_the_file_beside_the_page_is_a_valid_calendar(client: Any, clock: Any) -> None:
    cuppa = published(title="Schlaf & Ruhe; für alle, " + "ö" * 80, why="Zeile eins\nZeile zwei, \\ und; mehr")
    answer = client.get(f"/cuppas/{cuppa.id}/{cuppa.slug}.ics")
    assert answer.mimetype == "text/calendar"
    _check_lines(answer.get_data(as_text=True))
    parsed = Calendar.from_ical(answer.data)
    assert {key: str(parsed[key]) for key in ("version", "method")} == {"version": "2.0", "method": "PUBLISH"}
    event = parsed.walk("VEVENT")[0]
    assert event["uid"] == f"cuppa-{cuppa.id}@localhost"
    assert event["dtstart"].params["tzid"] == "Europe/London"
    assert event.decoded("dtstart").astimezone(UTC) == cuppa.starts_at
    assert event.decoded("dtend").astimezone(UTC) == cuppa.ends_at
    assert event.decoded("dtstamp") == clock.now()
    assert str(event["summary"]) == f"Cuppa: {cuppa.title}"
    assert str(event["description"]).startswith("Zeile eins\nZeile zwei, \\ und; mehr\n\nhttp://localhost/cuppas/")
    assert "attendee" not in event
    assert not parsed.errors
    assert not event.errors


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
def test_the_rules_of_a_zone_say_what_its_clocks_do(zone: str) -> None:
    rules = calendar.rules(zone, datetime(2026, 12, 3, 14, tzinfo=UTC))
    # What the rules say, worked out by hand: the last observance that began before a moment gives the offset.
    begun = []
    for part in rules.subcomponents:
        offset_from, offset_to = part["tzoffsetfrom"].td, part["tzoffsetto"].td
        begun.append(((part.decoded("dtstart") - offset_from).replace(tzinfo=UTC), offset_to))
    begun.sort()
    moment = datetime(2025, 12, 1, tzinfo=UTC)
    while moment < datetime(2027, 12, 1, tzinfo=UTC):
        said = [offset for since, offset in begun if since <= moment][-1]
        assert said == moment.astimezone(ZoneInfo(zone)).utcoffset(), moment
        moment += timedelta(minutes=30)
    assert b"COMMENT" not in rules.to_ical()


def test_the_clocks_go_forward_at_one_and_back_at_two() -> None:
    text = calendar.rules("Europe/London", datetime(2027, 6, 1, tzinfo=UTC)).to_ical().decode()
    assert "DTSTART:20270328T010000" in text
    assert "DTSTART:20271031T020000" in text


def test_a_yes_brings_an_invitation_and_a_step_back_takes_it_away(work: Any, outbox: Any) -> None:
    cuppa, member = published(), factories.a_member('Ann "Nan" Demo, of; Cardiff')
    says(cuppa, member)
    says(cuppa, member, "may_vanish")
    work()
    assert len(outbox.to(member.email)) == 1
    method, event, text = _calendar_of(outbox.last(member.email))
    _check_lines(text.replace("\r\n", "\n").replace("\n", "\r\n"))
    assert (method, str(event["status"]), event["sequence"]) == ("REQUEST", "CONFIRMED", 0)
    assert str(event["organizer"]) == "mailto:kettle@localhost"
    assert str(event["attendee"]) == f"mailto:{member.email}"
    assert event["attendee"].params["partstat"] == "ACCEPTED"
    uid = event["uid"]
    says(cuppa, member, "not_this_time")
    work()
    method, event, _text = _calendar_of(outbox.last(member.email))
    assert (method, event["uid"]) == ("CANCEL", uid)
    assert "status" not in event
    # Whoever never had an entry gets none taken away.
    other = factories.a_member()
    says(cuppa, other, "not_this_time")
    work()
    assert not outbox.to(other.email)


def test_every_change_of_time_updates_the_same_entry(work: Any, outbox: Any) -> None:
    host, member, asked = a_host(), factories.a_member(), factories.a_member()
    cuppa = published(host)
    says(cuppa, member)
    invited(cuppa, asked)
    work()
    for number in (1, 2):
        moved = actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(hours=48 + number))
        work()
        method, event, _text = _calendar_of(outbox.last(member.email))
        assert (method, event["sequence"]) == ("REQUEST", number)
        assert event.decoded("dtstart").astimezone(UTC) == moved.starts_at
    assert "Changed" in outbox.last(asked.email)["Subject"]
    assert not _has_calendar(outbox.last(asked.email))
    actions.cancel_cuppa(viewer_for(host), cuppa.id, reason="I am ill.")
    work()
    method, event, _text = _calendar_of(outbox.last(member.email))
    assert (method, str(event["status"]), event["sequence"]) == ("CANCEL", "CANCELLED", 3)
    assert "Called off" in outbox.last(asked.email)["Subject"]


# ---- reminders -----------------------------------------------------------------------------------------------------


def _reminders(outbox: Any, member: Any) -> int:
    return len([letter for letter in outbox.to(member.email) if letter["Subject"].startswith("Soon")])


def test_reminders_come_a_day_and_an_hour_before_and_only_to_those_with_a_seat(
    clock: Any, work: Any, outbox: Any
) -> None:
    cuppa = published(hours=48)
    seated, asked, gone = factories.a_member(), factories.a_member(), factories.a_member()
    says(cuppa, seated)
    says(cuppa, gone)
    invited(cuppa, asked)
    counts = []
    for hours in (23, 1.1, 22.8, 0.2):
        work()
        clock.set(clock.now() + timedelta(hours=hours))
        if hours == 22.8:
            says(cuppa, gone, "not_this_time")
        work()
        counts.append(_reminders(outbox, seated))
    assert counts == [0, 1, 1, 2]
    assert (_reminders(outbox, asked), _reminders(outbox, gone)) == (0, 1)
    kinds = [row.kind for row in Notice.select().where(Notice.member == seated.id)]
    assert sorted(kinds) == ["cuppa_soon", "cuppa_tomorrow"]


def test_a_moved_cuppa_reminds_once_and_at_its_new_time(clock: Any, work: Any, outbox: Any) -> None:
    host, member = a_host(), factories.a_member()
    cuppa = published(host, hours=48)
    says(cuppa, member)
    work()
    clock.advance(hours=20)
    actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(hours=72))
    for _ in range(47):
        clock.advance(hours=1)
        work()
    assert _reminders(outbox, member) == 0
    clock.advance(hours=1.1)
    work()
    assert _reminders(outbox, member) == 1
    assert Notice.select().where(Notice.kind == "cuppa_tomorrow").count() == 1


def test_nobody_is_reminded_of_what_was_called_off_or_of_what_was(clock: Any, work: Any, outbox: Any) -> None:
    host, member = a_host(), factories.a_member()
    off, missed = published(host, hours=48), published(host, hours=48)
    says(off, member)
    says(missed, member)
    work()
    actions.cancel_cuppa(viewer_for(host), off.id, reason="I am ill.")
    work()
    clock.advance(hours=60)
    work()
    assert _reminders(outbox, member) == 0


def test_who_left_gets_nothing(work: Any, outbox: Any) -> None:
    cuppa, member = published(), factories.a_member()
    invited(cuppa, member)
    members.erase_member(viewer_for(factories.a_member(role="admin")), member.id, reason="They asked us to.")
    work()
    assert not [letter for letter in outbox.to(member.email) if "cuppa" in letter["Subject"]]
