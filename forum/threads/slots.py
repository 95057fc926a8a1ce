"""What rooms above put on the pages of this room. They know it, it does not know them: wiring fills these lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forum.access import Viewer
from forum.search import Found
from forum.threads.posts.queries import PostView
from forum.threads.sight import ThreadView


@dataclass(frozen=True, slots=True)
class Slot:
    """Something to show: a template that finds its values under the name ``facts``."""

    template: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A line behind "More": *icon* is one of the sprite's."""

    words: object
    url: str
    icon: str = ""


# On the home page, after what people said: the latest change, the next cuppa.
home_extras: list[Callable[[Viewer], Slot | None]] = []
# Above the posts of a thread: who is listening.
thread_banners: list[Callable[[Viewer, ThreadView], Slot | None]] = []
# Beside the name of a thread, for those who look after it.
thread_tools: list[Callable[[Viewer, ThreadView], Sequence[Tool]]] = []
# Behind "More" on each post: id of the post -> tools. Asked once for a page of posts.
post_tools: list[Callable[[Viewer, ThreadView, Sequence[PostView]], Mapping[int, Sequence[Tool]]]] = []
# Why a thread is closed, where that is more than somebody having closed it: it keeps hours, and when they are.
closed_words: list[Callable[[Viewer, ThreadView], object]] = []
# In the box one writes in: who is watching, how words may be used. None for a thread that is not there yet.
composer_notes: list[Callable[[Viewer, ThreadView | None], Slot | None]] = []
# Looks at words that are being written, as often as they are saved: where to turn in a crisis. Blocks nothing. The last is
# the thread they are meant for, None for one to come.
writing_notes: list[Callable[[Viewer, str, int | None], Slot | None]] = []
# Which of these threads are listening threads.
listening_threads: list[Callable[[Sequence[int]], set[int]]] = []
# Where other things than posts are found: kind -> what was found -> ref -> address.
search_addresses: dict[str, Callable[[Sequence[Found]], Mapping[int, str]]] = {}


def filled(makers: Sequence[Callable[..., Slot | None]], *about: Any) -> list[Slot]:
    """Return what *makers* have to show *about* a viewer, a thread, some words."""
    made = (make(*about) for make in makers)
    return [slot for slot in made if slot is not None]


def why_closed(viewer: Viewer, thread: ThreadView) -> object:
    """Return what a room above has to say of a closed thread, or ""."""
    return next((words for say in closed_words if (words := say(viewer, thread))), "")


def listening_among(ids: Sequence[int]) -> set[int]:
    """Return which of these threads are listening threads."""
    return set().union(*(ask(ids) for ask in listening_threads)) if ids else set()


def tools_by_post(viewer: Viewer, thread: ThreadView, posts: Sequence[PostView]) -> dict[int, list[Tool]]:
    """Return what stands behind "More" on each of these posts: id -> tools."""
    found: dict[int, list[Tool]] = {}
    for make in post_tools:
        for id, tools in make(viewer, thread, posts).items():
            found.setdefault(id, []).extend(tools)
    return found
