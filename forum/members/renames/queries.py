"""Reading what members were called before. The list is for moderators; that a name leads on is for every member."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from forum.access import Viewer, may_moderate, require
from forum.clock import now
from forum.members.models import Member
from forum.members.renames.models import NameChange
from forum.text import _

# One name lasts at least this long.
NAMES_LAST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class EarlierName:
    """What somebody was called, and until when."""

    name: str
    until: datetime


def earlier_names(viewer: Viewer, member_id: int) -> list[EarlierName]:
    """Return what a member was called before, the latest first. For moderators."""
    require(may_moderate(viewer), _("Only a moderator sees what somebody was called before."))
    return [EarlierName(name, at) for name, at in _changes(member_id)]


def may_change_from(viewer: Viewer) -> datetime | None:
    """Return from when on *viewer* may take another name, None when that is now."""
    changes = _changes(viewer.id or 0)
    since = changes[0][1] + NAMES_LAST if changes else None
    return since if since is not None and since > now() else None


def is_waiting(member: Member) -> bool:
    """Say whether somebody asked for this place but never came in."""
    return not Member.select().where(Member.id == member.id, Member.has_come()).exists()


def was_taken(key: str, *, but_for: int | None = None) -> bool:
    """Say whether a name with that `name_key` was somebody's before, member *but_for* left aside."""
    return NameChange.select().where(NameChange.name_key == key, NameChange.member != (but_for or 0)).exists()


def called_before(key: str) -> Member | None:
    """Return who is here and had a name with that `name_key` before."""
    return (
        Member.select()
        .join(NameChange, on=NameChange.member == Member.id)
        .where(NameChange.name_key == key, Member.left_at.is_null())
        .first()
    )


def told_by(member_id: int) -> list[dict[str, Any]]:
    """Return a member's earlier names, ready for JSON."""
    return [{"name": name, "until": at.isoformat()} for name, at in reversed(_changes(member_id))]


def _changes(member_id: int) -> list[tuple[str, datetime]]:
    query = NameChange.select(NameChange.name, NameChange.changed_at).where(NameChange.member == member_id)
    return list(query.order_by(NameChange.changed_at.desc(), NameChange.id.desc()).tuples())
