"""Finding words again: an excerpt keeps exact words, what stood around them, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass

CONTEXT = 32  # code points kept before and after
_MOST_PLACES = 2000
_SURE = 12  # letters: an exact text this long is found again by itself; a shorter one needs its surroundings
_WORD_GAPS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Anchor:
    """Words in a plain text: `plain[start:end] == exact`, with what stands before and after. Code-point offsets."""

    exact: str
    prefix: str
    suffix: str
    start: int
    end: int


def anchor(plain: str, exact: str, prefix: str = "", suffix: str = "", near: int | None = None) -> Anchor | None:
    """Find `exact` in `plain`, ignoring white space; None when it is not there.

    When it stands in several places, the one whose surroundings fit `prefix` and `suffix` best wins, then the one
    closest to the offset `near`, then the first. What comes back holds the words as they stand in `plain`.
    """
    text = _Squeezed(plain)
    found = _best(text, text.places(_squeeze(exact)), prefix, suffix, near)
    return _anchor_at(plain, *found[0]) if found else None


def re_anchor(plain_new: str, old: Anchor) -> Anchor | None:
    """Find the words of `old` in a changed text; None when they are gone, or too short to be sure they are the same."""
    text = _Squeezed(plain_new)
    exact = _squeeze(old.exact)
    found = _best(text, text.places(exact), old.prefix, old.suffix, old.start)
    if found is None:
        return None
    span, likeness = found
    known = min(len(_squeeze(old.prefix)), 8) + min(len(_squeeze(old.suffix)), 8)
    if len(exact) < _SURE and known and likeness * 2 < known:
        return None
    return _anchor_at(plain_new, *span)


def paragraphs(plain: str) -> list[tuple[int, int, str]]:
    """The lines of a plain text that hold words, as (start, end, text): for picking one without a script."""
    found = []
    start = 0
    for line in plain.split("\n"):
        words = line.strip()
        if words:
            begin = start + line.index(words)
            found.append((begin, begin + len(words), words))
        start += len(line) + 1
    return found


def _squeeze(text: str) -> str:
    return "".join(text.split())


class _Squeezed:
    """A text without its white space that remembers where each letter stood."""

    def __init__(self, plain: str) -> None:
        self.letters = _squeeze(plain)
        self.offsets = [place for place, character in enumerate(plain) if not character.isspace()]

    def places(self, exact: str) -> list[tuple[int, int]]:
        """Where `exact` stands, as ranges of letters."""
        found: list[tuple[int, int]] = []
        place = self.letters.find(exact) if exact else -1
        while place >= 0 and len(found) < _MOST_PLACES:
            found.append((place, place + len(exact)))
            place = self.letters.find(exact, place + 1)
        return found


def _best(
    text: _Squeezed, places: list[tuple[int, int]], prefix: str, suffix: str, near: int | None
) -> tuple[tuple[int, int], int] | None:
    """The best place as offsets in the plain text, and how many letters of context fit there."""
    before, after = _squeeze(prefix)[: -CONTEXT - 1 : -1], _squeeze(suffix)[:CONTEXT]
    best: tuple[tuple[int, int], tuple[int, int]] | None = None
    for first, last in places:
        span = text.offsets[first], text.offsets[last - 1] + 1
        around = text.letters[max(0, first - len(before)) : first][::-1], text.letters[last : last + len(after)]
        likeness = _shared(before, around[0]) + _shared(after, around[1])
        rank = likeness, -abs(span[0] - near) if near is not None else 0
        if best is None or rank > best[1]:
            best = span, rank
    return (best[0], best[1][0]) if best else None


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginnings."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))


def _anchor_at(plain: str, start: int, end: int) -> Anchor:
    return Anchor(
        exact=plain[start:end],
        prefix=plain[max(0, start - CONTEXT) : start],
        suffix=plain[end : end + CONTEXT],
        start=start,
        end=end,
    )
