"""The reason that every decision needs."""

from forum.errors import Invalid
from forum.text import _, tidy

LONGEST_WORDS = 4000


def reason_given(reason: str) -> str:
    """Return *reason* tidied. Raises Invalid when there is none, or too much of it."""
    reason = tidy(reason).strip()
    if not reason:
        raise Invalid(errors={"reason": _("Write the reason. Whoever reads this later needs it.")})
    if len(reason) > LONGEST_WORDS:
        raise Invalid(errors={"reason": _("Please keep the reason under %(n)s letters.", n=LONGEST_WORDS)})
    return reason
