"""What people do with their place here: join, come in, set it up, leave."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from peewee import IntegrityError

from forum import audit, events
from forum.access import HOUSE, Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.members import addresses, names, passwords
from forum.members.choices import ROLES
from forum.members.models import GroupMember, Link, Member, Session
from forum.members.queries import LINKS_LAST, is_fresh, token_digest
from forum.text import _, name_key

KEPT_SESSION = timedelta(days=60)
SHORT_SESSION = timedelta(hours=24)
# A second letter within this time is an impatient thumb, and so is a second press on a link's button.
IMPATIENCE = timedelta(minutes=1)
# What was never confirmed, and what has long been over, is cleared out.
UNCONFIRMED_LAST = timedelta(days=14)
OVER_LAST = timedelta(days=30)

# What each room does when somebody leaves: called with their id inside the erasing transaction. Wiring fills this.
farewells: list[Callable[[int], None]] = []

TAKEN = _("That name is taken, or very close to one that is. Please choose another. If it is yours, sign in instead.")
NO_MATCH = _("That e-mail address and password don't fit together. Try again, or let us send you a link.")
LINK_OVER = _("This link has been used or has run out. We can send you a new one.")


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


# ---- joining -------------------------------------------------------------------------------------------------------


def join(name: str, email: str, *, password: str = "", care: str = "", next_path: str = "") -> None:
    """Ask for a place; the letter that follows decides. Nothing tells whether *email* has a place already.

    *name* and *email* are cleaned and judged (`JoinForm`). Raises Invalid when the name is taken, whoever asks: else
    one could find out which address belongs to a name."""
    stored = passwords.hashed(password) if password else None
    try:
        _join(name, email, stored, care, next_path)
    except IntegrityError:
        # Somebody joined with this name or address at the same moment; now it is seen.
        _join(name, email, stored, care, next_path)


def _join(name: str, email: str, stored: str | None, care: str, next_path: str) -> None:
    key = name_key(name)
    with transaction():
        holder, member = Member.get_or_none(Member.name_key == key), Member.get_or_none(Member.email == email)
        if holder is not None and not _is_waiting(holder):
            raise Invalid(errors={"name": TAKEN})
        if member is not None and not _is_waiting(member):
            _send_link(member, "already_here", next_path=next_path)
            return
        if holder is not None and (member is None or holder.id != member.id):
            # A name holds from the first visit on: perhaps this is the same person, who mistyped their address.
            holder.delete_instance()
        if member is None:
            member = Member.create(
                name=name, name_key=key, email=email, password_hash=stored, care=care, joined_at=now()
            )
        elif _was_just_sent(member.id, "confirm", email) and member.name_key == key:
            return
        else:
            # Only the newest letter opens the door to what was typed last.
            Link.update(used_at=now()).where(Link.member == member.id, Link.used_at.is_null()).execute()
            Member.update(name=name, name_key=key, password_hash=stored, care=care).where(
                Member.id == member.id
            ).execute()
        _send_link(member, "confirm", next_path=next_path)


def _is_waiting(member: Member) -> bool:
    """Say whether somebody asked for this place but never came in."""
    return (
        member.email is not None
        and member.email_confirmed_at is None
        and member.imported_from is None
        and not Session.select().where(Session.member == member.id).exists()
    )


def create_member(
    email: str, name: str, role: str = "member", password: str | None = None, *, by: Viewer = HOUSE
) -> Member:
    """Make a place for somebody, as an administrator does. Their address counts as confirmed; they can sign in by link.

    Raises Invalid for a name or address that is taken or will not do."""
    require(by.is_admin, _("Only an administrator makes places for others."))
    email, name = addresses.clean_address(email), names.clean_name(name)
    reserved_is_fine = role != "member" and name_key(name) and names.SHORTEST <= len(name) <= names.LONGEST
    errors = {
        "email": addresses.trouble_with(email),
        "name": "" if reserved_is_fine else names.trouble_with(name),
        "role": "" if role in ROLES else _("Choose a role from %(roles)s.", roles=", ".join(ROLES)),
        "password": passwords.trouble_with(password, name, email) if password else "",
    }
    if any(errors.values()):
        raise Invalid(errors={field: sentence for field, sentence in errors.items() if sentence})
    stored = passwords.hashed(password) if password else None
    try:
        with transaction():
            member = Member.create(
                name=name,
                name_key=name_key(name),
                email=email,
                email_confirmed_at=now(),
                password_hash=stored,
                role=role,
                joined_at=now(),
            )
            if role != "member":
                audit.note(by, "member.role_given", subject=member, reason=role)
            events.record("member.joined", subject=member, actor=member.id)
    except IntegrityError as trouble:
        raise Invalid(errors={"email": _("That name or address has a place here already.")}) from trouble
    return member


# ---- links in letters ----------------------------------------------------------------------------------------------


def send_link(email: str, purpose: str, *, next_path: str = "") -> None:
    """Have a link for *purpose* (``sign_in`` or ``reset``) sent to *email*, if it has a place here. Nobody is told."""
    with transaction():
        member = Member.get_or_none(Member.email == email)
        if member is not None:
            _send_link(member, purpose, next_path=next_path)


def send_link_again(link_id: int) -> None:
    """Have a fresh link sent in place of one that was used or has run out."""
    with transaction():
        link = Link.fetch(link_id)
        member = link.member
        if link.purpose == "confirm" and link.email == member.email and member.email_confirmed_at is not None:
            _send_link(member, "sign_in", next_path=link.next_path)
        else:
            _send_link(member, link.purpose, email=link.email, next_path=link.next_path)


def send_confirmation(viewer: Viewer) -> None:
    """Have the link that confirms *viewer*'s address sent once more."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        member = Member.fetch(viewer.id)
        if member.email and member.email_confirmed_at is None:
            _send_link(member, "confirm")


