"""Codes as a second step of signing in: setting them up, typing one, turning them off."""

import hashlib
import hmac
import re
import secrets

import pyotp

from forum import audit, events
from forum.access import Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.members.codes.models import Authenticator, RecoveryCode
from forum.members.codes.queries import SETUP_LASTS, secret_of
from forum.members.models import Member, Session
from forum.members.sessions.actions import end_sessions, show_password, show_who
from forum.members.sessions.queries import awaiting
from forum.text import _

STEP_SECONDS = 30
# A phone's clock may be this many steps off.
DRIFT = 1
RECOVERY_CODES = 10
# Without those that are taken for one another on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

WRONG = _("That code doesn't fit. Wait for the next one in your app and type it here.")
SIGN_IN_OVER = _("That took a little too long. Please sign in once more.")


# ---- setting up ----------------------------------------------------------------------------------------------------


def begin(viewer: Viewer, *, password: str = "") -> None:
    """Make what *viewer*'s app has to know; it counts once they `confirm`.

    Raises Invalid unless the password fits or they came in a moment ago, Conflict when codes are on already."""
    require(viewer.is_member, _("Please sign in first."))
    show_who(viewer, password, field="password")
    with transaction():
        member = Member.locked(viewer.id or 0)
        found = Authenticator.get_or_none(Authenticator.member == member.id)
        if found is not None and found.confirmed_at is not None:
            raise Conflict(_("Your codes are on already."))
        Authenticator.delete().where(Authenticator.member == member.id).execute()
        Authenticator.create(member=member.id, salt=secrets.token_urlsafe(24), made_at=now())


def confirm(viewer: Viewer, typed: str) -> list[str]:
    """Turn codes on with a first one and return the recovery codes, which nobody can read again.

    Every other device is signed out. Raises Invalid for a wrong code, Conflict when there is nothing to confirm."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        member = Member.locked(viewer.id or 0)
        begun = Authenticator.get_or_none(Authenticator.member == member.id)
        if begun is None or begun.made_at < now() - SETUP_LASTS:
            raise Conflict(_("That took a little too long. Please begin again."))
        if begun.confirmed_at is not None:
            raise Conflict(_("Your codes are on already."))
        step = _step_of(begun, typed)
        if step is None:
            raise Invalid(errors={"code": WRONG})
        Authenticator.update(confirmed_at=now(), last_step=step).where(Authenticator.id == begun.id).execute()
        codes = _new_recovery_codes(member.id)
        end_sessions(member.id, but=viewer.session_id)
        events.record("codes.on", subject=member, actor=viewer)
    return codes


def make_recovery_codes(viewer: Viewer, typed: str) -> list[str]:
    """Make ten fresh recovery codes in place of those before, and return them. Raises Invalid for a wrong code."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        Member.locked(viewer.id or 0)
        if not _is_right(viewer.id or 0, typed):
            raise Invalid(errors={"code": WRONG})
        return _new_recovery_codes(viewer.id or 0)


def _new_recovery_codes(member_id: int) -> list[str]:
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _n in range(4)) for _m in range(3)) for _c in range(10)]
    RecoveryCode.delete().where(RecoveryCode.member == member_id).execute()
    RecoveryCode.insert_many([{"member": member_id, "digest": _digest(code)} for code in codes]).execute()
    return codes


# ---- typing one ----------------------------------------------------------------------------------------------------


def enter(token: str, typed: str) -> None:
    """Open the session that waits for a code. Raises Invalid for a wrong one, Conflict when it has waited too long."""
    with transaction():
        waits = awaiting(token)
        if waits is None:
            raise Conflict(SIGN_IN_OVER)
        Member.locked(waits.member_id)
        if not _is_right(waits.member_id, typed):
            raise Invalid(errors={"code": WRONG})
        Session.update(awaits_code=False, started_at=now(), seen_at=now()).where(
            Session.id == waits.session_id, Session.ended_at.is_null()
        ).execute()


def _is_right(member_id: int, typed: str) -> bool:
    """Say whether *typed* is a code of the member's app, or one of their recovery codes, and use it up."""
    on = Authenticator.get_or_none(Authenticator.member == member_id, Authenticator.confirmed_at.is_null(False))
    if on is None:
        return False
    step = _step_of(on, typed)
    if step is not None:
        Authenticator.update(last_step=step).where(Authenticator.id == on.id).execute()
        return True
    used = RecoveryCode.update(used_at=now()).where(
        RecoveryCode.member == member_id, RecoveryCode.digest == _digest(typed), RecoveryCode.used_at.is_null()
    )
    return bool(used.execute())


def _step_of(authenticator: Authenticator, typed: str) -> int | None:
    """Return the half minute whose code *typed* is, None when it is none that may still be used."""
    code = re.sub(r"[\s-]", "", typed[:40])
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        return None
    here, app = int(now().timestamp()) // STEP_SECONDS, pyotp.HOTP(secret_of(authenticator))
    for step in range(here - DRIFT, here + DRIFT + 1):
        if step > authenticator.last_step and hmac.compare_digest(app.at(step), code):
            return step
    return None


def _digest(code: str) -> str:
    plain = re.sub(r"[\W_]", "", code[:40]).lower()
    return hashlib.sha256(plain.encode()).hexdigest()


# ---- turning off ---------------------------------------------------------------------------------------------------


def turn_off(viewer: Viewer, typed: str, *, password: str) -> None:
    """Let *viewer* sign in without codes again, or set them up anew. Raises Invalid unless both fit.

    Whoever needs them for their work is an ordinary member until they are on again."""
    require(viewer.is_member, _("Please sign in first."))
    show_password(viewer, password, field="password")
    with transaction():
        member = Member.locked(viewer.id or 0)
        if not _is_right(member.id, typed):
            raise Invalid(errors={"off_code": WRONG})
        forget(member.id)
        events.record("codes.off", subject=member, actor=viewer)


def turn_off_for(viewer: Viewer, member_id: int, *, reason: str) -> None:
    """Turn off the codes of somebody who lost their phone, and sign them out everywhere.

    For administrators; the *reason* stands in the audit trail. Raises Conflict when there are none."""
    require(viewer.is_admin, _("Only an administrator turns off somebody's codes."))
    if not reason.strip():
        raise Invalid(errors={"reason": _("Say why, so that others can follow it later.")})
    with transaction():
        member = Member.locked(member_id)
        if not Authenticator.select().where(Authenticator.member == member_id).exists():
            raise Conflict(_("%(name)s has no codes to turn off.", name=member.name))
        forget(member_id)
        audit.note(viewer, "member.codes_off", subject=member, reason=reason.strip())
        end_sessions(member_id)
        events.record("codes.off", subject=member, actor=viewer)


def forget(member_id: int) -> None:
    """Take away a member's codes. Called inside a transaction."""
    Authenticator.delete().where(Authenticator.member == member_id).execute()
    RecoveryCode.delete().where(RecoveryCode.member == member_id).execute()
