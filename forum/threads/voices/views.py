"""The page on which somebody takes a name for one thread only."""

from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import may_take_name, require
from forum.errors import Conflict, Invalid
from forum.text import _
from forum.threads.sight import thread
from forum.threads.voices import actions, queries
from forum.threads.writing import why_not_post
from forum.web import viewer

bp = Blueprint("voices", __name__)


@bp.route("/t/<int:id>/name", methods=["GET", "POST"])
@web.limiter.limit("20/hour", methods=["POST"])
def name(id: int) -> Any:
    who = viewer()
    seen = thread(who, id)
    require(who.is_member, why_not_post(who))
    require(may_take_name(who), actions.NOT_HERE)
    facts: dict[str, Any] = {"thread": seen, "has": queries.own_name(who, id), "ideas": queries.name_ideas(id)}
    if request.method == "POST":
        try:
            actions.take_name(who, id, name=request.form.get("thread_name", ""))
        except (Conflict, Invalid) as trouble:
            return web.again("threads/name.html", trouble, **facts)
        called = queries.own_name(who, id)
        return web.go(seen.url, say=_("In this thread you are %(name)s now, in what you said before too.", name=called))
    return web.page("threads/name.html", **facts)
