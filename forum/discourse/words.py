"""What somebody wrote on a Discourse, as a source that our own door takes: quotes, links, pictures and polls included.

Nothing here makes anything safe; the result goes through `text.to_html` like anybody's words.
"""

import re
import signal
import string
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import NoReturn

from forum.discourse.records import ACTION, ArchivedPoll, ArchivedPost
from forum.text import _, from_html, from_raw, mention_of

LONGEST_SOURCE = 200_000
LONGEST_READ = 1_000_000
SECONDS = 2.0

ThreadOf = Callable[[int], int | None]

_QUOTE_TAG = re.compile(r"\[quote=[^\]\n]{0,300}\]", re.I)
_QUOTED_TOPIC = re.compile(r"topic:\s*(\d{1,15})")
_TOPIC_ADDRESS = r"/t/(?:[^/\s()\[\]<>\"']{1,300}/)?(\d{1,15})(?:/(\d{1,7}))?/?(?:[?#][^\s()\[\]<>\"']{0,300})?"
_TOPIC = re.compile(rf"topic:\s*(\d{{1,15}})|data-topic=\"(\d{{1,15}})\"|[\"(]<?{_TOPIC_ADDRESS}[\")>]")
_OWN_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\(<?(/(?!/)[^\s()<>]{0,500})>?(?:\s+\"[^\"\n]{0,300}\")?\)")
_OWN_TOPIC = re.compile(_TOPIC_ADDRESS)
_MENTION = re.compile(r"(?<![\w@/.+\-])@(\w(?:[\w.\-]{0,58}\w)?)")
_UPLOAD = re.compile(
    r"(!?)\[([^\[\]\n]{0,500})\]\(upload://([A-Za-z0-9]{1,64})(\.[A-Za-z0-9]{1,12})?(?:\s+\"[^\"\n]{0,300}\")?\)"
)
_SIZE = re.compile(r"\|(?:\d+x\d+(?:,\s*\d+%)?|attachment|video|audio)(?:\|[^|]*)*$")
_FILE_ADDRESS = re.compile(r"(?:href|src)=\"((?:https?:)?//[^\"<>\s]{1,900}?\b([0-9a-f]{40})\.[A-Za-z0-9]{1,12})\"")
_BASE_62 = string.digits + string.ascii_lowercase + string.ascii_uppercase
_POLL = re.compile(r"\[poll\b[^\]\n]{0,500}\].*?\[/poll\]", re.I | re.S)
_TAGS = re.compile(r"<[^<>]*>")


def topics_named_in(post: ArchivedPost) -> set[int]:
    """The Discourse ids of the topics that *post* quotes from or links to."""
    words = _written(post)
    if "topic" not in words and "/t/" not in words:
        return set()
    return {int(number) for found in _TOPIC.finditer(words) for number in found.group(1, 2, 3) if number}


def names_called_in(post: ArchivedPost) -> set[str]:
    """The usernames that *post* may be calling, as typed; most belong to nobody."""
    words = _written(post)
    return set(_MENTION.findall(_TAGS.sub(" ", words) if post.markdown is None else words)) if "@" in words else set()


@dataclass(frozen=True, slots=True)
class Letter:
    """A post on its way to be rendered, with what is known of the places and people it names.

    *threads* gives our thread for a topic's Discourse id; a quote from another topic keeps its ``topic:`` and can be
    linked later by `with_threads`. *renamed* gives the name here of those who had another one there, by the casefolded
    old name.
    """

    post: ArchivedPost
    threads: Mapping[int, int]
    renamed: Mapping[str, str]


class Called:
    """Whom a name means, as `text.to_html` asks it: the names that were called lately, each with a member's.

    It travels to the rendering processes with every chunk, so it holds at most *most* names.
    """

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._names: dict[str, str] = {}

    def __call__(self, typed: str) -> str | None:
        return self._names.get(typed.casefold())

    def __reduce__(self) -> tuple[object, ...]:
        # It is sent off by another thread while this one goes on learning.
        return _called_from, (self._most, self._names.copy())

    def learn(self, typed: str, name: str) -> None:
        """Remember that *typed* means the member called *name*."""
        for key in (typed.casefold(), name.casefold()):
            self._names.pop(key, None)
            self._names[key] = name
        while len(self._names) > self._most:
            del self._names[next(iter(self._names))]


def _called_from(most: int, names: dict[str, str]) -> Called:
    called = Called(most)
    called._names = names
    return called


def source_of(letter: Letter) -> str:
    """A post as Markdown for `to_html`. Never raises, and never takes long: strange texts come as they are."""
    post = letter.post
    if post.is_deleted:
        return ""
    if post.kind == ACTION:
        return _deed(post)
    try:
        with _time_limit(SECONDS):
            return _source_of(letter)
    except Exception:  # noqa: BLE001  # whatever is wrong with one text, the others must arrive
        return (post.markdown or unescape(_TAGS.sub(" ", post.cooked[:LONGEST_READ])))[:LONGEST_SOURCE]


def _source_of(letter: Letter) -> str:
    post = letter.post
    if post.markdown is None:
        source = from_html(post.cooked[:LONGEST_READ])
    else:
        source = from_raw(
            _with_votes(_with_pictures(post.markdown[:LONGEST_READ], post.cooked[:LONGEST_READ]), post.polls)
        )
    thread_of = letter.threads.get
    return _with_own_names(_with_own_links(with_threads(source, thread_of), thread_of), letter.renamed)[:LONGEST_SOURCE]


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError after *seconds* where that can be done: in the first thread of a process, rendering ones too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def with_threads(source: str, thread_of: ThreadOf) -> str:
    """*source* with ``topic:7`` in its quotes replaced by ``thread:…`` wherever *thread_of* knows ours."""
    if "topic:" not in source:
        return source

    def known(found: re.Match[str]) -> str:
        thread = thread_of(int(found[1]))
        return found[0] if thread is None else f"thread:{thread}"

    return _QUOTE_TAG.sub(lambda tag: _QUOTED_TOPIC.sub(known, tag[0]), source)


def quoted_topics(source: str) -> set[int]:
    """The Discourse ids of the topics that *source* still quotes from."""
    return {int(number) for tag in _QUOTE_TAG.findall(source) for number in _QUOTED_TOPIC.findall(tag)}


def _written(post: ArchivedPost) -> str:
    return post.cooked if post.markdown is None else post.markdown


def _with_own_links(source: str, thread_of: ThreadOf) -> str:
    """Links within the old site lead to the thread's place here, or nowhere: its other addresses mean nothing here."""
    if "](/" not in source and "](</" not in source:
        return source

    def moved(link: re.Match[str]) -> str:
        words, address = link[1], _OWN_TOPIC.fullmatch(link[2])
        thread = thread_of(int(address[1])) if address else None
        if address is None or thread is None:
            return _SIZE.sub("", words)
        return f"[{words}](/t/{thread}/-/{address[2] or 1})"

    return _OWN_LINK.sub(moved, source)


def _with_own_names(source: str, renamed: Mapping[str, str]) -> str:
    """Whoever has another name here than there is called by the name they have here."""
    if not renamed:
        return source

    def here(mention: re.Match[str]) -> str:
        name = renamed.get(mention[1].casefold())
        return mention[0] if name is None else mention_of(name)

    return _MENTION.sub(here, source)


def _with_pictures(markdown: str, cooked: str) -> str:
    """``upload://`` addresses mean something on the old site only; the cooked HTML says where the file really is.

    What follows ``upload://`` is the file's SHA-1 in base 62, and its real address holds the same in hexadecimal.
    """
    if "upload://" not in markdown:
        return markdown
    places: dict[str, str] = {}
    for address, sha1 in _FILE_ADDRESS.findall(cooked):
        places.setdefault(sha1, address)

    def found_at(upload: re.Match[str]) -> str:
        words, address = _SIZE.sub("", upload[2]).strip(), unescape(places.get(_hexadecimal(upload[3]), ""))
        if address.startswith("//"):
            address = f"https:{address}"
        if not address.startswith("http"):
            return f"{words} {_('(a file that is not in the archive)')}".strip()
        return (
            f"{upload[1]}[{words}]({address})"
            if re.fullmatch(r"[^\s()<>]+", address)
            else f"{upload[1]}[{words}](<{address}>)"
        )

    return _UPLOAD.sub(found_at, markdown)


def _hexadecimal(base_62: str) -> str:
    number = 0
    for digit in base_62:
        number = number * 62 + _BASE_62.index(digit)
    return f"{number:040x}"


def _with_votes(markdown: str, polls: tuple[ArchivedPoll, ...]) -> str:
    """A poll becomes the list of its answers with the votes they had."""
    if not polls:
        return markdown
    waiting = list(polls)

    def told(found: re.Match[str]) -> str:
        if not waiting:
            return found[0]
        poll = waiting.pop(0)
        lines = [f"- {from_html(label)}: {_votes(votes)}" for label, votes in poll.options]
        return "\n\n" + (f"**{poll.title}**\n\n" if poll.title else "") + "\n".join(lines) + "\n\n"

    return _POLL.sub(told, markdown)


def _votes(votes: int) -> str:
    return str(_("1 vote")) if votes == 1 else str(_("%(votes)s votes", votes=votes))


def _deed(post: ArchivedPost) -> str:
    """What a moderator did to the thread, as a sentence."""
    deed = _DEEDS.get(post.deed)
    if deed is not None:
        return str(deed)
    return from_html(post.cooked) or str(_("Something about this thread was changed."))


_DEEDS = {
    "closed.enabled": _("This thread was closed."),
    "closed.disabled": _("This thread was opened again."),
    "autoclosed.enabled": _("This thread was closed after a while."),
    "autoclosed.disabled": _("This thread was opened again."),
    "archived.enabled": _("This thread was put in the archive."),
    "archived.disabled": _("This thread was taken out of the archive."),
    "pinned.enabled": _("This thread was pinned to the top."),
    "pinned.disabled": _("This thread was unpinned."),
    "pinned_globally.enabled": _("This thread was pinned to the top."),
    "pinned_globally.disabled": _("This thread was unpinned."),
    "visible.enabled": _("This thread was listed again."),
    "visible.disabled": _("This thread was taken off the lists."),
}
