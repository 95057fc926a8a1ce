"""The notice board of cuppas, a cuppa's page, and what its host needs."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request
from itsdangerous import BadSignature, URLSafeSerializer

from forum import settings, web
from forum.access import Viewer, may_host, may_run_cuppa, require
from forum.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.listening import queries as listening
from forum.listening.choices import INSIGHT_KINDS, KIND_WORDS
from forum.listening.cuppas import actions, queries, times
from forum.listening.cuppas.calendar import entry
from forum.listening.cuppas.forms import PAUSE_DAYS, AnswerForm, read_plan
from forum.listening.cuppas.models import RECOGNITION, Cuppa
from forum.listening.cuppas.queries import CuppaCard, cuppa_url
from forum.members.actions import viewer_for
from forum.members.models import Member
from forum.members.queries import Line, Shelf
from forum.text import _, gettext, n_, to_html
from forum.threads import queries as conversations
from forum.threads.queries import ThreadView
from forum.threads.views import Slot, Tool
from forum.web import clock_words, date_words, day_words, viewer, whole_number

bp = Blueprint("cuppas", __name__)

KIND_NAMES = (
    ("chat", _("Chat"), _("An open door: no seats, no questions, drop in when you like.")),
    ("focus", _("Focus"), _("A few people, one subject. At least 24 hours to think.")),
    ("imagine", _("Imagine"), _("Questions about the future. At least 72 hours to think, because these need it most.")),
)
RECOGNITION_NAMES = {
    "thanks": _("Our thanks"),
    "voucher": _("A voucher"),
    "payment": _("A payment"),
    "expenses": _("Expenses paid back"),
    "time_credit": _("A time credit"),
}
HOUSE_RULES = (
    _("Mix with people unlike you."),
    _("Ask someone who is struggling to help you."),
    _("No fixing: listen first."),
    _("Disagree respectfully."),
    _("It's fine to be a bit rubbish."),
    _("Silliness welcome."),
)
RECOGNITION_NOTE = _(
    "A voucher or payment can count as income. If you get benefits, ask us or an adviser before you say yes."
)


# ---- on the pages of other rooms -----------------------------------------------------------------------------------


def when_words(card: CuppaCard) -> str:
    """Return when a cuppa is, and how long."""
    return gettext("%(when)s, for %(minutes)s minutes") % {
        "when": date_words(card.starts_at, card.time_zone),
        "minutes": card.minutes,
    }


def think_until(card: CuppaCard) -> str:
    """Return the day until which there is time to think, "" when there is none to speak of."""
    if card.phase != "coming" or card.kind == "chat":
        return ""
    return day_words(card.starts_at.astimezone(web.zone(card.time_zone)).date())


def next_on_home(who: Viewer) -> Slot | None:
    """On home: the next cuppa, or the one that is on now."""
    coming = next((card for card in queries.coming_cuppas(who) if card.phase != "catching_up"), None)
    return Slot("cuppas/_next.html", {"cuppa": coming, "when": when_words(coming)}) if coming else None


def room_banner(who: Viewer, thread: ThreadView) -> Slot | None:
    """Above a cuppa's thread: where one is, and when the door opens and shuts."""
    if thread.group_id is None:
        return None
    row = queries.cuppa_of_thread(thread.id)
    if row is None:
        return None
    seen = queries.cuppa(who, row.id)
    return Slot("cuppas/_room.html", {"cuppa": seen, "is_host": may_run_cuppa(who, host_id=seen.host_id)})


def hours_words(_who: Viewer, thread: ThreadView) -> object:
    """Where the reply box of a cuppa's thread would be: when it opens, or that it is over."""
    row = queries.cuppa_of_thread(thread.id) if thread.group_id is not None else None
    if row is None:
        return ""
    phase = queries.phase_of(row)
    if phase == "cancelled":
        return _("This cuppa was called off.")
    if phase == "over":
        return _("This cuppa is over. Everything said stays here to be read.")
    if phase == "coming":
        starts: datetime = row.starts_at
        opens = date_words(starts - times.DOORS_OPEN_BEFORE, row.time_zone)
        return _("You can write here from %(when)s. Until then there is time to think.", when=opens)
    return _("The door opens in a moment. Please look again.")


def insight_note(who: Viewer, insight_id: int) -> Slot | None:
    """On an insight: the cuppa it came from, and what was said against the summary."""
    heard = queries.heard_behind(who, insight_id)
    return Slot("cuppas/_heard_behind.html", {"heard": heard}) if heard else None


