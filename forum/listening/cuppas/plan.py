"""What a host writes down for a cuppa, on its way from the form to the deed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What a host writes down for a cuppa. *starts* is a wall time like ``2026-12-03T14:00``."""

    kind: str
    title: str
    why: str
    starts: str
    time_zone: str
    minutes: int
    seats: int | None
    prompts: tuple[str, ...]
    can_change: str
    cannot_change: str
    who_decides: str
    hear_by: str
    recognition: str
    recognition_words: str
    house_rules: str = ""
