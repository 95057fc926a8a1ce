"""A thread's page, replying in it, and starting one. The other pages of this room stand with their nouns."""

import json
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, request

from forum import web
from forum.access import (
    VISITOR,
    Viewer,
    may_moderate,
    may_post,
    may_read_thread,
    may_reply,
    may_start_thread,
    may_take_name,
    require,
)
from forum.errors import Invalid, NotFound, TooOften
from forum.members.blocks.queries import unmet_by
from forum.members.urls import profile_url
from forum.text import _
from forum.threads import actions, queries
from forum.threads.drafts import queries as drafts
from forum.threads.drafts.views import bp as drafts_bp
from forum.threads.following.views import bp as following_bp
from forum.threads.forms import ReplyForm, ThreadForm
from forum.threads.lists.views import bp as lists_bp
from forum.threads.moderating.views import bp as moderating_bp
from forum.threads.posts.views import FRAMES, written
from forum.threads.posts.views import bp as posts_bp
from forum.threads.queries import CategoryView, ThreadView
from forum.threads.reading.views import bp as reading_bp
from forum.threads.search.views import bp as search_bp
from forum.threads.showing import ASK_SENTENCES, ASK_WORDS, draft_attrs, keep, looks, post_facts
from forum.threads.slots import (
    Slot,
    Tool,
    closed_words,
    composer_notes,
    filled,
    home_extras,
    listening_threads,
    post_tools,
    search_addresses,
    thread_banners,
    thread_tools,
    tools_by_post,
    why_closed,
    writing_notes,
)
from forum.threads.urls import PAGE_SIZE, first_on_page, thread_url
from forum.threads.voices.queries import own_name
from forum.threads.voices.views import bp as voices_bp
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
for _of_a_noun in (lists_bp, posts_bp, drafts_bp, following_bp, reading_bp, moderating_bp, search_bp, voices_bp):
    bp.register_blueprint(_of_a_noun)


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
    unmet = unmet_by(who)
    context: dict[str, Any] = {
        "thread": seen,
        "posts": [
            (
                post.number,
                written(post_facts(who, post, can_reply=can_reply, tools=tools.get(post.id, ()), unmet=unmet)),
            )
            for post in posts
        ],
        "ask_words": ASK_WORDS.get(seen.ask, ""),
        "is_last_page": first + PAGE_SIZE > seen.last_number,
        "open_at": here if here > first else 0,
        "new_from": unread_from,
        "canonical": _one_address(seen, first),
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
        "unmet": json.dumps([profile_url(name) for name in unmet.values()]) if unmet else "",
        "live_url": live_url,
        **_composer(who, seen),
        **more,
    }
    trouble = context.pop("trouble", None)
    if trouble is not None:
        return web.again("threads/thread.html", trouble, **context)
    return web.page("threads/thread.html", **context)


def _one_address(seen: ThreadView, first: int) -> str:
    """Return the one address of a page of a thread that anybody may read, "" where search engines have no business."""
    if seen.is_hidden or not may_read_thread(VISITOR, seen):
        return ""
    return thread_url(seen.id, seen.slug) if first == 1 else f"{thread_url(seen.id, seen.slug)}/{first}"


@bp.get("/t/<int:id>/<slug>/jump")
def jump(id: int, slug: str) -> Any:
    """To a post by its number, or to the first one of a day in the reader's own time."""
    who = viewer()
    seen = queries.thread(who, id)
    typed = request.args.get("to", "").strip()[:40]
    number = queries.number_at(seen, typed, zone=web.zone(who.time_zone))
    if number is None:
        sentence = _("Type the number of a post, or a day such as 3 December 2026.")
        trouble = Invalid(errors={"to": sentence})
        return _thread_page(who, seen, trouble=trouble, jump_to=typed, jump_trouble=sentence)
    return redirect(thread_url(id, seen.slug, number), 302)


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
        "own_name": own_name(who, seen.id) if can_reply else "",
        "may_take_name": may_take_name(who),
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
        post = actions.reply(
            who,
            id,
            source=form.source,
            nonce=web.sent_nonce(),
            reply_to=form.reply_to,
            thread_name=form.thread_name,
        )
    except (Invalid, TooOften) as trouble:
        return _reply_again(who, seen, form, trouble=trouble)
    filled(writing_notes, who, form.source, id)
    return web.go(thread_url(id, seen.slug, post.number))


def _preview_reply(who: Viewer, seen: ThreadView, form: ReplyForm) -> Any:
    require(may_reply(who, seen, is_closed=seen.is_closed), actions.why_not_reply(who, seen))
    keep(who, f"thread:{seen.id}", source=form.source)
    return _reply_again(who, seen, form, **looks(who, form.source, seen.id))


def _reply_again(who: Viewer, seen: ThreadView, form: ReplyForm, **more: Any) -> Any:
    answered = None
    if form.reply_to is not None:
        answered = queries.post(who, form.reply_to)
        answered = answered if answered.thread.id == seen.id else None
    context = {**_composer(who, seen), "source": form.source, "thread": seen, "answered": answered, **more}
    trouble = context.pop("trouble", None)
    if trouble is not None:
        return web.again("threads/reply.html", trouble, **context)
    return web.page("threads/reply.html", **context, typed=request.form)


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
                thread_name=form.thread_name,
            )
        except (Invalid, TooOften) as trouble:
            return web.again("threads/new.html", trouble, **_new_facts(who, places))
        filled(writing_notes, who, form.source, made.id)
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
        "may_take_name": may_take_name(who),
    }


def _chosen(places: Sequence[CategoryView], form: ThreadForm) -> CategoryView:
    for place in places:
        if place.slug == form.category:
            return place
    others = actions.troubles_with_thread(title=form.title, source=form.source, ask=form.ask)
    raise Invalid(errors=others | {"category": _("Choose where your thread belongs.")})
