"""Reading about sessions and the links in letters."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from forum import settings
from forum.access import STAFF, Viewer
from forum.clock import now
from forum.database import db, is_postgres, utc
from forum.errors import NotFound
from forum.members.models import Link, Member, Session
from forum.web import zone

# ---- who is looking ------------------------------------------------------------------------------------------------

_VIEWER = """
    SELECT m.id, m.name, m.role, m.suspended_until, m.email_confirmed_at, m.time_zone, s.id, s.seen_at,
        EXISTS (SELECT 1 FROM authenticator a WHERE a.member_id = m.id AND a.confirmed_at IS NOT NULL)
    FROM session s JOIN member m ON m.id = s.member_id
    WHERE s.token_digest = {0} AND s.ended_at IS NULL AND s.expires_at > {0} AND NOT s.awaits_code
        AND m.left_at IS NULL"""


def token_digest(token: str) -> str:
    """Return what the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def viewer_by_session(token: str) -> Viewer | None:
    """Return the viewer a session's token stands for, or None when it ended or waits for a code.

    Whoever works here and has not set up their codes is an ordinary member until they have."""
    mark = "%s" if is_postgres() else "?"
    moment = Session.expires_at.db_value(now())
    row = db.execute_sql(_VIEWER.format(mark), (token_digest(token), moment)).fetchone()
    if row is None:
        return None
    groups = db.execute_sql(f"SELECT group_id FROM group_member WHERE member_id = {mark}", (row[0],)).fetchall()  # noqa: S608
    needs_codes = row[2] in STAFF and not row[8] and settings.chosen().staff_codes == "required"
    return Viewer(
        id=row[0],
        name=row[1],
        role="member" if needs_codes else row[2],
        needs_codes=needs_codes,
        group_ids=frozenset(group_id for (group_id,) in groups),
        suspended_until=utc(row[3]),
        is_confirmed=row[4] is not None,
        time_zone=row[5],
        session_id=row[6],
        session_seen_at=utc(row[7]),
        session_token=token,
    )


# A password or link that was right waits this long for the code.
CODES_WAIT = timedelta(minutes=10)


class Awaiting(NamedTuple):
    """A session that waits for its code."""

    session_id: int
    member_id: int


def awaiting(token: str) -> Awaiting | None:
    """Return the session that waits for a code and belongs to *token*, or None."""
    row = (
        Session.select(Session.id, Session.member)
        .where(
            Session.token_digest == token_digest(token),
            Session.awaits_code,
            Session.ended_at.is_null(),
            Session.started_at > now() - CODES_WAIT,
        )
        .tuples()
        .first()
    )
    return Awaiting(*row) if row else None


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody is signed in, and on which day that was last used."""

    session_id: int
    device: str
    since: datetime
    used_on: date
    is_this: bool


def devices(viewer: Viewer) -> list[Device]:
    """Return where *viewer* is signed in, the newest first."""
    query = (
        Session.select(Session.id, Session.device, Session.started_at, Session.seen_at)
        .where(Session.member == viewer.id, Session.ended_at.is_null(), Session.expires_at > now())
        .where(~Session.awaits_code)
        .order_by(Session.id.desc())
    )
    here = zone(viewer.time_zone)
    return [
        Device(id, device, since, seen.astimezone(here).date(), id == viewer.session_id)
        for id, device, since, seen in query.tuples()
    ]


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
_PATHS = {
    "confirm": "/join",
    "sign_in": "/login",
    "already_here": "/login",
    "reset": "/reset",
}


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
