"""The button that says whether one hears of a thread."""

from typing import Any

from flask import Blueprint, request

from forum import web
from forum.text import _
from forum.threads.following import actions
from forum.threads.sight import thread
from forum.threads.urls import thread_url
from forum.web import viewer

bp = Blueprint("following", __name__)


@bp.post("/t/<int:id>/follow")
@web.limiter.limit("60/minute")
def follow(id: int) -> Any:
    who = viewer()
    wants = request.form.get("follow") != "no"
    (actions.follow if wants else actions.unfollow)(who, id)
    seen = thread(who, id)
    say = _("We'll tell you when somebody replies.") if wants else _("You won't hear about this thread any more.")
    return web.go(thread_url(id, seen.slug), say=say)
