"""The workbench: where staff mark threads, take down what they hear and put it together. Consent and ideas have doors
of their own, inside this one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, jsonify, request

from forum import web
from forum.access import Viewer, may_listen, may_propose_idea, require
from forum.clock import now
from forum.errors import Invalid, NotFound
from forum.listening import actions, choices, queries
from forum.listening.consent.views import bp as consent_bp
from forum.listening.forms import CodeForm, InsightForm, MarkForm, ThemeForm, VoiceForm, number, numbers
from forum.listening.ideas.views import bp as ideas_bp
from forum.listening.queries import NOT_YOURS, InsightView, ThemeView
from forum.members.choices import WORDS_WORDS
from forum.text import _, excerpt_of
from forum.threads import queries as threads
from forum.threads.queries import PostView, ThreadView
from forum.threads.views import Slot, Tool
from forum.web import viewer, whole_number

bp = Blueprint("listening", __name__)
bp.register_blueprint(consent_bp)
bp.register_blueprint(ideas_bp)

# What rooms above do with a theme, such as a cuppa about it; wiring fills this.
insight_notes: list[Callable[[Viewer, int], Slot | None]] = []
theme_tools: list[Callable[[Viewer, ThemeView], Sequence[Tool]]] = []


def _staff() -> Viewer:
    """Return the viewer, who has to be one of those who listen."""
    who = viewer()
    require(may_listen(who), NOT_YOURS)
    return who


def _page(template: str, **context: Any) -> Any:
    """Show a page of the workbench."""
    trouble = context.pop("trouble", None)
    context |= {"choices": choices, "short": excerpt_of}
    if trouble is not None:
        return web.again(f"listening/{template}", trouble, **context)
    return web.page(f"listening/{template}", **context)


# ---- on the pages of other rooms -------------------------------------------------------------------------------------


def listening_banner(who: Viewer, thread: ThreadView) -> Slot | None:
    """Above a listening thread: who listens, what for, and how the reader's own words may be used."""
    banner = queries.banner(who, thread)
    if banner is None:
        return None
    setting = WORDS_WORDS[banner.setting] if banner.setting else None
    facts: dict[str, Any] = {
        "banner": banner,
        "setting": setting,
        "is_refused": banner.setting == "please_dont",
        "can_listen": may_listen(who),
        "can_propose": may_propose_idea(who) and not may_listen(who),
        "kinds": choices.KIND_WORDS,
        "codes": queries.codebook(who) if may_listen(who) and banner.mark.ended_at is None else [],
    }
    return Slot("listening/_banner.html", facts)


def thread_tools(who: Viewer, thread: ThreadView) -> list[Tool]:
    """Beside the name of a thread: mark it, for those who listen; say what could change, for everybody else."""
    if not may_listen(who):
        idea = Tool(_("Propose an idea from this"), f"/ideas/new?thread={thread.id}", "lightbulb")
        return [idea] if may_propose_idea(who) else []
    is_marked = thread.id in queries.listening_among([thread.id])
    words = _("What we say about listening here") if is_marked else _("Listen in this thread")
    return [Tool(words, f"/listening/mark/{thread.id}", "ear")]


def post_tools(who: Viewer, thread: ThreadView, posts: Sequence[PostView]) -> Mapping[int, Sequence[Tool]]:
    """Behind "More" on each post that staff may make an insight of."""
    return {
        id: (Tool(_("Make an insight"), f"/listening/insights/new?post={id}", "ear"),)
        for id in queries.takeable_posts(who, posts)
    }


# ---- today -----------------------------------------------------------------------------------------------------------


@bp.get("/listening")
def today() -> Any:
    return _page("today.html", today=queries.today(_staff()))


# ---- listening threads -----------------------------------------------------------------------------------------------


@bp.route("/listening/mark/<int:thread_id>", methods=["GET", "POST"])
@web.limiter.limit("60/hour", methods=["POST"])
def mark(thread_id: int) -> Any:
    who = _staff()
    thread = threads.thread(who, thread_id)
    there = queries.mark_of(who, thread_id)
    is_on = there is not None and there.ended_at is None
    if request.method == "GET":
        return _page("mark.html", thread=thread, mark=there, is_on=is_on)
    form = MarkForm.read(request.form)
    try:
        actions.mark(
            who,
            thread_id,
            purpose=form.purpose,
            can_change=form.can_change,
            cannot_change=form.cannot_change,
            who_decides=form.who_decides,
            hear_by=form.hear_by,
        )
    except Invalid as trouble:
        return _page("mark.html", thread=thread, mark=there, is_on=is_on, trouble=trouble)
    say = (
        _("Everybody in the thread sees the new words.") if is_on else _("Everybody in the thread sees that we listen.")
    )
    return web.go(thread.url, say=say)


@bp.post("/listening/mark/<int:thread_id>/end")
def end(thread_id: int) -> Any:
    who = _staff()
    actions.end_listening(who, thread_id)
    return web.go(threads.thread(who, thread_id).url, say=_("We've stopped listening here. The thread says so."))


