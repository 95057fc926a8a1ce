"""Looking at HTML with other eyes than the product's: the standard library's parser, which forgives nothing away."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from hypothesis import strategies as st

TAGS = set(
    "p br hr h3 h4 h5 h6 strong em del code pre ul ol li blockquote cite a img table thead tbody tr th td".split()
)
ATTRIBUTES = {
    "a": {"href", "class", "rel"},
    "img": {"src", "alt", "loading"},
    "blockquote": {"class"},
    "ol": {"start"},
}
VOID = {"br", "hr", "img"}
ADDRESS = re.compile(r"https?://[a-z0-9]|mailto:[^:]|tel:\+?\d|/(?![/\\])")


class _Events(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.events: list[tuple[object, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.events.append(("start", tag, tuple(sorted(attrs, key=str))))

    def handle_endtag(self, tag: str) -> None:
        self.events.append(("end", tag))

    def handle_data(self, data: str) -> None:
        if self.events and self.events[-1][0] == "text":
            data = str(self.events.pop()[1]) + data
        self.events.append(("text", data))

    def handle_comment(self, data: str) -> None:
        self.events.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.events.append(("declaration", decl))

    def handle_pi(self, data: str) -> None:
        self.events.append(("instruction", data))

    def unknown_decl(self, data: str) -> None:
        self.events.append(("declaration", data))


def events(html: str) -> list[tuple[object, ...]]:
    """What a parser sees in `html`: the same for two spellings of the same document."""
    parser = _Events()
    parser.feed(html)
    parser.close()
    return parser.events


def words(html: str) -> str:
    """All text of `html`, without any white space."""
    return "".join("".join(str(event[1]) for event in events(html) if event[0] == "text").split())


def faults(html: str) -> Iterator[str]:
    """Whatever is in `html` that the allow-list does not name, and every tag that is not closed in order."""
    still_open: list[str] = []
    for event in events(html):
        kind, tag = event[0], str(event[1])
        if kind == "start":
            if tag not in TAGS:
                yield f"tag {tag}"
            yield from _attribute_faults(tag, dict(event[2]), still_open)  # type: ignore[call-overload]
            if tag not in VOID:
                still_open.append(tag)
        elif kind == "end":
            if not still_open or still_open.pop() != tag:
                yield f"stray </{tag}>"
        elif kind != "text":
            yield str(event)
    yield from (f"unclosed {tag}" for tag in still_open)


def _attribute_faults(tag: str, attributes: dict[str, str | None], around: list[str]) -> Iterator[str]:
    for name, value in attributes.items():
        if name not in ATTRIBUTES.get(tag, ()):
            yield f"attribute {tag} {name}={value!r}"
        if name == "href" and not ADDRESS.match(value or ""):
            yield f"address {value!r}"
        if name == "src" and not (value or "").startswith("/uploads/"):
            yield f"picture {value!r}"
        if name == "class" and value not in ("mention", "quote"):
            yield f"class {value!r}"
    if tag == "a" and (attributes.get("rel") != "nofollow noopener ugc" or "href" not in attributes or "a" in around):
        yield f"link {attributes}"
    if tag == "img" and "alt" not in attributes:
        yield "picture without words"
    if tag in ("p", "h3", "h4", "h5", "h6") and {"p", "h3", "h4", "h5", "h6"} & set(around):
        yield f"{tag} inside {around}"


_PIECES = st.sampled_from(
    """
    a|word|é|😀|🏴󠁧󠁢󠁷󠁬󠁳󠁿|שלום|\u202e|\u0301|\x00|\x02|\x1b|\ufeff|\ud800|\u2028|&|&amp;|&lt;|&#106;|&#x3c;|&#0;|<|>|"|'|\\|`|``|```
    *|**|_|__|~~|[|]|(|)|![|](|](x)|](javascript:alert(1))|](JaVaScRiPt:1)|](javascript&colon;x)|](data:text/html,x)
    ](//evil.example)|](/uploads/a.png)|](http://evil.example/x.png)|](mailto:a@b.example)|](tel:+44 20)|](#x)
    http://a.example/b_c_d*e*?q=1&copy=2#f|www.b.example|https://|http://user@c.example|http://[::1]|ann@example.org
    @mary|@"Mary Ann"|@|<b>|</b>|<script>|</script>|<!--|-->|<img src=x onerror=alert(1)>|<svg/onload=alert(1)>|<a href="x">
    <style>|<math>|</p>|</div>|<![CDATA[|]]>|<?php|[quote]|[quote="Mary, post:3, thread:12"]|[quote="x\" onclick=1"]
    [/quote]|[x]: javascript:alert(1)|[x]|klzzwxh:0000|wzxhzdk:0|# |## |###### |> |- |1. |999999999999. |    |\t|---|===
    | a | b ||---|---|: |{: #id .class onclick=x}|[TOC]|[^1]|www.|{|}
    """.replace("\n    ", "|").split("|")
)
_JOINTS = st.sampled_from(["", "", " ", "\n", "\n\n", "\n> ", "\n- ", "\n    ", "\r\n", "|"])


@st.composite
def _pasted(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(st.tuples(_PIECES, _JOINTS), max_size=25))
    return "".join(piece + joint for piece, joint in pieces)


def typed() -> st.SearchStrategy[str]:
    """Everything that somebody might type or paste, hostile things first."""
    anything = st.text(st.characters(codec=None), max_size=80)
    return st.one_of(_pasted(), _pasted(), anything, st.lists(st.one_of(_PIECES, anything), max_size=10).map("".join))


_UNMARKED = st.sampled_from(
    "word|Ann's|(so)|“well”|4 times|4. times|1) a|20.|£5|é|😀|שלום|\u202e|a\u0301|\u00a0|\x00|\x02|\ufeff|\u2028|#tag|#|-|--|- x"
    "|+ x|=|===|:|: x|! no|?|www|a.b|klzzwxh:0000|wzxhzdk:0|{: #id}|%|^1|;|,|/|//|  |\t|...|$1|&|>|*|_".split("|")
)
_GAPS = st.sampled_from([" ", " ", " ", "", "\n", "\n", "\n\n", "\n\n\n", "  \n", " \n", "\n ", "\n \n", "\n    "])


def unmarked() -> st.SearchStrategy[str]:
    """What people write who know nothing of Markdown, with now and then something that might be some."""
    return st.lists(st.tuples(_UNMARKED, _GAPS), max_size=12).map(lambda some: "".join(map("".join, some)))
