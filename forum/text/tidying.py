"""Putting typed text in order before anything reads it: posts, one-line names and titles, addresses, summaries."""

from __future__ import annotations

import re
import unicodedata

# What no text may hold: controls except tab and newline, lone surrogates, code points that are not characters.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_NEWLINES = re.compile("\r\n?|[\x85\u2028\u2029]")
_LONG_HIGH_RUN = re.compile("[^\x00-\u02ff]{9,}")
MOST_MARKS = 8  # combining marks on one letter; more is vandalism, and thousands take minutes to normalise


def tidy(source: str) -> str:
    r"""Text as the rest of this package expects it: Unicode NFC, newlines as `\n`, no controls but `\n` and `\t`."""
    if source.isascii():
        if "\r" in source:
            source = _NEWLINES.sub("\n", source)
        return _FORBIDDEN.sub("", source)
    source = _FORBIDDEN.sub("", _NEWLINES.sub("\n", source))
    return unicodedata.normalize("NFC", _LONG_HIGH_RUN.sub(_fewer_marks, source))


def without_forbidden(html: str) -> str:
    """`html` without what `tidy` takes out: a reference such as `&#1;` may have brought it in again."""
    return _FORBIDDEN.sub("", html).replace("\r", "")


def _fewer_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in run.group():
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


# One line -------------------------------------------------------------------------------------------------------------

_BLANKS = re.compile("[\\s\u00a0\u115f\u1160\u180e\u2800\u3164\uffa0]+")  # \s and the letters that show nothing
_JOINERS = "\u200c\u200d"  # part of some scripts' spelling and of emoji
_ISOLATES, _POP_ISOLATE = "\u2066\u2067\u2068", "\u2069"
_BLACK_FLAG, _FLAG_LETTERS = "\U0001f3f4", range(0xE0020, 0xE0080)  # the flags of Wales, Scotland and England


def clean_line(text: str, limit: int) -> str:
    """A name or a title: one line of at most `limit` code points with nothing in it that cannot be seen.

    Control characters, direction overrides and embeddings, isolates that are not closed, and zero-width characters go
    (joiners inside words of other scripts and inside emoji stay). White space becomes single spaces. The result may be
    empty; asking for one is the form's business.
    """
    text = tidy(text[: limit * 8 + 1000])
    if not (text.isascii() and text.isprintable()):
        text = _without_invisible(text)
    text = _BLANKS.sub(" ", text).strip()
    if len(text) > limit:
        text = _without_invisible(_cut(text, limit)).strip()
    return text


def _without_invisible(text: str) -> str:
    kept: list[str] = []
    isolates = _balanced_isolates(text)
    for place, character in enumerate(text):
        if character in "\n\t":
            kept.append(" ")
        elif unicodedata.category(character) not in ("Cc", "Cf", "Cs") or place in isolates:
            kept.append(character)
        elif character in _JOINERS:
            if _joins(text, place):
                kept.append(character)
        elif ord(character) in _FLAG_LETTERS and kept and (kept[-1] == _BLACK_FLAG or ord(kept[-1]) in _FLAG_LETTERS):
            kept.append(character)
    return "".join(kept)


def _joins(text: str, place: int) -> bool:
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    return bool(before and after) and not before.isascii() and not after.isascii() and after not in _JOINERS


def _balanced_isolates(text: str) -> set[int]:
    open_places: list[int] = []
    balanced: set[int] = set()
    for place, character in enumerate(text):
        if character in _ISOLATES:
            open_places.append(place)
        elif character == _POP_ISOLATE and open_places:
            balanced.update((open_places.pop(), place))
    return balanced


def _cut(text: str, limit: int) -> str:
    while limit > 0 and (unicodedata.combining(text[limit]) or text[limit] in "\u200d\ufe0f"):
        limit -= 1  # never between a letter and its accent
    return text[:limit]


# Short forms ----------------------------------------------------------------------------------------------------------


def excerpt_of(plain: str, limit: int = 200) -> str:
    """The beginning of `plain` on one line: at most `limit` code points, cut between words, with … when cut."""
    line = " ".join(plain[: limit * 4 + 200].split())
    if len(line) <= limit:
        return line
    if limit < 2:
        return "…"[:limit]
    head = line[: limit - 1]
    space = head.rfind(" ")
    if line[limit - 1] != " " and space > limit // 2:
        head = head[:space]
    return head.rstrip(" ,;:.-–—") + "…"


_TRANSLITERATED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i", "ŋ": "ng"}
)


def slugify(title: str, fallback: str = "thread", limit: int = 60) -> str:
    """The part of an address that says what the page is about: a-z, 0-9 and hyphens, never empty."""
    letters = unicodedata.normalize("NFKD", tidy(title[:500]).casefold().translate(_TRANSLITERATED))
    letters = re.sub(r"['’`]", "", letters).encode("ascii", "ignore").decode("ascii").lower()
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    if len(slug) > limit:
        slug = slug[: limit + 1].rpartition("-")[0] or slug[:limit]
    return slug.strip("-") or fallback
