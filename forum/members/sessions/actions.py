"""Coming in and going out: passwords, links in letters, sessions."""

import secrets
from datetime import timedelta

from forum import events
from forum.access import VISITOR, Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.members.codes.queries import are_on
from forum.members.models import Link, Member, Session
from forum.members.sessions import passwords
from forum.members.sessions.queries import LINKS_LAST, is_fresh, token_digest
from forum.text import _

KEPT_SESSION = timedelta(days=60)
SHORT_SESSION = timedelta(hours=24)
# A second letter within this time is an impatient thumb, and so is a second press on a link's button.
IMPATIENCE = timedelta(minutes=1)

NO_MATCH = _(
    "That e-mail address and password don't fit together. Try again, or let us send you a link. "
    "If you have just joined, open the link in our letter first."
)
LINK_OVER = _("This link has been used or has run out. We can send you a new one.")


# ---- links in letters ----------------------------------------------------------------------------------------------


def send_link(email: str, purpose: str, *, next_path: str = "") -> None:
    """Have a link for *purpose* (``sign_in`` or ``reset``) sent to *email*, if it has a place here. Nobody is told."""
    with transaction():
        member = Member.get_or_none(Member.email == email)
        if member is not None:
            send_link_to(member, purpose, next_path=next_path)


def send_link_again(link_id: int) -> None:
    """Have a fresh link sent in place of one that was used or has run out."""
    with transaction():
        link = Link.fetch(link_id)
        member = link.member
        if link.purpose == "confirm" and link.email == member.email and member.email_confirmed_at is not None:
            send_link_to(member, "sign_in", next_path=link.next_path)
        else:
            send_link_to(member, link.purpose, email=link.email, next_path=link.next_path)


def send_link_to(member: Member, purpose: str, *, email: str = "", next_path: str = "", browser: str = "") -> None:
    """Have a link sent to *member*, at *email* or at their own address. Call it last in the deed's transaction.

    *browser* is a word that only the browser knows which asked."""
    moment, email = now(), email or member.email or ""
    if not email or was_just_sent(member.id, purpose, email):
        return
    link = Link.create(
        member=member.id,
        purpose=purpose,
        email=email,
        next_path=next_path,
        made_at=moment,
        expires_at=moment + LINKS_LAST[purpose],
        browser_digest=token_digest(browser) if browser else "",
    )
    events.record("member.link_asked", subject=link, actor=member.id, link=link.id)


def was_just_sent(member_id: int, purpose: str, email: str) -> bool:
    """Say whether such a link went out a moment ago and waits to be used."""
    return bool(
        Link.select()
        .where(
            Link.member == member_id,
            Link.purpose == purpose,
            Link.email == email,
            Link.used_at.is_null(),
            Link.made_at > now() - IMPATIENCE,
        )
        .exists()
    )


def come_in_by_link(
    link_id: int,
    *,
    device: str = "",
    keep: bool = False,
    press: str = "",
    browser: str = "",
    viewer: Viewer = VISITOR,
) -> str:
    """Use up a link that confirms or signs in, and return the token of the new session.

    *browser* is the word that this browser was given when it asked to join, *viewer* whoever is signed in there: a
    password typed elsewhere does not survive the first confirmation.

    *press* is a word that this browser was given with the button; a second press a moment later counts as the first.
    Raises Conflict when the link is over."""
    with transaction():
        link = _used_up(link_id, press)
        member = Member.locked(link.member_id)
        _confirm_address(member, link, browser=browser, viewer=viewer)
        return start_session(member.id, device=device, keep=keep)


def choose_password(link_id: int, password: str, *, device: str = "", keep: bool = False, press: str = "") -> str:
    """Use up a reset link: *password* (judged by the form) is the new one, everybody else is signed out.

    Return the token of the new session. Raises Conflict when the link is over."""
    stored = passwords.hashed(password)
    with transaction():
        link = _used_up(link_id, press)
        member = Member.locked(link.member_id)
        _confirm_address(member, link)
        _set_password(member.id, stored)
        return start_session(member.id, device=device, keep=keep)


def _used_up(link_id: int, press: str) -> Link:
    link, moment = Link.locked(link_id), now()
    if link.expires_at <= moment:
        raise Conflict(LINK_OVER)
    if link.used_at is None:
        Link.update(used_at=moment, press_digest=token_digest(press)).where(Link.id == link.id).execute()
    elif not press or link.press_digest != token_digest(press) or link.used_at < moment - IMPATIENCE:
        raise Conflict(LINK_OVER)
    return link


def _confirm_address(member: Member, link: Link, *, browser: str = "", viewer: Viewer = VISITOR) -> None:
    if member.left_at is not None or link.email != member.email:
        raise Conflict(LINK_OVER)
    if member.email_confirmed_at is not None:
        return
    asked_here = bool(browser) and link.browser_digest == token_digest(browser)
    if viewer.id != member.id and not (asked_here and link.purpose == "confirm"):
        # Whoever typed a password before anybody had opened this mailbox need not be the one who opened it now.
        end_sessions(member.id)
        Member.update(password_hash=None).where(Member.id == member.id).execute()
    Member.update(email_confirmed_at=now()).where(Member.id == member.id).execute()
    events.record("member.joined", subject=member, actor=member.id)


