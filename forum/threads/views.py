"""The pages people come for: home, a category, a thread, starting one, finding words.

Pages about one post are in `posts`, those for what is not posted yet in `drafts`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request

from forum import web
from forum.access import Viewer, may_moderate, may_post, may_reply, may_start_thread, require
from forum.errors import Invalid, NotFound, TooOften
from forum.search import Found
from forum.text import _
from forum.threads import actions, queries
from forum.threads.drafts import queries as drafts
from forum.threads.drafts.views import bp as drafts_bp
from forum.threads.forms import ReplyForm, ThreadForm
from forum.threads.posts.views import bp as posts_bp
from forum.threads.posts.views import written
from forum.threads.queries import CategoryView, ThreadView
from forum.threads.showing import ASK_SENTENCES, ASK_WORDS, draft_attrs, keep, looks, post_facts
from forum.threads.slots import (
    Slot,
    Tool,
    closed_words,
    composer_notes,
    filled,
    home_extras,
    listening_among,
    listening_threads,
    post_tools,
    search_addresses,
    thread_banners,
    thread_tools,
    tools_by_post,
    why_closed,
    writing_notes,
)
from forum.threads.urls import PAGE_SIZE, category_url, first_on_page, thread_url
from forum.web import viewer, whole_number

__all__ = [
    "FRAMES",
    "Slot",
    "Tool",
    "bp",
    "closed_words",
    "composer_notes",
    "home_extras",
    "listening_threads",
    "post_tools",
    "search_addresses",
    "thread_banners",
    "thread_tools",
    "writing_notes",
]

bp = Blueprint("threads", __name__)
bp.register_blueprint(posts_bp)
bp.register_blueprint(drafts_bp)


# ---- home and categories ---------------------------------------------------------------------------------------------


@bp.get("/")
def home() -> Any:
    who = viewer()
    places = queries.categories(who)
    waiting = queries.waiting_threads(who)
    lively = queries.lively_threads(who)
    return web.page(
        "threads/home.html",
        categories=places,
        waiting=waiting,
        lively=lively,
        listening=listening_among([row.id for row in lively]),
        extras=filled(home_extras, who),
        can_start=may_post(who),
        ask_words=ASK_WORDS,
    )


@bp.get("/c/<slug>")
def category(slug: str) -> Any:
    who = viewer()
    place = queries.category(who, slug)
    rows, older = queries.threads_in(who, place, before=request.args.get("before"))
    return web.page(
        "threads/category.html",
        place=place,
        rows=rows,
        listening=listening_among([row.id for row in rows]),
        older_url=f"{category_url(slug)}?before={older}" if older else "",
        is_first_page="before" not in request.args,
        can_start=may_start_thread(who, place.audience, place.group_id),
        ask_words=ASK_WORDS,
    )


# ---- a thread --------------------------------------------------------------------------------------------------------


@bp.get("/t/<int:id>", defaults={"slug": "", "number": None})
@bp.get("/t/<int:id>/<slug>", defaults={"number": None})
@bp.get("/t/<int:id>/<slug>/<int:number>")
def thread(id: int, slug: str, number: int | None) -> Any:
    who = viewer()
    live_url = web.live_page(f"thread:{id}")
    seen = queries.thread(who, id)
    if slug != seen.slug:
        return redirect(thread_url(id, seen.slug, number), 301 if slug else 302)
    return _thread_page(who, seen, at=number, live_url=live_url)


def _thread_page(
    who: Viewer, seen: ThreadView, *, at: int | None = None, live_url: str | None = None, **more: Any
) -> Any:
    """Show *seen* where the viewer stopped reading, or around post *at*."""
    unread_from = seen.mark + 1 if 0 < seen.mark < seen.last_number else 0
    here = at or unread_from or (seen.last_number if seen.mark else 1)
    posts = queries.posts(who, seen, at=here)
    first = first_on_page(min(here, max(seen.last_number, 1)))
    can_reply = may_reply(who, seen, is_closed=seen.is_closed)
    tools = tools_by_post(who, seen, posts)
    context: dict[str, Any] = {
        "thread": seen,
        "posts": [
            (post.number, written(post_facts(who, post, can_reply=can_reply, tools=tools.get(post.id, ()))))
            for post in posts
        ],
        "ask_words": ASK_WORDS.get(seen.ask, ""),
        "is_last_page": first + PAGE_SIZE > seen.last_number,
        "open_at": here if here > first else 0,
        "unread_url": f"#post-{unread_from}" if not at and first < unread_from < first + PAGE_SIZE else "",
        "earlier_url": thread_url(seen.id, seen.slug, first - PAGE_SIZE).split("#")[0] if first > 1 else "",
        "later_url": (
            thread_url(seen.id, seen.slug, first + PAGE_SIZE).split("#")[0]
            if first + PAGE_SIZE <= seen.last_number
            else ""
        ),
        "read_until": posts[-1].number if who.is_member and posts and posts[-1].number > seen.mark else 0,
        "banners": filled(thread_banners, who, seen),
        "tools": [tool for make in thread_tools for tool in make(who, seen)],
        "can_moderate": may_moderate(who),
        "live_url": live_url,
        **_composer(who, seen),
        **more,
    }
    trouble = context.pop("trouble", None)
    if trouble is not None:
        return web.again("threads/thread.html", trouble, **context)
    return web.page("threads/thread.html", **context)


def _composer(who: Viewer, seen: ThreadView, *, source: str = "") -> dict[str, Any]:
    """Return what the reply box needs: why there is none, what was begun before, what others have to say beside it."""
    can_reply = may_reply(who, seen, is_closed=seen.is_closed)
    draft = drafts.draft(who, f"thread:{seen.id}") if can_reply else None
    words = "\n".join(part for part in (draft.source if draft else "", source) if part)
    keeps_hours = why_closed(who, seen) if seen.is_closed and not can_reply else ""
    return {
        "can_reply": can_reply,
        "keeps_hours": bool(keeps_hours),
        "why_not": "" if can_reply else keeps_hours or actions.why_not_reply(who, seen),
        "draft": draft,
        "draft_attrs": draft_attrs(who, f"thread:{seen.id}", draft),
        "source": words,
        "advice": ASK_SENTENCES.get(seen.ask, ""),
        "composer_notes": filled(composer_notes, who, seen) if can_reply else [],
    }


@bp.get("/t/<int:id>/<slug>/reply")
def reply_page(id: int, slug: str) -> Any:
    """The reply box on a page of its own: for quoting and answering one post without script."""
    who = viewer()
    seen = queries.thread(who, id)
    require(may_reply(who, seen, is_closed=seen.is_closed), actions.why_not_reply(who, seen))
    quoted, answered = request.args.get("quote"), request.args.get("to")
    source = queries.quotation(who, whole_number(quoted)) if quoted else ""
    post = queries.post(who, whole_number(answered or quoted)) if answered or quoted else None
    if post is not None and post.thread.id != id:
        raise NotFound
    return web.page("threads/reply.html", thread=seen, answered=post, **_composer(who, seen, source=source))


@bp.post("/t/<int:id>/replies")
@web.limiter.limit("20/minute;200/hour")
def reply(id: int) -> Any:
    who = viewer()
    seen = queries.thread(who, id)
    form = ReplyForm.read(request.form)
    if request.form.get("preview"):
        return _preview_reply(who, seen, form)
    try:
        post = actions.reply(who, id, source=form.source, nonce=web.sent_nonce(), reply_to=form.reply_to)
    except (Invalid, TooOften) as trouble:
        return _reply_again(who, seen, form, trouble=trouble)
    filled(writing_notes, who, form.source)
    return web.go(thread_url(id, seen.slug, post.number))


def _preview_reply(who: Viewer, seen: ThreadView, form: ReplyForm) -> Any:
    require(may_reply(who, seen, is_closed=seen.is_closed), actions.why_not_reply(who, seen))
    keep(who, f"thread:{seen.id}", source=form.source)
    return _reply_again(who, seen, form, **looks(who, form.source))


def _reply_again(who: Viewer, seen: ThreadView, form: ReplyForm, **more: Any) -> Any:
    answered = None
    if form.reply_to is not None:
        answered = queries.post(who, form.reply_to)
        answered = answered if answered.thread.id == seen.id else None
    context = {**_composer(who, seen), "source": form.source, "thread": seen, "answered": answered, **more}
    trouble = context.pop("trouble", None)
    if trouble is not None:
        return web.again("threads/reply.html", trouble, **context)
    return web.page("threads/reply.html", **context)


@bp.post("/t/<int:id>/read")
@web.limiter.limit("240/minute")
def read(id: int) -> Any:
    number = whole_number(request.form.get("number"))
    actions.mark_read(viewer(), id, number)
    if web.wants_json() or web.is_htmx() or request.form.get("by") == "script":
        return "", 204
    seen = queries.thread(viewer(), id)
    return web.go(category_url(seen.category_slug), say=_("We'll open this thread where you stopped."))


@bp.post("/t/<int:id>/follow")
@web.limiter.limit("60/minute")
def follow(id: int) -> Any:
    who = viewer()
    wants = request.form.get("follow") != "no"
    (actions.follow if wants else actions.unfollow)(who, id)
    seen = queries.thread(who, id)
    say = _("We'll tell you when somebody replies.") if wants else _("You won't hear about this thread any more.")
    return web.go(thread_url(id, seen.slug), say=say)


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
    seen = queries.thread(who, id)
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


# ---- starting a thread -----------------------------------------------------------------------------------------------


@bp.route("/new", methods=["GET", "POST"])
@web.limiter.limit("20/hour", methods=["POST"], exempt_when=lambda: "preview" in request.form)
def new() -> Any:
    who = viewer()
    require(may_post(who), actions.why_not_post(who))
    places = [place for place in queries.categories(who) if may_start_thread(who, place.audience, place.group_id)]
    form = ThreadForm.read(request.form)
    if request.method == "POST" and request.form.get("preview"):
        keep(who, "new", source=form.source, title=form.title)
        return web.page("threads/new.html", **_new_facts(who, places), typed=request.form, **looks(who, form.source))
    if request.method == "POST":
        try:
            made = actions.start_thread(
                who,
                _chosen(places, form).id,
                title=form.title,
                source=form.source,
                ask=form.ask,
                nonce=web.sent_nonce(),
            )
        except (Invalid, TooOften) as trouble:
            return web.again("threads/new.html", trouble, **_new_facts(who, places))
        filled(writing_notes, who, form.source)
        say = _("Your thread is open. We'll tell you when somebody replies.")
        return web.go(thread_url(made.id, made.slug), say=say)
    facts = _new_facts(who, places)
    draft = facts["draft"]
    typed = {"title": draft.title, "source": draft.source} if draft else {}
    return web.page("threads/new.html", **facts, typed=typed | {"category": request.args.get("category", "")})


def _new_facts(who: Viewer, places: Sequence[CategoryView]) -> dict[str, Any]:
    draft = drafts.draft(who, "new")
    return {
        "places": [(place.slug, place.name) for place in places],
        "composer_notes": filled(composer_notes, who, None),
        "draft": draft,
        "draft_attrs": draft_attrs(who, "new", draft),
        "ask_words": ASK_WORDS,
    }


def _chosen(places: Sequence[CategoryView], form: ThreadForm) -> CategoryView:
    for place in places:
        if place.slug == form.category:
            return place
    others = actions.troubles_with_thread(title=form.title, source=form.source, ask=form.ask)
    raise Invalid(errors=others | {"category": _("Choose where your thread belongs.")})


# ---- finding ---------------------------------------------------------------------------------------------------------

HITS_ON_A_PAGE = 20
DEEPEST_HIT = 200


@bp.get("/search")
@web.limiter.limit("60/minute")
def search() -> Any:
    query = request.args.get("q", "")[:200].replace("\x00", " ").strip()
    skip = min(whole_number(request.args.get("from"), 0), DEEPEST_HIT)
    found = queries.search_posts(viewer(), query, limit=HITS_ON_A_PAGE + 1, skip=skip) if query else []
    addresses = _addresses([hit for hit, _url in found])
    hits = [(hit, url or addresses.get((hit.kind, hit.ref), "")) for hit, url in found[:HITS_ON_A_PAGE]]
    return web.page(
        "threads/search.html",
        query=query,
        hits=[(hit, url) for hit, url in hits if url],
        next_from=skip + HITS_ON_A_PAGE if len(found) > HITS_ON_A_PAGE and skip < DEEPEST_HIT else 0,
    )


def _addresses(found: Sequence[Found]) -> dict[tuple[str, int], str]:
    addresses: dict[tuple[str, int], str] = {}
    for kind, find in search_addresses.items():
        ours = [hit for hit in found if hit.kind == kind]
        if ours:
            addresses |= {(kind, ref): url for ref, url in find(ours).items()}
    return addresses


# ---- live ------------------------------------------------------------------------------------------------------------


def post_frame(heard: Any) -> str | None:
    """Return what every open page of a thread is shown of a post that was said, changed or taken down.

    *heard* is the event (`live.Heard`). The HTML is the same for every reader: no names of who looks, no tokens.
    """
    post = queries.post_for_everybody(heard.subject_id)
    if post is None:
        return None
    facts = post_facts(Viewer(), post, can_reply=not post.thread.is_closed)
    facts |= {"token": False, "react_url": f"/posts/{post.id}/react" if post.html is not None else ""}
    return render_template(
        "threads/_live_post.html", post=facts, how="append" if heard.kind == "post.published" else "replace"
    )


# Kind of event -> what open pages are shown; wiring hands this to `live.frames`.
FRAMES = dict.fromkeys(("post.published", "post.edited", "post.withdrawn", "post.hidden", "post.shown"), post_frame)
