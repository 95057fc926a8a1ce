"""Reporting, the moderators' queue, appeals, and the help pages."""

from typing import Any

from flask import Blueprint, request

from forum import audit, web
from forum.access import (
    Viewer,
    may_moderate,
    may_post,
    may_see_crisis_alerts,
    may_suspend,
    require,
)
from forum.errors import Conflict, Invalid, NotFound
from forum.members.profiles import queries as profiles
from forum.safety import actions, queries
from forum.safety.appeals import actions as appeals
from forum.safety.forms import HoursForm, SuspendForm
from forum.safety.openings import actions as openings
from forum.safety.openings.queries import waiting_openings
from forum.text import _, excerpt_of
from forum.threads import queries as conversations
from forum.threads.queries import ThreadView
from forum.threads.views import Slot
from forum.web import viewer, whole_number

bp = Blueprint("safety", __name__)

REASON_WORDS: dict[str, object] = {
    "unkind": _("It's unkind or a personal attack"),
    "unsafe": _("It could put somebody in danger"),
    "private": _("It shares something private about somebody"),
    "advert": _("It's selling something"),
    "illegal": _("I think it's against the law"),
    "worried": _("I'm worried about this person"),
    "other": _("Something else"),
}
DEED_WORDS: dict[str, object] = {
    "case.taken": _("took a case"),
    "case.noted": _("wrote a note"),
    "case.closed": _("closed a case"),
    "post.hidden": _("hid a post"),
    "post.shown": _("showed a post again"),
    "thread.hidden": _("hid a thread"),
    "thread.shown": _("showed a thread again"),
    "thread.closed": _("closed a thread"),
    "thread.opened": _("opened a thread again"),
    "member.suspended": _("gave somebody a time away"),
    "member.unsuspended": _("ended a time away early"),
    "appeal.answered": _("answered an appeal"),
    "name.opening_asked": _("asked to open a name for one thread"),
    "name.opened_in_danger": _("opened a name for one thread, in danger"),
    "name.opened": _("agreed to open a name for one thread"),
    "name.opening_declined": _("declined to open a name for one thread"),
    "name.opening_was_right": _("looked again at an opening: it was right"),
    "name.opening_was_wrong": _("looked again at an opening: it was wrong"),
    "alert.seen": _("looked at a crisis alert"),
    "hours.set": _("changed our hours"),
    "member.role_given": _("made somebody a member of the team"),
    "member.role_changed": _("changed what somebody may do here"),
    "member.erased": _("erased somebody's words and details"),
    "listening.started": _("began to listen in a thread"),
    "listening.reworded": _("changed what a listening thread is for"),
    "listening.ended": _("stopped listening in a thread"),
    "insight.dropped": _("threw an insight away"),
    "excerpt.checked": _("checked that a quotation gives nobody away"),
    "excerpt.dropped": _("took words out of an insight"),
    "voice.entered": _("wrote down what somebody said elsewhere"),
    "voice.withdrawn": _("removed what somebody said elsewhere"),
    "idea.stepped": _("moved an idea on"),
    "cuppa.published": _("opened a cuppa to everybody"),
    "cuppa.changed": _("changed a cuppa"),
    "cuppa.cancelled": _("called off a cuppa"),
    "change.published": _("published a change"),
    "change.updated": _("brought a change up to date"),
    "discourse.imported": _("brought in an older community"),
    "category.opened": _("opened a room to talk in"),
    "member.codes_off": _("turned off somebody's codes from the phone"),
    "cuppa.checked_on": _("checked on somebody who didn't come to a cuppa"),
}
DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


# ---- on the pages of other rooms -----------------------------------------------------------------------------------


def hours_note(who: Viewer, thread: ThreadView | None) -> Slot | None:
    """In the box one writes in: who is watching."""
    return Slot("safety/_hours_note.html", {"watch": queries.watch()})


