"""Discourse's ``/raw/<topic>`` text: every post's Markdown one after another, matched back to the posts it belongs to.

The text is ``user | time | #number``, a blank line, the words, a rule of dashes. Nothing is escaped, so words can hold
rules and lines that look just like a header, put there by accident or to place words in somebody else's mouth. A
header therefore counts only when name, time to the second and number are exactly those of a post we know, once; and
words count only when what follows them leaves no doubt where they end. Everything else is left to the cooked HTML.
"""

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from forum.discourse.records import ArchivedPost, storable

RULE = "-" * 25
HEADER = re.compile(
    rf"\n\n{RULE}\n{{1,4}}"
    r"([^\n|]{0,255}) \| (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC) \| #(\d{1,7})\n\n"
)
END = re.compile(rf"\n\n{RULE}\s*\Z")

Signature = tuple[str, str, int]


def words_by_number(text: str, posts: Sequence[ArchivedPost]) -> dict[int, str]:
    """The Markdown of those *posts* whose words can be told apart beyond doubt in *text*, by post number."""
    text = f"\n\n{RULE}\n" + storable(text).replace("\r\n", "\n")
    headers = [(found, (found[1], found[2], int(found[3]))) for found in HEADER.finditer(text)]
    known = {_signature(post) for post in posts if post.person is not None}
    times_seen = Counter(signature for _, signature in headers if signature in known)
    said_twice = {number for (_, _, number), times in times_seen.items() if times > 1}
    next_numbers = dict(itertools.pairwise(post.number for post in posts))

    words: dict[int, str] = {}
    number, starts = 0, 0
    doubts: set[int] = set()
    for found, signature in headers:
        if times_seen[signature] != 1 or signature[2] <= number:
            doubts.add(signature[2])
            continue
        if number and next_numbers.get(number) == signature[2] and not doubts & said_twice:
            words[number] = text[starts : found.start()]
        number, starts, doubts = signature[2], found.end(), set()
    end = END.search(text, starts) if number else None
    if end and not any(doubt > number for doubt in doubts):
        words[number] = text[starts : end.start()]
    return {number: source.strip("\n") for number, source in words.items()}


def _signature(post: ArchivedPost) -> Signature:
    name = post.person.username if post.person else ""
    return name, f"{post.updated_at:%Y-%m-%d %H:%M:%S} UTC", post.number
