"""What was sent about oneself -> a frozen value, or Invalid with a sentence per field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forum.errors import Invalid
from forum.members.choices import CARE
from forum.members.profiles.vocabulary import AUDIENCES, FIELDS
from forum.text import _, tidy

LONGEST_ABOUT = 600
LONGEST_LINE = 300

# field -> (what was chosen, who may learn of it)
Told = Mapping[str, tuple[tuple[str, ...], str]]


@dataclass(frozen=True, slots=True)
class ProfileForm:
    """What others may read of somebody. *about* is Markdown, the next two are plain."""

    about: str
    offers: str
    would_like: str
    care: str
    care_audience: str

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> "ProfileForm":
        """Raises Invalid with a sentence for each text that is too long."""
        longest = {"about": LONGEST_ABOUT, "offers": LONGEST_LINE, "would_like": LONGEST_LINE}
        texts = {name: tidy(sent.get(name, "")).strip() for name in longest}
        errors = {
            name: _("Use at most %(n)s characters here. You have %(used)s.", n=longest[name], used=len(text))
            for name, text in texts.items()
            if len(text) > longest[name]
        }
        if errors:
            raise Invalid(errors=errors)
        care, audience = sent.get("care", ""), sent.get("care_audience", "")
        return cls(
            **texts,
            care=care if care in CARE else "",
            care_audience=audience if audience in AUDIENCES else "nobody",
        )


def read_situation(sent: Any) -> Told:
    """Return what somebody told of their caring situation. A word that is not in the vocabulary is left out."""
    told = {}
    for name, field in FIELDS.items():
        chosen = tuple(value for value in field.options if value in sent.getlist(name))
        audience = sent.get(f"{name}_audience", "")
        told[name] = (chosen if field.several else chosen[:1], audience if audience in AUDIENCES else "nobody")
    return told
