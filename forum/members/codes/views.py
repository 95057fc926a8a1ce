"""The pages for codes: one's own, and the one that asks for a code after the password or the link."""

from typing import Any

from flask import Blueprint, current_app, request

from forum import web
from forum.access import require
from forum.errors import Conflict, Invalid, TooOften, Trouble
from forum.members.codes import actions, queries
from forum.members.models import Member
from forum.members.sessions import pace
from forum.members.sessions.queries import is_fresh
from forum.text import _
from forum.web import viewer

bp = Blueprint("codes", __name__)


@bp.get("/me/codes")
def mine() -> Any:
    require(viewer().is_member, _("Please sign in to see your own pages."))
    return web.page("members/codes.html", **_facts())


def _facts() -> dict[str, Any]:
    own = Member.fetch(viewer().id or 0)
    return {
        "codes": queries.own_codes(viewer()),
        "is_fresh": is_fresh(viewer()),
        "has_password": own.password_hash is not None,
        "next": web.same_site(request.values.get("next"), ""),
    }


def _again(trouble: Trouble) -> Any:
    answer = current_app.make_response(web.again("members/codes.html", trouble, **_facts()))
    if isinstance(trouble, TooOften):
        answer.headers["Retry-After"] = str(trouble.retry_after)
    return answer


def counted_try(member_id: int) -> None:
    """Count one try of a code. Raises TooOften when that is too many."""
    pace.count(pace.CODES, f"member {member_id}")
    pace.count(pace.CODES_BY_DAY, f"member {member_id}")


def forgiven_tries(member_id: int) -> None:
    """Forget the tries of somebody who typed the right code."""
    pace.forgive(pace.CODES, f"member {member_id}")
    pace.forgive(pace.CODES_BY_DAY, f"member {member_id}")


@bp.post("/me/codes/begin")
def begin() -> Any:
    require(viewer().is_member, _("Please sign in first."))
    address = Member.fetch(viewer().id or 0).email or ""
    try:
        pace.look(pace.PASSWORDS_BY_ADDRESS, address)
        actions.begin(viewer(), password=request.form.get("password", ""))
    except (Invalid, Conflict, TooOften) as trouble:
        if isinstance(trouble, Invalid):
            pace.count(pace.PASSWORDS_BY_ADDRESS, address)
        return _again(trouble)
    following = web.same_site(request.form.get("next"), "")
    return web.go("/me/codes/setup" + (f"?next={following}" if following else ""))


@bp.route("/me/codes/setup", methods=["GET", "POST"])
def setup() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in first."))
    facts = {"setup": queries.own_setup(who), "next": web.same_site(request.values.get("next"), "")}
    if facts["setup"] is None:
        return web.go("/me/codes")
    if request.method == "GET":
        return _private(web.page("members/codes_setup.html", **facts))
    try:
        counted_try(who.id or 0)
        codes = actions.confirm(who, request.form.get("code", ""))
    except (Invalid, Conflict, TooOften) as trouble:
        return _private(web.again("members/codes_setup.html", trouble, **facts))
    forgiven_tries(who.id or 0)
    return _private(web.page("members/recovery_codes.html", codes=codes, is_first=True, next=facts["next"]))


@bp.post("/me/codes/recovery")
def recovery() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in first."))
    try:
        counted_try(who.id or 0)
        codes = actions.make_recovery_codes(who, request.form.get("code", ""))
    except (Invalid, TooOften) as trouble:
        return _again(trouble)
    forgiven_tries(who.id or 0)
    return _private(web.page("members/recovery_codes.html", codes=codes, is_first=False, next=""))


@bp.post("/me/codes/off")
def off() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in first."))
    try:
        counted_try(who.id or 0)
        actions.turn_off(who, request.form.get("code", ""), password=request.form.get("password", ""))
    except (Invalid, TooOften) as trouble:
        return _again(trouble)
    forgiven_tries(who.id or 0)
    return web.go("/me/codes", say=_("Codes are off. You can set them up anew, on this phone or another."))


def _private(answer: Any) -> Any:
    """Let nobody keep a page that shows keys or codes."""
    response = current_app.make_response(answer)
    response.headers["Cache-Control"] = "no-store"
    return response