# ---- sessions ------------------------------------------------------------------------------------------------------


def start_session(member_id: int, *, device: str = "", keep: bool = False) -> str:
    """Sign *member_id* in on one device and return the token for its cookie.

    It lasts sixty days with *keep*, else a day at most. Where they use codes, it opens nothing before one is typed."""
    token = secrets.token_urlsafe(32)
    moment = now()
    with transaction():
        Session.create(
            member=member_id,
            token_digest=token_digest(token),
            device=device[:200],
            started_at=moment,
            seen_at=moment,
            expires_at=moment + (KEPT_SESSION if keep else SHORT_SESSION),
            awaits_code=are_on(member_id),
        )
    return token


def sign_in(email: str, password: str, *, device: str = "", keep: bool = False) -> str:
    """Return the token of a new session for whoever has this address and password. Raises Invalid for nobody.

    An address that is not confirmed counts as nobody's: else whoever joins with somebody else's address could find out
    here whether it had a place already."""
    query = Member.select(Member.id, Member.password_hash).where(
        Member.email == email, Member.email_confirmed_at.is_null(False)
    )
    member_id, stored = query.tuples().first() or (0, None)
    if not passwords.fits(stored, password):
        raise Invalid(errors={"": NO_MATCH})
    if passwords.is_dated(stored or ""):
        renewed = passwords.hashed(password)
        with transaction():
            Member.update(password_hash=renewed).where(Member.id == member_id, Member.password_hash == stored).execute()
    return start_session(member_id, device=device, keep=keep)


def sign_out(viewer: Viewer) -> None:
    """End the session that *viewer* came with."""
    with transaction():
        end_sessions(viewer.id, only=viewer.session_id)


def sign_out_elsewhere(viewer: Viewer) -> None:
    """End every session of *viewer* but the one they came with."""
    with transaction():
        end_sessions(viewer.id, but=viewer.session_id)


def sign_out_one(viewer: Viewer, session_id: int) -> None:
    """End one of *viewer*'s own sessions; somebody else's stays. Twice is fine."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        end_sessions(viewer.id, only=session_id)


def note_use(viewer: Viewer) -> None:
    """Remember that *viewer*'s device is used today."""
    with transaction():
        Session.update(seen_at=now()).where(Session.id == viewer.session_id).execute()


def end_sessions(member_id: int | None, *, only: int | None = None, but: int | None = None) -> None:
    """End a member's sessions: all, *only* one, or all *but* one. Call it inside the deed's transaction."""
    query = Session.select(Session.id).where(Session.member == member_id, Session.ended_at.is_null())
    ended = [id for (id,) in query.tuples() if id != but and (only is None or id == only)]
    if not ended:
        return
    Session.update(ended_at=now()).where(Session.id.in_(ended)).execute()
    for session_id in ended:
        events.record("session.ended", subject=("session", session_id), channel=f"session:{session_id}")


def look_again(member_id: int) -> None:
    """Have every open page of a member load again, because they may read less now. Call it late in the deed's
    transaction."""
    query = Session.select(Session.id).where(
        Session.member == member_id, Session.ended_at.is_null(), Session.expires_at > now()
    )
    for (session_id,) in query.tuples():
        events.record("sight.lost", subject=("session", session_id), channel=f"session:{session_id}")


# ---- passwords -----------------------------------------------------------------------------------------------------


def change_password(viewer: Viewer, password: str, *, current: str = "") -> None:
    """Make *password* (judged by the form) the new one and sign every other device out.

    Raises Invalid unless *current* is the one so far, or the member has none and came in by link a moment ago."""
    require(viewer.is_member, _("Please sign in to change your password."))
    show_who(viewer, current, field="current")
    stored = passwords.hashed(password)
    with transaction():
        Member.locked(viewer.id or 0)
        _set_password(viewer.id or 0, stored, but=viewer.session_id)


def _set_password(member_id: int, stored: str, *, but: int | None = None) -> None:
    Member.update(password_hash=stored).where(Member.id == member_id).execute()
    # Older letters must not open the door again.
    Link.update(used_at=now()).where(Link.member == member_id, Link.used_at.is_null()).execute()
    end_sessions(member_id, but=but)


def show_who(viewer: Viewer, password: str, *, field: str) -> None:
    """Raise Invalid unless the password fits, or *viewer* came in a moment ago."""
    if not is_fresh(viewer):
        show_password(viewer, password, field=field)


def show_password(viewer: Viewer, password: str, *, field: str) -> None:
    """Raise Invalid unless the password fits; whoever has none must have come in a moment ago."""
    stored = Member.select(Member.password_hash).where(Member.id == viewer.id).scalar()
    if stored is None:
        if is_fresh(viewer):
            return
        raise Invalid(errors={field: _("Let us send you a link first, so that we know it is you.")})
    if not passwords.fits(stored, password):
        raise Invalid(errors={field: _("That isn't your password. Try again, or let us send you a link.")})
