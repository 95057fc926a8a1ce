"""Asking members for something, within the one budget that holds for every kind of ask."""

from datetime import datetime, timedelta

from forum.access import Viewer, require
from forum.asking.models import KINDS, Ask
from forum.asking.queries import budget_left
from forum.clock import now
from forum.database import transaction
from forum.members.models import Member
from forum.text import _

LONGEST_PAUSE = timedelta(days=365)


def ask(member_id: int, kind: str, subject: tuple[str, int], *, counts: bool = True) -> Ask | None:
    """Write down that we ask *member_id* about *subject* (kind, id) and return the ask.

    Returns the ask that is there already when they were asked before, and None when their budget or their pause
    forbids. Some asks, such as permission for words already said, do not count: they answer what the member began.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of ask: {kind}")
    subject_kind, subject_id = subject
    with transaction():
        member = Member.locked(member_id)
        before = Ask.get_or_none(
            Ask.member == member_id, Ask.kind == kind, Ask.subject_kind == subject_kind, Ask.subject_id == subject_id
        )
        if before is not None:
            return before
        if member.left_at is not None or (counts and budget_left(member_id) == 0):
            return None
        return Ask.create(
            member=member_id,
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            counts=counts,
            asked_at=now(),
        )


def answered(member_id: int, kind: str, subject: tuple[str, int], *, answer: str) -> None:
    """Write down what a member answered; nothing happens when they were never asked."""
    subject_kind, subject_id = subject
    with transaction():
        Ask.update(answered_at=now(), answer=answer).where(
            Ask.member == member_id, Ask.kind == kind, Ask.subject_kind == subject_kind, Ask.subject_id == subject_id
        ).execute()


def pause_asks(viewer: Viewer, *, until: datetime | None) -> None:
    """Let a member have no asks until *until*; None ends the pause."""
    require(viewer.is_member, _("Please sign in first."))
    if until is not None:
        until = min(until, now() + LONGEST_PAUSE)
    with transaction():
        Member.update(asks_paused_until=until).where(Member.id == viewer.id).execute()


def forget_member(member_id: int) -> None:
    """Take away what we asked a member who leaves. Called inside the erasing transaction."""
    Ask.delete().where(Ask.member == member_id).execute()
