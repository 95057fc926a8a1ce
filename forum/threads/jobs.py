"""What follows in the rooms for talking when something happened elsewhere. Safe to run twice."""

from datetime import datetime, timedelta

from forum.events import Event
from forum.jobs import Again
from forum.threads.posts import actions, queries
from forum.threads.voices.actions import put_name_right

QUOTING_POSTS_AT_ONCE = 50


def take_back_quotes(event: Event, cursor: str) -> Again | None:
    """Take words that can't be read any more out of other people's quotes, some posts at a time.

    After somebody left, after a post was taken back or hidden, and after a thread was hidden."""
    thread_id = event.subject_id if event.subject_kind == "thread" else event.extra.get("thread")
    ids = queries.quoting_posts(after=int(cursor or 0), limit=QUOTING_POSTS_AT_ONCE, thread_id=thread_id)
    for post_id in ids:
        actions.take_back_quotes(post_id)
    return Again(str(ids[-1]), later=0.2) if ids else None


def put_names_right(event: Event, _cursor: str) -> Again | None:
    """After *name.taken*: put the name into what was being written while it was taken."""
    put_name_right(event.subject_id)
    return None


def soon(event: Event) -> datetime:
    """Return when whatever was under way at the time of *event* has been said."""
    said_at: datetime = event.at
    return said_at + timedelta(seconds=20)
