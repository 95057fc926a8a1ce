"""When a cuppa is: the wall time its host wrote, the moment that is, and the time to think before it."""

from datetime import UTC, datetime, timedelta

from forum.clock import now
from forum.errors import Invalid
from forum.text import _
from forum.web import date_words, zone

# Questions about the future need the most thought; an open door needs none.
MINIMUM_NOTICE = {"chat": timedelta(0), "focus": timedelta(hours=24), "imagine": timedelta(hours=72)}
DOORS_OPEN_BEFORE = timedelta(minutes=15)
CATCH_UP = timedelta(hours=48)
FURTHEST = timedelta(days=366)
# Room to fill in the form: the earliest time we offer is a little later than the rule asks.
ROOM_TO_WRITE = timedelta(minutes=15)


def moment_of(local: str, zone_name: str) -> datetime:
    """Return the moment of a wall time such as ``2026-12-03T14:00`` in a zone.

    Where the clocks go back, an hour comes twice: the first one is meant. Where they go forward an hour is missing:
    raises Invalid for ``starts``, as for anything that is no time.
    """
    try:
        wall = datetime.fromisoformat(local)
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None:
        raise Invalid(errors={"starts": _("Choose a day and a time, like 3 December at 2pm.")})
    there = wall.replace(tzinfo=zone(zone_name), second=0, microsecond=0)
    try:
        moment = there.astimezone(UTC)
    except OverflowError:
        raise Invalid(errors={"starts": _("Choose a day and a time, like 3 December at 2pm.")}) from None
    if moment.astimezone(zone(zone_name)).replace(tzinfo=None) != there.replace(tzinfo=None):
        raise Invalid(
            errors={
                "starts": _(
                    "The clocks go forward that night, so that time doesn't exist. Choose an hour later or earlier."
                )
            }
        )
    return moment


def comes_twice(local: str, zone_name: str) -> bool:
    """Say whether a wall time comes twice because the clocks go back."""
    wall = datetime.fromisoformat(local).replace(tzinfo=zone(zone_name))
    first, second = (wall.replace(fold=fold).utcoffset() or timedelta(0) for fold in (0, 1))
    return first > second


def earliest_start(kind: str, *, notice_from: datetime | None = None) -> datetime:
    """Return the first moment a cuppa of *kind* may start when its notice begins now (or at *notice_from*).

    Notice is real hours, whatever the clocks do meanwhile."""
    begins = notice_from or now()
    return begins + MINIMUM_NOTICE[kind]


def first_offer(kind: str) -> datetime:
    """Return the earliest time worth offering in a form: on the quarter hour, with room to fill it in."""
    moment = earliest_start(kind) + ROOM_TO_WRITE
    return moment + (datetime.min.replace(tzinfo=UTC) - moment) % timedelta(minutes=15)


def require_to_come(starts_at: datetime) -> None:
    """Raise Invalid for ``starts`` unless that is a moment to come, within a year."""
    if starts_at <= now():
        raise Invalid(errors={"starts": _("That time has passed. Choose one that is still to come.")})
    if starts_at > now() + FURTHEST:
        raise Invalid(errors={"starts": _("That is more than a year away. Choose a nearer day.")})


def require_notice(kind: str, starts_at: datetime, *, zone_name: str, notice_from: datetime | None = None) -> None:
    """Raise Invalid for ``starts``, offering the earliest time, unless there is time to think before *starts_at*."""
    require_to_come(starts_at)
    if starts_at < earliest_start(kind, notice_from=notice_from):
        hours = int(MINIMUM_NOTICE[kind].total_seconds() // 3600)
        raise Invalid(
            errors={
                "starts": _(
                    "People need %(hours)s hours to think about this kind of cuppa. The earliest time is %(when)s.",
                    hours=hours,
                    when=date_words(first_offer(kind), zone_name),
                )
            }
        )


def local_of(moment: datetime, zone_name: str) -> str:
    """Return a moment as a form's wall time, ``2026-12-03T14:00``."""
    return moment.astimezone(zone(zone_name)).strftime("%Y-%m-%dT%H:%M")
