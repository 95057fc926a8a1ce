"""What people do with their place here: join, come in, set it up, leave."""

from collections.abc import Callable
from datetime import timedelta

from peewee import IntegrityError

from forum import audit, events
from forum.access import HOUSE, Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.members import addresses, names
from forum.members.blocks import actions as blocks
from forum.members.choices import ROLES
from forum.members.codes import actions as codes
from forum.members.models import GroupMember, Link, Member, Session
from forum.members.moves import actions as moves
from forum.members.profiles import actions as profiles
from forum.members.renames import actions as renames
from forum.members.renames.actions import make_way
from forum.members.renames.queries import is_waiting, was_taken
from forum.members.sessions import passwords
from forum.members.sessions.actions import end_sessions, send_link_to, show_who, start_session, was_just_sent
from forum.text import _, name_key

__all__ = [
    "change_role",
    "change_settings",
    "clear_out",
    "create_member",
    "erase_member",
    "farewells",
    "join",
    "leave",
    "start_session",
    "viewer_for",
]

# What was never confirmed, and what has long been over, is cleared out.
UNCONFIRMED_LAST = timedelta(days=14)
OVER_LAST = timedelta(days=30)

# What each room does when somebody changes how their words may be used: called with their id inside that transaction.
# Wiring fills this.
on_words_changed: list[Callable[[int], None]] = []

# What each room does when somebody leaves: called with their id inside the erasing transaction. Wiring fills this.
farewells: list[Callable[[int], None]] = []

TAKEN = _("That name is taken, or very close to one that is. Please choose another. If it is yours, sign in instead.")


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


def join(name: str, email: str, *, password: str = "", care: str = "", next_path: str = "", browser: str = "") -> None:
    """Ask for a place; the letter that follows decides. Nothing tells whether *email* has a place already.

    *browser* is a word that only this browser knows: the password is kept when the letter is opened there.

    *name* and *email* are cleaned and judged (`JoinForm`). Raises Invalid when the name is taken, whoever asks: else
    one could find out which address belongs to a name."""
    stored = passwords.hashed(password) if password else None
    for _attempt in range(3):
        try:
            _join(name, email, stored, care, next_path, browser)
            return
        except IntegrityError:
            # Somebody asked for this name or address at the same moment; the next try sees it.
            continue
    raise Invalid(errors={"name": TAKEN})


def _join(name: str, email: str, stored: str | None, care: str, next_path: str, browser: str) -> None:
    key = name_key(name)
    with transaction():
        holder, member = Member.get_or_none(Member.name_key == key), Member.get_or_none(Member.email == email)
        is_theirs = was_taken(key, but_for=member.id if member else None) or names.is_in_use(key)
        if is_theirs or (holder is not None and not is_waiting(holder)):
            raise Invalid(errors={"name": TAKEN})
        if member is not None and not is_waiting(member):
            send_link_to(member, "already_here", next_path=next_path)
            return
        if holder is not None and (member is None or holder.id != member.id):
            make_way(holder)
        if member is None:
            member = Member.create(
                name=name, name_key=key, email=email, password_hash=stored, care=care, joined_at=now()
            )
        elif was_just_sent(member.id, "confirm", email) and member.name_key == key:
            return
        else:
            # Only the newest letter opens the door to what was typed last.
            Link.update(used_at=now()).where(Link.member == member.id, Link.used_at.is_null()).execute()
            Member.update(name=name, name_key=key, password_hash=stored, care=care).where(
                Member.id == member.id
            ).execute()
        send_link_to(member, "confirm", next_path=next_path, browser=browser)


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
        "name": TAKEN if was_taken(name_key(name)) else "" if reserved_is_fine else names.trouble_with(name),
        "role": "" if role in ROLES else _("Choose a role from %(roles)s.", roles=", ".join(ROLES)),
        "password": passwords.trouble_with(password, name, email) if password else "",
    }
    if not errors["name"] and names.is_in_use(name_key(name)):
        errors["name"] = TAKEN
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


# ---- settings ------------------------------------------------------------------------------------------------------


def change_settings(
    viewer: Viewer,
    *,
    words: str,
    mail_replies: bool,
    mail_mentions: bool,
    mail_asks: bool,
    asks_per_month: int,
    pause: str,
    time_zone: str,
) -> None:
    """Keep what a member chose (`SettingsForm`)."""
    require(viewer.is_member, _("Please sign in to change your settings."))
    changes = {
        "words": words,
        "mail_replies": mail_replies,
        "mail_mentions": mail_mentions,
        "mail_asks": mail_asks,
        "asks_per_month": asks_per_month,
        "time_zone": time_zone,
    }
    if pause != "keep":
        changes["asks_paused_until"] = now() + timedelta(days=30 * int(pause)) if pause != "none" else None
    with transaction():
        before = Member.locked(viewer.id or 0)
        Member.update(changes).where(Member.id == before.id).execute()
        if words != before.words:
            for follow in on_words_changed:
                follow(before.id)
            events.record("member.words_chosen", subject=before, actor=viewer)


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
    show_who(viewer, password, field="password")
    with transaction():
        _forget(Member.locked(viewer.id or 0))


def erase_member(viewer: Viewer, member_id: int, *, reason: str) -> None:
    """Do for a member what `leave` does, at their request. For administrators; audited."""
    require(viewer.is_admin, _("Only an administrator erases somebody."))
    with transaction():
        member = Member.locked(member_id)
        if member.left_at is None:
            _forget(member)
            # Last, so that its own reason stays: it says why nothing else does.
            audit.note(viewer, "member.erased", subject=member, reason=reason)


def _forget(member: Member) -> None:
    if member.left_at is not None:
        return
    _keep_an_administrator(member)
    for farewell in farewells:
        farewell(member.id)
    audit.erase_words("member", [member.id])
    end_sessions(member.id)
    Session.delete().where(Session.member == member.id).execute()
    Link.delete().where(Link.member == member.id).execute()
    GroupMember.delete().where(GroupMember.member == member.id).execute()
    profiles.forget(member.id)
    blocks.forget(member.id)
    renames.forget(member.id)
    codes.forget(member.id)
    moves.forget(member.id)
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
        about_html=None,
        offers="",
        would_like="",
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
        gone += moves.clear_out()
        gone += Link.delete().where(Link.expires_at < moment - OVER_LAST).execute()
    return gone
