"""Reading what members tell of themselves: their page, and numbers in which nobody can be found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum.access import STAFF, Viewer, may_see_counts, require
from forum.errors import NotFound
from forum.members.choices import CARE_OF_THEM, CARE_WORDS, role_words
from forum.members.models import Member
from forum.members.profiles.models import Situation
from forum.members.profiles.vocabulary import FIELDS
from forum.members.renames.queries import called_before
from forum.text import SafeHtml, _, name_key

# A group of fewer people than this is not shown.
SMALLEST_COUNT = 5


# ---- somebody's page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """What members see of one another. *situation* holds pairs of heading and words."""

    id: int
    name: str
    role: str
    role_words: str
    care_words: str
    about: SafeHtml | None
    offers: str
    would_like: str
    situation: Sequence[tuple[object, Sequence[object]]]
    joined_at: datetime
    is_me: bool

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF


def profile(viewer: Viewer, name: str) -> Profile:
    """Return the member called *name*, or called so before, however it is spelt. For members only.

    Raises NotFound when nobody is."""
    require(viewer.is_member, _("Please sign in to see who is who here."))
    key = name_key(name)
    member = Member.get_or_none(Member.name_key == key, Member.left_at.is_null(), Member.has_come()) or called_before(
        key
    )
    if member is None or not key:
        raise NotFound(_("We can't find anybody of that name. They may have changed it, or left."))
    told = _told(member.id)
    return Profile(
        id=member.id,
        name=member.name,
        role=member.role,
        role_words=role_words(member.role),
        care_words=CARE_OF_THEM[member.care] if member.care_audience == "members" else "",
        about=member.about_html,
        offers=member.offers,
        would_like=member.would_like,
        situation=[
            (FIELDS[name].said, [FIELDS[name].options[value] for value in values])
            for name, (values, audience) in told.items()
            if audience == "members"
        ],
        joined_at=member.joined_at,
        is_me=member.id == viewer.id,
    )


def own_situation(viewer: Viewer) -> Mapping[str, tuple[Sequence[str], str]]:
    """Return what *viewer* told: field -> (words of the vocabulary, who may learn of it)."""
    return _told(viewer.id or 0)


def told_by(member_id: int) -> dict[str, Any]:
    """Return the same of a member, ready for JSON."""
    return {name: {"told": list(values), "to": audience} for name, (values, audience) in _told(member_id).items()}


def _told(member_id: int) -> dict[str, tuple[list[str], str]]:
    rows = Situation.select(Situation.field, Situation.value, Situation.audience).where(Situation.member == member_id)
    found: dict[str, tuple[set[str], str]] = {}
    for name, value, audience in rows.tuples():
        found.setdefault(name, (set(), audience))[0].add(value)
    # In the order of the vocabulary, without words that it no longer has.
    return {
        name: ([value for value in FIELDS[name].options if value in found[name][0]], found[name][1])
        for name in FIELDS
        if name in found
    }


# ---- numbers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """How many people told the same. *people* is None while they are too few to hide among. No *value*: told nothing."""

    value: str
    words: object
    people: int | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a number of people told about one thing. *several* may be said by one person."""

    field: str
    words: object
    several: bool
    groups: Sequence[Group]


def counted(viewer: Viewer, member_ids: Sequence[int] | None = None) -> list[Counted]:
    """Return what members told of their caring situation, in numbers; of those with *member_ids*, or of everybody.

    Only what they let be counted. A group too small to hide in is None, and so is what it could be worked out from.
    Ask about whole groups (everybody behind an insight), never about one person more or fewer."""
    require(may_see_counts(viewer), _("These numbers are for those who listen here."))
    people = Member.select(Member.id, Member.care, Member.care_audience).where(
        Member.left_at.is_null(), Member.email_confirmed_at.is_null(False)
    )
    if member_ids is not None:
        people = people.where(Member.id.in_(list(member_ids) or [0]))
    members = list(people.tuples())
    rows = (
        Situation.select(Situation.field, Situation.value, Situation.member)
        .join(Member)
        .where(Situation.audience != "nobody", Member.left_at.is_null(), Member.email_confirmed_at.is_null(False))
    )
    if member_ids is not None:
        rows = rows.where(Situation.member.in_(list(member_ids) or [0]))
    told: dict[str, list[tuple[str, int]]] = {}
    for name, value, member_id in rows.tuples():
        told.setdefault(name, []).append((value, member_id))
    cares = [(care, id) for id, care, audience in members if care and audience != "nobody"]
    care_words = {value: words for value, words in CARE_WORDS.items() if value}
    return [
        _counted("care", _("They and caring"), care_words, cares, len(members), several=False),
        *(
            _counted(name, one.said, one.options, told.get(name, []), len(members), several=one.several)
            for name, one in FIELDS.items()
        ),
    ]


def _counted(
    name: str, words: object, options: Mapping[str, object], told: list[tuple[str, int]], people: int, *, several: bool
) -> Counted:
    counts = Counter(value for value, _member in told)
    sizes = {value: counts[value] for value in options} | {"": people - len({member for _value, member in told})}
    hidden = _too_small(sizes, everybody=people, several=several)
    groups = [
        Group(value, options.get(value, _("Told nothing about it")), None if value in hidden else size)
        for value, size in sizes.items()
    ]
    return Counted(name, words, several, groups)


def _too_small(sizes: Mapping[str, int], *, everybody: int, several: bool) -> set[str]:
    """Return which groups must not be shown: the small ones, and as many more as keep those from being worked out."""
    if everybody < SMALLEST_COUNT:
        return set(sizes)
    hidden = {value for value, size in sizes.items() if 0 < size < SMALLEST_COUNT}
    # Where everybody is in one group only, the sum of all of them is known, and so is the sum of those that are hidden.
    rest = sorted((size, value) for value, size in sizes.items() if size and value not in hidden)
    while hidden and not several and rest and (len(hidden) < 2 or sum(sizes[one] for one in hidden) < SMALLEST_COUNT):
        hidden.add(rest.pop(0)[1])
    return hidden
