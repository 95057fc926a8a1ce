"""Ideas: any member proposes one and sees what becomes of it; staff take it up and answer it."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, redirect, request

from forum import web
from forum.access import Viewer, may_listen, may_propose_idea, require
from forum.errors import Invalid, NotFound
from forum.listening import choices
from forum.listening import queries as heard
from forum.listening.forms import number
from forum.listening.ideas import actions, queries
from forum.listening.ideas.forms import IdeaForm, StepForm, TakeUpForm
from forum.listening.ideas.urls import idea_url
from forum.text import _
from forum.threads import queries as threads
from forum.threads.queries import ThreadView
from forum.threads.views import Slot, Tool
from forum.web import viewer

bp = Blueprint("ideas", __name__)

# What rooms above show on an idea's page: the changes that answered it. Wiring fills this.
idea_notes: list[Callable[[Viewer, int], Slot | None]] = []
# What rooms above do with an idea: publish the change that answers it.
idea_tools: list[Callable[[Viewer, int], Sequence[Tool]]] = []


def _page(template: str, **context: Any) -> Any:
    trouble = context.pop("trouble", None)
    context["choices"] = choices
    if trouble is not None:
        return web.again(f"listening/{template}", trouble, **context)
    return web.page(f"listening/{template}", **context)


def _thread(who: Viewer, id: int | None) -> ThreadView | None:
    """Return the thread an idea came from, None where the viewer may not read it."""
    try:
        return threads.thread(who, id) if id else None
    except NotFound:
        return None


# ---- for members -----------------------------------------------------------------------------------------------------


@bp.get("/ideas")
def ideas() -> Any:
    who = viewer()
    status = request.args.get("status", "")
    status = status if status in choices.IDEA_STATUSES else ""
    rows, older = queries.ideas(who, status=status, before=request.args.get("before"))
    return _page(
        "ideas.html",
        ideas=rows,
        chosen=status,
        can_propose=may_propose_idea(who),
        older_url=f"/ideas?{f'status={status}&' if status else ''}before={older}" if older else "",
    )


@bp.route("/ideas/new", methods=["GET", "POST"])
@web.limiter.limit("20/hour", methods=["POST"])
def propose() -> Any:
    who = viewer()
    require(may_propose_idea(who), _("Please sign in, and confirm your e-mail address, to propose an idea."))
    if request.method == "GET":
        return _page("propose.html", thread=_thread(who, number(request.args.get("thread"))))
    form = IdeaForm.read(request.form)
    thread = _thread(who, form.thread)
    try:
        idea = actions.propose_idea(
            who,
            title=form.title,
            words=form.words,
            thread_id=thread.id if thread else None,
            nonce=web.sent_nonce(),
        )
    except Invalid as trouble:
        return _page("propose.html", thread=thread, trouble=trouble)
    return web.go(idea_url(idea.id, idea.title), say=_("Thank you. We've heard it, and we'll tell you when it moves."))


@bp.get("/ideas/<int:id>", defaults={"slug": ""})
@bp.get("/ideas/<int:id>/<slug>")
def idea(id: int, slug: str) -> Any:
    who = viewer()
    found = queries.idea(who, id)
    if found.row.url != f"/ideas/{id}/{slug}":
        return redirect(found.row.url, 301)
    notes = [make(who, id) for make in idea_notes]
    return _page(
        "idea.html",
        idea=found,
        thread=_thread(who, found.thread_id),
        notes=[note for note in notes if note is not None],
        can_listen=may_listen(who),
    )


# ---- for staff -------------------------------------------------------------------------------------------------------


def _staff() -> Viewer:
    who = viewer()
    require(may_listen(who), actions.NOT_YOURS)
    return who


@bp.get("/listening/ideas")
def bench() -> Any:
    who = _staff()
    status = request.args.get("status", "")
    status = status if status in choices.IDEA_STATUSES else ""
    rows, older = queries.ideas(who, status=status, before=request.args.get("before"))
    return _page(
        "bench_ideas.html",
        ideas=rows,
        chosen=status,
        unanswered=queries.unanswered_ideas(who) if not status and "before" not in request.args else [],
        older_url=f"/listening/ideas?{f'status={status}&' if status else ''}before={older}" if older else "",
    )


@bp.route("/listening/ideas/new", methods=["GET", "POST"])
def from_theme() -> Any:
    """Turn a theme into an idea, with its owner and the day of the answer on the same page."""
    who = _staff()
    theme_id = number(request.values.get("theme"))
    if request.method == "GET":
        return _from_theme_page(who, theme_id)
    try:
        form, care = IdeaForm.read(request.form), TakeUpForm.read(request.form)
        idea = actions.propose_and_take_up(
            who,
            title=form.title,
            words=form.words,
            theme_id=form.theme,
            owner_id=care.owner,
            team=care.team,
            promised_for=care.promised_for,
            carers_decide=care.carers_decide,
            nonce=web.sent_nonce(),
        )
    except Invalid as trouble:
        return _from_theme_page(who, theme_id, trouble=trouble)
    return web.go(f"/listening/ideas/{idea.id}", say=_("It's an idea now, with an owner and a day."))


def _from_theme_page(who: Viewer, theme_id: int | None, **more: Any) -> Any:
    return _page(
        "from_theme.html",
        theme=heard.theme(who, theme_id) if theme_id else None,
        colleagues=heard.colleagues(who),
        **more,
    )


@bp.get("/listening/ideas/<int:id>")
def look_after(id: int) -> Any:
    return _look_after_page(_staff(), id)


def _look_after_page(who: Viewer, id: int, **more: Any) -> Any:
    found = queries.idea(who, id)
    return _page(
        "look_after.html",
        idea=found,
        thread=_thread(who, found.thread_id),
        behind=len(queries.people_behind_idea(id)),
        colleagues=heard.colleagues(who),
        themes=heard.theme_titles(who),
        tools=[tool for make in idea_tools for tool in make(who, id)],
        notes=[note for note in (make(who, id) for make in idea_notes) if note is not None],
        **more,
    )


@bp.post("/listening/ideas/<int:id>/take-up")
def take_up(id: int) -> Any:
    who = _staff()
    try:
        form = TakeUpForm.read(request.form)
        actions.take_up_idea(
            who,
            id,
            owner_id=form.owner,
            team=form.team,
            promised_for=form.promised_for,
            carers_decide=form.carers_decide,
            theme_id=form.theme,
            words=form.words,
        )
    except Invalid as trouble:
        return _look_after_page(who, id, trouble=trouble)
    return web.go(f"/listening/ideas/{id}", say=_("Kept. Whoever proposed it will hear."))


@bp.post("/listening/ideas/<int:id>/steps")
def step(id: int) -> Any:
    who = _staff()
    try:
        form = StepForm.read(request.form)
        actions.step_idea(who, id, status=form.status, words=form.words, promised_for=form.promised_for)
    except Invalid as trouble:
        # Two forms on this page promise a day; the sentence belongs beside the one that was sent.
        trouble.errors = {"next_day" if name == "promised_for" else name: said for name, said in trouble.errors.items()}
        return _look_after_page(who, id, trouble=trouble)
    return web.go(f"/listening/ideas/{id}", say=_("It's in the idea's history. Whoever proposed it will hear."))
