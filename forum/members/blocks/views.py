"""The pages for not meeting somebody."""

from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import require
from forum.errors import Conflict
from forum.members.blocks import actions, queries
from forum.members.profiles.queries import profile
from forum.members.urls import profile_url
from forum.text import _
from forum.web import viewer

bp = Blueprint("blocks", __name__)


@bp.get("/me/blocks")
def mine() -> Any:
    return web.page("members/blocks.html", blocks=queries.blocks(viewer()), profile_url=profile_url)


@bp.route("/me/blocks/new", methods=["GET", "POST"])
def block() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in first."))
    person = profile(who, request.values.get("member", ""))
    back = web.same_site(request.values.get("back"), "/me/blocks")
    if request.method == "GET":
        return web.page("members/block.html", person=person, back=back, url=profile_url(person.name))
    try:
        actions.block(who, person.id)
    except Conflict as trouble:
        return web.again("members/block.html", trouble, person=person, back=back, url=profile_url(person.name))
    return web.go(back, say=_("Done. You won't meet %(name)s, and we don't tell them.", name=person.name))


@bp.post("/me/blocks/<int:id>/undo")
def unblock(id: int) -> Any:
    require(viewer().is_member, _("Please sign in first."))
    actions.unblock(viewer(), id)
    return web.go(web.same_site(request.form.get("back"), "/me/blocks"), say=_("You'll meet them again from now on."))
