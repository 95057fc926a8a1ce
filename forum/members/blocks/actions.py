"""Not wanting to meet somebody, and wanting to again."""

from forum.access import STAFF, Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, NotFound
from forum.members.blocks.models import Block
from forum.members.models import Member
from forum.text import _


def block(viewer: Viewer, member_id: int) -> None:
    """Keep what a member says away from *viewer*. Nobody is told. Twice is fine.

    Raises Conflict for oneself and for somebody who works here, NotFound for somebody who left."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        member = Member.fetch(member_id)
        if member.left_at is not None:
            raise NotFound
        if member.id == viewer.id:
            raise Conflict(_("That's you."))
        if member.role in STAFF:
            raise Conflict(
                _(
                    "%(name)s helps to look after this place, so you can't block them. "
                    "If something they did troubles you, please tell us.",
                    name=member.name,
                )
            )
        Block.insert(member=viewer.id, blocked=member.id, at=now()).on_conflict_ignore().execute()


def unblock(viewer: Viewer, member_id: int) -> None:
    """Let *viewer* meet somebody again. Twice is fine."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        Block.delete().where(Block.member == viewer.id, Block.blocked == member_id).execute()


def forget(member_id: int) -> None:
    """Take away the blocks by and of a member who leaves. Called inside the erasing transaction."""
    Block.delete().where((Block.member == member_id) | (Block.blocked == member_id)).execute()
