"""Discourse's raw Markdown as ours. What comes out is a source like any other and goes through the door."""

from __future__ import annotations

import re
from collections.abc import Callable

from forum.text.emoji import with_emoji
from forum.text.quoting import renumber_quotes
from forum.text.tidying import tidy

ThreadOf = Callable[[int], int | None]

_TRIGGER = re.compile(
    r"\[/?(?:b|i|u|s|url|img|code|spoiler|color|size|video|details|poll|ul|ol|li|list|quote)\b|<|:\w|\]\(//", re.I
)
_BB_CODE = re.compile(r"\[code(?:=[^\]\n]*)?\](.*?)\[/code\]", re.I | re.S)
_CODE = re.compile(
    r"(^ {0,3}(`{3,}+|~{3,}+).*?(?:^ {0,3}\2[`~]* *$|\Z)|(?<!`)(`++)(?:(?!\n\n).)+?(?<!`)\3(?!`))", re.M | re.S
)
_TRANSLATED = re.compile(
    r"<[/!a-z]|\]\(//|\[\*\]|\[/?(?:[bius][\]= ]|url|img|video|spoiler|details|poll|ul|ol|li|color|size|center)", re.I
)
_MOST_SEARCHING = 100_000_000  # marks × length, about a second; beyond it a text is left as it is
_REPLACED: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.I | re.S), replacement)
    for pattern, replacement in (
        (r"<!--.*?-->", ""),
        (r"<br\s*/?>\n?", "\n"),
        (r"\[b\]\s*([^\n]+?)\s*\[/b\]|<(?:b|strong)>\s*([^\n]+?)\s*</(?:b|strong)>", r"**\1\2**"),
        (r"\[i\]\s*([^\n]+?)\s*\[/i\]|<(?:i|em)>\s*([^\n]+?)\s*</(?:i|em)>", r"*\1\2*"),
        (r"\[s\]\s*([^\n]+?)\s*\[/s\]|<(?:s|del|strike)>\s*([^\n]+?)\s*</(?:s|del|strike)>", r"~~\1\2~~"),
        (r"\[url\]\s*([^\s\[\]]+)\s*\[/url\]|\[video\]\s*([^\s\[\]]+)\s*\[/video\]", r"\1\2"),
        (r"\[url=\"?([^\s\]\"]+)\"?\](.*?)\[/url\]", r"[\2](\1)"),
        (r"<a\s[^<>]*?href=[\"']?([^\s\"'<>]+)[\"']?[^<>]*>(.*?)</a>", r"[\2](\1)"),
        (r"\[img[^\]]*\]\s*([^\s\[\]]+)\s*\[/img\]|<img\s[^<>]*?src=[\"']?([^\s\"'<>]+)[\"']?[^<>]*>", r"![](\1\2)"),
        (r"\]\(//", "](https://"),
        (r"<pre>(?:<code>)?\n?(.*?)\n?(?:</code>)?</pre>", r"\n```\n\1\n```\n"),
        (r"\[details=\"?'?([^\]\n\"']*)\"?'?\]|<summary>\s*(.*?)\s*</summary>", r"\n**\1\2**\n\n"),
        (r"\[li\]|\[\*\]", "\n- "),
        (r"\[/?(?:b|i|u|s|spoiler|details|poll|ul|ol|li|list|color|size|center)(?:[= ][^\]\n]*)?\]", ""),
        (
            r"</?(?:u|b|i|em|strong|kbd|sub|sup|small|big|center|font|span|div|p|details|summary|ins|mark)(?:\s[^<>]*)?>",
            "",
        ),
    )
]


def from_raw(source: str, *, thread_of: ThreadOf | None = None) -> str:
    """Discourse's raw Markdown as ours: its BBCode, the few HTML tags people use, `:emoji:` and the numbers in quotes.

    Code is left as it is. Never raises.
    """
    source = tidy(source)
    marks = source.count("[") + source.count("<") + source.count("`")
    if not _TRIGGER.search(source) or marks * len(source) > _MOST_SEARCHING:
        return source if thread_of is None else renumber_quotes(source, thread_of)
    source = _BB_CODE.sub(_fenced, source)
    parts = _CODE.split(source) if "`" in source or "~~~" in source else [source]
    # split gives text, code, fence, tick, text, code, …
    text = "".join(
        _translated(part) if place % 4 == 0 else part for place, part in enumerate(parts) if place % 4 < 2 and part
    )
    return text if thread_of is None else renumber_quotes(text, thread_of)


def _fenced(code: re.Match[str]) -> str:
    words = code[1].strip("\n")
    if "\n" not in words and "`" not in words:
        return f"`{words}`" if words.strip() else ""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall(r"`+", words))])
    return f"\n{fence}\n{words}\n{fence}\n"


def _translated(text: str) -> str:
    if _TRANSLATED.search(text):
        for pattern, replacement in _REPLACED:
            text = pattern.sub(replacement, text)
    return with_emoji(text)
