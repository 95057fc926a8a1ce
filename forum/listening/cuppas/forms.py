"""What was sent -> a frozen value."""

from dataclasses import dataclass
from typing import Any

from forum.errors import Invalid
from forum.listening.cuppas.plan import Plan
from forum.text import _

# What buttons send -> what is stored.
ANSWER_NAMES = {
    "hope": "hope_to",
    "hope_to": "hope_to",
    "may_drop_in": "may_drop_in",
    "may_vanish": "may_vanish",
    "not_this_time": "not_this_time",
    "not_for_me": "not_this_time",
    "pause": "not_this_time",
}
PAUSE_DAYS = 90


def read_plan(sent: Any) -> Plan:
    """Return the plan that a form holds. Raises Invalid for numbers that are none; the action looks at the rest."""
    errors = {}
    minutes, seats = sent.get("minutes", "60").strip(), sent.get("seats", "").strip()
    if not (minutes.isascii() and minutes.isdigit() and len(minutes) < 5):
        errors["minutes"] = _("Write how many minutes it lasts, like 60.")
    if seats and not (seats.isascii() and seats.isdigit() and len(seats) < 5):
        errors["seats"] = _("Write how many seats there are, like 12.")
    if errors:
        raise Invalid(errors=errors)
    day, time = sent.get("day", "").strip(), sent.get("time", "").strip()
    return Plan(
        kind=sent.get("kind", ""),
        title=sent.get("title", ""),
        why=sent.get("why", ""),
        starts=f"{day}T{time[:5]}",
        time_zone="Europe/London",
        minutes=int(minutes),
        seats=int(seats) if seats else None,
        prompts=tuple(sent.getlist("prompt")),
        can_change=sent.get("can_change", ""),
        cannot_change=sent.get("cannot_change", ""),
        who_decides=sent.get("who_decides", ""),
        hear_by=sent.get("hear_by", ""),
        recognition=sent.get("recognition", ""),
        recognition_words=sent.get("recognition_words", ""),
        house_rules="\n".join(sent.getlist("house_rules")),
    )


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """An answer to an invitation, in the words we store; *pauses* when they want no asks for a while."""

    answer: str
    pauses: bool
    check_on_me: bool

    @classmethod
    def read(cls, sent: Any) -> "AnswerForm":
        """Raises Invalid for an answer that is none."""
        name = sent.get("answer", "")
        if name not in ANSWER_NAMES:
            raise Invalid(errors={"": _("Choose one of the answers.")})
        return cls(ANSWER_NAMES[name], name == "pause", sent.get("check_on_me") == "yes")
