"""Taking somebody's words out of what others quoted."""

from collections.abc import Iterator, Set

from forum.members.names import NOBODY
from forum.text import _, quote_block
from forum.text.quoting import Quote, has_quotes, quote_parts

GONE = _("These words were taken back.")


def quoted_in(source: str) -> set[tuple[int, int]]:
    """Return (thread, number) of every post that *source* quotes, quotes inside quotes too."""
    return set(_addresses(quote_parts(source))) if has_quotes(source) else set()


def _addresses(parts: list[str | Quote]) -> Iterator[tuple[int, int]]:
    for part in parts:
        if isinstance(part, Quote):
            if part.thread is not None:
                yield part.thread, part.post or 1
            yield from _addresses(part.parts)


def without_quotes(source: str, of: Set[tuple[int, int]]) -> str:
    """Return *source* with a line in place of each quote of the posts *of*, given as (thread, number)."""
    if not of or not has_quotes(source):
        return source
    parts = quote_parts(source)
    return _written(parts, of) if of & set(_addresses(parts)) else source


def _written(parts: list[str | Quote], of: Set[tuple[int, int]]) -> str:
    return "".join(part if isinstance(part, str) else _quote(part, of) for part in parts)


def _quote(quote: Quote, of: Set[tuple[int, int]]) -> str:
    if quote.thread is not None and (quote.thread, quote.post or 1) in of:
        return quote_block(str(GONE), name=str(NOBODY)).rstrip("\n")
    return f"{quote.tag}{_written(quote.parts, of)}[/quote]"
