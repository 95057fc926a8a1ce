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

BLOCKS = frozenset(
    {"p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "cite", "pre", "table", "thead", "tbody", "tr", "th"}
    | {"td", "hr", "div"}
)

_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>|([^<]+|<)')
_SPACE = re.compile(r"[ \t\n\r\f]+")
_QUOTE_CLASS = 'class="quote"'
_HREF = re.compile(r'href="([^"]*)"')


def to_plain(html: str) -> str:
    """The visible text of safe HTML. The same HTML always gives the same text. Never raises."""
    return "\n".join(_Reading(html).lines)


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
    return _Reading(html).quotes


class _Reading:
    """Reads HTML once, collecting lines; knows how long the text so far is."""

    def __init__(self, html: str) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.length = 0  # of the finished lines, each with its newline
        self.quotes: list[QuotedSpan] = []
        self._pre = 0
        self._depth = 0  # of blockquotes
        self._quote_depth = 0  # of the outermost quote block we are in; 0 outside
        self._quote_start, self._name, self._link = 0, "", ""
        self._in_cite = False
        for closing, tag, attributes, words in _TOKEN.findall(html):
            if words:
                self._words(_html.unescape(words) if "&" in words else words)
            elif tag == "a":
                self._anchor(closing, attributes)
            elif tag == "br":
                self._end_line()
            elif tag in BLOCKS:
                self._end_line()
                self._boundary(tag, closing, attributes)
        self._end_line()

    def _words(self, words: str) -> None:
        if self._in_cite:
            self._name += words
        if self._pre and "\n" in words:
            *whole, words = words.split("\n")
            for line in whole:
                self.line.append(line)
                self._end_line()
        self.line.append(words)

    def _end_line(self) -> None:
        if not self.line:
            return
        line = "".join(self.line)
        self.line.clear()
        line = line.rstrip() if self._pre else _SPACE.sub(" ", line).strip(" ")
        if line and not line.isspace():
            self.lines.append(line)
            self.length += len(line) + 1

    def _anchor(self, closing: str, attributes: str) -> None:
        href = _HREF.search(attributes) if self._in_cite and not closing else None
        if href:
            self._link = _html.unescape(href[1])

    def _boundary(self, tag: str, closing: str, attributes: str) -> None:
        if tag == "pre":
            self._pre += -1 if closing else 1
        elif tag == "cite":
            self._in_cite = not closing and 0 < self._quote_depth == self._depth and not self._name
        elif tag == "blockquote" and closing:
            if self._quote_depth and self._quote_depth == self._depth:
                self._end_quote()
            self._depth -= 1
        elif tag == "blockquote":
            self._depth += 1
            if not self._quote_depth and _QUOTE_CLASS in attributes:
                self._quote_depth, self._quote_start, self._name, self._link = self._depth, self.length, "", ""

    def _end_quote(self) -> None:
        if self.length > self._quote_start:
            self.quotes.append(QuotedSpan(self._quote_start, self.length - 1, self._name.strip(), self._link or None))
        self._quote_depth = 0
