"""The pages for moving to another e-mail address: asking in the settings, answering from the two letters."""

from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import require
from forum.errors import Conflict, Invalid, TooOften
from forum.members.forms import AddressForm
from forum.members.models import Member
from forum.members.moves import actions, queries
from forum.members.sessions import pace
from forum.members.sessions.views import signing_in_facts
from forum.text import _
from forum.web import viewer

bp = Blueprint("moves", __name__)


@bp.post("/me/address")
def ask() -> Any:
    require(viewer().is_member, _("Please sign in to change your address."))
    own = Member.fetch(viewer().id or 0)
    try:
        form = AddressForm.read(request.form)
        pace.look(pace.PASSWORDS_BY_ADDRESS, own.email or "")
        pace.count(pace.LETTERS_BY_ADDRESS, form.email)
        pace.count(pace.LETTERS_BY_ADDRESS, f"member {viewer().id}")
        actions.ask(viewer(), form.email, current=request.form.get("current", ""))
    except (Invalid, TooOften) as trouble:
        if isinstance(trouble, Invalid) and "current_for_address" in trouble.errors:
            pace.count(pace.PASSWORDS_BY_ADDRESS, own.email or "")
        facts = {**signing_in_facts(viewer()), "typed_email": request.form.get("email", "")}
        return web.again("members/signing_in.html", trouble, **facts)
    return web.go(
        "/me/signing-in#address", say=_("We've written to %(email)s. Follow the link in that letter.", email=form.email)
    )


@bp.post("/me/address/leave")
def leave_as_it_is() -> Any:
    actions.leave_as_it_is(viewer())
    return web.go("/me/signing-in", say=_("Good. Your address stays as it is."))


@bp.route("/address/<word>", methods=["GET", "POST"])
def answer(word: str) -> Any:
    """What the links in the two letters open. Opening alone does nothing, for mail scanners open links."""
    move = queries.opened_move(word)
    if move is None:
        return web.page("members/move.html", 404, move=None)
    if request.method == "GET":
        return web.page("members/move.html", 200 if move.state == "open" else 410, move=move)
    try:
        if move.end == "old" and request.form.get("answer") == "not_me":
            actions.stop(move.id)
        else:
            actions.say_yes(move.id, move.end)
    except Conflict:
        pass
    return web.go(f"/address/{word}")
