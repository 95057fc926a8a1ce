"""The pages people come for: home, a category, a thread, and everything one writes on the way.

Rooms above put something on these pages through the lists below; wiring fills them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request

from forum import web
from forum.access import (
    STAFF,
    Viewer,
    may_edit_post,
    may_moderate,
    may_post,
    may_react,
    may_reply,
    may_start_thread,
    may_withdraw_post,
    require,
)
from forum.errors import Conflict, Invalid, NotFound, Trouble
from forum.members.choices import role_words
from forum.members.urls import profile_url
from forum.search import Found
from forum.text import _, excerpt_of, to_html
from forum.threads import actions, queries
from forum.threads.forms import DraftForm, EditForm, ReplyForm, ThreadForm
from forum.threads.queries import CategoryView, DraftView, PostView, ReactionCount, ThreadView
from forum.threads.urls import PAGE_SIZE, category_url, first_on_page, thread_url
from forum.web import viewer, whole_number

bp = Blueprint("threads", __name__)


# ---- what rooms above put on these pages -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slot:
    """Something to show: a template that finds its values under the name ``facts``."""

    template: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A line behind "More": *icon* is one of the sprite's."""

    words: object
    url: str
    icon: str = ""


# On the home page, after what people said: the latest change, the next cuppa.
home_extras: list[Callable[[Viewer], Slot | None]] = []
# Above the posts of a thread: who is listening.
thread_banners: list[Callable[[Viewer, ThreadView], Slot | None]] = []
# Beside the name of a thread, for those who look after it.
thread_tools: list[Callable[[Viewer, ThreadView], Sequence[Tool]]] = []
# Behind "More" on each post: id of the post -> tools. Asked once for a page of posts.
post_tools: list[Callable[[Viewer, ThreadView, Sequence[PostView]], Mapping[int, Sequence[Tool]]]] = []
# In the box one writes in: who is watching, how words may be used. None for a thread that is not there yet.
composer_notes: list[Callable[[Viewer, ThreadView | None], Slot | None]] = []
# Looks at words that are being written, as often as they are saved: where to turn in a crisis. Blocks nothing.
writing_notes: list[Callable[[Viewer, str], Slot | None]] = []
# Which of these threads are listening threads.
listening_threads: list[Callable[[Sequence[int]], set[int]]] = []
# Where other things than posts are found: kind -> what was found -> ref -> address.
search_addresses: dict[str, Callable[[Sequence[Found]], Mapping[int, str]]] = {}


def _slots(makers: Sequence[Callable[..., Slot | None]], *about: Any) -> list[Slot]:
    made = (make(*about) for make in makers)
    return [slot for slot in made if slot is not None]


def _listening(ids: Sequence[int]) -> set[int]:
    return set().union(*(ask(ids) for ask in listening_threads)) if ids else set()


# ---- words of this room ----------------------------------------------------------------------------------------------

REACTION_WORDS = {
    "hug": _("Hug"),
    "been_there": _("Been there"),
    "thinking_of_you": _("Thinking of you"),
    "helpful": _("Helpful"),
    "thank_you": _("Thank you"),
}
ASK_WORDS = {"advice": _("Advice welcome"), "no_advice": _("No advice, please")}
ASK_SENTENCES = {
    "advice": _("Advice is welcome here."),
    "no_advice": _("No advice, please. Whoever started this would like company, not solutions."),
}
WITHDRAWN = _("Withdrawn by its writer.")
HIDDEN = _("A moderator hid this post.")
HIDDEN_SEEN = _("A moderator hid this post. Only moderators can read it.")


def _gone(post: PostView) -> object:
    if post.is_withdrawn:
        return WITHDRAWN
    return HIDDEN if post.html is None else ""


def _reaction_facts(counts: Sequence[ReactionCount], likes: int = 0) -> list[dict[str, Any]]:
    """Return the five words with their counts, and what people liked where this came from."""
    by_kind = {one.kind: one for one in counts}
    facts: list[dict[str, Any]] = [
        {"key": kind, "words": words, "count": one.count if one else 0, "mine": one.mine if one else False}
        for kind, words in REACTION_WORDS.items()
        for one in [by_kind.get(kind)]
    ]
    if likes:
        facts.append({"key": "", "words": _("Liked"), "count": likes, "mine": False})
    return facts


