"""Display names: what one may be, and which nobody may take."""

from collections.abc import Callable
from functools import cache

from forum import settings
from forum.text import _, clean_line, name_key

SHORTEST = 2
LONGEST = 40

# Where rooms above know of names that nobody may join with: called with a `name_key`. Wiring fills this.
in_use: list[Callable[[str], bool]] = []

# What a member who left is called, everywhere.
NOBODY = _("Someone who left")

# Names that would speak for the house. Compared by `name_key`, so look-alikes count.
RESERVED = (
    "admin admins administrator moderator moderators mod mods staff team support supporter supporters volunteer "
    "commissioner host official system root help helpdesk webmaster postmaster security safeguarding everyone "
    "everybody all here anonymous anon nobody someone me settings export leave nhs council samaritans social-services kettle"
).split()
# No word of a name may claim an office.
_OFFICES = ("admin", "administrator", "moderator", "official", "staff")


def shown_name(name: str, *, has_left: bool) -> str:
    """Return how a member is named in public."""
    return str(NOBODY) if has_left else name


def clean_name(typed: str) -> str:
    """Return *typed* as one visible line; longer than LONGEST when it was too long, which `trouble_with` says."""
    return clean_line(typed, LONGEST + 1)


def trouble_with(name: str) -> str:
    """Return the sentence that says why *name* will not do for somebody who joins, or nothing."""
    key = name_key(name)
    if not name:
        return _("Tell us a name to call you. It needn't be your real one.")
    if len(name) > LONGEST:
        return _("Use at most %(n)s letters, so that your name fits beside your posts.", n=LONGEST)
    if len(name) < SHORTEST or not key:
        return _("Use at least two letters, so that people can call you by name.")
    if any(mark in name for mark in '/\\<>"“”'):
        return _("Leave out slashes, quotation marks and angle brackets, so that people can mention you.")
    if "@" in name:
        return _("Leave out the @ sign. Everybody sees this name, so please don't use your e-mail address.")
    if is_reserved(name):
        return _("That name could be taken for the people who run this place. Please choose another.")
    return ""


def is_in_use(key: str) -> bool:
    """Say whether somebody speaks under a name with this `name_key` that is no member's own."""
    return any(knows(key) for knows in in_use)


def is_reserved(name: str) -> bool:
    """Say whether *name* would speak for the house."""
    words = [_key(word) for word in name.split()]
    return _key(name) in _keys() | {_key(settings.chosen().site_name)} or any(word in _office_keys() for word in words)


def _key(name: str) -> str:
    # Between members `Neil` and `Nell` are two people; nobody should be near enough to an administrator to wonder.
    return name_key(name).replace("i", "l").replace("1", "l")


@cache
def _keys() -> frozenset[str]:
    return frozenset(_key(word) for word in (*RESERVED, str(NOBODY)))


@cache
def _office_keys() -> frozenset[str]:
    return frozenset(_key(word) for word in _OFFICES)
