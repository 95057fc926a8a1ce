"""Reading about moves to another e-mail address, and the words of the links in their letters."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from itsdangerous import BadData, URLSafeSerializer

from forum import settings
from forum.access import Viewer
from forum.clock import now
from forum.members.models import Member
from forum.members.moves.models import Move

# Which of the two letters somebody holds.
End = Literal["new", "old"]

# The new address has this long to say yes; the old one to say that it was somebody else.
NEW_LASTS = timedelta(days=7)
OLD_HAS = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class OpenedMove:
    """A move as somebody sees it who followed one of its links. *state* is ``open``, ``over`` or an outcome."""

    id: int
    end: End
    member_id: int
    member_name: str
    new_email: str
    due_at: datetime
    said_yes: bool
    waits_for_old: bool
    state: str


def opened_move(word: str) -> OpenedMove | None:
    """Return the move that *word* stands for and whose link it was; None when it is not one of ours."""
    try:
        move_id, end, micros = _signer().loads(word)
    except (BadData, ValueError, TypeError):
        return None
    move = Move.select(Move, Member).join(Member).where(Move.id == move_id).first()
    if move is None or _micros(move.asked_at) != micros or end not in ("new", "old"):
        return None
    return OpenedMove(
        id=move.id,
        end=end,
        member_id=move.member_id,
        member_name=move.member.name,
        new_email=move.new_email,
        due_at=move.due_at,
        said_yes=(move.new_confirmed_at if end == "new" else move.old_confirmed_at) is not None,
        waits_for_old=waits_for_old(move),
        state=move.outcome or ("over" if is_over(move) else "open"),
    )


def open_move(viewer: Viewer) -> Move | None:
    """Return the move that *viewer* asked for and that is still to come, or None."""
    move = Move.get_or_none(Move.member == viewer.id, Move.ended_at.is_null())
    return None if move is None or is_over(move) else move


def is_over(move: Move) -> bool:
    """Say whether nobody at the new address said yes in time."""
    return move.new_confirmed_at is None and move.asked_at + NEW_LASTS <= now()


def waits_for_old(move: Move) -> bool:
    """Say whether the old address has still to say yes, or to let its time go by."""
    return bool(move.old_email) and move.old_confirmed_at is None and move.due_at > now()


def move_url(move: Move, end: End) -> str:
    """Return the full address of the link for one end. It is signed from the row; nothing secret is stored."""
    return f"{settings.chosen().site_url}/address/{_signer().dumps([move.id, end, _micros(move.asked_at)])}"


def told_by(member_id: int) -> list[dict[str, Any]]:
    """Return the moves of a member, ready for JSON."""
    query = Move.select(Move.old_email, Move.new_email, Move.asked_at, Move.ended_at, Move.outcome)
    return [
        {
            "from": old,
            "to": new,
            "asked_at": asked.isoformat(),
            "ended_at": ended.isoformat() if ended else None,
            "outcome": outcome,
        }
        for old, new, asked, ended, outcome in query.where(Move.member == member_id).order_by(Move.id).tuples()
    ]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings.chosen().secret_key, salt="address-move")


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
