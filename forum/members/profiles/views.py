"""The pages about people: what others see of somebody, and where they say it."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import may_moderate, require
from forum.errors import Invalid
from forum.members import choices
from forum.members.blocks.queries import has_blocked
from forum.members.models import Member
from forum.members.profiles import actions, queries
from forum.members.profiles.forms import ProfileForm, read_situation
from forum.members.profiles.vocabulary import AUDIENCE_WORDS, FIELDS
from forum.members.renames.queries import earlier_names
from forum.members.urls import profile_url
from forum.text import _
from forum.web import viewer

bp = Blueprint("profiles", __name__)


@bp.get("/m/<name>")
def profile(name: str) -> Any:
    person = queries.profile(viewer(), name)
    if person.name != name:
        return web.go(profile_url(person.name))
    return web.page(
        "members/profile.html",
        person=person,
        is_blocked=has_blocked(viewer(), person.id),
        earlier_names=earlier_names(viewer(), person.id) if may_moderate(viewer()) else [],
    )


@bp.route("/me/profile", methods=["GET", "POST"])
def edit() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in to see your own pages."))
    facts = {
        "own": Member.fetch(who.id or 0),
        "care_options": choices.CARE_WORDS.items(),
        "audiences": AUDIENCE_WORDS.items(),
        "profile_url": profile_url(who.name),
    }
    if request.method == "GET":
        return web.page("members/edit_profile.html", **facts)
    try:
        actions.change_profile(who, **asdict(ProfileForm.read(request.form)))
    except Invalid as trouble:
        return web.again("members/edit_profile.html", trouble, **facts)
    return web.go(profile_url(who.name), say=_("Kept. This is how members see you."))


@bp.route("/me/situation", methods=["GET", "POST"])
def situation() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in to see your own pages."))
    if request.method == "POST":
        actions.tell_situation(who, read_situation(request.form))
        return web.go("/me/situation", say=_("Kept. You can change it or take it back any time."))
    told = queries.own_situation(who)
    fields = [
        {
            "name": name,
            "asked": field.asked,
            "several": field.several,
            "options": field.options.items(),
            "chosen": told[name][0] if name in told else [],
            "audience": told[name][1] if name in told else "nobody",
            "words": [field.options[value] for value in told[name][0]] if name in told else [],
        }
        for name, field in FIELDS.items()
    ]
    return web.page("members/situation.html", fields=fields, audiences=AUDIENCE_WORDS)
