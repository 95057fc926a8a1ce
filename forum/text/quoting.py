"""Quotes with a name on them: `[quote="Mary, post:3, thread:12"] … [/quote]`, as people know them from Discourse.

A quote begins at the start of a line and may hold other quotes. `post` and `thread` are this site's numbers and make
the name a link; Discourse's own `topic:2` is somebody else's number and makes none until the import has translated it
(`renumber_quotes`). Tags inside code, and tags without a partner, are ordinary text.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

DEEPEST_QUOTE = 4  # quotes inside quotes; what is deeper is shown without a frame of its own

_TAG = re.compile(
    r"(?P<open>^ {0,3}|(?<=\]))\[quote(?:=(?P<about>[^\]\n]{0,300}))?\]|(?P<close>\[/quote\])", re.I | re.M
)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)", re.M)
_ABOUT_PART = re.compile(r"(?:^|,)\s*(?P<key>post|thread|topic|full|username|user_id)\s*:\s*(?P<value>[^,]*)", re.I)


@dataclass(slots=True)
class Quote:
    """One quote block: who said it, where, and what is in it (text and further quotes)."""

    name: str
    post: int | None
    thread: int | None
    tag: str
    parts: list[str | Quote] = field(default_factory=list)


def quote_block(words: str, *, name: str, post: int | None = None, thread: int | None = None) -> str:
    """The Markdown for quoting `words` of `name`, ready for a reply box."""
    about = [_plain_name(name)]
    if post is not None:
        about.append(f"post:{post}")
    if thread is not None:
        about.append(f"thread:{thread}")
    return f'[quote="{", ".join(about)}"]\n{words.strip()}\n[/quote]\n'


def has_quotes(source: str) -> bool:
    """Whether there is anything for `quote_parts` to find."""
    return "[/quote]" in source or "[/QUOTE]" in source


def quote_parts(source: str) -> list[str | Quote]:
    """`source` as a list of ordinary text and `Quote`s, in order."""
    root: list[str | Quote] = []
    stack: list[Quote] = []
    where = 0
    code = _code_ranges(source)
    for tag in _TAG.finditer(source):
        while code and code[0][1] <= tag.start():
            code.popleft()
        if code and code[0][0] <= tag.start():
            continue
        parts = stack[-1].parts if stack else root
        if tag["close"]:
            if stack:
                parts.append(source[where : tag.start()])
                stack.pop()
                where = tag.end()
        else:
            parts.append(source[where : tag.start()])
            where = tag.end()
            quote = _quote(tag.group(), tag["about"] or "")
            parts.append(quote)
            stack.append(quote)
    (stack[-1].parts if stack else root).append(source[where:])
    return _without_unclosed(root, stack) if stack else root


def attributed(source: str, name_of: Callable[[Quote], str | None]) -> str:
    """`source` with the name on each quote, quotes inside quotes too, that `name_of` knows a name for."""
    return _written(quote_parts(source), name_of) if has_quotes(source) else source


def _written(parts: list[str | Quote], name_of: Callable[[Quote], str | None]) -> str:
    return "".join(part if isinstance(part, str) else _signed(part, name_of) for part in parts)


def _signed(quote: Quote, name_of: Callable[[Quote], str | None]) -> str:
    name, tag = name_of(quote), quote.tag
    if name is not None and name != quote.name:
        where = [f"{key}:{number}" for key, number in (("post", quote.post), ("thread", quote.thread)) if number]
        before = tag[: tag.index("[")]
        tag = f'{before}[quote="{", ".join([_plain_name(name), *where])}"]'
    return f"{tag}{_written(quote.parts, name_of)}[/quote]"


def _plain_name(name: str) -> str:
    return re.sub(r'["\[\]\n,]+', " ", name).strip()


def _without_unclosed(root: list[str | Quote], stack: list[Quote]) -> list[str | Quote]:
    """`root` with the quotes that were never closed turned back into text."""
    pieces = root[:-1]
    for quote in stack:
        pieces += [quote.tag, *quote.parts[:-1]]
    pieces.append(stack[-1].parts[-1])
    parts: list[str | Quote] = []
    for is_quote, run in groupby(pieces, key=lambda piece: isinstance(piece, Quote)):
        together = list(run)
        parts += together if is_quote else ["".join(map(str, together))]
    return parts


def _quote(tag: str, about: str) -> Quote:
    about = about.strip().strip("\"'“”„«»").strip()
    numbers: dict[str, int] = {}
    for part in _ABOUT_PART.finditer(about):
        value = part["value"].strip()
        if value.isascii() and value.isdigit() and 0 < int(value[:10]) < 2**31:
            numbers.setdefault(part["key"].lower(), int(value))
    name = _ABOUT_PART.sub("", about).strip(" ,\"'")
    return Quote(name=name[:100], post=numbers.get("post"), thread=numbers.get("thread"), tag=tag)


def _code_ranges(source: str) -> deque[tuple[int, int]]:
    """Where fenced code stands, in order."""
    ranges: deque[tuple[int, int]] = deque()
    fence, start = "", 0
    for mark in _FENCE.finditer(source):
        if not fence:
            fence, start = mark[1], mark.start()
        elif mark[1].startswith(fence) and not mark[2].strip():
            ranges.append((start, mark.end()))
            fence = ""
    return ranges


def renumber_quotes(source: str, thread_of: Callable[[int], int | None]) -> str:
    """`source` with Discourse's `topic:N` in its quotes replaced by `thread:M`, where `thread_of(N)` knows M."""

    def renumbered(tag: re.Match[str]) -> str:
        if tag["close"]:
            return tag.group()

        def part(found: re.Match[str]) -> str:
            if found["key"].lower() != "topic" or not found["value"].strip().isdigit():
                return found.group()
            thread = thread_of(int(found["value"]))
            return "" if thread is None else f", thread:{thread}"

        return _ABOUT_PART.sub(part, tag.group()[:-2]) + tag.group()[-2:]

    return _TAG.sub(renumbered, source)
