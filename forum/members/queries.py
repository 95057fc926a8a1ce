"""Reading about people."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum import settings
from forum.access import Viewer, require
from forum.clock import now
from forum.members.blocks import queries as blocks
from forum.members.codes import queries as codes
from forum.members.models import Link, Member, Session
from forum.members.moves import queries as moves
from forum.members.profiles import queries as profiles
from forum.members.renames import queries as renames
from forum.members.sessions.queries import link_address, viewer_by_session
from forum.text import _

__all__ = [
    "Line",
    "Shelf",
    "about_member",
    "everything_about",
    "exports",
    "link_address",
    "me_extras",
    "member_by_email",
    "own_row",
    "shelves",
    "viewer_by_session",
]


# ---- people --------------------------------------------------------------------------------------------------------


def own_row(viewer: Viewer) -> Member:
    """Return everything we keep of *viewer* themselves, for their own pages."""
    require(viewer.is_member, _("Please sign in to see your own pages."))
    return Member.fetch(viewer.id or 0)


def member_by_email(email: str) -> Member | None:
    """Return the member with that cleaned address, for commands and mail that came in."""
    return Member.get_or_none(Member.email == email)


# ---- what Me opens on ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on Me, with where it leads."""

    words: str
    url: str
    note: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A few lines on Me under a heading. *empty* is what it says without lines; with neither, it is left out."""

    heading: str
    lines: tuple[Line, ...] = ()
    empty: str = ""
    link_words: str = ""
    link_url: str = ""
    drawing: str = ""


# What Me shows first, in this order: replies to me, what changed because of us, one thing to answer. Rooms above know;
# wiring fills the slots. Further names come after these, in the order they were put in.
ME_SLOTS = ("answer", "replies", "changed")
me_extras: dict[str, Callable[[Viewer], Shelf | None]] = {}


def shelves(viewer: Viewer) -> list[Shelf]:
    """Return what Me opens on for *viewer*: what fits five minutes."""
    names = [*(slot for slot in ME_SLOTS if slot in me_extras), *(name for name in me_extras if name not in ME_SLOTS)]
    filled = [me_extras[name](viewer) for name in names]
    return [shelf for shelf in filled if shelf is not None and (shelf.lines or shelf.empty)]


# ---- everything we hold --------------------------------------------------------------------------------------------

# Room -> everything it holds about a member, as JSON can say it. Wiring fills this.
exports: dict[str, Callable[[int], object]] = {}


def everything_about(member_id: int) -> dict[str, object]:
    """Return everything we hold about a member, room by room, for their own eyes."""
    rooms = {name: ask(member_id) for name, ask in exports.items() if name != "you"}
    return {"made_at": now().isoformat(), "place": settings.chosen().site_name, "you": about_member(member_id), **rooms}


def about_member(member_id: int) -> dict[str, Any]:
    """Return what this room holds about a member; passwords and session tokens are kept as digests and stay out."""
    member = Member.fetch(member_id)
    moments = ("email_confirmed_at", "asks_paused_until", "joined_at", "suspended_until", "left_at")
    plain = ("name", "email", "role", "about", "offers", "would_like", "care", "care_audience", "words", "time_zone")
    choices = ("mail_replies", "mail_mentions", "mail_asks", "asks_per_month", "imported_from")
    told = {name: getattr(member, name) for name in (*plain, *choices)}
    return {
        **told,
        **{name: _said(getattr(member, name)) for name in moments},
        "earlier_names": renames.told_by(member_id),
        "situation": profiles.told_by(member_id),
        "does_not_want_to_meet": blocks.told_by(member_id),
        "codes": codes.told_by(member_id),
        "moves_to_another_address": moves.told_by(member_id),
        "has_password": member.password_hash is not None,
        "groups": [place.group.name for place in member.places],
        "signed_in": [
            {"device": device, "since": _said(since), "last_used": _said(seen), "until": _said(ended or expires)}
            for device, since, seen, expires, ended in Session.select(
                Session.device, Session.started_at, Session.seen_at, Session.expires_at, Session.ended_at
            )
            .where(Session.member == member_id)
            .order_by(Session.id)
            .tuples()
        ],
        "links_sent": [
            {"purpose": purpose, "to": email, "made_at": _said(made), "used_at": _said(used)}
            for purpose, email, made, used in Link.select(Link.purpose, Link.email, Link.made_at, Link.used_at)
            .where(Link.member == member_id)
            .order_by(Link.id)
            .tuples()
        ],
    }


def _said(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
