"""Words and whether they may be used: for staff the asking and the check, for everybody their own words."""

from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import may_listen, require
from forum.errors import Conflict, Invalid
from forum.listening import choices
from forum.listening.consent import actions, queries
from forum.listening.consent.pointers import pointers
from forum.listening.excerpts.actions import drop_excerpt
from forum.listening.forms import AnswerForm, CheckForm, numbers
from forum.members.choices import WORDS_WORDS
from forum.members.queries import own_row
from forum.text import _, excerpt_of, n_
from forum.threads import queries as threads
from forum.web import viewer

bp = Blueprint("consent", __name__)


# ---- for staff -------------------------------------------------------------------------------------------------------


@bp.post("/listening/excerpts/ask")
@web.limiter.limit("120/hour")
def ask() -> Any:
    who = viewer()
    require(may_listen(who), queries.NOT_YOURS)
    ids = numbers(request.form, "excerpt")
    asked = actions.ask_consent(who, ids)
    say = n_("Asked. They can answer with one tap.", "Asked about %(n)s. They can answer with one tap each.", asked)
    nothing = _("There was nothing left to ask: everybody has been asked or has answered.")
    back = queries.excerpt(who, ids[0]).insight_id if ids else 0
    return web.go(f"/listening/insights/{back}" if back else "/listening", say=say if asked else nothing)


@bp.route("/listening/excerpts/<int:id>/check", methods=["GET", "POST"])
def check(id: int) -> Any:
    who = viewer()
    found = queries.excerpt(who, id)
    if found.gone:
        raise Conflict(found.gone)
    facts: dict[str, Any] = {
        "excerpt": found,
        "pointers": pointers(found.words, names=(found.who,)),
        "paraphrase_pointers": pointers(found.paraphrase, names=(found.who,)),
        "is_mine": found.by_id == who.id,
        "alone": queries.is_team_of_one(),
    }
    if request.method == "GET":
        return web.page("listening/check.html", **facts)
    try:
        actions.check_excerpt(who, id, CheckForm.read(request.form).paraphrase)
    except Invalid as trouble:
        return web.again("listening/check.html", trouble, **facts)
    say = _("Checked. With a yes these words may stand in public.")
    if facts["is_mine"]:
        say = _("Kept. After a day it counts.") if facts["alone"] else _("Kept. Now somebody else needs to look.")
    return web.go(f"/listening/insights/{found.insight_id}", say=say)


@bp.post("/listening/excerpts/<int:id>/drop")
def drop(id: int) -> Any:
    left = drop_excerpt(viewer(), id)
    return web.go(f"/listening/insights/{left}" if left else "/listening/insights", say=_("Those words are out."))


# ---- for everybody ---------------------------------------------------------------------------------------------------


@bp.get("/me/words")
def my_words() -> Any:
    return _my_words()


def _my_words(**more: Any) -> Any:
    who = viewer()
    before = request.args.get("before")
    waiting, _rest = ([], None) if before else queries.my_words(who, waiting=True)
    others, older = queries.my_words(who, waiting=False, before=before)
    context = {
        "waiting": waiting,
        "others": others,
        "older_url": f"/me/words?before={older}" if older else "",
        "is_first_page": before is None,
        "setting": WORDS_WORDS[own_row(who).words],
        "is_refused": own_row(who).words == "please_dont",
        "choices": choices,
        "short": excerpt_of,
        **more,
    }
    trouble = context.pop("trouble", None)
    if trouble is not None:
        return web.again("listening/my_words.html", trouble, **context)
    return web.page("listening/my_words.html", **context)


@bp.post("/me/words/<int:id>")
def answer(id: int) -> Any:
    form = AnswerForm.read(request.form)
    try:
        actions.answer_consent(viewer(), id, answer=form.answer, correction=form.correction)
    except (Invalid, Conflict) as trouble:
        return _my_words(trouble=trouble)
    said = {
        "named": _("Thank you. We may use these words with your name. You can take them back any time."),
        "unnamed": _("Thank you. We may say it in other words, without your name. You can change your mind any time."),
    }
    return web.go("/me/words", say=said.get(form.answer, _("That's fine. These words are out of our notes.")))


@bp.post("/me/words/<int:id>/withdraw")
def withdraw(id: int) -> Any:
    actions.withdraw_consent(viewer(), id)
    return web.go("/me/words", say=_("They're gone, from every page, as of now."))


@bp.post("/listening/earlier/<int:thread_id>")
def earlier(thread_id: int) -> Any:
    who = viewer()
    if request.form.get("agree") == "no":
        actions.take_back_earlier(who, thread_id)
        say = _("What you said before we listened is yours alone again.")
    else:
        actions.agree_to_earlier(who, thread_id)
        say = _("Thank you. We'll listen to what you said earlier as well.")
    return web.go(threads.thread(who, thread_id).url, say=say)