def crisis_note(who: Viewer, words: str, thread_id: int | None) -> Slot | None:
    """While somebody writes: where to turn, when the words may mean danger. Tells staff; blocks nothing."""
    if not actions.notice_crisis(who, words, thread_id=thread_id):
        return None
    return Slot("safety/_help_now.html")


def help_banner(who: Viewer, thread: ThreadView) -> Slot | None:
    """Above a thread: where to turn, for somebody who wrote something worrying within a day."""
    return Slot("safety/_help_now.html") if queries.needs_help_shown(who) else None


# ---- telling us ----------------------------------------------------------------------------------------------------


@bp.route("/report", methods=["GET", "POST"])
@web.limiter.limit("20/hour", methods=["POST"])
def report() -> Any:
    """Two taps: a reason, and send."""
    who = viewer()
    post_id, name = request.values.get("post", ""), request.values.get("member", "")
    post = conversations.post(who, whole_number(post_id)) if post_id else None
    person = profiles.profile(who, name) if name and not post_id else None
    thing = None if post or person else _thing(who)
    context = {
        "post": post,
        "person": person,
        "thing": thing,
        "excerpt": excerpt_of(_plain(post), 240) if post else "",
        "reasons": list(REASON_WORDS.items()),
        "hours_line": queries.hours_line(who),
    }
    if request.method == "GET" or (post or person or thing) is None:
        return web.page("safety/report.html", **context)
    reason, words = request.form.get("reason", ""), request.form.get("words", "")
    try:
        if post is not None:
            actions.report_post(who, post.id, reason=reason, words=words)
        elif person is not None:
            actions.report_member(who, person.id, reason=reason, words=words)
        elif thing is not None:
            actions.report_thing(who, thing.kind, thing.id, reason=reason, words=words)
    except Invalid as trouble:
        return web.again("safety/report.html", trouble, **context)
    return web.page("safety/reported.html", reason=reason, **context)


def _thing(who: Viewer) -> queries.Reportable | None:
    for kind, find in queries.reportable.items():
        if id := request.values.get(kind, ""):
            return find(who, whole_number(id))
    return None


def _plain(post: conversations.PostView) -> str:
    from forum.text import to_plain

    return to_plain(post.html) if post.html is not None else ""


# ---- the moderators' queue -----------------------------------------------------------------------------------------


@bp.get("/safety")
def queue() -> Any:
    require(may_see_crisis_alerts(viewer()), _("This page is for our staff."))
    return web.page("safety/queue.html", **_waiting())


def _waiting() -> dict[str, Any]:
    who = viewer()
    moderates = may_moderate(who)
    return {
        "alerts": queries.open_alerts(who),
        "openings": waiting_openings(who) if moderates else [],
        "cases": queries.open_cases(who) if moderates else [],
        "appeals": queries.open_appeals(who) if moderates else [],
        "moderates": moderates,
        "reason_words": REASON_WORDS,
        "wrong_alert": None,
    }


@bp.get("/safety/decided")
def decided() -> Any:
    who = viewer()
    require(may_moderate(who), _("This page is for moderators."))
    before = request.args.get("before")
    cases = queries.open_cases(who, closed=True, before=whole_number(before) if before else None)
    older = cases[queries.CASES_ON_A_PAGE - 1].id if len(cases) > queries.CASES_ON_A_PAGE else None
    return web.page(
        "safety/decided.html", cases=cases[: queries.CASES_ON_A_PAGE], older=older, reason_words=REASON_WORDS
    )


@bp.get("/safety/cases/<int:id>")
def case(id: int) -> Any:
    return _case_page(id)


def _case_page(id: int, trouble: Invalid | Conflict | None = None) -> Any:
    who = viewer()
    require(may_moderate(who), _("This page is for moderators."))
    seen = queries.case(who, id)
    context = {
        "case": seen,
        "reason_words": REASON_WORDS,
        "deed_words": DEED_WORDS,
        "can_suspend": seen.person is not None
        and may_suspend(who, member_id=seen.person.id, member_role=seen.person.role),
    }
    if trouble is not None:
        return web.again("safety/case.html", trouble, **context)
    return web.page("safety/case.html", **context)


