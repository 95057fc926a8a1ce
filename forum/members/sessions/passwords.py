"""Passwords: kept as Argon2id, and refused when anybody would guess them.

Hash and check them outside transactions: it takes a while. `common_passwords.txt` holds the most common ones that are
long enough, from the public list that Django ships (BSD licence)."""

import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from forum.text import _

SHORTEST = 10
LONGEST = 200

# A quarter of the library's memory, so that ten people signing in at once fit a small server; a third more rounds.
_hasher = PasswordHasher(time_cost=4, memory_cost=16 * 1024, parallelism=1)

_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def hashed(password: str) -> str:
    """Return what is stored of *password*."""
    return _hasher.hash(_normal(password))


def fits(stored: str | None, password: str) -> bool:
    """Say whether *password* is the one that *stored* was made from.

    Without a *stored* one it takes as long and says no, so that time does not tell who has a place here."""
    try:
        return _hasher.verify(stored or _nobodys(), _normal(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_dated(stored: str) -> bool:
    """Say whether *stored* was made with other parameters than today's and should be made anew."""
    return _hasher.check_needs_rehash(stored)


def trouble_with(password: str, *about: str) -> str:
    """Return the sentence that says why *password* will not do, or nothing. *about*: the person's name and address."""
    if len(password) < SHORTEST:
        return _("Use at least %(n)s characters. Three or four words in a row are easy to remember.", n=SHORTEST)
    if len(password) > LONGEST:
        return _("Use at most %(n)s characters.", n=LONGEST)
    plain = _normal(password).casefold()
    if plain in _common() or _bare(plain) in _common_words() or _is_pattern(plain):
        return _("Many people use that one, so it is tried first. Three or four words in a row are safer.")
    if any(_is_about(plain, words) for words in about):
        return _("That is too close to your name or e-mail address. Three or four other words are safer.")
    return ""


def _normal(password: str) -> str:
    # The same letters typed on another device may arrive composed differently.
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's password")


@cache
def _common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split())


@cache
def _common_words() -> frozenset[str]:
    """What is left of common passwords without the digits around them: `password`, `liverpool`, `qwerty`."""
    return frozenset(bare for word in _common() if len(bare := _bare(word)) > 3)


def _bare(password: str) -> str:
    return _ENDS.sub("", password)


def _is_pattern(password: str) -> bool:
    """Say whether it is one short piece over and over, or a walk along the digits or the alphabet."""
    for length in range(1, 5):
        if all(character == password[place % length] for place, character in enumerate(password)):
            return True
    steps = {ord(after) - ord(before) for before, after in pairwise(password)}
    return steps in ({1}, {-1})


def _is_about(password: str, words: str) -> bool:
    words = words.casefold()
    if not words:
        return False
    local = words.partition("@")[0]
    tight = re.sub(r"\W", "", words)
    return _bare(password) in {words, local, tight, _bare(words), _bare(local)} or password in {words, local, tight}
