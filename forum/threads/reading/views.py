"""Where a page says how far it has been read."""

from typing import Any

from flask import Blueprint, request

from forum import web
from forum.text import _
from forum.threads.reading import actions
from forum.threads.sight import thread
from forum.threads.urls import category_url
from forum.web import viewer, whole_number

bp = Blueprint("reading", __name__)


@bp.post("/t/<int:id>/read")
@web.limiter.limit("240/minute")
def read(id: int) -> Any:
    number = whole_number(request.form.get("number"))
    actions.mark_read(viewer(), id, number)
    if web.wants_json() or web.is_htmx() or request.form.get("by") == "script":
        return "", 204
    seen = thread(viewer(), id)
    return web.go(category_url(seen.category_slug), say=_("We'll open this thread where you stopped."))
