"""Reading about people."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from forum import settings
from forum.access import Viewer, require
from forum.clock import now
from forum.database import db, is_postgres, utc
from forum.errors import NotFound
from forum.members.choices import CARE_OF_THEM, role_words
from forum.members.models import Link, Member, Session
from forum.text import _, name_key

# ---- who is looking ------------------------------------------------------------------------------------------------

_VIEWER = """
    SELECT m.id, m.name, m.role, m.suspended_until, m.email_confirmed_at, m.time_zone, s.id
    FROM session s JOIN member m ON m.id = s.member_id
    WHERE s.token_digest = {0} AND s.ended_at IS NULL AND s.expires_at > {0} AND m.left_at IS NULL"""


def token_digest(token: str) -> str:
    """Return what the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def viewer_by_session(token: str) -> Viewer | None:
    """Return the viewer a session's token stands for, or None when it ended."""
    mark = "%s" if is_postgres() else "?"
    moment = Session.expires_at.db_value(now())
    row = db.execute_sql(_VIEWER.format(mark), (token_digest(token), moment)).fetchone()
    if row is None:
        return None
    groups = db.execute_sql(f"SELECT group_id FROM group_member WHERE member_id = {mark}", (row[0],)).fetchall()  # noqa: S608
    return Viewer(
        id=row[0],
        name=row[1],
        role=row[2],
        group_ids=frozenset(group_id for (group_id,) in groups),
        suspended_until=utc(row[3]),
        is_confirmed=row[4] is not None,
        time_zone=row[5],
        session_id=row[6],
        session_token=token,
    )


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody is signed in."""

    session_id: int
    device: str
    since: datetime
    is_this: bool


def devices(viewer: Viewer) -> list[Device]:
    """Return where *viewer* is signed in, the newest first."""
    query = (
        Session.select(Session.id, Session.device, Session.started_at)
        .where(Session.member == viewer.id, Session.ended_at.is_null(), Session.expires_at > now())
        .order_by(Session.id.desc())
    )
    return [Device(id, device, since, id == viewer.session_id) for id, device, since in query.tuples()]


# Whoever came in this recently has just shown who they are.
FRESH = timedelta(minutes=15)


def is_fresh(viewer: Viewer) -> bool:
    """Say whether *viewer* signed in a moment ago, so that they need not show again who they are."""
    return (
        Session.select().where(Session.id == viewer.session_id, Session.started_at > now() - FRESH).exists()
        if viewer.session_id is not None
        else False
    )


# ---- links in letters ----------------------------------------------------------------------------------------------

# How long the links of each kind work. The letters say so in words.
LINKS_LAST = {
    "confirm": timedelta(days=7),
    "sign_in": timedelta(hours=24),
    "already_here": timedelta(hours=24),
    "reset": timedelta(hours=24),
}
_PATHS = {"confirm": "/join", "sign_in": "/login", "already_here": "/login", "reset": "/reset"}


class LinkAddress(NamedTuple):
    """What the letter about a link says."""

    purpose: str
    email: str
    url: str
    member_name: str


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link that somebody followed. *state* is ``good``, ``used`` or ``expired``."""

    id: int
    purpose: str
    member_id: int
    member_name: str
    email: str
    next_path: str
    state: str
    used_at: datetime | None
    has_password: bool
    is_confirmed: bool

    @property
    def is_good(self) -> bool:
        return self.state == "good"


def link_address(link_id: int) -> LinkAddress:
    """Return what to write into the letter for a link: its purpose (the letter's name), address, URL, member's name.

    Raises NotFound when the link is gone."""
    link = Link.select(Link, Member).join(Member).where(Link.id == link_id).first()
    if link is None:
        raise NotFound
    url = f"{settings.chosen().site_url}{_PATHS[link.purpose]}/{link_word(link)}"
    return LinkAddress(link.purpose, link.email, url, link.member.name)


def link_word(link: Link) -> str:
    """Return the word that stands for *link* in its URL. It is signed from the row; nothing secret is stored."""
    return str(_signer().dumps([link.id, _micros(link.made_at)]))


def opened_link(word: str, *purposes: str) -> OpenedLink | None:
    """Return the link that *word* stands for, whatever state it is in; None when it is not one of ours."""
    try:
        link_id, micros = _signer().loads(word)
    except (BadData, ValueError, TypeError):
        return None
    link = Link.select(Link, Member).join(Member).where(Link.id == link_id, Link.purpose.in_(purposes)).first()
    # The moment as well as the number: numbers start again when an older backup is brought back.
    if link is None or _micros(link.made_at) != micros or link.member.left_at is not None:
        return None
    state = "used" if link.used_at else "expired" if link.expires_at <= now() else "good"
    return OpenedLink(
        id=link.id,
        purpose=link.purpose,
        member_id=link.member.id,
        member_name=link.member.name,
        email=link.email,
        next_path=link.next_path,
        state=state,
        used_at=link.used_at,
        has_password=link.member.password_hash is not None,
        is_confirmed=link.member.email_confirmed_at is not None,
    )


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings.chosen().secret_key, salt="member-link")


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


# ---- people --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """What members see of one another."""

    id: int
    name: str
    role: str
    role_words: str
    care_words: str
    about: str
    joined_at: datetime
    is_me: bool


def profile(viewer: Viewer, name: str) -> Profile:
    """Return the member called *name*, however it is spelt. For members only; raises NotFound when nobody is."""
    require(viewer.is_member, _("Please sign in to see who is who here."))
    member = Member.get_or_none(Member.name_key == name_key(name), Member.left_at.is_null())
    if member is None or not member.name_key:
        raise NotFound(_("We can't find anybody of that name. They may have changed it, or left."))
    return Profile(
        id=member.id,
        name=member.name,
        role=member.role,
        role_words=role_words(member.role),
        care_words=CARE_OF_THEM[member.care],
        about=member.about,
        joined_at=member.joined_at,
        is_me=member.id == viewer.id,
    )


def own_row(viewer: Viewer) -> Member:
    """Return everything we keep of *viewer* themselves, for their own pages."""
    require(viewer.is_member, _("Please sign in to see your own pages."))
    return Member.fetch(viewer.id)


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
    plain = ("name", "email", "role", "care", "about", "words", "time_zone", "mail_replies", "mail_mentions")
    told = {name: getattr(member, name) for name in (*plain, "mail_asks", "asks_per_month", "imported_from")}
    return {
        **told,
        **{name: _said(getattr(member, name)) for name in moments},
        "has_password": member.password_hash is not None,
        "groups": [place.group.name for place in member.places],
        "signed_in": [
            {"device": device, "since": _said(since), "until": _said(ended or expires)}
            for device, since, expires, ended in Session.select(
                Session.device, Session.started_at, Session.expires_at, Session.ended_at
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