def theme_tools(who: Viewer, theme: Any) -> list[Tool]:
    """Beside a theme: one tap makes a cuppa about it."""
    return [Tool(_("Plan a cuppa about this"), f"/cuppas/new?theme={theme.id}", "coffee")] if may_host(who) else []


def my_cuppas_shelf(who: Viewer) -> Shelf | None:
    """On the workbench: the cuppas one hosts."""
    mine = queries.hosted_by(who)
    if not mine:
        return None
    return Shelf(
        heading=gettext("My cuppas"),
        lines=tuple(Line(card.title, card.url, when_words(card)) for card in mine[:5]),
        link_words=gettext("All cuppas"),
        link_url="/cuppas",
        drawing="mugs",
    )


def plan_tools(who: Viewer, thread: ThreadView) -> list[Tool]:
    """Beside a thread, for staff: one tap makes a cuppa of it."""
    if not may_host(who) or thread.group_id is not None:
        return []
    return [Tool(_("Make a cuppa of this"), f"/cuppas/new?thread={thread.id}", "coffee")]


def invitations_shelf(who: Viewer) -> Shelf | None:
    """On Me: one thing to answer."""
    waiting = queries.waiting_invitations(who)
    if not waiting:
        return None
    return Shelf(
        heading=gettext("You're invited"),
        lines=tuple(Line(card.title, card.url, when_words(card)) for card in waiting[:3]),
        link_words=gettext("All cuppas"),
        link_url="/cuppas",
        drawing="mugs",
    )


# ---- for everybody -------------------------------------------------------------------------------------------------


@bp.get("/cuppas")
def cuppas() -> Any:
    who = viewer()
    before = request.args.get("before")
    past = queries.past_cuppas(who, before=whole_number(before, 0) if before else None)
    cancelled, published = queries.late_cancellations()
    return web.page(
        "cuppas/cuppas.html",
        coming=[] if before else queries.coming_cuppas(who),
        plans=queries.plans_of(who) if may_host(who) and not before else [],
        past=past[:20],
        older=past[19].id if len(past) > 20 else None,
        when_words=when_words,
        think_until=think_until,
        may_plan=may_host(who),
        cancelled=cancelled,
        published=published,
        recognition=RECOGNITION_NAMES,
    )


@bp.get("/cuppas/<int:id>")
@bp.get("/cuppas/<int:id>/<slug>")
def cuppa(id: int, slug: str = "") -> Any:
    seen = queries.cuppa(viewer(), id)
    if slug != seen.card.slug:
        return redirect(seen.card.url, 301)
    return web.page("cuppas/cuppa.html", **_facts(viewer(), seen))


def _twice(seen: queries.CuppaView) -> object:
    """Where the clocks go back: which of the two hours is meant."""
    if not times.comes_twice(seen.local_start, seen.card.time_zone):
        return ""
    return _("The clocks go back that night, so this time comes twice. We mean the first one, before they change.")


def _facts(who: Viewer, seen: queries.CuppaView) -> dict[str, Any]:
    runs = may_run_cuppa(who, host_id=seen.host_id)
    return {
        "cuppa": seen,
        "time_words": when_words(seen.card),
        "kind_name": next(name for kind, name, _hint in KIND_NAMES if kind == seen.card.kind),
        "recognition": RECOGNITION_NAMES[seen.card.recognition],
        "recognition_note": RECOGNITION_NOTE if seen.card.recognition in {"voucher", "payment"} else "",
        "runs": runs,
        "twice": _twice(seen),
        "to_check_on": queries.to_check_on(who, seen.card.id) if runs else [],
        "insight_kinds": [(kind, KIND_WORDS[kind][0]) for kind in INSIGHT_KINDS],
    }


@bp.get("/cuppas/<int:id>/<slug>.ics")
def calendar(id: int, slug: str) -> Response:
    seen = queries.cuppa(viewer(), id)
    if seen.card.phase == "planned":
        raise NotFound
    site = settings.chosen()
    text = entry(Cuppa.fetch(id), site, url=f"{site.site_url}{seen.card.url}")
    response = Response(text, mimetype="text/calendar")
    response.headers["Content-Disposition"] = f'attachment; filename="{seen.card.slug}.ics"'
    return response


# ---- answering -----------------------------------------------------------------------------------------------------


