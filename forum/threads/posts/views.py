"""Pages about one post: changing it, taking it back, what it said before, a kind word."""

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, jsonify, redirect, render_template, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from forum import web
from forum.access import Viewer, may_edit_post, may_withdraw_post, require
from forum.clock import now
from forum.errors import Conflict, Invalid, TooOften, Trouble
from forum.text import _, translator
from forum.threads.drafts import queries as drafts
from forum.threads.drafts.queries import DraftView
from forum.threads.forms import EditForm
from forum.threads.posts import actions, queries
from forum.threads.posts.queries import PostView
from forum.threads.showing import REACTION_WORDS, draft_attrs, keep, looks, post_facts, reaction_facts
from forum.web import viewer

bp = Blueprint("posts", __name__)


@bp.route("/posts/<int:id>/edit", methods=["GET", "POST"])
@web.limiter.limit("60/hour", methods=["POST"])
def edit(id: int) -> Any:
    who = viewer()
    post = queries.post(who, id)
    require(may_edit_post(who, post), actions.why_not_edit(who, post))
    form = EditForm.read(request.form)
    if request.method == "GET":
        source, revision = queries.source(who, id)
        draft = drafts.draft(who, f"post:{id}")
        return _edit_page(who, post, source=draft.source if draft else source, revision=revision, draft=draft)
    if request.form.get("preview"):
        keep(who, f"post:{id}", source=form.source)
        return _edit_page(
            who, post, source=form.source, revision=form.revision, **looks(who, form.source, post.thread.id)
        )
    if request.form.get("merge"):
        source, revision = queries.source(who, id)
        return _edit_page(who, post, source=f"{source.rstrip()}\n\n{form.source}", revision=revision)
    try:
        actions.edit_post(who, id, source=form.source, revision=form.revision)
    except Conflict as trouble:
        keep(who, f"post:{id}", source=form.source)
        now_says, revision = trouble.details["theirs"], trouble.details["revision"]
        return _edit_page(who, post, source=form.source, revision=revision, theirs=now_says, trouble=trouble)
    except (Invalid, TooOften) as trouble:
        return _edit_page(who, post, source=form.source, revision=form.revision, trouble=trouble)
    return web.go(post.url, say=_("Your post now says this."))


def _edit_page(
    who: Viewer, post: PostView, *, trouble: Trouble | None = None, draft: DraftView | None = None, **facts: Any
) -> Any:
    place = f"post:{post.id}"
    draft = draft or drafts.draft(who, place)
    context = {
        "theirs": None,
        "preview_html": "",
        **facts,
        "post": post,
        "draft": draft,
        "draft_attrs": draft_attrs(who, place, draft),
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


@bp.get("/posts/<int:id>/kind-words")
def kind_words(id: int) -> Any:
    who = viewer()
    post = queries.post(who, id)
    names = queries.who_reacted(who, id)
    shelves = [(REACTION_WORDS[kind], people) for kind, people in names.items()]
    return web.page("threads/kind_words.html", post=post, shelves=shelves)


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
            reactions=reaction_facts(post.reactions, post.imported_likes),
            react_url=f"/posts/{id}/react",
            anchor=f"post-{post.number}",
            name=post.author_name,
        )
    return web.go(post.url)


@bp.get("/posts/<int:id>")
def post(id: int) -> Any:
    """A post's own address, for those who know only its id."""
    return redirect(queries.post(viewer(), id).url, 302)


# ---- how a post looks ------------------------------------------------------------------------------------------------

# Most of the time a thread's page takes goes into drawing its posts, so each is drawn once for all who see the same of
# it. The key holds everything that shows, the passing of time too: nothing has to be thrown away when something changes.
_drawn: dict[tuple[Any, ...], Markup] = {}
_MOST_DRAWN = 4000
# Stands where the reader's own token goes. Nobody can guess it, so nobody can write it into a post.
_TOKEN = secrets.token_urlsafe(18)


def written(facts: dict[str, Any]) -> Markup:
    """Return the HTML of a post from what `showing.post_facts` decided, for whoever sent this request."""
    post: PostView = facts["view"]
    rest = {name: value for name, value in facts.items() if name != "view"}
    zone = viewer().time_zone
    key = (
        *(post.id, post.number, post.revision, post.thread.slug, post.author_name, post.reply_to_name),
        *(hash(post.html), post.said_at, _age(post.said_at, zone), post.edited_at, _age(post.edited_at, zone)),
        *(zone, id(translator.get()), repr(rest)),
    )
    html = _drawn.get(key)
    if html is None:
        module: Any = current_app.jinja_env.get_template("threads/_post.html").module
        html = module.post(facts | {"token": _TOKEN})
        if len(_drawn) >= _MOST_DRAWN:
            _drawn.clear()
        _drawn[key] = html
    return html.replace(_TOKEN, generate_csrf()) if facts["react_url"] else html


def _age(moment: datetime | None, zone: str) -> int | date | None:
    """Return what changes when the words for *moment* do: the minutes of the last hour, then the reader's day."""
    if moment is None:
        return None
    span = now() - moment
    if timedelta(0) <= span < timedelta(hours=1):
        return int(span.total_seconds() // 60)
    return now().astimezone(web.zone(zone)).date()


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
FRAMES = dict.fromkeys(
    ("post.published", "post.edited", "post.signed", "post.withdrawn", "post.hidden", "post.shown"), post_frame
)