def _post_facts(who: Viewer, post: PostView, *, can_reply: bool, tools: Sequence[Tool] = ()) -> dict[str, Any]:
    """Return what the post template needs, decided here so that the template only writes."""
    thread, readable = post.thread, post.html is not None
    return {
        "view": post,
        "gone": _gone(post),
        "hidden_words": HIDDEN_SEEN if post.is_hidden and readable else "",
        "name_url": "" if post.author_left else profile_url(post.author_name),
        "role": role_words(post.author_role),
        "is_staff": readable and post.author_role in STAFF,
        "is_new": readable and 0 < thread.mark < post.number and post.author_id != who.id,
        "reply_to_url": _reply_to_url(post),
        "edits_url": f"/posts/{post.id}/history" if post.edited_at else "",
        "reactions": _reaction_facts(post.reactions, post.imported_likes),
        "react_url": f"/posts/{post.id}/react" if readable and may_react(who) and post.author_id != who.id else "",
        "reply_url": f"/t/{thread.id}/{thread.slug}/reply?to={post.id}" if can_reply else "",
        "quote_url": f"/t/{thread.id}/{thread.slug}/reply?quote={post.id}" if can_reply else "",
        "report_url": f"/report?post={post.id}" if post.author_id != who.id else "",
        "edit_url": f"/posts/{post.id}/edit" if may_edit_post(who, post) else "",
        "withdraw_url": f"/posts/{post.id}/withdraw" if may_withdraw_post(who, post) else "",
        "tools": tools,
        "is_live": False,
    }