# ---- insights --------------------------------------------------------------------------------------------------------


@bp.get("/listening/insights")
def insights() -> Any:
    who = _staff()
    kind, theme = request.args.get("kind", ""), request.args.get("theme", "")
    kind = kind if kind in choices.INSIGHT_KINDS else ""
    rows, older = queries.insights(
        who, kind=kind, theme_id=number(theme), loose=theme == "none", before=request.args.get("before")
    )
    chosen = "&".join(f"{name}={value}" for name, value in (("kind", kind), ("theme", theme)) if value.isalnum())
    return _page(
        "insights.html",
        insights=rows,
        kind=kind,
        theme=theme,
        themes=queries.theme_titles(who),
        older_url=f"/listening/insights?{chosen}{'&' if chosen else ''}before={older}" if older else "",
        is_first_page="before" not in request.args,
    )


@bp.get("/listening/insights/new")
def pick() -> Any:
    """Take words from a post without a script."""
    return _pick_page(_staff(), whole_number(request.args.get("post")))


def _pick_page(who: Viewer, post_id: int, **more: Any) -> Any:
    return _page(
        "pick.html",
        pick=queries.pick(who, post_id),
        latest=queries.latest_insights_by(who),
        codes=queries.codebook(who),
        **more,
    )


@bp.post("/listening/insights")
@web.limiter.limit("120/hour")
def make() -> Any:
    who = _staff()
    form = InsightForm.read(request.form)
    try:
        insight_id = _keep(who, form)
    except Invalid as trouble:
        if web.wants_json():
            raise
        return _pick_page(who, form.post_id, trouble=trouble)
    if web.wants_json():
        return jsonify(_kept_facts(queries.insight(who, insight_id), form))
    return web.go(f"/listening/insights/{insight_id}", say=_("Kept. Codes, a memo and a theme can wait."))


def _keep(who: Viewer, form: InsightForm) -> int:
    words = {"post_id": form.post_id, "exact": form.exact, "prefix": form.prefix, "suffix": form.suffix}
    if form.into is not None:
        return actions.add_excerpt(who, form.into, **words).insight_id  # type: ignore[arg-type]
    made = actions.make_insight(
        who,
        **words,  # type: ignore[arg-type]
        kind=form.kind,
        codes=form.codes,
        memo=form.memo,
        nonce=web.sent_nonce(),
    )
    return made.id


def _kept_facts(insight: InsightView, form: InsightForm) -> dict[str, Any]:
    """Return what the bar under the posts says after keeping an insight."""
    kind = str(choices.KIND_WORDS[insight.kind][0])
    if insight.excerpts[-1].consent == "asked":
        say = _("Kept. We've asked its writer first.")
    elif form.into is not None:
        say = _("Added to that insight.")
    else:
        say = _("Kept as: %(kind)s.", kind=kind)
    return {"id": insight.id, "url": insight.url, "said": str(say)}


@bp.get("/listening/insights/<int:id>")
def insight(id: int) -> Any:
    return _insight_page(_staff(), id)


def _insight_page(who: Viewer, id: int, **more: Any) -> Any:
    return _page(
        "insight.html",
        insight=queries.insight(who, id),
        codes=queries.codebook(who),
        themes=queries.theme_titles(who),
        notes=[note for note in (make(who, id) for make in insight_notes) if note is not None],
        **more,
    )


@bp.post("/listening/insights/<int:id>")
def change(id: int) -> Any:
    who = _staff()
    try:
        actions.change_insight(
            who,
            id,
            kind=request.form.get("kind", ""),
            memo=request.form.get("memo", ""),
            codes=numbers(request.form, "code"),
        )
    except Invalid as trouble:
        return _insight_page(who, id, trouble=trouble)
    return web.go(f"/listening/insights/{id}", say=_("Kept."))


@bp.post("/listening/insights/<int:id>/themes")
def put_in_theme(id: int) -> Any:
    who = _staff()
    queries.insight(who, id)
    if taken_out := number(request.form.get("out")):
        actions.take_out_of_theme(who, taken_out, id)
        return web.go(f"/listening/insights/{id}", say=_("It's out of that theme."))
    chosen, title = number(request.form.get("theme")), request.form.get("title", "")
    try:
        if chosen is not None and not title.strip():
            actions.put_in_theme(who, chosen, [id])
        else:
            actions.make_theme(who, title=title, insight_ids=[id])
    except Invalid:
        trouble = Invalid(errors={"theme": _("Choose a theme, or give a new one a name.")})
        return _insight_page(who, id, trouble=trouble)
    return web.go(f"/listening/insights/{id}", say=_("It's in that theme now."))


@bp.post("/listening/insights/<int:id>/drop")
def drop(id: int) -> Any:
    actions.drop_insight(_staff(), id)
    return web.go("/listening/insights", say=_("That insight is out."))


