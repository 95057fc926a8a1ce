"""Moving to another e-mail address: asked for by the member, confirmed at both ends."""

from datetime import timedelta

from forum import events
from forum.access import Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict
from forum.members.models import Link, Member
from forum.members.moves.models import Move
from forum.members.moves.queries import OLD_HAS, is_over, waits_for_old
from forum.members.renames.queries import is_waiting
from forum.members.sessions.actions import end_sessions, send_link_to, show_who
from forum.text import _

OVER = _("This change of address is over. You can ask for it again in your settings.")
# What is over is forgotten after this long.
OVER_LASTS = timedelta(days=30)


def ask(viewer: Viewer, email: str, *, current: str = "") -> None:
    """Have letters sent to *email* (cleaned and judged) and to the address so far; see `Move`.

    Whether *email* has a place here already shows nowhere but in its own letter-box. Raises Invalid unless *current* is
    the password, or the member came in a moment ago."""
    require(viewer.is_member, _("Please sign in to change your address."))
    show_who(viewer, current, field="current_for_address")
    moment = now()
    with transaction():
        member = Member.locked(viewer.id or 0)
        if email == member.email:
            return
        _end(member.id, "replaced")
        move = Move.create(
            member=member.id,
            old_email=member.email if member.email and member.email_confirmed_at is not None else "",
            new_email=email,
            asked_at=moment,
            due_at=moment + OLD_HAS,
        )
        owner = Member.get_or_none(Member.email == email, Member.has_come())
        if owner is not None:
            send_link_to(owner, "already_here")
        events.record("address.asked", subject=move, actor=viewer)


def say_yes(move_id: int, end: str) -> bool:
    """Write down that the ``new`` or the ``old`` address agrees. Return whether we write to the new one from now on.

    Twice is fine. Raises Conflict when the move is over."""
    with transaction():
        move = _locked(move_id)
        if move.outcome == "moved":
            return True
        if move.outcome or is_over(move):
            raise Conflict(OVER)
        field = Move.new_confirmed_at if end == "new" else Move.old_confirmed_at
        Move.update({field: now()}).where(Move.id == move_id, field.is_null()).execute()
        return _settle(move_id)


def settle(move_id: int) -> bool:
    """Make the move if everything it waits for is there. Return whether it was made. Safe twice."""
    with transaction():
        move = _locked(move_id)
        return move.ended_at is None and _settle(move_id)


def _locked(move_id: int) -> Move:
    # The member first, as everywhere, so that nobody waits for one another.
    Member.locked(Move.fetch(move_id).member_id)
    return Move.locked(move_id)


def _settle(move_id: int) -> bool:
    move = Move.fetch(move_id)
    if move.new_confirmed_at is None or waits_for_old(move):
        return False
    member, moment = Member.fetch(move.member_id), now()
    holder = Member.get_or_none(Member.email == move.new_email, Member.id != member.id)
    if holder is not None and not is_waiting(holder):
        _end(member.id, "taken")
        return False
    if holder is not None:
        # Somebody typed this address when they asked to join, and never came.
        holder.delete_instance()
    Member.update(email=move.new_email, email_confirmed_at=moment).where(Member.id == member.id).execute()
    # Letters at the old address must not open the door any more.
    Link.update(used_at=moment).where(Link.member == member.id, Link.used_at.is_null()).execute()
    _end(member.id, "moved")
    if member.email_confirmed_at is None:
        events.record("member.joined", subject=member, actor=member.id)
    events.record("address.moved", subject=move, actor=member.id)
    return True


def stop(move_id: int) -> None:
    """Call a move off because whoever reads the old address says that it wasn't them.

    Every device is signed out and the password works no more: somebody else may know it. Twice is fine; raises Conflict
    when the move was made already."""
    with transaction():
        move = _locked(move_id)
        if move.outcome == "moved":
            raise Conflict(OVER)
        if move.ended_at is not None:
            return
        _end(move.member_id, "stopped")
        Member.update(password_hash=None).where(Member.id == move.member_id).execute()
        Link.update(used_at=now()).where(Link.member == move.member_id, Link.used_at.is_null()).execute()
        end_sessions(move.member_id)


def leave_as_it_is(viewer: Viewer) -> None:
    """Call off the move that *viewer* had asked for. Twice is fine."""
    require(viewer.is_member, _("Please sign in to change your address."))
    with transaction():
        Member.locked(viewer.id or 0)
        _end(viewer.id or 0, "left_it")


def _end(member_id: int, outcome: str) -> None:
    Move.update(ended_at=now(), outcome=outcome).where(Move.member == member_id, Move.ended_at.is_null()).execute()


def forget(member_id: int) -> None:
    """Take away the moves of a member who leaves. Called inside the erasing transaction."""
    Move.delete().where(Move.member == member_id).execute()


def clear_out() -> int:
    """Forget moves that were long ago, addresses and all. Return how many went. Safe twice."""
    with transaction():
        return Move.delete().where(Move.asked_at < now() - OVER_LASTS).execute()