def _said(invitation: Any) -> object:
    if invitation.answer == "not_this_time":
        return _("That's fine, and costs nothing. Thank you for telling us.")
    if invitation.waiting_since is not None:
        return _("All seats are taken just now. You're on the waiting list, and we tell you when one is free.")
    return _(
        "Lovely. Your seat is kept, and a calendar entry is on its way by e-mail. It's fine if life gets in the way."
    )


@bp.post("/cuppas/<int:id>/answer")
@web.limiter.limit("60/hour")
def answer(id: int) -> Any:
    who = viewer()
    seen = queries.cuppa(who, id)
    require(who.is_member, _("Please sign in to answer."))
    try:
        said = _answer(who, id, AnswerForm.read(request.form))
        comes_in = seen.card.kind == "chat" or seen.card.phase == "catching_up"
        if comes_in and request.form.get("answer") == "may_drop_in":
            return web.go(seen.thread_url)
        return web.go(seen.card.url, say=said)
    except (Invalid, Conflict) as trouble:
        return web.again("cuppas/cuppa.html", trouble, **_facts(who, seen))


def _answer(who: Viewer, id: int, form: AnswerForm) -> object:
    if form.pauses:
        actions.decline_for_good(who, id, pause_days=PAUSE_DAYS)
        return _("We won't invite you to anything for three months. You can change that in Settings.")
    return _said(actions.answer_invitation(who, id, answer=form.answer, check_on_me=form.check_on_me))


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings.chosen().secret_key, salt="cuppa-answer")


def answer_token(cuppa_id: int, member_id: int) -> str:
    """Return the word that lets a member answer one invitation from an e-mail, signed in or not."""
    return _signer().dumps([cuppa_id, member_id])


def _from_token(token: str) -> tuple[int, Viewer]:
    try:
        cuppa_id, member_id = _signer().loads(token)
        member = Member.get_or_none(Member.id == int(member_id), Member.left_at.is_null())
    except (BadSignature, ValueError, TypeError):
        member = None
    if member is None:
        raise NotFound(
            _("That link isn't one of ours, or was cut short. You find your invitations on the Cuppas page.")
        )
    return int(cuppa_id), viewer_for(member)


@bp.route("/cuppas/answer/<token>", methods=["GET", "POST"])
@web.limiter.limit("60/hour")
def answer_by_link(token: str) -> Any:
    """From an e-mail: the page shows the answer and one button, because mail programs open links by themselves."""
    cuppa_id, who = _from_token(token)
    seen = queries.cuppa(who, cuppa_id)
    context = {
        "token": token,
        "seen": seen,
        "time_words": when_words(seen.card),
        "chosen": request.args.get("answer", ""),
    }
    if request.method == "POST":
        try:
            said = _answer(who, cuppa_id, AnswerForm.read(request.form))
        except (Invalid, Conflict, NotAllowed) as trouble:
            return web.again("cuppas/answer.html", trouble, **context)
        return web.page("cuppas/answered.html", said=said, **context)
    return web.page("cuppas/answer.html", **context)


# ---- thinking, talking ---------------------------------------------------------------------------------------------


@bp.post("/cuppas/<int:id>/think/<int:prompt_id>")
@web.limiter.limit("240/hour")
def think(id: int, prompt_id: int) -> Any:
    who = viewer()
    seen = queries.cuppa(who, id)
    require(who.is_member, _("Please sign in to jot something down."))
    if prompt_id not in {prompt.id for prompt in seen.prompts}:
        raise NotFound
    try:
        actions.jot(who, prompt_id, words=request.form.get("words", ""))
    except Invalid as trouble:
        # Each question has a box of its own; the sentence belongs beside the one that was sent.
        trouble.errors = {f"think-{prompt_id}": said for said in trouble.errors.values()}
        return web.again("cuppas/cuppa.html", trouble, typed_prompt=prompt_id, **_facts(who, seen))
    if request.headers.get("X-Requested-With") == "kettle":
        return "", 204
    return web.go(f"{seen.card.url}#f-think-{prompt_id}", say=_("Kept. Only you can read it."))


@bp.post("/cuppas/<int:id>/jottings/<int:jotting_id>")
def say_jotting(id: int, jotting_id: int) -> Any:
    """Post into the cuppa what one had jotted down."""
    who = viewer()
    seen = queries.cuppa(who, id)
    try:
        return web.go(actions.post_jotting(who, jotting_id))
    except Conflict as trouble:
        return web.again("cuppas/cuppa.html", trouble, **_facts(who, seen))


