"""The page for taking another name."""

from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import require
from forum.errors import Invalid
from forum.members import names
from forum.members.renames import actions, queries
from forum.text import _
from forum.web import viewer

bp = Blueprint("renames", __name__)


@bp.route("/me/name", methods=["GET", "POST"])
def change() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in to see your own pages."))
    wait = queries.may_change_from(who)
    if request.method == "GET":
        return web.page("members/name.html", wait=wait)
    try:
        name = names.clean_name(request.form.get("name", ""))
        if name != who.name and (trouble := names.trouble_with(name)):
            raise Invalid(errors={"name": trouble})
        actions.change_name(who, name)
    except Invalid as trouble:
        return web.again("members/name.html", trouble, wait=wait)
    return web.go("/me/profile", say=_("From now on you are %(name)s here.", name=name))
