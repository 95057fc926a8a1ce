"""Who may be in danger, for staff to look at, and for whom help stays in sight."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import JOIN, fn

from forum.access import Viewer, may_see_crisis_alerts, require_sight
from forum.clock import now
from forum.members.models import Member
from forum.safety.models import CrisisAlert
from forum.text import excerpt_of
from forum.threads.models import Post, Thread, ThreadName
from forum.threads.urls import thread_url


@dataclass(frozen=True, slots=True)
class AlertView:
    """Words that may mean danger, for staff to look at. *member* is who wrote them, or their name for the thread only."""

    id: int
    member: str
    has_thread_name: bool
    url: str
    excerpt: str
    at: datetime


_SAME_VOICE = (ThreadName.thread == CrisisAlert.thread) & (ThreadName.member == CrisisAlert.member)


def open_alerts(viewer: Viewer) -> list[AlertView]:
    """Return alerts nobody has looked at, the oldest first."""
    require_sight(may_see_crisis_alerts(viewer))
    rows = (
        CrisisAlert.select(
            CrisisAlert.id,
            fn.COALESCE(ThreadName.name, Member.name),
            ThreadName.id,
            CrisisAlert.at,
            Thread.id,
            Thread.slug,
            Post.number,
            Post.plain,
        )
        .join(Member, on=(CrisisAlert.member == Member.id))
        .switch(CrisisAlert)
        .join(ThreadName, JOIN.LEFT_OUTER, on=_SAME_VOICE)
        .switch(CrisisAlert)
        .join(Post, JOIN.LEFT_OUTER, on=(CrisisAlert.post == Post.id))
        .join(Thread, JOIN.LEFT_OUTER)
        .where(CrisisAlert.seen_at.is_null())
        .order_by(CrisisAlert.at)
        .limit(50)
        .tuples()
    )
    return [
        AlertView(
            id=id,
            member=name,
            has_thread_name=name_id is not None,
            url=thread_url(thread_id, slug, number) if thread_id is not None else "",
            excerpt=excerpt_of(plain or "", 200),
            at=at,
        )
        for id, name, name_id, at, thread_id, slug, number, plain in rows
    ]


def needs_help_shown(viewer: Viewer) -> bool:
    """Say whether the viewer wrote something worrying within a day, so that pages keep help in sight."""
    if not viewer.is_member:
        return False
    recent = CrisisAlert.at > now() - timedelta(hours=24)
    return CrisisAlert.select().where(CrisisAlert.member == viewer.id, recent).exists()
