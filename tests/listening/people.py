"""What the tests of this room share: a supporter, a listening thread, and somebody's words in it."""

from typing import Any

from forum.listening import actions
from forum.listening.models import Excerpt, Insight
from forum.members.actions import viewer_for
from forum.threads.models import Post, Thread
from tests import factories

HOUSEKEEPING = {
    "purpose": "To learn what stops people from booking a break.",
    "can_change": "How and when you can reach the booking line.",
    "cannot_change": "How many people answer the phones this year.",
    "who_decides": "The Breaks team, every second Tuesday.",
    "hear_by": "In two weeks, here.",
}
WORDS = "I cannot sit by a phone but I can answer one."


def a_supporter(name: str = "", **more: Any) -> Any:
    """Somebody who listens."""
    return factories.a_member(name, role="supporter", **more)


def a_listening_thread(by: Any = None, thread: Any = None) -> Thread:
    """A thread that staff have marked."""
    thread = thread or factories.a_thread()
    actions.mark(viewer_for(by or a_supporter()), thread.id, **HOUSEKEEPING)
    return thread


def said(words: str = WORDS, *, by: Any = None, thread: Any = None, setting: str = "ask") -> Post:
    """A post in a listening thread by somebody whose setting for their words is *setting*."""
    by = by or factories.a_member(words=setting)
    return factories.a_post(thread or a_listening_thread(), by, source=words)


def an_insight(post: Any = None, by: Any = None, *, exact: str = "", kind: str = "struggle", **more: Any) -> Insight:
    """An insight of the words of *post*, made by a supporter."""
    post = post or said()
    return actions.make_insight(
        viewer_for(by or a_supporter()), post_id=post.id, exact=exact or post.plain, kind=kind, **more
    )


def an_excerpt(post: Any = None, by: Any = None, **more: Any) -> Excerpt:
    """The excerpt of a new insight."""
    return Excerpt.get(Excerpt.insight == an_insight(post, by, **more).id)


def fresh(excerpt: Any) -> Excerpt:
    """The excerpt as it is now."""
    return Excerpt.fetch(excerpt.id)


def writer(excerpt: Any) -> Any:
    """The viewer whose words they are."""
    return viewer_for(fresh(excerpt).member)


def checked(excerpt: Any, paraphrase: str = "Waiting on the line is harder than picking up.") -> Excerpt:
    """The excerpt after a second person has looked at it."""
    actions.check_excerpt(viewer_for(a_supporter()), excerpt.id, paraphrase)
    return fresh(excerpt)
