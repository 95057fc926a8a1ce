"""How often we have asked somebody, and whether we may ask again."""

from datetime import datetime, timedelta
from typing import Any

from forum.asking.models import Ask
from forum.clock import now
from forum.members.models import Member

BUDGET_SPAN = timedelta(days=30)


def asks_made(member_id: int, *, since: datetime | None = None) -> int:
    """Return how many asks that count went to a member since *since* (30 days ago when it is not given)."""
    since = since or now() - BUDGET_SPAN
    return Ask.select().where(Ask.member == member_id, Ask.counts, Ask.asked_at > since).count()


def budget_left(member_id: int) -> int:
    """Return how many more times we may ask this member in the present 30 days; 0 while they have paused us."""
    member = Member.get_or_none(Member.id == member_id)
    if member is None or member.left_at is not None:
        return 0
    if member.asks_paused_until is not None and member.asks_paused_until > now():
        return 0
    return max(0, member.asks_per_month - asks_made(member_id))


def asked_about(kind: str, subject: tuple[str, int]) -> list[int]:
    """Return the members whom we asked about *subject* (kind, id), by id."""
    subject_kind, subject_id = subject
    query = Ask.select(Ask.member).where(
        Ask.kind == kind, Ask.subject_kind == subject_kind, Ask.subject_id == subject_id
    )
    return [member_id for (member_id,) in query.order_by(Ask.member).tuples()]


def about_member(member_id: int) -> list[dict[str, Any]]:
    """Return every ask we made of a member, for their export."""
    return [
        {
            "kind": ask.kind,
            "about": f"{ask.subject_kind} {ask.subject_id}",
            "asked_at": ask.asked_at.isoformat(),
            "answered_at": ask.answered_at.isoformat() if ask.answered_at else None,
            "answer": ask.answer,
        }
        for ask in Ask.select().where(Ask.member == member_id).order_by(Ask.id)
    ]
