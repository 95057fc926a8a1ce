"""What was typed into this room's forms, read into values. What may be said at all is for the actions to decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Self

from forum.errors import Invalid
from forum.text import _


def number(text: str | None) -> int | None:
    """Return *text* as an id, None when it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


def numbers(sent: Any, name: str) -> tuple[int, ...]:
    """Return every id that was sent under *name*."""
    found = (number(text) for text in sent.getlist(name))
    return tuple(id for id in found if id is not None)


def day(text: str, field: str) -> date | None:
    """Return a day as browsers send it (``2026-12-03``) or as people write it (``3/12/2026``), None for nothing.

    Raises Invalid for *field*."""
    text = text.strip()
    if not text:
        return None
    parts = text.replace(".", "/").split("/")
    try:
        if len(parts) == 3:
            return date(int(parts[2]), int(parts[1]), int(parts[0]))
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(errors={field: _("Write the day like 3/12/2026.")}) from None


@dataclass(frozen=True, slots=True)
class MarkForm:
    """What people must know before we listen in their thread."""

    purpose: str
    can_change: str
    cannot_change: str
    who_decides: str
    hear_by: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent; everything may be empty."""
        return cls(
            *(sent.get(name, "") for name in ("purpose", "can_change", "cannot_change", "who_decides", "hear_by"))
        )


@dataclass(frozen=True, slots=True)
class InsightForm:
    """Words chosen in a post. *into* is an insight that they belong to, None for a new one."""

    post_id: int
    exact: str
    prefix: str
    suffix: str
    kind: str
    codes: tuple[int, ...]
    memo: str
    into: int | None

    @classmethod
    def read(cls, sent: Any) -> Self:
        """Return what was sent: words typed or selected come before a paragraph that was picked."""
        return cls(
            post_id=number(sent.get("post")) or 0,
            exact=sent.get("exact", "").strip() or sent.get("paragraph", ""),
            prefix=sent.get("prefix", "")[-200:],
            suffix=sent.get("suffix", "")[:200],
            kind=sent.get("kind", ""),
            codes=numbers(sent, "code"),
            memo=sent.get("memo", ""),
            into=number(sent.get("into")),
        )


@dataclass(frozen=True, slots=True)
class ThemeForm:
    """What a theme is called and about."""

    title: str
    about: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent; everything may be empty."""
        return cls(sent.get("title", ""), sent.get("about", ""))


@dataclass(frozen=True, slots=True)
class CodeForm:
    """A code and where it belongs; *parent* None is the top."""

    name: str
    description: str
    parent: int | None

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent; everything may be empty."""
        return cls(sent.get("name", ""), sent.get("description", ""), number(sent.get("parent")))


@dataclass(frozen=True, slots=True)
class VoiceForm:
    """What somebody said by phone, in a letter or in person. *at* is noon of the day, None for now."""

    source: str
    said_by: str
    words: str
    consent: str
    insight: int | None
    kind: str
    memo: str
    at: datetime | None

    @classmethod
    def read(cls, sent: Mapping[str, str], zone: Any, today: date) -> Self:
        """Return what was sent. Raises Invalid for a day that is none."""
        said_on = day(sent.get("day", ""), "day")
        if said_on is not None and said_on > today:
            raise Invalid(errors={"day": _("That day is still to come. Choose the day they said it.")})
        return cls(
            source=sent.get("source", ""),
            said_by=sent.get("said_by", ""),
            words=sent.get("words", ""),
            consent=sent.get("consent", ""),
            insight=number(sent.get("insight")),
            kind=sent.get("kind", ""),
            memo=sent.get("memo", ""),
            at=datetime.combine(said_on, time(12), zone) if said_on and said_on != today else None,
        )


@dataclass(frozen=True, slots=True)
class CheckForm:
    """A paraphrase, signed off: whoever sends it has asked themselves whether anybody could be recognised."""

    paraphrase: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent. Raises Invalid without the tick."""
        if sent.get("sure") != "yes":
            sentence = _(
                "Tick this once you've asked yourself. If somebody could be recognised, leave these words out."
            )
            raise Invalid(errors={"sure": sentence})
        return cls(sent.get("paraphrase", ""))


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What somebody says about their own words."""

    answer: str
    correction: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent."""
        return cls(sent.get("answer", ""), sent.get("correction", ""))
