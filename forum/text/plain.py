r"""The words of a post without its markup: what search reads, what summaries show, what excerpts are anchored in.

How the page's text becomes plain text, so that a script in the browser may do the same:

1. Walk the nodes of the post's HTML in document order and join the text nodes.
2. Outside `pre`, every run of white space (space, tab, newline; not the no-break space) becomes one space.
3. `br` becomes a newline. Before and after each element of `BLOCKS` stands a newline; newlines in a row become one;
   spaces beside a newline go (inside `pre` the text stays as it is, save blank lines and a trailing newline).
4. The ends are stripped. Pictures leave nothing behind.

Offsets count Unicode code points, not the UTF-16 units of JavaScript. A script need not do any of this: it sends the
words selected and some words around them, and `anchor` finds them ignoring all white space.
"""

from __future__ import annotations

import html as _html
import re
from dataclasses import dataclass

BLOCKS = frozenset("p h3 h4 h5 h6 ul ol li blockquote cite pre table thead tbody tr th td hr div".split())

_TOKEN = re.compile(r'<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^<>"]|"[^"]*")*)>|([^<]+|<)')
_SPACE = re.compile(r"[ \t\n\r\f]+")
_QUOTE_CLASS = 'class="quote"'
_HREF = re.compile(r'href="([^"]*)"')


def to_plain(html: str) -> str:
    """The visible text of safe HTML. The same HTML always gives the same text. Never raises."""
    return _read(html).text()


@dataclass(frozen=True, slots=True)
class QuotedSpan:
    """A stretch of a post's plain text that repeats somebody else's words."""

    start: int
    end: int
    name: str
    link: str | None


def quoted_spans(html: str) -> list[QuotedSpan]:
    """Where in `to_plain(html)` other people's quoted words stand: the outermost `[quote]` blocks, in order.

    `start` and `end` are code-point offsets; `link` is the address of the quoted post when it is known.
    """
    return _read(html).quotes


class _Reading:
    """Collects lines; knows how long the text so far is."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.length = 0  # of the finished lines, each with its newline
        self.quotes: list[QuotedSpan] = []

    def end_line(self, verbatim: bool = False) -> None:
        joined = "".join(self.line)
        self.line.clear()
        line = joined.rstrip() if verbatim else _SPACE.sub(" ", joined).strip(" ")
        if line.strip():
            self.lines.append(line)
            self.length += len(line) + 1

    def text(self) -> str:
        return "\n".join(self.lines)


def _read(html: str) -> _Reading:
    reading = _Reading()
    line = reading.line
    in_pre = 0
    depth = 0  # of blockquotes
    quote_depth = 0  # depth of the outermost quote block we are in
    start, name, link = 0, "", None
    in_cite = False
    for closing, tag, attributes, words in _TOKEN.findall(html):
        if words:
            words = _html.unescape(words) if "&" in words else words
            if in_cite:
                name += words
            if in_pre and "\n" in words:
                *whole, last = words.split("\n")
                for piece in whole:
                    line.append(piece)
                    reading.end_line(verbatim=True)
                line.append(last)
            else:
                line.append(words)
            continue
        tag = tag.lower()
        if tag == "br":
            reading.end_line(verbatim=bool(in_pre))
        elif tag in BLOCKS:
            reading.end_line(verbatim=bool(in_pre))
            if tag == "pre":
                in_pre += -1 if closing else 1
            elif tag == "blockquote" and not closing:
                depth += 1
                if not quote_depth and _QUOTE_CLASS in attributes:
                    quote_depth, start, name, link = depth, reading.length, "", None
            elif tag == "blockquote":
                if quote_depth and depth == quote_depth:
                    if reading.length > start:
                        reading.quotes.append(QuotedSpan(start, reading.length - 1, name.strip(), link))
                    quote_depth = 0
                depth -= 1
            elif tag == "cite":
                in_cite = not closing and depth == quote_depth > 0 and not name
        elif tag == "a" and in_cite and not closing:
            href = _HREF.search(attributes)
            link = _html.unescape(href.group(1)) if href else None
    reading.end_line(verbatim=bool(in_pre))
    return reading
