"""Calling somebody by name: `@Mary`, or `@"Mary from Leeds"` when the name has spaces."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from forum.text.names import name_key
from forum.text.quoting import Quote, has_quotes, quote_parts
from forum.text.tidying import tidy

MOST_MENTIONS = 20
_FEW = 100

MENTION = (
    r'(?<![\w@/.+\-])@(?:"(?P<quoted>[^"\n@<>]{1,60})"|“(?P<curly>[^“”\n@<>]{1,60})”|(?P<plain>\w(?:[\w.\-]{0,58}\w)?))'
)
_MENTION = re.compile(MENTION)
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(?:.*?\n)??(?: {0,3}\1[`~]* *$|\Z)", re.M | re.S)
_INLINE_CODE = re.compile(r"(?<!`)(`++)[^`\n]+\1")
_QUOTED_LINE = re.compile(r"^ {0,3}>.*$|^(?: {4}|\t).*$", re.M)

Known = Mapping[str, str] | Callable[[str], str | None]


def called(mention: re.Match[str]) -> str:
    """The name in a match of `MENTION`."""
    return (mention["quoted"] or mention["curly"] or mention["plain"]).strip()


def mention_of(name: str) -> str:
    """How `name` is called in a post."""
    return f"@{name}" if re.fullmatch(r"\w(?:[\w.\-]*\w)?", name) else f'@"{name}"'


def mentions_in(source: str, limit: int = MOST_MENTIONS) -> list[str]:
    """The names called in a post, as typed, each once, in order, at most `limit`; not those in quotes and code.

    Whether anybody has that name is for the caller to find out (compare by `name_key`).
    """
    if "@" not in source:
        return []
    source = tidy(source)
    if has_quotes(source):
        source = "\n\n".join(part for part in quote_parts(source) if not isinstance(part, Quote))
    source = _QUOTED_LINE.sub("", _INLINE_CODE.sub(" ", _without_fenced(source)))
    return _names(source, limit)


def recalled(source: str, *, was: str, now: str) -> str:
    """`source` with everybody who is called `was` in it (compared by `name_key`) called `now`, wherever that stands."""
    key = name_key(was)

    def again(mention: re.Match[str]) -> str:
        return mention_of(now) if name_key(called(mention)) == key else mention.group()

    return _MENTION.sub(again, source) if "@" in source else source


def _without_fenced(source: str) -> str:
    return _FENCED.sub("", source) if "```" in source or "~~~" in source else source


def _names(source: str, limit: int) -> list[str]:
    names: dict[str, str] = {}
    for mention in _MENTION.finditer(source):
        name = called(mention)
        names.setdefault(name.casefold(), name)
        if len(names) >= limit:
            break
    return list(names.values())


def known_names(source: str, known: Known | None) -> dict[str, str]:
    """Name as typed, casefolded -> the name in the member's address, for every mention that `known` resolves.

    The keys of a mapping may be names in any spelling; in a big one (an import's) they must be casefolded or `name_key`s.
    """
    if not known or "@" not in source:
        return {}
    found = {name: _resolved(name, known) for name in _names(source, 10 * MOST_MENTIONS)}
    return {name.casefold(): member for name, member in found.items() if member}


def _resolved(name: str, known: Known) -> str | None:
    if callable(known):
        return known(name)
    found = known.get(name) or known.get(name.casefold()) or known.get(name_key(name))
    if found or len(known) > _FEW:
        return found
    return next((member for other, member in known.items() if name_key(other) == name_key(name)), None)
