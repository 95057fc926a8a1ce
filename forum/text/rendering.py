"""Markdown to HTML, before the sanitisers. One renderer per thread: Python-Markdown keeps state between calls."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from html import unescape
from urllib.parse import quote as percent
from xml.etree.ElementTree import Element

import markdown
from markdown.blockprocessors import HashHeaderProcessor, ReferenceProcessor
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import InlineProcessor as InlineTreeprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from markupsafe import escape

from forum.text.mentions import MENTION, called
from forum.text.quoting import DEEPEST_QUOTE, Quote, has_quotes, quote_parts
from forum.text.safe import REL, cleaned, is_upload, web_address
from forum.text.tidying import clean_line, without_forbidden

_MARK = r"(?:>|[-*+](?= )|\d{1,9}\.(?= )) *"
_TOO_DEEP = re.compile(
    rf"( {{0,3}}(?:{_MARK}){{6}})(?:{_MARK})+"
)  # quotes and lists further inside than anybody can follow
_TRAILING = "?!.,:;*_~'\"’”»…"


Found = tuple[Element | None, int | None, int | None]


class _BareAddress(InlineProcessor):
    """An address somebody pasted becomes a link; full stops and brackets after it stay outside."""

    ANCESTOR_EXCLUDES = ("a",)
    PATTERN = r"(?<![\w@/])(?:https?://|www\.(?=[\w-]))[^\s<>\"\x02\x03]+"

    def handleMatch(self, m: re.Match[str], data: str) -> Found:  # noqa: N802
        address = _without_trailing(m.group())
        href = web_address(address)
        if href is None or address.endswith("//"):
            return None, m.start(), m.end()
        return _link(href, address), m.start(), m.start() + len(address)


def _without_trailing(address: str) -> str:
    while True:
        shorter = address.rstrip(_TRAILING)
        for opening, closing in ("()", "[]", "{}"):
            if shorter.endswith(closing) and shorter.count(closing) > shorter.count(opening):
                shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter


class _BareMailbox(InlineProcessor):
    ANCESTOR_EXCLUDES = ("a",)
    PATTERN = r"(?<![\w.+\-@/:])[A-Za-z0-9][A-Za-z0-9._+\-]{0,63}@(?:[A-Za-z0-9\-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w@])"

    def handleMatch(self, m: re.Match[str], data: str) -> Found:  # noqa: N802
        href = web_address(f"mailto:{m.group()}")
        if href is None:
            return None, m.start(), m.end()
        return _link(href, m.group()), m.start(), m.end()


class _Mention(InlineProcessor):
    """A name that belongs to somebody here: it leads to them, or to the address of this site that it stands for."""

    ANCESTOR_EXCLUDES = ("a",)
    known: Mapping[str, str] = {}

    def handleMatch(self, m: re.Match[str], data: str) -> Found:  # noqa: N802
        name = called(m)
        member = self.known.get(name.casefold())
        if member is None:
            return None, m.start(), m.end()
        link = _link(member if member.startswith("/") else f"/m/{percent(member, safe='')}", f"@{name}")
        link.set("class", "mention")
        return link, m.start(), m.end()


def _link(href: str, words: str) -> Element:
    link = Element("a")
    link.set("href", href)
    link.text = AtomicString(words)
    return link


class _Inline(InlineTreeprocessor):
    """Python-Markdown's own, which asks a pattern only about words that hold the mark it looks for.

    Most of the time in an ordinary post went into searching it for marks that are not there.
    """

    MARKS = {
        "backtick": "`",
        "escape": r"\\",
        "reference": r"\[",
        "link": r"\[",
        "image_link": r"!\[",
        "image_reference": r"!\[",
        "short_reference": r"\[",
        "short_image_ref": r"!\[",
        "autolink": "<",
        "automail": "<",
        "linebreak": "  \n",
        "em_strong": "[*_~]",
        "nl": "\n",
        "bare_address": "://|www",
        "bare_mailbox": "@",
        "mention": "@",
    }

    def __init__(self, md: markdown.Markdown) -> None:
        super().__init__(md)
        names = sorted(self.MARKS, key=md.inlinePatterns.get_index_for_name)
        marks = [re.compile(self.MARKS[name]).search for name in names]
        self._asked = list(zip(md.inlinePatterns, marks, strict=True))

    def _InlineProcessor__handleInline(self, data: str, number: int = 0) -> str:  # noqa: N802
        if isinstance(data, AtomicString):
            return data
        start = 0
        while number < len(self._asked):
            pattern, has_mark = self._asked[number]
            matched = False
            if has_mark(data, start):
                data, matched, start = self._InlineProcessor__applyPattern(pattern, data, number, start)
            if not matched:
                number, start = number + 1, 0
        return data


class _AsTyped(Preprocessor):
    """A list needs no empty line before it, and a line without `>` is not part of the quote above it."""

    LIST = re.compile(r" {0,3}(?:[-*+]|1\.) +\S")
    ANY_ITEM = re.compile(r" {0,3}(?:[-*+]|\d+\.) +\S| {4}")
    QUOTED = re.compile(r" {0,3}>")

    def run(self, lines: list[str]) -> list[str]:
        typed: list[str] = []
        in_list = in_quote = False
        for written in lines:
            deep = _TOO_DEEP.match(written)
            line = written if deep is None else deep[1] + written[deep.end() :]
            began = not typed or not typed[-1].strip()
            quoted = self.QUOTED.match(line) is not None
            if began:
                in_list = self.ANY_ITEM.match(line) is not None
            elif line.strip() and ((in_quote and not quoted) or (not in_list and self.LIST.match(line))):
                typed.append("")
                in_list = self.ANY_ITEM.match(line) is not None
            in_quote = quoted
            typed.append(line)
        return typed


class _Heading(HashHeaderProcessor):
    """`# Heading` with a space after the mark: `#carersweek` is a word."""

    RE = re.compile(r"(?:^|\n)(?P<level>#{1,6})(?= )(?P<header>(?:\\.|[^\\#]|#+(?=[^#\n]))*?)#*(?:\n|$)")


class _Reference(ReferenceProcessor):
    """`[1]: https://…` says where `[1]` leads; `[Update]: done` is something somebody says."""

    RE = re.compile(
        r"^[ ]{0,3}\[([^\[\]]*)\]:[ ]*(?:\n[ ]*)?(<?(?:https?:/|mailto:|tel:|www\.|/)[^\s]+)[ ]*"
        r"(?:\n[ ]*)?(([\"'])(.*)\4[ ]*|\((.*)\)[ ]*)?$",
        re.MULTILINE,
    )


class _HouseRules(Treeprocessor):
    """The last look at the tree: headings fit under the page's own, addresses are sound, pictures are ours."""

    def __init__(self, md: markdown.Markdown) -> None:
        super().__init__(md)
        self.headings: list[int] = []  # levels as written, outermost first; the page's own headings stand above them

    def run(self, root: Element) -> None:
        self._look(root, inside_link=False)

    def _look(self, parent: Element, inside_link: bool) -> None:
        for child in list(parent):
            tag = child.tag
            if tag == "img":
                self._picture(child, inside_link)
            elif tag == "a":
                self._link(child, inside_link)
                self._look(child, inside_link=True)
                if child.tag == "a" and not _shows(child):
                    child.text = child.get("href")
                continue
            elif tag in ("th", "td"):
                child.attrib.pop("style", None)
            self._look(child, inside_link)
            if tag in _HEADINGS:
                self._heading(child)

    def _heading(self, element: Element) -> None:
        if not "".join(element.itertext()).strip():
            element.tag = "p"
            return
        written = int(element.tag[1])
        while self.headings and self.headings[-1] >= written:
            self.headings.pop()
        self.headings.append(written)
        element.tag = f"h{min(2 + len(self.headings), 6)}"

    @staticmethod
    def _link(element: Element, inside_link: bool) -> None:
        mention = element.get("class")
        href = web_address(unescape(element.get("href", "")))
        element.attrib.clear()
        if href is None or inside_link:
            element.tag = "span"  # taken away by the sanitiser, its words stay
            return
        element.set("href", href.replace("&", "&amp;"))
        if mention == "mention":
            element.set("class", mention)
        element.set("rel", REL)

    @staticmethod
    def _picture(element: Element, inside_link: bool) -> None:
        source, alt = element.get("src", "").strip(), element.get("alt", "")
        alt = re.sub(r"\|\d+x\d+(?:,\s*\d+%)?$", "", alt).strip()  # Discourse writes the size there
        element.attrib.clear()
        if is_upload(source):
            element.set("src", source)
            element.set("alt", alt)
            element.set("loading", "lazy")
            return
        href = None if inside_link else web_address(unescape(source))
        element.text = AtomicString(alt or source)
        if href is None:
            element.tag = "span"
            return
        element.tag = "a"
        element.set("href", href.replace("&", "&amp;"))
        element.set("rel", REL)