@bp.post("/safety/cases/<int:id>")
def decide(id: int) -> Any:
    """One deed on a case: which, and why."""
    who = viewer()
    require(may_moderate(who), _("Only moderators can do that."))
    seen = queries.case(who, id)
    try:
        say = _do(who, seen, request.form.get("deed", ""), request.form.get("reason", ""))
    except (Invalid, Conflict) as trouble:
        return _case_page(id, trouble)
    return web.go(f"/safety/cases/{id}", say=say)


def _do(who: Viewer, seen: queries.CaseView, deed: str, reason: str) -> object:
    if deed == "take":
        actions.take_case(who, seen.id)
        return _("This case is yours.")
    if deed == "note":
        actions.note_on_case(who, seen.id, request.form.get("words", ""))
        return _("Your note is kept.")
    if deed == "close":
        actions.close_case(who, seen.id, outcome=reason)
        return _("The case is closed, and those who told us will hear.")
    if deed == "hide" and seen.post:
        actions.hide_post(who, seen.post.id, reason=reason)
        return _("The post is hidden. Its writer is told why and how to appeal.")
    if deed == "show" and seen.post:
        actions.show_post(who, seen.post.id, reason=reason)
        return _("The post can be read again.")
    if deed == "suspend" and seen.person:
        form = SuspendForm.read(request.form)
        actions.suspend(who, seen.person.id, reason=form.reason, until=form.until)
        return _("%(name)s can read but not post. They are told why and how to appeal.", name=seen.person.name)
    if deed == "lift" and seen.person and seen.person.suspension_id:
        actions.lift_suspension(who, seen.person.suspension_id, reason=reason)
        return _("%(name)s can post again.", name=seen.person.name)
    if deed == "open_name" and seen.post:
        in_danger = request.form.get("in_danger") == "yes"
        openings.ask_to_open(who, seen.post.id, reason=reason, in_danger=in_danger)
        return _("You see who it is below.") if in_danger else _("Another moderator has to agree. We've told them.")
    if deed in {"agree_to_open", "decline_to_open"} and seen.openings:
        keep_quiet = request.form.get("keep_quiet") == "yes"
        agree = deed == "agree_to_open"
        openings.second_opening(who, seen.openings[-1].id, agree=agree, words=reason, keep_quiet=keep_quiet)
        return _("Your answer is on record.")
    raise Invalid(_("Choose what to do."))


@bp.post("/safety/alerts/<int:id>")
def see_alert(id: int) -> Any:
    who = viewer()
    require(may_see_crisis_alerts(who), _("Only staff can do that."))
    try:
        actions.see_alert(who, id, done=request.form.get("done", ""))
    except Invalid as trouble:
        named = Invalid(errors={"done": trouble.message})
        return web.again("safety/queue.html", named, **_waiting() | {"wrong_alert": id})
    return web.go("/safety", say=_("Thank you for looking. What you did is on record."))


@bp.get("/safety/audit")
def trail() -> Any:
    who = viewer()
    require(may_moderate(who), _("This page is for moderators."))
    before = request.args.get("before")
    deeds, older = queries.deeds(who, before=whole_number(before) if before else None)
    return web.page("safety/audit.html", deeds=deeds, older=older, deed_words=DEED_WORDS)


@bp.post("/safety/audit/check")
@web.limiter.limit("6/minute")
def check_trail() -> Any:
    require(may_moderate(viewer()), _("Only moderators can do that."))
    broken, checked = audit.first_broken_entry()
    if broken is None:
        return web.go("/safety/audit", say=_("All %(n)s entries fit together.", n=checked))
    return web.go("/safety/audit", say=_("Entry %(id)s does not fit. Tell your administrator now.", id=broken))


