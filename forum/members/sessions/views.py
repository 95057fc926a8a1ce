"""How one comes in, and where one is in: password, devices."""

from datetime import UTC
from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import Viewer, require
from forum.clock import now
from forum.errors import Invalid, TooOften
from forum.members.codes.queries import own_codes
from forum.members.forms import NewPasswordForm
from forum.members.models import Member
from forum.members.moves.queries import open_move, waits_for_old
from forum.members.sessions import actions, pace
from forum.members.sessions.queries import devices, is_fresh
from forum.text import _
from forum.web import viewer

bp = Blueprint("sessions", __name__)


@bp.before_app_request
def note_use() -> None:
    """Remember on which day a device was last used. Reading alone writes nothing; saying how far one read does."""
    if request.method != "POST":
        return
    who = viewer()
    if who.session_seen_at is not None and who.session_seen_at.astimezone(UTC).date() < now().date():
        actions.note_use(who)


@bp.get("/me/signing-in")
def signing_in() -> Any:
    require(viewer().is_member, _("Please sign in to see your own pages."))
    return web.page("members/signing_in.html", **signing_in_facts(viewer()))


def signing_in_facts(who: Viewer) -> dict[str, Any]:
    """Return what the page about coming in shows to *who*."""
    move = open_move(who)
    return {
        "own": Member.fetch(who.id or 0),
        "devices": devices(who),
        "is_fresh": is_fresh(who),
        "codes": own_codes(who),
        "move": move,
        "waits_for_old": move is not None and waits_for_old(move),
        "typed": {},
    }


@bp.post("/me/password")
def password() -> Any:
    require(viewer().is_member, _("Please sign in to change your password."))
    own = Member.fetch(viewer().id or 0)
    try:
        form = NewPasswordForm.read(request.form, own.name, own.email or "")
        pace.look(pace.PASSWORDS_BY_ADDRESS, own.email or "")
        actions.change_password(viewer(), form.password, current=form.current)
    except (Invalid, TooOften) as trouble:
        if isinstance(trouble, Invalid) and "current" in trouble.errors:
            pace.count(pace.PASSWORDS_BY_ADDRESS, own.email or "")
        return web.again("members/signing_in.html", trouble, **signing_in_facts(viewer()))
    return web.go("/me/signing-in", say=_("Your new password is kept. Other devices are signed out."))


@bp.post("/me/devices")
def sign_out_elsewhere() -> Any:
    require(viewer().is_member, _("Please sign in first."))
    actions.sign_out_elsewhere(viewer())
    return web.go("/me/signing-in", say=_("Every other device is signed out."))


@bp.post("/me/devices/<int:id>/end")
def sign_out_one(id: int) -> Any:
    require(viewer().is_member, _("Please sign in first."))
    actions.sign_out_one(viewer(), id)
    return web.go("/me/signing-in#devices", say=_("That device is signed out."))
