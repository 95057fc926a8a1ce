"""Reading the audit trail: what staff did, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN

from forum.access import Viewer, may_moderate, require_sight
from forum.audit import AuditEntry, AuditWords
from forum.members.models import Member
from forum.members.names import shown_name
from forum.text import gettext

DEEDS_ON_A_PAGE = 30


@dataclass(frozen=True, slots=True)
class Deed:
    """A line of the audit trail."""

    id: int
    at: datetime
    actor: str
    deed: str
    subject_kind: str
    subject_id: int
    reason: str


def _deeds(query: Any) -> list[Deed]:
    rows = (
        query.select(
            AuditEntry.id,
            AuditEntry.at,
            Member.name,
            Member.left_at,
            AuditEntry.deed,
            AuditEntry.subject_kind,
            AuditEntry.subject_id,
            AuditWords.reason,
        )
        .join(Member, JOIN.LEFT_OUTER, on=(AuditEntry.actor_id == Member.id))
        .switch(AuditEntry)
        .join(AuditWords, JOIN.LEFT_OUTER, on=(AuditWords.entry == AuditEntry.id))
        .order_by(AuditEntry.id.desc())
        .tuples()
    )
    return [
        Deed(
            id=row[0],
            at=row[1],
            actor=gettext("Kettle") if row[2] is None else shown_name(row[2], has_left=row[3] is not None),
            deed=row[4],
            subject_kind=row[5],
            subject_id=row[6],
            reason=row[7] or "",
        )
        for row in rows
    ]


def deeds_on(subjects: Sequence[tuple[str, int]]) -> list[Deed]:
    """Return the last deeds on any of *subjects*, the newest first."""
    where = None
    for kind, subject_id in subjects:
        one = (AuditEntry.subject_kind == kind) & (AuditEntry.subject_id == subject_id)
        where = one if where is None else where | one
    return _deeds(AuditEntry.select().where(where).limit(50))


def deeds(viewer: Viewer, *, before: int | None = None) -> tuple[list[Deed], int | None]:
    """Return a page of the audit trail, the newest first, and the id to go on from (None at the end)."""
    require_sight(may_moderate(viewer))
    query = AuditEntry.select().limit(DEEDS_ON_A_PAGE + 1)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    rows = _deeds(query)
    return rows[:DEEDS_ON_A_PAGE], rows[DEEDS_ON_A_PAGE - 1].id if len(rows) > DEEDS_ON_A_PAGE else None


def reason_for(subject_kind: str, subject_id: int, deed: str) -> str:
    """Return the reason that was given for the latest such deed, empty when there is none."""
    return reasons_for(subject_kind, [subject_id], deed).get(subject_id, "")


def reasons_for(subject_kind: str, subject_ids: Sequence[int], deed: str) -> dict[int, str]:
    """Return the reason of the latest such deed on each of *subject_ids* that has one."""
    given = (
        AuditEntry.select(AuditEntry.subject_id, AuditWords.reason)
        .join(AuditWords)
        .where(
            AuditEntry.subject_kind == subject_kind,
            AuditEntry.subject_id.in_(list(subject_ids)),
            AuditEntry.deed == deed,
        )
        .order_by(AuditEntry.id)
    )
    return dict(given.tuples())
