"""Where what somebody has not posted yet is kept and found again."""

from typing import Any

from flask import Blueprint, jsonify, render_template, request

from forum import web
from forum.access import require
from forum.errors import Conflict, Invalid
from forum.text import _, excerpt_of
from forum.threads.drafts import actions, queries
from forum.threads.forms import DraftForm
from forum.threads.slots import filled, writing_notes
from forum.web import viewer

bp = Blueprint("drafts", __name__)


@bp.get("/me/drafts")
def mine() -> Any:
    require(viewer().is_member, _("Please sign in to see your drafts."))
    found = queries.drafts(viewer())
    return web.page("threads/drafts.html", drafts=[(one, excerpt_of(one.source, 200)) for one in found])


@bp.post("/me/drafts")
@web.limiter.limit("120/minute")
def save() -> Any:
    """For the script: keeps what is being written. Answers with the version, or with what another device kept."""
    form = DraftForm.read(request.form)
    try:
        version = actions.save_draft(
            viewer(), form.place, title=form.title, source=form.source, version=form.version, nonce=form.nonce
        )
    except Conflict as trouble:
        return jsonify(errors=[trouble.message], **trouble.details), 409
    except Invalid as trouble:
        return jsonify(errors=[trouble.message]), 422
    notes = filled(writing_notes, viewer(), form.source, queries.thread_of(viewer(), form.place))
    html = "".join(render_template(slot.template, facts=slot.facts) for slot in notes)
    return jsonify(version=version, notes=html)


@bp.post("/me/drafts/posted")
@web.limiter.limit("60/minute")
def posted() -> Any:
    """For the script: did the form with this nonce become a post, or must its words come back?"""
    return jsonify(posted=actions.is_posted(viewer(), request.form.get("nonce", "")[:64]))


@bp.post("/me/drafts/drop")
def drop() -> Any:
    actions.drop_draft(viewer(), request.form.get("place", ""))
    return web.go("/me/drafts", say=_("The draft is gone."))