@bp.post("/cuppas/<int:id>/prompts/<int:prompt_id>")
def show_prompt(id: int, prompt_id: int) -> Any:
    """The host puts a question into the conversation."""
    who = viewer()
    seen = queries.cuppa(who, id)
    require(may_run_cuppa(who, host_id=seen.host_id), actions.NOT_YOURS)
    try:
        actions.show_prompt(who, prompt_id)
    except Conflict as trouble:
        return web.again("cuppas/cuppa.html", trouble, **_facts(who, seen))
    return web.go(seen.thread_url)


# ---- afterwards ----------------------------------------------------------------------------------------------------


@bp.post("/cuppas/<int:id>/check-on/<int:member_id>")
def check_on(id: int, member_id: int) -> Any:
    """The host ticks that somebody who asked for it was checked on."""
    who = viewer()
    seen = queries.cuppa(who, id)
    actions.check_on(who, id, member_id)
    return web.go(f"{seen.card.url}#check-on", say=_("Thank you for checking on them."))


@bp.post("/cuppas/<int:id>/summary")
def send_summary(id: int) -> Any:
    who = viewer()
    seen = queries.cuppa(who, id)
    require(may_run_cuppa(who, host_id=seen.host_id), actions.NOT_YOURS)
    try:
        actions.send_summary(who, id, source=request.form.get("source", ""))
    except (Invalid, Conflict) as trouble:
        return web.again("cuppas/cuppa.html", trouble, **_facts(who, seen))
    return web.go(seen.card.url, say=_("Everybody who took part is asked whether you heard them right."))


@bp.post("/cuppas/<int:id>/heard")
def answer_summary(id: int) -> Any:
    who = viewer()
    seen = queries.cuppa(who, id)
    require(who.is_member, _("Please sign in to answer."))
    right = request.form.get("right") == "yes"
    try:
        actions.answer_summary(who, id, heard_right=right, words=request.form.get("words", ""))
    except Invalid as trouble:
        return web.again("cuppas/cuppa.html", trouble, **_facts(who, seen))
    return web.go(seen.card.url, say=_("Thank you. What you said stays with the summary."))


@bp.post("/cuppas/<int:id>/insight")
def insight(id: int) -> Any:
    """Take a confirmed summary to the workbench."""
    who = viewer()
    seen = queries.cuppa(who, id)
    require(may_run_cuppa(who, host_id=seen.host_id), actions.NOT_YOURS)
    try:
        made = actions.take_to_workbench(who, id, kind=request.form.get("kind", ""), nonce=web.sent_nonce())
    except (Invalid, Conflict) as trouble:
        return web.again("cuppas/cuppa.html", trouble, **_facts(who, seen))
    return web.go(
        f"/listening/insights/{made}", say=_("It's on the workbench. You can add exact words from the conversation.")
    )


# ---- planning ------------------------------------------------------------------------------------------------------


@bp.route("/cuppas/new", methods=["GET", "POST"])
def new() -> Any:
    """Plan a cuppa; ``?thread=`` or ``?theme=`` fill it in."""
    who = viewer()
    require(may_host(who), actions.NOT_YOURS)
    thread_id, theme_id, again_id = _from("thread"), _from("theme"), _from("again")
    if request.method == "POST":
        try:
            made = actions.plan_cuppa(
                who, read_plan(request.form), nonce=web.sent_nonce(), from_thread_id=thread_id, theme_id=theme_id
            )
        except Invalid as trouble:
            return web.again("cuppas/edit.html", trouble, **_form_facts(request.form))
        return web.go(
            cuppa_url(made.id, made.slug), say=_("Your plan is kept. Nobody else sees it until you publish it.")
        )
    if again_id is not None:
        typed = _as_before(queries.cuppa(who, again_id)) | _first_time()
    else:
        typed = _prefilled(who, thread_id, theme_id)
    return web.page("cuppas/edit.html", typed=typed, **_form_facts(typed))


def _from(name: str) -> int | None:
    value = request.values.get(name, "")
    return whole_number(value) if value else None


def _first_time() -> dict[str, str]:
    offer = times.local_of(times.first_offer("focus"), "Europe/London")
    return {"day": offer[:10], "time": offer[11:]}