def _send_link(member: Member, purpose: str, *, email: str = "", next_path: str = "") -> None:
    moment, email = now(), email or member.email or ""
    if not email or _was_just_sent(member.id, purpose, email):
        return
    link = Link.create(
        member=member.id,
        purpose=purpose,
        email=email,
        next_path=next_path,
        made_at=moment,
        expires_at=moment + LINKS_LAST[purpose],
    )
    events.record("member.link_asked", subject=link, actor=member.id, link=link.id)


def _was_just_sent(member_id: int, purpose: str, email: str) -> bool:
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


def come_in_by_link(link_id: int, *, device: str = "", keep: bool = False, is_same_press: bool = False) -> str:
    """Use up a link that confirms or signs in, and return the token of the new session.

    *is_same_press* says that this browser has pressed the button a moment ago, which then counts once. Raises Conflict
    when the link is over."""
    with transaction():
        link = _used_up(link_id, is_same_press=is_same_press)
        member = Member.locked(link.member_id)
        _confirm_address(member, link)
        return start_session(member.id, device=device, keep=keep)


def choose_password(
    link_id: int, password: str, *, device: str = "", keep: bool = False, is_same_press: bool = False
) -> str:
    """Use up a reset link: *password* (judged by the form) is the new one, everybody else is signed out.

    Return the token of the new session. Raises Conflict when the link is over."""
    stored = passwords.hashed(password)
    with transaction():
        link = _used_up(link_id, is_same_press=is_same_press)
        member = Member.locked(link.member_id)
        _confirm_address(member, link)
        _set_password(member.id, stored)
        return start_session(member.id, device=device, keep=keep)


def _used_up(link_id: int, *, is_same_press: bool) -> Link:
    link, moment = Link.locked(link_id), now()
    if link.expires_at <= moment:
        raise Conflict(LINK_OVER)
    if link.used_at is not None and not (is_same_press and link.used_at > moment - IMPATIENCE):
        raise Conflict(LINK_OVER)
    Link.update(used_at=moment).where(Link.id == link.id).execute()
    return link


def _confirm_address(member: Member, link: Link) -> None:
    if member.left_at is not None or link.email != member.email:
        raise Conflict(LINK_OVER)
    if member.email_confirmed_at is not None:
        return
    if link.purpose != "confirm":
        # Whoever typed a password before nobody had opened this mailbox need not be the one who opened it now.
        _end_sessions(member.id)
        Member.update(password_hash=None).where(Member.id == member.id).execute()
    Member.update(email_confirmed_at=now()).where(Member.id == member.id).execute()
    events.record("member.joined", subject=member, actor=member.id)


