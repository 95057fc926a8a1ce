"""Giving somebody a time away from posting, and ending it."""

from datetime import UTC, datetime

from forum import audit, events
from forum.access import Viewer, may_moderate, may_suspend, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.members.models import Member
from forum.safety.models import Suspension
from forum.safety.reasons import reason_given
from forum.text import _

UNTIL_LIFTED = datetime(9999, 1, 1, tzinfo=UTC)


def suspend(viewer: Viewer, member_id: int, *, reason: str, until: datetime | None) -> Suspension:
    """Give somebody a time away from posting, until a moment or (None) until it is lifted. Raises Invalid, Conflict."""
    reason = reason_given(reason)
    if until is not None and until <= now():
        raise Invalid(errors={"until": _("Choose a day that is still to come.")})
    with transaction():
        member = Member.locked(member_id)
        require(
            may_suspend(viewer, member_id=member.id, member_role=member.role),
            _("You can't suspend this person. Ask an administrator."),
        )
        if member.left_at is not None:
            raise Conflict(_("This person has left already."))
        Suspension.update(lifted_at=now(), lifted_by=viewer.id).where(
            Suspension.member == member_id, Suspension.lifted_at.is_null()
        ).execute()
        suspension = Suspension.create(member=member_id, by=viewer.id, reason=reason, starts_at=now(), until=until)
        Member.update(suspended_until=until or UNTIL_LIFTED).where(Member.id == member_id).execute()
        audit.note(viewer, "member.suspended", subject=member, reason=reason)
        events.record("member.suspended", subject=suspension, actor=viewer, member=member_id)
        return suspension


def lift_suspension(viewer: Viewer, suspension_id: int, *, reason: str) -> None:
    """End somebody's time away early. Twice is fine."""
    require(may_moderate(viewer), _("Only a moderator can lift a suspension."))
    reason = reason_given(reason)
    with transaction():
        lift(viewer, Suspension.locked(suspension_id), reason)


def lift(viewer: Viewer, suspension: Suspension, reason: str) -> None:
    """End a suspension whose row is locked. Call inside `transaction`. Twice is fine."""
    if suspension.lifted_at is not None:
        return
    Suspension.update(lifted_at=now(), lifted_by=viewer.id).where(Suspension.id == suspension.id).execute()
    others = Suspension.select().where(
        Suspension.member == suspension.member_id,
        Suspension.id != suspension.id,
        Suspension.lifted_at.is_null(),
        Suspension.until.is_null() | (Suspension.until > now()),
    )
    if not others.exists():
        Member.update(suspended_until=None).where(Member.id == suspension.member_id).execute()
    audit.note(viewer, "member.unsuspended", subject=("member", suspension.member_id), reason=reason)
    events.record("member.unsuspended", subject=suspension, actor=viewer, member=suspension.member_id)
