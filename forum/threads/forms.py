"""What was typed into this room's forms, read into values. What may be said at all is for the actions to decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class ThreadForm:
    """A new thread: *category* is a slug, *thread_name* what its writer wants to be called in it, or ""."""

    category: str
    title: str
    source: str
    ask: str
    thread_name: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent; everything may be empty."""
        return cls(
            sent.get("category", "").strip()[:100],
            sent.get("title", ""),
            sent.get("source", ""),
            sent.get("ask", ""),
            sent.get("thread_name", ""),
        )


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """A reply; *reply_to* is the id of the post it answers, None for the thread as a whole.

    *thread_name* is what its writer wants to be called in this thread only, or ""."""

    source: str
    reply_to: int | None
    thread_name: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent; a reply to nothing we know answers the thread."""
        return cls(sent.get("source", ""), _number(sent.get("reply_to")), sent.get("thread_name", ""))


@dataclass(frozen=True, slots=True)
class EditForm:
    """A post said differently. *revision* is the one that its writer began from, 0 when that is unknown."""

    source: str
    revision: int

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent."""
        return cls(sent.get("source", ""), _number(sent.get("revision")) or 0)


@dataclass(frozen=True, slots=True)
class DraftForm:
    """Words on their way. *version* is the one that this device began from, None when it does not know."""

    place: str
    title: str
    source: str
    version: int | None
    nonce: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """Return what was sent."""
        return cls(
            sent.get("place", ""),
            sent.get("title", ""),
            sent.get("source", ""),
            _number(sent.get("version")),
            sent.get("nonce", "")[:64],
        )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None