# ---- sessions ------------------------------------------------------------------------------------------------------


def start_session(member_id: int, *, device: str = "", keep: bool = False) -> str:
    """Sign *member_id* in on one device and return the token for its cookie.

    It lasts sixty days with *keep*, else a day at most."""
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
        )
    return token


def sign_in(email: str, password: str, *, device: str = "", keep: bool = False) -> str:
    """Return the token of a new session for whoever has this address and password. Raises Invalid for nobody."""
    row = Member.select(Member.id, Member.password_hash).where(Member.email == email).tuples().first()
    member_id, stored = row or (None, None)
    if not passwords.fits(stored, password):
        raise Invalid(errors={"": NO_MATCH})
    if passwords.is_dated(stored):
        renewed = passwords.hashed(password)
        with transaction():
            Member.update(password_hash=renewed).where(Member.id == member_id, Member.password_hash == stored).execute()
    return start_session(member_id, device=device, keep=keep)


def sign_out(viewer: Viewer) -> None:
    """End the session that *viewer* came with."""
    with transaction():
        _end_sessions(viewer.id, only=viewer.session_id)


def sign_out_elsewhere(viewer: Viewer) -> None:
    """End every session of *viewer* but the one they came with."""
    with transaction():
        _end_sessions(viewer.id, but=viewer.session_id)


def _end_sessions(member_id: int | None, *, only: int | None = None, but: int | None = None) -> None:
    query = Session.select(Session.id).where(Session.member == member_id, Session.ended_at.is_null())
    ended = [id for (id,) in query.tuples() if id != but and (only is None or id == only)]
    if not ended:
        return
    Session.update(ended_at=now()).where(Session.id.in_(ended)).execute()
    for session_id in ended:
        events.record("session.ended", subject=("session", session_id), channel=f"session:{session_id}")


# ---- settings ------------------------------------------------------------------------------------------------------


def change_settings(
    viewer: Viewer,
    *,
    name: str,
    about: str,
    care: str,
    words: str,
    mail_replies: bool,
    mail_mentions: bool,
    mail_asks: bool,
    asks_per_month: int,
    pause: str,
    time_zone: str,
) -> None:
    """Keep what a member chose (`SettingsForm`). Raises Invalid when the name is taken."""
    require(viewer.is_member, _("Please sign in to change your settings."))
    changes = {
        "name": name,
        "name_key": name_key(name),
        "about": about,
        "care": care,
        "words": words,
        "mail_replies": mail_replies,
        "mail_mentions": mail_mentions,
        "mail_asks": mail_asks,
        "asks_per_month": asks_per_month,
        "time_zone": time_zone,
    }
    if pause != "keep":
        changes["asks_paused_until"] = now() + timedelta(days=30 * int(pause)) if pause != "none" else None
    try:
        with transaction():
            before = Member.locked(viewer.id or 0)
            if Member.select().where(Member.name_key == changes["name_key"], Member.id != before.id).exists():
                raise Invalid(
                    errors={"name": _("That name is taken, or very close to one that is. Please choose another.")}
                )
            Member.update(changes).where(Member.id == before.id).execute()
            if words != before.words:
                events.record("member.words_chosen", subject=before, actor=viewer)
    except IntegrityError as trouble:
        raise Invalid(errors={"name": TAKEN}) from trouble


def change_password(viewer: Viewer, password: str, *, current: str = "") -> None:
    """Make *password* (judged by the form) the new one and sign every other device out.

    Raises Invalid unless *current* is the one so far, or the member has none and came in by link a moment ago."""
    require(viewer.is_member, _("Please sign in to change your password."))
    _show_who(viewer, current, field="current")
    stored = passwords.hashed(password)
    with transaction():
        Member.locked(viewer.id or 0)
        _set_password(viewer.id or 0, stored, but=viewer.session_id)


def _set_password(member_id: int, stored: str, *, but: int | None = None) -> None:
    Member.update(password_hash=stored).where(Member.id == member_id).execute()
    # Older letters must not open the door again.
    Link.update(used_at=now()).where(Link.member == member_id, Link.used_at.is_null()).execute()
    _end_sessions(member_id, but=but)


