"""What people do with their place here."""

import secrets

from forum.access import Viewer
from forum.clock import now
from forum.database import transaction
from forum.members.models import GroupMember, Member, Session
from forum.members.queries import token_digest


def viewer_for(member: Member) -> Viewer:
    """Return the viewer a member is, for jobs, mail and tests that act on their behalf."""
    groups = GroupMember.select(GroupMember.group).where(GroupMember.member == member.id).tuples()
    return Viewer(
        id=member.id,
        name=member.name,
        role=member.role,
        group_ids=frozenset(group_id for (group_id,) in groups),
        suspended_until=member.suspended_until,
        is_confirmed=member.email_confirmed_at is not None,
        time_zone=member.time_zone,
    )


def start_session(member_id: int, *, device: str = "") -> str:
    """Sign *member_id* in on one device and return the token for its cookie."""
    token = secrets.token_urlsafe(32)
    moment = now()
    with transaction():
        Session.create(
            member=member_id, token_digest=token_digest(token), device=device[:200], started_at=moment, seen_at=moment
        )
    return token