_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def _shows(element: Element) -> bool:
    """Whether a link has anything to click on."""
    return any(True for _ in element.iter("img")) or bool("".join(element.itertext()).strip())


# Lines that begin with a letter, a number or an opening mark and hold nothing that Markdown or HTML could take for more
# than words: what most people write most of the time.
_WORDS = r"(?!\d+\.)(?:[^\W_]|[\"'“‘(£€$])[^\t\n\x02\x03`\\\[\]<>&*_~@|]*+(?<!\s)"
_NO_MARKS = re.compile(rf"\n*{_WORDS}(?:\n+{_WORDS})*+\n*")


def _has_no_marks(source: str) -> bool:
    return _NO_MARKS.fullmatch(source) is not None and "://" not in source and "www" not in source


def _paragraphs(source: str) -> str:
    """What Markdown makes of words without marks."""
    parts = re.split("\n\n+", source.strip("\n"))
    return "\n".join("<p>" + part.replace("\n", "<br>\n") + "</p>" for part in parts)


class _Renderer(threading.local):
    def __init__(self) -> None:
        md = markdown.Markdown(extensions=["fenced_code", "tables", "nl2br", "sane_lists"], output_format="html")
        # Tags that people type are words like any other: nothing they write is taken for HTML.
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.inlinePatterns.deregister("entity")
        md.delimiters.add("~", "del", double=True)
        md.ESCAPED_CHARS.append("~")
        md.preprocessors.register(_AsTyped(md), "as_typed", 24)
        md.parser.blockprocessors.register(_Heading(md.parser), "hashheader", 70)
        md.parser.blockprocessors.register(_Reference(md.parser), "reference", 15)
        md.parser.blockprocessors.deregister("setextheader")  # a row of dashes under a sentence is a line, not a title
        self.mention = _Mention(MENTION, md)
        self.rules = _HouseRules(md)
        md.inlinePatterns.register(_BareAddress(_BareAddress.PATTERN, md), "bare_address", 118)
        md.inlinePatterns.register(_BareMailbox(_BareMailbox.PATTERN, md), "bare_mailbox", 108)
        md.inlinePatterns.register(self.mention, "mention", 106)
        md.treeprocessors.register(self.rules, "house_rules", -10)
        md.treeprocessors.register(_Inline(md), "inline", 20)
        self.md = md

    def html(self, source: str, known: Mapping[str, str]) -> str:
        self.mention.known = known
        self.rules.headings.clear()
        if has_quotes(source):
            return self._parts(quote_parts(source), depth=0)
        return self._markdown(source)

    def _markdown(self, source: str) -> str:
        if _has_no_marks(source):
            return _paragraphs(source)
        return self.md.reset().convert(source) if source.strip() else ""

    def _parts(self, parts: list[str | Quote], depth: int) -> str:
        return "\n".join(self._markdown(part) if isinstance(part, str) else self._quote(part, depth) for part in parts)

    def _quote(self, quote: Quote, depth: int) -> str:
        inside = self._parts(quote.parts, depth + 1)
        if depth >= DEEPEST_QUOTE:
            return inside
        return f'<blockquote class="quote">\n{_attribution(quote)}{inside}\n</blockquote>'


def _attribution(quote: Quote) -> str:
    name = escape(clean_line(unescape(quote.name), 100))
    if not name:
        return ""
    if quote.thread is None:
        return f"<cite>{name}</cite>\n"
    address = f"/t/{quote.thread}/-/{quote.post or 1}"
    return f'<cite><a href="{address}" rel="{REL}">{name}</a></cite>\n'


_renderer = _Renderer()


def rendered(source: str, known: Mapping[str, str]) -> str:
    """Clean HTML for tidied Markdown. For hostile text it may take long and raise anything: `door` looks after that."""
    return without_forbidden(cleaned(_renderer.html(source, known))).strip()