def _prefilled(who: Viewer, thread_id: int | None, theme_id: int | None) -> dict[str, Any]:
    typed: dict[str, Any] = {
        "kind": "focus",
        **_first_time(),
        "minutes": "60",
        "seats": str(actions.DEFAULT_SEATS),
        "recognition": "thanks",
        "prompts": [],
        "thread": thread_id or "",
        "theme": theme_id or "",
    }
    if thread_id is not None:
        seen = conversations.thread(who, thread_id)
        typed |= {
            "title": seen.title,
            "why": gettext("In “%(title)s” several of you talked about this. We'd like to hear more.")
            % {"title": seen.title},
            "prompts": [
                gettext("What matters most to you about this?"),
                gettext("What would make it a little better by next month?"),
            ],
        }
        mark = listening.mark_of(who, thread_id)
        if mark is not None:
            typed |= {
                "can_change": mark.can_change,
                "cannot_change": mark.cannot_change,
                "who_decides": mark.who_decides,
                "hear_by": mark.hear_by,
            }
    elif theme_id is not None:
        theme = listening.theme(who, theme_id)
        typed |= {
            "title": theme.title,
            "why": gettext("Many of you told us about this: %(title)s.") % {"title": theme.title},
            "prompts": [gettext("What matters most to you about this?")],
        }
    return typed


def _form_facts(typed: Any) -> dict[str, Any]:
    prompts = typed.getlist("prompt") if hasattr(typed, "getlist") else typed.get("prompts", [])
    rules = typed.getlist("house_rules") if hasattr(typed, "getlist") else typed.get("rules", [])
    return {
        "kinds": KIND_NAMES,
        "recognitions": [(kind, RECOGNITION_NAMES[kind]) for kind in RECOGNITION],
        "recognition_note": RECOGNITION_NOTE,
        "prompts": [*prompts, *[""] * (actions.MOST_PROMPTS - len(prompts))][: max(3, len(prompts) + 1)],
        "rules": [(str(rule), rule) for rule in HOUSE_RULES],
        "chosen_rules": rules,
        "earliest": {kind: date_words(times.first_offer(kind)) for kind, _name, _hint in KIND_NAMES},
        "is_published": False,
    }


@bp.route("/cuppas/<int:id>/edit", methods=["GET", "POST"])
def edit(id: int) -> Any:
    who = viewer()
    seen = queries.cuppa(who, id)
    require(may_run_cuppa(who, host_id=seen.host_id), actions.NOT_YOURS)
    published = seen.card.phase != "planned"
    if request.method == "POST":
        try:
            made = actions.change_cuppa(who, id, read_plan(request.form))
        except (Invalid, Conflict) as trouble:
            facts = {**_form_facts(request.form), "is_published": published}
            return web.again("cuppas/edit.html", trouble, cuppa=seen, **facts)
        say = _("Changed. Everybody who was invited hears of a new time or question.") if published else _("Kept.")
        return web.go(cuppa_url(made.id, made.slug), say=say)
    typed = _as_before(seen)
    facts = {**_form_facts(typed), "is_published": published}
    return web.page("cuppas/edit.html", typed=typed, cuppa=seen, **facts)


def _as_before(seen: queries.CuppaView) -> dict[str, Any]:
    """Return a cuppa's plan as its form shows it."""
    return {
        "kind": seen.card.kind,
        "title": seen.card.title,
        "why": seen.card.why,
        "day": seen.local_start[:10],
        "time": seen.local_start[11:16],
        "minutes": str(seen.card.minutes),
        "seats": str(seen.card.seats or ""),
        "recognition": seen.card.recognition,
        "recognition_words": seen.recognition_words,
        "can_change": seen.can_change,
        "cannot_change": seen.cannot_change,
        "who_decides": seen.who_decides,
        "hear_by": seen.hear_by,
        "prompts": [prompt.words for prompt in seen.prompts],
        "rules": seen.house_rules.splitlines(),
        "thread": seen.from_thread_id or "",
        "theme": seen.theme_id or "",
    }


@bp.post("/cuppas/<int:id>/publish")
def publish(id: int) -> Any:
    who = viewer()
    seen = queries.cuppa(who, id)
    require(may_run_cuppa(who, host_id=seen.host_id), actions.NOT_YOURS)
    try:
        actions.publish_cuppa(who, id)
    except Invalid as trouble:
        # What is missing is shown where it can be written.
        typed = _as_before(seen)
        return web.again("cuppas/edit.html", trouble, typed=typed, cuppa=seen, **_form_facts(typed))
    except Conflict as trouble:
        return web.again("cuppas/cuppa.html", trouble, **_facts(who, seen))
    say = _("It's on the notice board. The time to think begins now. Whom would you like to invite?")
    return web.go(f"/cuppas/{id}/invite", say=say)


