"""Taking somebody's words out of what others quoted."""

from collections.abc import Iterator, Mapping

from forum.members.names import NOBODY
from forum.text import _, quote_block
from forum.text.quoting import Quote, has_quotes, quote_parts

# Why words are gone -> the line in their place. Whoever left takes their name along as well.
GONE = {
    "left": _("These words were taken back."),
    "taken_back": _("These words were taken back."),
    "hidden": _("A moderator took these words out."),
}


def quoted_in(source: str) -> set[tuple[int, int]]:
    """Return (thread, number) of every post that *source* quotes, quotes inside quotes too."""
    return set(_addresses(quote_parts(source))) if has_quotes(source) else set()


def _addresses(parts: list[str | Quote]) -> Iterator[tuple[int, int]]:
    for part in parts:
        if isinstance(part, Quote):
            if part.thread is not None:
                yield part.thread, part.post or 1
            yield from _addresses(part.parts)


def without_quotes(source: str, of: Mapping[tuple[int, int], str]) -> str:
    """Return *source* with a line in place of each quote of the posts *of*: (thread, number) -> a key of GONE."""
    if not of or not has_quotes(source):
        return source
    parts = quote_parts(source)
    return _written(parts, of) if of.keys() & set(_addresses(parts)) else source


def _written(parts: list[str | Quote], of: Mapping[tuple[int, int], str]) -> str:
    return "".join(part if isinstance(part, str) else _quote(part, of) for part in parts)


def _quote(quote: Quote, of: Mapping[tuple[int, int], str]) -> str:
    why = of.get((quote.thread, quote.post or 1)) if quote.thread is not None else None
    if why == "left":
        return quote_block(str(GONE[why]), name=str(NOBODY)).rstrip("\n")
    if why is not None:
        return f"{quote.tag}\n{GONE[why]}\n[/quote]"
    return f"{quote.tag}{_written(quote.parts, of)}[/quote]"
