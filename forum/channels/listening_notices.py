"""Telling people that staff listen, ask for their words, or have moved an idea on. All of it on the site only."""

from forum.access import HOUSE, Viewer, may_read_thread
from forum.channels import actions, queries
from forum.channels.actions import Line
from forum.errors import NotFound
from forum.events import Event
from forum.jobs import Again
from forum.listening.ideas.urls import idea_url
from forum.listening.models import Excerpt, Idea, ListeningMark
from forum.threads import queries as threads
from forum.threads.models import Post, Thread

BATCH = 500
PAUSE = 0.05


def tell_of_listening(event: Event, cursor: str) -> Again | None:
    """Tell whoever takes part in a thread that staff are learning from it now."""
    mark = ListeningMark.get_or_none(ListeningMark.thread == event.subject_id)
    if mark is None or mark.ended_at is not None:
        return None
    try:
        thread = threads.thread(HOUSE, event.subject_id)
    except NotFound:
        return None
    if thread.is_hidden:
        return None
    batch = queries.taking_part(thread.id, after=int(cursor or 0), limit=BATCH)
    lines = [
        Line(member.id, "listening_started", thread.title, thread.url, mark.by_id)
        for member, circles in queries.members_with_circles(batch)
        if member.id != event.actor_id
        and may_read_thread(Viewer(id=member.id, role=member.role, group_ids=circles), thread)
    ]
    actions.tell(event, lines)
    return Again(str(batch[-1]), PAUSE) if len(batch) == BATCH else None


def tell_of_consent_asked(event: Event, _cursor: str) -> Again | None:
    """Ask somebody, on the site, whether we may use their words."""
    asked = Excerpt.select(Excerpt, Post, Thread).join(Post).join(Thread).where(Excerpt.id == event.subject_id).first()
    if asked is not None and asked.consent == "asked":
        actions.tell(event, [Line(asked.member_id, "consent_asked", asked.post.thread.title, "/me/words")])
    return None


def tell_proposer(event: Event, _cursor: str) -> Again | None:
    """Tell whoever proposed an idea that it has moved on."""
    idea = Idea.get_or_none(Idea.id == event.subject_id)
    if idea is not None and idea.proposer_id != event.actor_id:
        actions.tell(event, [Line(idea.proposer_id, "idea_stepped", idea.title, idea_url(idea.id, idea.title))])
    return None
