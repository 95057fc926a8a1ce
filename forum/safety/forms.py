"""What was sent -> a frozen value, or Invalid with a sentence per field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from forum.clock import site_now
from forum.errors import Invalid
from forum.text import _

Sent = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SuspendForm:
    """Why, and until when (None: until it is lifted)."""

    reason: str
    until: datetime | None

    @classmethod
    def read(cls, sent: Sent) -> "SuspendForm":
        """Raises Invalid when no length was chosen. Days end at midnight, local time."""
        span = sent.get("span", "")
        if span == "lifted":
            return cls(sent.get("reason", ""), None)
        if span not in {"1", "7", "30"}:
            raise Invalid(errors={"span": _("Choose how long.")})
        local = site_now() + timedelta(days=int(span))
        return cls(sent.get("reason", ""), datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo))


@dataclass(frozen=True, slots=True)
class HoursForm:
    """When somebody is watching: (weekday, opens, closes) in minutes after local midnight."""

    hours: list[tuple[int, int, int]]

    @classmethod
    def read(cls, sent: Sent) -> "HoursForm":
        """Two times a day, ``09:00`` and ``17:00``; both empty for a day without anybody. Raises Invalid."""
        hours, errors = [], {}
        for weekday in range(7):
            opens, closes = sent.get(f"opens{weekday}", "").strip(), sent.get(f"closes{weekday}", "").strip()
            if not opens and not closes:
                continue
            first, last = _minute(opens), _minute(closes)
            if last == 0:
                last = 24 * 60
            if first is None or last is None or first >= last:
                errors[f"opens{weekday}"] = _("Write both times like 09:00 and 17:00, the earlier one first.")
            else:
                hours.append((weekday, first, last))
        if errors:
            raise Invalid(errors=errors)
        return cls(hours)


def _minute(text: str) -> int | None:
    try:
        moment = time.fromisoformat(text)
    except ValueError:
        return None
    return moment.hour * 60 + moment.minute
