"""Posts written elsewhere, as Markdown that `to_html` understands: HTML, Discourse's `cooked` above all.

Nothing here makes anything safe: what comes out is a source like any other and goes through the door.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from lxml import etree, html

from forum.text.emoji import emoji_named
from forum.text.quoting import renumber_quotes
from forum.text.tidying import tidy

ThreadOf = Callable[[int], int | None]

_BLOCKS = frozenset(
    """address article aside blockquote center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3
    h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul video audio iframe""".split()
)
_NOTHING = frozenset("script style svg template noscript object embed input button select textarea head title".split())
_SPACE = re.compile(r"[ \t\n\r\f]+")
_LANGUAGE = re.compile(r"(?:^|\s)lang(?:uage)?-([\w#+.-]{1,30})")
_NO_LANGUAGE = frozenset({"auto", "nohighlight", "plaintext", "text", "none"})


def from_html(source: str, *, thread_of: ThreadOf | None = None) -> str:
    """HTML (Discourse's `cooked` above all) as Markdown.

    Quotes become `[quote]` blocks (with `thread:` when `thread_of` knows the topic's number here), code keeps its
    language, pictures and link previews become links, emoji pictures become emoji, polls become lists. Never raises.
    """
    source = tidy(source)
    if not source.strip():
        return ""
    try:
        root = html.fragment_fromstring(source, create_parent="div")
        markdown = "\n\n".join(_Reader(thread_of).blocks(root))
    except (etree.LxmlError, ValueError, RecursionError):
        markdown = unescape(re.sub(r"<[^<>]*>", " ", source))
    return markdown.strip("\n")


class _Reader:
    """Walks an HTML tree; `blocks` for what stands by itself, `inline` for what stands in a line."""

    def __init__(self, thread_of: ThreadOf | None) -> None:
        self.thread_of = thread_of

    def blocks(self, parent: html.HtmlElement) -> list[str]:
        """The Markdown blocks in an element."""
        found: list[str] = []
        line: list[str] = [_words(parent.text)]
        for child in parent:
            tag = child.tag
            if not isinstance(tag, str):
                pass
            elif tag in _BLOCKS and not self._is_picture(child):
                _end_paragraph(line, found)
                found += self._block(child, tag)
            elif self._holds_blocks(child):
                _end_paragraph(line, found)
                found += self.blocks(child)
            else:
                line.append(self._inline(child, tag))
            line.append(_words(child.tail))
        _end_paragraph(line, found)
        return found

    def inline(self, parent: html.HtmlElement) -> str:
        """The Markdown of an element's content, as if it were one line."""
        parts = [_words(parent.text)]
        for child in parent:
            if isinstance(child.tag, str):
                parts.append(self._inline(child, child.tag))
            parts.append(_words(child.tail))
        return "".join(parts)

    @staticmethod
    def _is_picture(element: html.HtmlElement) -> bool:
        return "lightbox-wrapper" in element.get("class", "")

    @staticmethod
    def _holds_blocks(element: html.HtmlElement) -> bool:
        return element.tag not in _NOTHING and any(
            child.tag in _BLOCKS and "lightbox" not in child.get("class", "") + element.get("class", "")
            for child in element.iterdescendants()
            if isinstance(child.tag, str)
        )

    # Blocks

    def _block(self, element: html.HtmlElement, tag: str) -> list[str]:
        kind = element.get("class", "")
        if tag == "aside" and "quote" in kind.split():
            return [self._quote(element)]
        if "onebox" in kind or "lazyYT" in kind or tag in ("iframe", "video", "audio"):
            return self._preview(element)
        if tag == "div" and "poll" in kind.split():
            return [block for choices in element.iter("ul", "ol") for block in self._block(choices, choices.tag)]
        writer = getattr(self, f"_{tag}", None) if tag in ("p", "pre", "blockquote", "table", "hr", "summary") else None
        if writer is not None:
            return writer(element)
        if tag in ("ul", "ol"):
            return self._list(element, tag)
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            words = self.inline(element).replace("\n", " ").strip()
            return [f"{'#' * int(tag[1])} {words}"] if words else []
        return self.blocks(element)

    def _p(self, element: html.HtmlElement) -> list[str]:
        return self.blocks(element)

    def _summary(self, element: html.HtmlElement) -> list[str]:
        words = self.inline(element).replace("\n", " ").strip()
        return [f"**{words}**"] if words else []

    def _hr(self, _element: html.HtmlElement) -> list[str]:
        return ["---"]

    def _blockquote(self, element: html.HtmlElement) -> list[str]:
        words = "\n\n".join(self.blocks(element))
        return ["\n".join(f"> {line}".rstrip() for line in words.split("\n"))] if words else []

    def _pre(self, element: html.HtmlElement) -> list[str]:
        code = element.find(".//code")
        language = _LANGUAGE.search(
            (code.get("class", "") if code is not None else "") + " " + element.get("class", "")
        )
        for line_break in element.iter("br"):
            line_break.tail = "\n" + (line_break.tail or "")
        lines = [item.text_content().strip("\n") for item in element.iter("li")]
        words = "\n".join(lines) if lines else element.text_content().strip("\n")
        if not words.strip():
            return []
        fence = "`" * max([2, *map(len, re.findall(r"`+", words))]) + "`"
        name = language[1] if language and language[1] not in _NO_LANGUAGE else ""
        return [f"{fence}{name}\n{words}\n{fence}"]

    def _list(self, element: html.HtmlElement, tag: str) -> list[str]:
        items = [self.blocks(item) for item in element if item.tag == "li"]
        items = [item for item in items if item]
        first = element.get("start", "1")
        number = int(first) if first.isascii() and first.isdigit() and len(first) < 6 else 1
        lines = []
        for place, item in enumerate(items):
            mark = "- " if tag == "ul" else f"{number + place}. "
            text = ("\n" if len(item) == 2 and _is_list(item[1]) else "\n\n").join(item)
            lines.append(mark + text.replace("\n", "\n    ").replace("\n    \n", "\n\n"))
        tight = all("\n\n" not in line for line in lines)
        return [("\n" if tight else "\n\n").join(lines)] if lines else []

    def _table(self, element: html.HtmlElement) -> list[str]:
        rows = [
            [
                self.inline(cell).replace("\n", " ").replace("|", "\\|").strip()
                for cell in row
                if cell.tag in ("td", "th")
            ]
            for row in element.iter("tr")
        ]
        rows = [row for row in rows if row]
        if not rows:
            return []
        width = max(map(len, rows))
        if width == 1:
            return [row[0] for row in rows if row[0]]
        lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
        return ["\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])]

    # Discourse's own

    def _quote(self, element: html.HtmlElement) -> str:
        inside = element.find(".//blockquote")
        words = "\n\n".join(self.blocks(inside)) if inside is not None else ""
        name = element.get("data-username") or ""
        if not name and (title := element.find(".//div[@class='title']")) is not None:
            said = title.text_content().strip()
            name = said[:-1] if said.endswith(":") else ""  # otherwise it is the title of a thread
        about = [re.sub(r'["\[\],\n]', " ", name).strip()]
        post, topic = element.get("data-post", ""), element.get("data-topic", "")
        if post.isdigit():
            about.append(f"post:{post}")
        if topic.isdigit():
            about.append(f"topic:{topic}")
        told = ", ".join(part for part in about if part)
        tag = f'[quote="{told}"]' if told else "[quote]"
        if self.thread_of is not None:
            tag = renumber_quotes(tag, self.thread_of)
        return f"{tag}\n{words}\n[/quote]"

    def _preview(self, element: html.HtmlElement) -> list[str]:
        """A link preview or a film: the link, with its title when there is one."""
        video = element.get("data-youtube-id", "")
        title = element.get("data-youtube-title", "")
        address = f"https://www.youtube.com/watch?v={video}" if video else element.get("data-onebox-src", "")
        if not address:
            places = [element.get("src")]
            places += [found.get("href") or found.get("src") for found in element.iter("a", "source", "iframe", "img")]
            address = next((place for place in places if place), "")
        if not title:
            heading = next((found for found in element.iter("h3", "h4") if found.text_content().strip()), None)
            title = heading.text_content() if heading is not None else ""
        title = _SPACE.sub(" ", title).strip()
        if not address:
            return self.blocks(element) if len(element) else []
        return [_link(_escaped(title), address)]

    # Lines

    def _inline(self, element: html.HtmlElement, tag: str) -> str:
        kind = element.get("class", "")
        if tag in _NOTHING or "badge-wrapper" in kind:
            return ""
        if tag == "br":
            return "\n"
        if tag == "img":
            return self._picture(element)
        if "lightbox" in kind.split() or "lightbox-wrapper" in kind:
            return self._enlarged_picture(element)
        if tag == "a":
            return self._a(element, kind)
        if tag in ("code", "tt", "kbd", "samp"):
            return _inline_code(_SPACE.sub(" ", element.text_content()))
        mark = _MARKS.get(tag) or _MARKS.get(kind)
        return _marked(self.inline(element), mark) if mark else self.inline(element)

    @staticmethod
    def _picture(element: html.HtmlElement) -> str:
        kind, alt = element.get("class", ""), _SPACE.sub(" ", element.get("alt", "")).strip()
        if "emoji" in kind.split():
            return emoji_named(alt) or alt
        if "avatar" in kind or "site-icon" in kind:
            return ""
        source = element.get("src", "").strip()
        return "!" + _link(_escaped(alt), source, bare=False) if source else _escaped(alt)

    @staticmethod
    def _enlarged_picture(element: html.HtmlElement) -> str:
        link = element if element.tag == "a" else element.find(".//a")
        picture = element.find(".//img")
        address = link.get("href", "") if link is not None else ""
        if not address and picture is not None:
            address = picture.get("src", "")
        alt = _SPACE.sub(" ", picture.get("alt", "") if picture is not None else "").strip()
        return "!" + _link(_escaped(alt), address, bare=False) if address else _escaped(alt)

    def _a(self, element: html.HtmlElement, kind: str) -> str:
        if "mention" in kind.split():
            return "@" + element.text_content().strip().lstrip("@")
        if "anchor" in kind.split() and not element.text_content().strip():
            return ""
        words = self.inline(element).strip("\n")
        address = element.get("href", "")
        if not address or address.startswith("#"):
            return words
        if element.find(".//img") is not None and words.startswith("!["):
            return words  # a picture that is a link: one of the two is enough
        return _link(words, address)


_MARKS = {
    "strong": "**",
    "b": "**",
    "bbcode-b": "**",
    "em": "*",
    "i": "*",
    "bbcode-i": "*",
    "s": "~~",
    "del": "~~",
    "strike": "~~",
    "bbcode-s": "~~",
}


def _words(text: str | None) -> str:
    return _escaped(_SPACE.sub(" ", text)) if text else ""


def _is_list(block: str) -> bool:
    return re.match(r"(?:[-*]|\d+\.) ", block) is not None


def _marked(words: str, mark: str) -> str:
    inner = words.strip()
    if not inner or mark in inner or "\n\n" in inner or inner.startswith(("*", "~")):
        return words
    lead, trail = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    return f"{lead}{mark}{inner}{mark}{trail}"


def _inline_code(code: str) -> str:
    if not code.strip():
        return code
    fence = "`" * (max([0, *map(len, re.findall(r"`+", code))]) + 1)
    pad = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{fence}{pad}{code}{pad}{fence}"


def _link(words: str, address: str, *, bare: bool = True) -> str:
    address = address.strip().replace(" ", "%20").replace("<", "%3C").replace(">", "%3E").replace("\n", "")
    if address.startswith("//"):
        address = "https:" + address
    plain = re.sub(r"\\([\\`*_\[\]~#>+-])", r"\1", words).strip()
    if bare and address.startswith(("http://", "https://")) and (not plain or unescape(plain) == unescape(address)):
        return f"<{address}>" if re.search(r"[()*\[\]]|[^\w/]$", address) else address
    words = " ".join(words.split())
    if re.search(r"[()\s\"']", address):
        return f"[{words}](<{address}>)"
    return f"[{words}]({address})"


# What would mean something in Markdown ----------------------------------------------------------------------------------

_SPECIAL = re.compile(
    r"[\\`*]|(?<!\w)_|_(?!\w)|~(?=~)|(?<=~)~|\[(?=/?quote)|\[(?=[^\[\]]*\][\[(:])|&(?=#?\w+;)", re.IGNORECASE
)
_AT_LINE_START = re.compile(r"^(?:#{1,6}(?= |$)|>|[-+](?= )|-(?=-+ *$)|=+(?= *$)|~(?=~~)|\d{1,9}(?=\. ))", re.MULTILINE)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda mark: "&amp;" if mark[0] == "&" else "\\" + mark[0], text)


def _end_paragraph(line: list[str], found: list[str]) -> None:
    """Finish the paragraph being collected, if there is anything in it."""
    words = "".join(line)
    line.clear()
    words = re.sub(r" *\n *", "\n", words).strip()
    words = re.sub(r"\n{3,}", "\n\n", words)
    if words:
        found.append(_AT_LINE_START.sub(_escape_line_start, words))


def _escape_line_start(mark: re.Match[str]) -> str:
    return f"{mark[0]}\\" if mark[0].isdigit() else f"\\{mark[0]}"