@bp.route("/safety/hours", methods=["GET", "POST"])
def hours() -> Any:
    who = viewer()
    require(may_moderate(who), _("Only moderators can change the hours."))
    context = {"days": list(enumerate(DAYS)), "hours_line": queries.hours_line(who)}
    if request.method == "POST":
        try:
            actions.set_hours(who, HoursForm.read(request.form).hours)
        except Invalid as trouble:
            return web.again("safety/hours.html", trouble, **context)
        return web.go("/safety/hours", say=_("Our hours are set. Every page shows them from now on."))
    typed = {}
    for weekday, opens, closes in queries.hours():
        typed[f"opens{weekday}"] = f"{opens // 60:02}:{opens % 60:02}"
        typed[f"closes{weekday}"] = f"{closes // 60 % 24:02}:{closes % 60:02}"
    return web.page("safety/hours.html", typed=typed, **context)


# ---- appeals -------------------------------------------------------------------------------------------------------


@bp.get("/me/appeals")
def decisions() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in first."))
    found = queries.decisions_about(who)
    return web.page("safety/decisions.html", decisions=[(one, one.may_still_appeal) for one in found])


@bp.route("/me/appeals/<kind>/<int:id>", methods=["GET", "POST"])
@web.limiter.limit("20/hour", methods=["POST"])
def appeal(kind: str, id: int) -> Any:
    """Ask us to look again at one decision."""
    who = viewer()
    require(who.is_member, _("Please sign in first."))
    mine = [one for one in queries.decisions_about(who) if one.kind == kind and one.id == id]
    if not mine or (request.method == "GET" and not mine[0].may_still_appeal):
        raise NotFound
    if request.method == "POST":
        try:
            actions.appeal(
                who,
                words=request.form.get("words", ""),
                post_id=id if kind == "post" else None,
                suspension_id=id if kind == "suspension" else None,
            )
        except (Invalid, Conflict) as trouble:
            return web.again("safety/appeal.html", trouble, decision=mine[0])
        return web.go(
            "/me/appeals", say=_("Thank you. Another moderator will look, and we'll tell you what they decide.")
        )
    return web.page("safety/appeal.html", decision=mine[0])


@bp.route("/safety/appeals/<int:id>", methods=["GET", "POST"])
def answer_appeal(id: int) -> Any:
    who = viewer()
    require(may_moderate(who), _("This page is for moderators."))
    asked = queries.appeal(who, id)
    context = {
        "appeal": asked,
        "for_another": appeals.FOR_ANOTHER,
        "is_for_another": appeals.is_for_another(who, asked.decided_by_id),
    }
    if request.method == "POST":
        outcome = request.form.get("outcome", "")
        try:
            if outcome not in {"stands", "overturned"}:
                raise Invalid(errors={"outcome": _("Choose what you decide.")})
            actions.answer_appeal(who, id, overturn=outcome == "overturned", answer=request.form.get("answer", ""))
        except (Invalid, Conflict) as trouble:
            return web.again("safety/answer_appeal.html", trouble, **context)
        return web.go("/safety", say=_("Your answer is on its way."))
    return web.page("safety/answer_appeal.html", **context)


# ---- help pages ----------------------------------------------------------------------------------------------------


@bp.get("/help/crisis")
@web.steady
def crisis() -> Any:
    return web.page("help/crisis.html")


@bp.get("/help/rules")
def rules() -> Any:
    return web.page("help/rules.html", can_post=may_post(viewer()))


@bp.get("/help/privacy")
def privacy() -> Any:
    return web.page("help/privacy.html")


@bp.get("/help/complaints")
def complaints() -> Any:
    return web.page("help/complaints.html", hours_line=queries.hours_line())


@bp.get("/help/accessibility")
def accessibility() -> Any:
    return web.page("help/accessibility.html")
