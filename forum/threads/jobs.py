"""What follows in the rooms for talking when something happened elsewhere. Safe to run twice."""

from forum.events import Event
from forum.jobs import Again
from forum.threads.posts import actions, queries

QUOTING_POSTS_AT_ONCE = 50


def take_back_quotes(event: Event, cursor: str) -> Again | None:
    """After *member.left*: take the words of whoever left out of other people's quotes, some posts at a time."""
    ids = queries.quoting_posts(after=int(cursor or 0), limit=QUOTING_POSTS_AT_ONCE)
    for post_id in ids:
        actions.take_back_quotes(post_id, of=event.subject_id)
    return Again(str(ids[-1]), later=0.2) if ids else None
