"""The people and places that come along with imported words.

Imported people are members without an address or a password: nobody can sign in as them, nothing is ever sent to them,
and they are never asked for anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from forum.clock import now
from forum.database import insert_rows, reserved_ids, transaction
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
    _left: set[str] = field(default_factory=set)
    _places: dict[int | None, tuple[int, str]] = field(default_factory=dict)

    def member_of(self, person: ArchivedPerson | None) -> int:
        """The id of the member that *person* became. `welcome` them first."""
        return self._members[person.foreign_id if person else UNKNOWN_PERSON]

    def has_left(self, person: ArchivedPerson | None) -> bool:
        """Whether *person* came earlier and has left this place since: nothing more of theirs is brought in."""
        return person is not None and person.foreign_id in self._left

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
        rows = Member.select(Member.id, Member.name, Member.left_at).where(Member.id.in_(list(known.values())))
        found = {id: (name, left_at is not None) for id, name, left_at in rows.tuples()}
        for foreign_id, member_id in known.items():
            name, has_left = found[member_id]
            one = new.pop(foreign_id)[0]
            if one is not None and has_left:
                self._left.add(foreign_id)
            self._remember_person(foreign_id, one, member_id, "" if has_left else name)
        if new:
            self._join(new)

    def _remember_person(self, foreign_id: str, one: ArchivedPerson | None, member_id: int, name: str) -> None:
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

    def _join(self, new: Mapping[str, tuple[ArchivedPerson | None, datetime]]) -> None:
        """Make members, one transaction for all of them."""
        with transaction():
            given = _free_names([one for one, _since in new.values() if one is not None])
            rows: list[dict[str, Any]] = [
                {
                    "id": id,
                    "name": given[one][0] if one is not None else str(NOBODY),
                    "name_key": given[one][1] if one is not None else f"{UNKNOWN_PERSON}:{self.source}",
                    "joined_at": since,
                    "left_at": since if one is None else None,
                    "mail_replies": False,
                    "mail_mentions": False,
                    "mail_asks": False,
                    "asks_per_month": 0,
                    "imported_from": self.source,
                }
                for (one, since), id in zip(new.values(), reserved_ids(Member, len(new)), strict=True)
            ]
            insert_rows(Member, rows)
            remember(
                self.source, "person", [(foreign_id, row["id"]) for foreign_id, row in zip(new, rows, strict=True)]
            )
        for (foreign_id, (one, _since)), row in zip(new.items(), rows, strict=True):
            self._remember_person(foreign_id, one, row["id"], row["name"])
            self.people += one is not None

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
            remember(self.source, "category", [(foreign_id, category.id)])
        self.places += 1
        return category.id, audience


def remember(source: str, kind: str, pairs: Iterable[tuple[str, int]]) -> None:
    """Write down which things of *source* (foreign id, our id) are here now. Call in the transaction that makes them."""
    insert_rows(
        ImportedThing,
        [
            {"source": source, "kind": kind, "foreign_id": foreign_id, "local_id": local_id}
            for foreign_id, local_id in pairs
        ],
    )


def _free_names(people: list[ArchivedPerson]) -> dict[ArchivedPerson, tuple[str, str]]:
    """For each of *people* a name that nobody has and nobody could take for another's, and its key.

    A number is added until it is so.
    """
    wished = {one: _fitting(one.username) for one in people}
    keys = {name: name_key(name) for name in wished.values()}
    taken = set(queries.name_keys_taken(keys.values()))
    given: dict[ArchivedPerson, tuple[str, str]] = {}
    for one, name in wished.items():
        tried, key, number = name, keys[name], 1
        while key in taken or (number > 1 and (trouble_with(tried) or queries.name_keys_taken([key]))):
            number += 1
            tried = f"{name[: LONGEST - len(str(number)) - 1].rstrip()} {number}"
            key = name_key(tried)
        taken.add(key)
        given[one] = (tried, key)
    return given


def _fitting(username: str) -> str:
    name = clean_name(username.translate(_LEAVE_OUT))[:LONGEST].strip()
    return str(_("Member from before")) if not name or trouble_with(name) else name


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
