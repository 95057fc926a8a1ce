"""What was typed about ideas, read into values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from forum.listening.forms import day, number


@dataclass(frozen=True, slots=True)
class IdeaForm:
    """Something that could change. *thread* and *theme* say where it came from, None for nowhere."""

    title: str
    words: str
    thread: int | None
    theme: int | None

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent; everything may be empty."""
        return cls(sent.get("title", ""), sent.get("words", ""), number(sent.get("thread")), number(sent.get("theme")))


@dataclass(frozen=True, slots=True)
class TakeUpForm:
    """Who looks after an idea, and by when people hear."""

    owner: int
    team: str
    promised_for: date | None
    carers_decide: bool
    theme: int | None
    words: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent. Raises Invalid for a day that is none."""
        return cls(
            owner=number(sent.get("owner")) or 0,
            team=sent.get("team", ""),
            promised_for=day(sent.get("promised_for", ""), "promised_for"),
            carers_decide=sent.get("carers_decide") == "yes",
            theme=number(sent.get("theme")),
            words=sent.get("words", ""),
        )


@dataclass(frozen=True, slots=True)
class StepForm:
    """What became of an idea."""

    status: str
    words: str
    promised_for: date | None

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent. Raises Invalid for a day that is none."""
        return cls(sent.get("status", ""), sent.get("words", ""), day(sent.get("next_day", ""), "next_day"))
