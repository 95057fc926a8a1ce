"""Who has a time away from posting."""

from forum.clock import now
from forum.safety.models import Suspension


def standing_suspension(member_id: int) -> Suspension | None:
    """Return the suspension that holds for a member now, if any."""
    return (
        Suspension.select()
        .where(
            Suspension.member == member_id,
            Suspension.lifted_at.is_null(),
            Suspension.until.is_null() | (Suspension.until > now()),
        )
        .order_by(Suspension.id.desc())
        .first()
    )
