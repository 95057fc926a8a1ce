"""What was sent -> a frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forum.legacy.entry import Entry


@dataclass(frozen=True, slots=True)
class EntryForm:
    """An entry and the excerpts chosen for it. What is missing is said by the action."""

    entry: Entry
    excerpt_ids: tuple[int, ...]
    exact: str

    @classmethod
    def read(cls, sent: Any) -> "EntryForm":
        """*sent* is a form's values; ``excerpt`` may come several times."""
        chosen = [text for text in sent.getlist("excerpt") if text.isascii() and text.isdigit() and len(text) < 18]
        return cls(
            entry=Entry(
                title=sent.get("title", ""),
                you_said=sent.get("you_said", ""),
                we_did=sent.get("we_did", ""),
                because=sent.get("because", ""),
                what_next=sent.get("what_next", ""),
                status=sent.get("status", ""),
                team=sent.get("team", ""),
                carers_decided=sent.get("carers_decided", ""),
            ),
            excerpt_ids=tuple(int(text) for text in chosen),
            exact=sent.get("exact", ""),
        )


def typed_from(entry: Any) -> Mapping[str, str]:
    """Return what a form shows of an entry that is there."""
    names = ("title", "you_said", "we_did", "because", "what_next", "status", "team", "carers_decided")
    return {name: getattr(entry, name) for name in names}
