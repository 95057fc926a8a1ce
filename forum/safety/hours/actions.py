"""Setting when somebody of the team is here."""

from calendar import day_abbr

from forum import audit
from forum.access import Viewer, may_moderate, require
from forum.database import transaction
from forum.errors import Invalid
from forum.safety.models import Hours
from forum.text import _


def set_hours(viewer: Viewer, hours: list[tuple[int, int, int]]) -> None:
    """Set when somebody is watching: (weekday with Monday 0, opens, closes), in minutes after local midnight."""
    require(may_moderate(viewer), _("Only a moderator can change the hours."))
    for weekday, opens, closes in hours:
        if not (0 <= weekday <= 6 and 0 <= opens < closes <= 24 * 60):
            raise Invalid(errors={f"day{weekday}": _("The end has to come after the beginning, like 09:00 to 17:00.")})
    with transaction():
        Hours.delete().execute()
        for weekday, opens, closes in hours:
            Hours.create(weekday=weekday, opens=opens, closes=closes)
        audit.note(viewer, "hours.set", subject=("hours", 0), reason=_in_words(hours))


def _in_words(hours: list[tuple[int, int, int]]) -> str:
    """Return ``Mon 09:00-17:00, Tue 09:00-17:00`` for the audit trail."""

    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    return ", ".join(f"{day_abbr[day]} {clock(opens)}-{clock(closes)}" for day, opens, closes in sorted(hours))
