"""Names that look the same are the same: the key under which a display name must be unique."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from forum.text.tidying import tidy

_WORD = re.compile(r"\w+")
_STICKS = "iIlL1|"  # at the start of a word nobody can tell these apart


def name_key(name: str) -> str:
    """A key that is equal for names that differ only in case, spaces, punctuation, accents or look-alike letters.

    Letters of other scripts that look Latin count as the Latin ones; `0` is `o`; `I`, `l`, `1` and `|` are told apart
    only where a reader can (`Neil` and `Nell` differ, `Paypal` and `PaypaI` do not). May be empty for a name of
    punctuation only, which a form should refuse. It is for comparing, never for showing.
    """
    name = unicodedata.normalize("NFKC", tidy(name[:500]))
    words = re.split(r"[\s\-_.,'’]+", name)
    return "".join(_word_key(word) for word in words)


def _word_key(word: str) -> str:
    looks = "".join(_looks_like(character) for character in _without_marks(word))
    mixed = any(character.isascii() and character.isalpha() for character in word)
    if not (mixed or looks.isascii()):
        # A word of another script: the case goes first, because its capitals may look Latin where small letters do not.
        looks = "".join(_looks_like(character) for character in _without_marks(word.casefold()))
    looks = _one_kind_of_stick(looks).casefold().replace("0", "o")
    return "".join(character for character in looks if character.isalnum())


def _without_marks(word: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", word)
        if unicodedata.category(character) not in ("Mn", "Cf")
    )


def _one_kind_of_stick(word: str) -> str:
    word = "".join(character for character in word if character.isalnum() or character == "|")
    small = sum(character.islower() and character != "l" for character in word)
    capital = sum(character.isupper() and character != "I" for character in word)
    in_capitals = not small and capital > 0 and (capital > 1 or capital == len(word) - 1)
    stick = "i" if in_capitals else "l"
    told = "".join(stick if character in ("I1|l" if in_capitals else "I1|") else character for character in word)
    if word[:1] and word[0] in _STICKS:
        told = "l" + told[1:]
    return told


def _looks_like(character: str) -> str:
    return character if character.isascii() else _latin_looks().get(character, character)


@cache
def _latin_looks() -> dict[str, str]:
    """Letters of other scripts -> the ASCII letter or digit they look like, from the Unicode consortium's list."""
    from confusable_homoglyphs.confusables import confusables_data  # 60 ms, and only joining needs it

    looks = {"ӏ": "l"}  # an i in the list, but the letter that made a false apple.com
    for latin in "labcdefghijkmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789":  # a stick is an l before it is an i
        for entry in confusables_data.get(latin, ()):
            other = entry["c"].strip("\u200e")
            if len(other) == 1 and not other.isascii():
                looks.setdefault(other, latin)
    return looks