@bp.route("/cuppas/<int:id>/invite", methods=["GET", "POST"])
def invite(id: int) -> Any:
    """Invite the people behind its theme, those in its thread, or members by name."""
    who = viewer()
    seen = queries.cuppa(who, id)
    require(may_run_cuppa(who, host_id=seen.host_id), actions.NOT_YOURS)
    groups = []
    if seen.theme_id is not None:
        behind = listening.theme_people(seen.theme_id)
        groups.append(("theme", _("The people behind the theme"), behind, listening.people_behind(seen.theme_id)))
    if seen.from_thread_id is not None:
        there = queries.people_in_thread(seen.from_thread_id)
        groups.append(("thread", _("The people in the thread"), there, len(there)))
    context = {
        "cuppa": seen,
        "groups": [
            (value, words, n_("%(n)s person", "%(n)s people", count, n=count)) for value, words, _ids, count in groups
        ],
    }
    if request.method == "POST":
        chosen = request.form.getlist("people")
        wanted = [member_id for value, _words, ids, _count in groups if value in chosen for member_id in ids]
        names = [name.strip() for name in request.form.get("names", "").replace("\n", ",").split(",") if name.strip()]
        found, missing = queries.members_called(names[:100])
        try:
            if missing:
                raise Invalid(errors={"names": _("We can't find: %(names)s.", names=", ".join(missing))})
            if not wanted and not found:
                raise Invalid(errors={"names": _("Choose whom to invite.")})
            actions.invite(who, id, [*wanted, *found])
        except (Invalid, Conflict) as trouble:
            return web.again("cuppas/invite.html", trouble, **context)
        # How many were asked could tell who stands behind a name in some thread.
        say = _(
            "The invitations are on their way. Whoever has been asked often enough, or wants a pause, is left in peace."
        )
        return web.go(seen.card.url, say=say)
    return web.page("cuppas/invite.html", **context)


@bp.route("/cuppas/<int:id>/cancel", methods=["GET", "POST"])
def cancel(id: int) -> Any:
    who = viewer()
    seen = queries.cuppa(who, id)
    require(may_run_cuppa(who, host_id=seen.host_id), actions.NOT_YOURS)
    if request.method == "POST":
        try:
            reason, new_date = request.form.get("reason", ""), request.form.get("new_date", "")
            actions.cancel_cuppa(who, id, reason=reason, new_date=new_date)
        except (Invalid, Conflict) as trouble:
            return web.again("cuppas/cancel.html", trouble, cuppa=seen)
        if seen.card.phase == "planned":
            return web.go("/cuppas", say=_("The plan is gone. Nobody was told, as nobody had seen it."))
        return web.go(
            seen.card.url, say=_("It's called off. Everybody who was invited gets your reason and our apology.")
        )
    return web.page("cuppas/cancel.html", cuppa=seen)


@bp.get("/cuppas/<int:id>/run-sheet")
def run_sheet(id: int) -> Any:
    """For the host, to print: the questions, the times, the housekeeping, where to turn."""
    who = viewer()
    seen = queries.cuppa(who, id)
    require(may_run_cuppa(who, host_id=seen.host_id), actions.NOT_YOURS)
    return web.page(
        "cuppas/run_sheet.html",
        cuppa=seen,
        time_words=when_words(seen.card),
        shown=to_html(seen.card.why),
        hour=_hour(seen),
    )


def _hour(seen: queries.CuppaView) -> list[tuple[str, object]]:
    """Return what a host does and when, so that nobody has to keep the time in their head."""
    minutes = seen.card.minutes
    opening, unsaid, last = minutes // 12, minutes - minutes // 6, minutes - minutes // 12
    each = (unsaid - opening) // max(1, len(seen.prompts))
    steps: list[tuple[int, object]] = [
        (-15, _("The door opens. Say hello to whoever comes early.")),
        (0, _("Start: say what can change, what can't, and when they'll hear.")),
        *((opening + each * number, prompt.words) for number, prompt in enumerate(seen.prompts)),
        (unsaid, _("What has not been said?")),
        (last, _("Lasting thoughts. Thank everybody.")),
        (minutes, _("The end. Whoever likes may linger.")),
    ]
    begins = seen.card.starts_at.astimezone(web.zone(seen.card.time_zone))
    return [(clock_words(begins + timedelta(minutes=after)), words) for after, words in steps]
