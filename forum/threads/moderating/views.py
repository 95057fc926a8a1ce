"""The page where a moderator closes or hides a whole thread."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import Viewer, may_moderate, require
from forum.errors import Invalid
from forum.text import _
from forum.threads.moderating import actions
from forum.threads.sight import thread
from forum.threads.urls import thread_url
from forum.web import viewer

bp = Blueprint("moderating", __name__)

DEEDS: dict[str, tuple[Callable[[Viewer, int, str], None], object]] = {
    "close": (actions.close_thread, _("The thread is closed.")),
    "open": (actions.open_thread, _("The thread is open again.")),
    "hide": (actions.hide_thread, _("Only moderators see the thread now.")),
    "show": (actions.show_thread, _("Everybody who could read the thread can read it again.")),
}


@bp.route("/t/<int:id>/moderate", methods=["GET", "POST"])
def moderate(id: int) -> Any:
    """Closing and hiding a whole thread, with a reason."""
    who = viewer()
    seen = thread(who, id)
    require(may_moderate(who), _("Only a moderator can close or hide a thread."))
    if request.method == "POST":
        deed, reason = request.form.get("deed", ""), request.form.get("reason", "").strip()[:1000]
        if deed in DEEDS and reason:
            act, say = DEEDS[deed]
            act(who, id, reason)
            return web.go(thread_url(id, seen.slug), say=say)
        errors = {"deed": _("Choose what to do.")} if deed not in DEEDS else {}
        if not reason:
            errors["reason"] = _("Say why, in a few words. Other moderators can read it.")
        return web.again("threads/moderate.html", Invalid(errors=errors), thread=seen)
    return web.page("threads/moderate.html", thread=seen)