def _show_who(viewer: Viewer, password: str, *, field: str) -> None:
    """Raise Invalid unless the password fits, or *viewer* came in a moment ago."""
    if is_fresh(viewer):
        return
    stored = Member.select(Member.password_hash).where(Member.id == viewer.id).scalar()
    if stored is None:
        raise Invalid(errors={field: _("Let us send you a link first, so that we know it is you.")})
    if not passwords.fits(stored, password):
        raise Invalid(errors={field: _("That isn't your password. Try again, or let us send you a link.")})


def change_role(viewer: Viewer, member_id: int, role: str, *, reason: str) -> None:
    """Give a member another role. For administrators; the *reason* stands in the audit trail."""
    require(viewer.is_admin, _("Only an administrator gives roles."))
    if role not in ROLES:
        raise Invalid(errors={"role": _("Choose a role from %(roles)s.", roles=", ".join(ROLES))})
    if not reason.strip():
        raise Invalid(errors={"reason": _("Say why, so that others can follow it later.")})
    with transaction():
        member = Member.locked(member_id)
        if member.role == role:
            return
        _keep_an_administrator(member)
        Member.update(role=role).where(Member.id == member_id).execute()
        audit.note(viewer, "member.role_changed", subject=member, reason=f"{member.role} → {role}: {reason.strip()}")
        events.record("member.role_changed", subject=member, actor=viewer)


def _keep_an_administrator(member: Member) -> None:
    others = Member.select().where(Member.role == "admin", Member.id != member.id, Member.left_at.is_null())
    if member.role == "admin" and not others.exists():
        raise Conflict(_("This place needs an administrator. Make somebody else one first."))


# ---- leaving -------------------------------------------------------------------------------------------------------


def leave(viewer: Viewer, *, password: str = "") -> None:
    """Take a member's words and everything we hold about them away; conversations and counts stay.

    Raises Invalid unless the password fits or they came in a moment ago."""
    require(viewer.is_member, _("Please sign in first."))
    _show_who(viewer, password, field="password")
    with transaction():
        _forget(Member.locked(viewer.id or 0))


def erase_member(viewer: Viewer, member_id: int, *, reason: str) -> None:
    """Do for a member what `leave` does, at their request. For administrators; audited."""
    require(viewer.is_admin, _("Only an administrator erases somebody."))
    with transaction():
        member = Member.locked(member_id)
        audit.note(viewer, "member.erased", subject=member, reason=reason)
        _forget(member)


def _forget(member: Member) -> None:
    if member.left_at is not None:
        return
    _keep_an_administrator(member)
    for farewell in farewells:
        farewell(member.id)
    _end_sessions(member.id)
    Session.delete().where(Session.member == member.id).execute()
    Link.delete().where(Link.member == member.id).execute()
    GroupMember.delete().where(GroupMember.member == member.id).execute()
    Member.update(
        name=str(names.NOBODY),
        # No name that somebody types has such a key.
        name_key=f"left:{member.id}",
        email=None,
        email_confirmed_at=None,
        password_hash=None,
        role="member",
        care="",
        about="",
        words="please_dont",
        time_zone="Europe/London",
        mail_replies=False,
        mail_mentions=False,
        mail_asks=False,
        asks_per_month=0,
        asks_paused_until=None,
        left_at=now(),
    ).where(Member.id == member.id).execute()
    events.record("member.left", subject=member, actor=member.id)


def clear_out() -> int:
    """Delete places nobody ever came to, and sessions and links long over. Return how many rows went. Safe twice."""
    moment = now()
    came_in = Session.select(Session.member).where(Session.ended_at.is_null(), Session.expires_at > moment)
    with transaction():
        gone = (
            Member.delete()
            .where(
                Member.email.is_null(False),
                Member.email_confirmed_at.is_null(),
                Member.imported_from.is_null(),
                Member.joined_at < moment - UNCONFIRMED_LAST,
                Member.id.not_in(came_in),
            )
            .execute()
        )
        gone += (
            Session.delete()
            .where((Session.expires_at < moment - OVER_LAST) | (Session.ended_at < moment - OVER_LAST))
            .execute()
        )
        gone += Link.delete().where(Link.expires_at < moment - OVER_LAST).execute()
    return gone