def _reply_to_url(post: PostView) -> str:
    # A post that answers the one right above it needs no pointer.
    if post.reply_to_number is None or post.reply_to_number == post.number - 1:
        return ""
    if first_on_page(post.reply_to_number) == first_on_page(post.number):
        return f"#post-{post.reply_to_number}"
    return thread_url(post.thread.id, post.thread.slug, post.reply_to_number)


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
        listening=_listening([row.id for row in lively]),
        extras=_slots(home_extras, who),
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
        listening=_listening([row.id for row in rows]),
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
    tools = _tools_by_post(who, seen, posts)
    context: dict[str, Any] = {
        "thread": seen,
        "posts": [_post_facts(who, post, can_reply=can_reply, tools=tools.get(post.id, ())) for post in posts],
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
        "banners": _slots(thread_banners, who, seen),
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


def _tools_by_post(who: Viewer, seen: ThreadView, posts: Sequence[PostView]) -> dict[int, list[Tool]]:
    found: dict[int, list[Tool]] = {}
    for make in post_tools:
        for id, tools in make(who, seen, posts).items():
            found.setdefault(id, []).extend(tools)
    return found


def _composer(who: Viewer, seen: ThreadView, *, source: str = "") -> dict[str, Any]:
    """Return what the reply box needs: why there is none, what was begun before, what others have to say beside it."""
    can_reply = may_reply(who, seen, is_closed=seen.is_closed)
    draft = queries.draft(who, f"thread:{seen.id}") if can_reply else None
    words = "\n".join(part for part in (draft.source if draft else "", source) if part)
    return {
        "can_reply": can_reply,
        "why_not": "" if can_reply else actions.why_not_reply(who, seen),
        "draft": draft,
        "draft_attrs": _draft_attrs(who, f"thread:{seen.id}", draft),
        "source": words,
        "advice": ASK_SENTENCES.get(seen.ask, ""),
        "composer_notes": _slots(composer_notes, who, seen) if can_reply else [],
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
    except Invalid as trouble:
        return _reply_again(who, seen, form, trouble=trouble)
    _slots(writing_notes, who, form.source)
    return web.go(thread_url(id, seen.slug, post.number))


def _preview_reply(who: Viewer, seen: ThreadView, form: ReplyForm) -> Any:
    require(may_reply(who, seen, is_closed=seen.is_closed), actions.why_not_reply(who, seen))
    _keep(who, f"thread:{seen.id}", source=form.source)
    return _reply_again(who, seen, form, **_looks(who, form.source))


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


def _draft_attrs(who: Viewer, place: str, draft: DraftView | None) -> dict[str, Any]:
    """Return what the script needs to keep what is written in a form: where it belongs, and its sentences."""
    return {
        "data-place": place,
        "data-version": draft.version if draft else 0,
        "data-who": who.id,
        "data-kept": _("Kept. You can finish later, on any device."),
        "data-kept-here": _("No connection. Your words are kept on this device."),
        "data-both": _("Put both in the box"),
    }


def _looks(who: Viewer, source: str) -> dict[str, Any]:
    """Return what shows how *source* will look, and what rooms above have to say about the words."""
    return {
        "preview_html": to_html(source[: actions.LONGEST_POST]) or _("There is nothing to show yet."),
        "writing_notes": _slots(writing_notes, who, source),
    }


def _keep(who: Viewer, place: str, *, source: str, title: str = "") -> None:
    """Keep a draft on the way; a text that is too long to keep comes back in the box all the same."""
    try:
        actions.save_draft(who, place, source=source, title=title)
    except Invalid:
        return


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
        _keep(who, "new", source=form.source, title=form.title)
        return web.page("threads/new.html", **_new_facts(who, places), typed=request.form, **_looks(who, form.source))
    if request.method == "POST":
        try:
            made = actions.start_thread(
                who,
                _chosen(places, form.category).id,
                title=form.title,
                source=form.source,
                ask=form.ask,
                nonce=web.sent_nonce(),
            )
        except Invalid as trouble:
            return web.again("threads/new.html", trouble, **_new_facts(who, places))
        _slots(writing_notes, who, form.source)
        say = _("Your thread is open. We'll tell you when somebody replies.")
        return web.go(thread_url(made.id, made.slug), say=say)
    facts = _new_facts(who, places)
    draft = facts["draft"]
    typed = {"title": draft.title, "source": draft.source} if draft else {}
    return web.page("threads/new.html", **facts, typed=typed | {"category": request.args.get("category", "")})


def _new_facts(who: Viewer, places: Sequence[CategoryView]) -> dict[str, Any]:
    draft = queries.draft(who, "new")
    return {
        "places": [(place.slug, place.name) for place in places],
        "composer_notes": _slots(composer_notes, who, None),
        "draft": draft,
        "draft_attrs": _draft_attrs(who, "new", draft),
        "ask_words": ASK_WORDS,
    }


def _chosen(places: Sequence[CategoryView], slug: str) -> CategoryView:
    for place in places:
        if place.slug == slug:
            return place
    raise Invalid(errors={"category": _("Choose where your thread belongs.")})


# ---- one post --------------------------------------------------------------------------------------------------------


@bp.route("/posts/<int:id>/edit", methods=["GET", "POST"])
@web.limiter.limit("60/hour", methods=["POST"])
def edit(id: int) -> Any:
    who = viewer()
    post = queries.post(who, id)
    require(may_edit_post(who, post), actions.why_not_edit(who, post))
    form = EditForm.read(request.form)
    if request.method == "GET":
        source, revision = queries.source(who, id)
        draft = queries.draft(who, f"post:{id}")
        return _edit_page(who, post, source=draft.source if draft else source, revision=revision, draft=draft)
    if request.form.get("preview"):
        _keep(who, f"post:{id}", source=form.source)
        return _edit_page(who, post, source=form.source, revision=form.revision, **_looks(who, form.source))
    if request.form.get("merge"):
        source, revision = queries.source(who, id)
        return _edit_page(who, post, source=f"{source.rstrip()}\n\n{form.source}", revision=revision)
    try:
        actions.edit_post(who, id, source=form.source, revision=form.revision)
    except Conflict as trouble:
        _keep(who, f"post:{id}", source=form.source)
        now_says, revision = trouble.details["theirs"], trouble.details["revision"]
        return _edit_page(who, post, source=form.source, revision=revision, theirs=now_says, trouble=trouble)
    except Invalid as trouble:
        return _edit_page(who, post, source=form.source, revision=form.revision, trouble=trouble)
    return web.go(post.url, say=_("Your post now says this."))


def _edit_page(
    who: Viewer, post: PostView, *, trouble: Trouble | None = None, draft: DraftView | None = None, **facts: Any
) -> Any:
    place = f"post:{post.id}"
    draft = draft or queries.draft(who, place)
    context = {
        "theirs": None,
        "preview_html": "",
        **facts,
        "post": post,
        "draft": draft,
        "draft_attrs": _draft_attrs(who, place, draft),
    }
    if trouble is not None:
        return web.again("threads/edit.html", trouble, **context)
    return web.page("threads/edit.html", **context)


@bp.route("/posts/<int:id>/withdraw", methods=["GET", "POST"])
def withdraw(id: int) -> Any:
    who = viewer()
    post = queries.post(who, id)
    require(may_withdraw_post(who, post), _("Only whoever wrote a post can take it back."))
    if request.method == "POST":
        actions.withdraw_post(who, id)
        return web.go(post.url, say=_("Your post is gone. A line shows that something stood there."))
    return web.page("threads/withdraw.html", post=post)


@bp.get("/posts/<int:id>/history")
def history(id: int) -> Any:
    who = viewer()
    post = queries.post(who, id)
    earlier = queries.revisions(who, id)
    now_says, _revision = queries.source(who, id)
    return web.page("threads/history.html", post=post, now_says=now_says, earlier=earlier)


@bp.get("/posts/<int:id>/quote")
@web.limiter.limit("60/minute")
def quotation(id: int) -> Any:
    """For the script: the Markdown that quotes a post."""
    require(viewer().is_member, _("Please sign in first."))
    return jsonify(source=queries.quotation(viewer(), id))


@bp.post("/posts/<int:id>/react")
@web.limiter.limit("60/minute")
def react(id: int) -> Any:
    who = viewer()
    if taken_back := request.form.get("take_back"):
        actions.unreact(who, id, taken_back)
    else:
        actions.react(who, id, request.form.get("reaction", ""))
    post = queries.post(who, id)
    if web.is_htmx():
        return render_template(
            "threads/_reactions.html",
            reactions=_reaction_facts(post.reactions, post.imported_likes),
            react_url=f"/posts/{id}/react",
            anchor=f"post-{post.number}",
            name=post.author_name,
        )
    return web.go(post.url)


@bp.get("/posts/<int:id>")
def post(id: int) -> Any:
    """A post's own address, for those who know only its id."""
    return redirect(queries.post(viewer(), id).url, 302)


# ---- drafts ----------------------------------------------------------------------------------------------------------


@bp.get("/me/drafts")
def drafts() -> Any:
    require(viewer().is_member, _("Please sign in to see your drafts."))
    found = queries.drafts(viewer())
    return web.page("threads/drafts.html", drafts=[(one, excerpt_of(one.source, 200)) for one in found])


@bp.post("/me/drafts")
@web.limiter.limit("120/minute")
def save_draft() -> Any:
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
    notes = _slots(writing_notes, viewer(), form.source)
    html = "".join(render_template(slot.template, facts=slot.facts) for slot in notes)
    return jsonify(version=version, notes=html)


@bp.post("/me/drafts/posted")
@web.limiter.limit("60/minute")
def posted() -> Any:
    """For the script: did the form with this nonce become a post, or must its words come back?"""
    return jsonify(posted=actions.is_posted(viewer(), request.form.get("nonce", "")[:64]))


@bp.post("/me/drafts/drop")
def drop_draft() -> Any:
    actions.drop_draft(viewer(), request.form.get("place", ""))
    return web.go("/me/drafts", say=_("The draft is gone."))


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
    facts = _post_facts(Viewer(), post, can_reply=not post.thread.is_closed)
    facts |= {"is_live": True, "react_url": f"/posts/{post.id}/react" if post.html is not None else ""}
    return render_template(
        "threads/_live_post.html", post=facts, how="append" if heard.kind == "post.published" else "replace"
    )


# Kind of event -> what open pages are shown; wiring hands this to `live.frames`.
FRAMES = dict.fromkeys(("post.published", "post.edited", "post.withdrawn", "post.hidden", "post.shown"), post_frame)
