"""Reading whom somebody does not want to meet. Whoever works here is never among them: they keep the place safe.

A block is about a member under their own name. What somebody says under a name for one thread only is neither folded
nor kept back by it: else a block would tell who is behind that name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from forum.access import STAFF, Viewer, require
from forum.members.blocks.models import Block
from forum.members.models import Member
from forum.text import _


@dataclass(frozen=True, slots=True)
class Blocked:
    """Somebody a member does not want to meet. *works_here*: since then they have come to, so they are met again."""

    id: int
    name: str
    since: datetime
    works_here: bool


def unmet_by(viewer: Viewer) -> dict[int, str]:
    """Return whom *viewer* does not want to meet: id -> name. For pages to fold what these say under their own name."""
    if not viewer.is_member:
        return {}
    query = (
        Block.select(Block.blocked, Member.name)
        .join(Member, on=Block.blocked)
        .where(Block.member == viewer.id, Member.role.not_in(list(STAFF)), Member.left_at.is_null())
    )
    return dict(query.tuples())


def unwilling_to_meet(member_id: int, among: Collection[int]) -> set[int]:
    """Return those of *among* who do not want to meet *member_id*. For notices and letters about what they say."""
    query = (
        Block.select(Block.member)
        .join(Member, on=Block.blocked)
        .where(Block.blocked == member_id, Block.member.in_(list(among) or [0]), Member.role.not_in(list(STAFF)))
    )
    return {id for (id,) in query.tuples()}


def blocks(viewer: Viewer) -> list[Blocked]:
    """Return everybody whom *viewer* does not want to meet, the newest first."""
    require(viewer.is_member, _("Please sign in to see your own pages."))
    query = (
        Block.select(Block.blocked, Member.name, Block.at, Member.role)
        .join(Member, on=Block.blocked)
        .where(Block.member == viewer.id)
        .order_by(Block.id.desc())
    )
    return [Blocked(id, name, at, role in STAFF) for id, name, at, role in query.tuples()]


def has_blocked(viewer: Viewer, member_id: int) -> bool:
    """Say whether *viewer* does not want to meet a member."""
    return Block.select().where(Block.member == viewer.id, Block.blocked == member_id).exists()


def told_by(member_id: int) -> list[dict[str, str]]:
    """Return whom a member does not want to meet, ready for JSON. Who does not want to meet them is not theirs to know."""
    query = (
        Block.select(Member.name, Block.at)
        .join(Member, on=Block.blocked)
        .where(Block.member == member_id)
        .order_by(Block.id)
    )
    return [{"name": name, "since": at.isoformat()} for name, at in query.tuples()]