# ---- themes ----------------------------------------------------------------------------------------------------------


@bp.route("/listening/themes", methods=["GET", "POST"])
def themes() -> Any:
    who = _staff()
    if request.method == "GET":
        return _page("themes.html", themes=queries.themes(who))
    form = ThemeForm.read(request.form)
    try:
        theme = actions.make_theme(who, title=form.title, about=form.about)
    except Invalid as trouble:
        return _page("themes.html", themes=queries.themes(who), trouble=trouble)
    return web.go(f"/listening/themes/{theme.id}", say=_("Now put insights into it."))


@bp.get("/listening/themes/<int:id>")
def theme(id: int) -> Any:
    return _theme_page(_staff(), id)


def _theme_page(who: Viewer, id: int, **more: Any) -> Any:
    found = queries.theme(who, id)
    inside, older = queries.insights(who, theme_id=id, before=request.args.get("before"))
    loose, _more = queries.insights(who, loose=True)
    return _page(
        "theme.html",
        theme=found,
        insights=inside,
        older_url=f"/listening/themes/{id}?before={older}" if older else "",
        loose=loose,
        ideas=queries.ideas_of_theme(who, id),
        tools=[tool for make in theme_tools for tool in make(who, found)],
        **more,
    )


@bp.post("/listening/themes/<int:id>")
def change_theme(id: int) -> Any:
    who = _staff()
    form = ThemeForm.read(request.form)
    try:
        actions.change_theme(who, id, title=form.title, about=form.about)
    except Invalid as trouble:
        return _theme_page(who, id, trouble=trouble)
    return web.go(f"/listening/themes/{id}", say=_("Kept."))


@bp.post("/listening/themes/<int:id>/insights")
def fill_theme(id: int) -> Any:
    who = _staff()
    if taken_out := number(request.form.get("out")):
        actions.take_out_of_theme(who, id, taken_out)
        return web.go(f"/listening/themes/{id}", say=_("It's out of this theme."))
    added = actions.put_in_theme(who, id, numbers(request.form, "insight"))
    say = _("They're in this theme now.") if added else _("Tick the insights that belong here first.")
    return web.go(f"/listening/themes/{id}", say=say)


# ---- the codebook ----------------------------------------------------------------------------------------------------


@bp.route("/listening/codebook", methods=["GET", "POST"])
def codebook() -> Any:
    who = _staff()
    if request.method == "GET":
        return _page("codebook.html", codes=queries.codebook(who))
    form = CodeForm.read(request.form)
    try:
        code = actions.add_code(who, form.name, description=form.description, parent_id=form.parent)
    except Invalid as trouble:
        return _page("codebook.html", codes=queries.codebook(who), trouble=trouble)
    return web.go(f"/listening/codebook#code-{code.id}", say=_("The code is in the book."))


@bp.route("/listening/codebook/<int:id>", methods=["GET", "POST"])
def code(id: int) -> Any:
    who = _staff()
    found = next((one for one in queries.codebook(who) if one.id == id), None)
    if found is None:
        raise NotFound
    if request.method == "GET":
        return _page("code.html", code=found)
    form = CodeForm.read(request.form)
    try:
        actions.change_code(who, id, name=form.name, description=form.description)
    except Invalid as trouble:
        return _page("code.html", code=found, trouble=trouble)
    return web.go(f"/listening/codebook#code-{id}", say=_("Kept. Everything with this code follows."))


# ---- offline voices --------------------------------------------------------------------------------------------------


@bp.route("/listening/offline", methods=["GET", "POST"])
@web.limiter.limit("120/hour", methods=["POST"])
def offline() -> Any:
    who = _staff()
    if request.method == "GET":
        return _offline_page(who)
    zone = web.zone(who.time_zone)
    try:
        form = VoiceForm.read(request.form, zone, now().astimezone(zone).date())
        voice = actions.enter_voice(
            who,
            source=form.source,
            words=form.words,
            consent=form.consent,
            said_by=form.said_by,
            insight_id=form.insight,
            kind=form.kind,
            memo=form.memo,
            at=form.at,
            nonce=web.sent_nonce(),
        )
    except Invalid as trouble:
        return _offline_page(who, trouble=trouble)
    say = _("Entered. It counts as a person, like anybody who writes here.")
    return web.go(f"/listening/insights/{voice.insight_id}", say=say)


def _offline_page(who: Viewer, **more: Any) -> Any:
    voices, older = queries.voices(who, before=request.args.get("before"))
    into = number(request.values.get("insight"))
    return _page(
        "offline.html",
        voices=voices,
        older_url=f"/listening/offline?before={older}" if older else "",
        into=queries.insight(who, into) if into else None,
        **more,
    )


@bp.post("/listening/offline/<int:id>/remove")
def remove_voice(id: int) -> Any:
    actions.remove_voice(_staff(), id)
    return web.go("/listening/offline", say=_("Their words are gone. The count stays."))
