"""The people and places that come along with imported words.

Imported people are members without an address or a password: nobody can sign in as them, nothing is ever sent to them,
and they are never asked for anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from forum.clock import now
from forum.database import transaction
from forum.discourse import queries
from forum.discourse.models import ImportedThing
from forum.discourse.records import ArchivedCategory, ArchivedPerson
from forum.members.models import Member
from forum.members.names import LONGEST, NOBODY, clean_name, trouble_with
from forum.text import _, clean_line, name_key, slugify
from forum.threads.models import Category

UNKNOWN_PERSON = "nobody"
UNKNOWN_CATEGORY = "none"
_LEAVE_OUT = str.maketrans(dict.fromkeys('/\\<>"“”@', " "))


@dataclass(slots=True)
class Newcomers:
    """Who and what came from *source* so far, looked up once and made when first met."""

    source: str
    categories: Mapping[int, ArchivedCategory]
    people: int = 0
    places: int = 0
    _members: dict[str, int] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _places: dict[int | None, tuple[int, str]] = field(default_factory=dict)

    def member_of(self, person: ArchivedPerson | None) -> int:
        """The id of the member that *person* became. `welcome` them first."""
        return self._members[person.foreign_id if person else UNKNOWN_PERSON]

    @property
    def nobody(self) -> int:
        """The id of the member who stands for everybody the archive does not name."""
        return self._members[UNKNOWN_PERSON]

    def name_of(self, username: str) -> str | None:
        """What somebody called *username* there is called here, if they have come."""
        return self._names.get(username.casefold())

    def place_of(self, category_id: int | None) -> tuple[int, str]:
        """The id and audience of the category that a Discourse category became. `open_places` first."""
        return self._places[category_id]

    def welcome(self, people: Mapping[ArchivedPerson | None, datetime]) -> None:
        """Make members of *people* (with the time when they are first heard of) unless they are already."""
        new = {(one.foreign_id if one else UNKNOWN_PERSON): (one, since) for one, since in people.items()}
        new.setdefault(UNKNOWN_PERSON, (None, now()))
        new = {foreign_id: told for foreign_id, told in new.items() if foreign_id not in self._members}
        if not new:
            return
        known = queries.local_ids(self.source, "person", new)
        names = dict(Member.select(Member.id, Member.name).where(Member.id.in_(list(known.values()))).tuples())
        for foreign_id, (one, since) in new.items():
            if foreign_id in known:
                member_id, name = known[foreign_id], names[known[foreign_id]]
            else:
                member_id, name = self._join(foreign_id, one, since)
            self._members[foreign_id] = member_id
            if one is not None and name:
                self._names[one.username.casefold()] = name

    def open_places(self, category_ids: Iterable[int | None]) -> None:
        """Make categories of these unless they are there already. Restricted ones become staff's, all others members'."""
        for category_id in category_ids:
            if category_id in self._places:
                continue
            foreign_id = UNKNOWN_CATEGORY if category_id is None else str(category_id)
            known = queries.local_ids(self.source, "category", [foreign_id]).get(foreign_id)
            if known is None:
                place = self._open(foreign_id, category_id)
            else:
                place = (known, Category.fetch(known).audience)
            self._places[category_id] = place

    def _join(self, foreign_id: str, one: ArchivedPerson | None, since: datetime) -> tuple[int, str]:
        with transaction():
            if one is None:
                name, key = str(NOBODY), f"{UNKNOWN_PERSON}:{self.source}"
            else:
                name, key = _free_name(one)
            member = Member.create(
                name=name,
                name_key=key,
                joined_at=since,
                left_at=since if one is None else None,
                mail_replies=False,
                mail_mentions=False,
                mail_asks=False,
                asks_per_month=0,
                imported_from=self.source,
            )
            _remember(self.source, "person", foreign_id, member.id)
        self.people += one is not None
        return member.id, name

    def _open(self, foreign_id: str, category_id: int | None) -> tuple[int, str]:
        told = self.categories.get(category_id) if category_id is not None else None
        name = _category_name(told, category_id, self.categories)
        audience = "staff" if told is not None and told.is_restricted else "members"
        with transaction():
            category = Category.create(
                name=name,
                slug=_free_slug(slugify(name, fallback="category")),
                description=clean_line(told.description, 500) if told is not None else "",
                audience=audience,
                position=queries.last_position() + 1,
            )
            _remember(self.source, "category", foreign_id, category.id)
        self.places += 1
        return category.id, audience


def _remember(source: str, kind: str, foreign_id: str, local_id: int) -> None:
    ImportedThing.insert(source=source, kind=kind, foreign_id=foreign_id, local_id=local_id).execute()


def _free_name(person: ArchivedPerson) -> tuple[str, str]:
    """A name nobody has and nobody could take for somebody else's, and its key; a number is added until it is so."""
    name = clean_name(person.username.translate(_LEAVE_OUT))[:LONGEST].strip()
    if not name or trouble_with(name):
        name = str(_("Member from before"))
    number, tried = 1, name
    while not name_key(tried) or trouble_with(tried) or _is_taken(name_key(tried)):
        number += 1
        tried = f"{name[: LONGEST - len(str(number)) - 1].rstrip()} {number}"
    return tried, name_key(tried)


def _is_taken(key: str) -> bool:
    return Member.select(Member.id).where(Member.name_key == key).exists()


def _category_name(
    told: ArchivedCategory | None, category_id: int | None, all_told: Mapping[int, ArchivedCategory]
) -> str:
    """Never the name of a category that is here already: who reads there was decided for other words."""
    if category_id is None:
        name = str(_("From the old forum"))
    elif told is None:
        name = str(_("Category %(number)s", number=category_id))
    else:
        parent = all_told.get(told.parent_id) if told.parent_id is not None else None
        name = f"{parent.name}: {told.name}" if parent is not None else told.name
    name = clean_line(name, 80) or str(_("From the old forum"))
    number, tried = 1, name
    while Category.select(Category.id).where(Category.name == tried).exists():
        number += 1
        tried = f"{name} {number}"
    return tried


def _free_slug(slug: str) -> str:
    number, tried = 1, slug
    while Category.select(Category.id).where(Category.slug == tried).exists():
        number += 1
        tried = f"{slug}-{number}"
    return tried
