"""The changelog, its promises and feed, the forms behind it, and *Your difference*."""

from collections.abc import Mapping, Sequence
from typing import Any

from feedgen.feed import FeedGenerator
from flask import Blueprint, Response, redirect, request, url_for

from forum import web
from forum.access import Viewer, may_listen, may_publish_change, require
from forum.errors import Invalid, NotFound
from forum.legacy import actions, queries
from forum.legacy.forms import EntryForm, typed_from
from forum.listening.choices import IDEA_STATUSES, STATUS_WORDS
from forum.listening.consent import queries as consent
from forum.listening.ideas import queries as ideas
from forum.members.queries import Line, Shelf
from forum.search import Found
from forum.text import _, gettext, paragraphs, to_plain
from forum.threads import queries as conversations
from forum.threads.queries import PostView, ThreadView
from forum.threads.views import Slot, Tool
from forum.web import viewer, whole_number

bp = Blueprint("legacy", __name__)

STATUSES = [(status, STATUS_WORDS[status]) for status in IDEA_STATUSES]
BECAUSE_WORDS: dict[str, object] = {
    "words": _("You said something that led to it."),
    "idea": _("It was your idea."),
    "cuppa": _("You were at the cuppa it came from."),
    "post": _("You raised it in a post."),
}
DIFFERENCE_WORDS = (
    ("yes", _("Yes, it helps")),
    ("a_little", _("A little")),
    ("no", _("No, not for me")),
)
FOR_STAFF = _("This page is for the people who answer here.")


# ---- on the pages of other rooms -----------------------------------------------------------------------------------


def latest_on_home(_viewer: Viewer) -> Slot | None:
    """On home: the latest change."""
    latest = queries.latest_change()
    return Slot("legacy/_latest.html", {"change": latest}) if latest else None


def changed_shelf(who: Viewer) -> Shelf:
    """On Me: what changed because of the viewer."""
    mine = queries.my_changes(who)
    fresh = [one for one in mine if one.is_new] or mine[:1]
    return Shelf(
        heading=gettext("What changed because of you"),
        lines=tuple(Line(one.row.title, one.row.url, str(STATUS_WORDS[one.row.status])) for one in fresh[:3]),
        empty=gettext("Nothing yet. When something you said leads to a change, you find it here."),
        link_words=gettext("Your difference"),
        link_url="/me/difference",
        drawing="jigsaw",
    )


def fix_tools(who: Viewer, _thread: ThreadView, posts: Sequence[PostView]) -> Mapping[int, Sequence[Tool]]:
    """Behind "More" on a post, for staff: answer it in public."""
    if not may_publish_change(who):
        return {}
    said = _("We fixed this: tell everyone")
    return {
        post.id: [Tool(said, f"/changes/fix?post={post.id}", "sprout")]
        for post in posts
        if post.html is not None and not post.is_event
    }


def answer_tools(who: Viewer, idea_id: int) -> list[Tool]:
    """On an idea, for those who look after it: answer it in public."""
    if not may_publish_change(who):
        return []
    return [Tool(_("Publish what changed"), f"/changes/new?idea={idea_id}", "megaphone")]


def answers_note(_who: Viewer, idea_id: int) -> Slot | None:
    """On an idea: the entries that answer it."""
    found = queries.changes_of_idea(idea_id)
    return Slot("legacy/_answers.html", {"changes": found}) if found else None


def found_addresses(found: Sequence[Found]) -> Mapping[int, str]:
    """Where the entries that a search found stand."""
    return queries.addresses([hit.ref for hit in found])


# ---- for everybody -------------------------------------------------------------------------------------------------


@bp.get("/changes")
def changes() -> Any:
    status = request.args.get("status", "")
    before = request.args.get("before")
    found, more = queries.changes(status=status, before=whole_number(before, 0) if before else None)
    return web.page(
        "legacy/changes.html",
        changes=found,
        more=more,
        chosen=status if status in IDEA_STATUSES else "",
        statuses=STATUSES,
        overdue=ideas.overdue_count(),
        may_publish=may_publish_change(viewer()),
        canonical="" if status or before else "/changes",
    )


@bp.get("/changes/<int:id>")
@bp.get("/changes/<int:id>/<slug>")
def change(id: int, slug: str = "") -> Any:
    who = viewer()
    seen = queries.change(who, id)
    if slug != seen.row.slug:
        return redirect(seen.row.url, 301)
    return web.page(
        "legacy/change.html",
        change=seen,
        may_publish=may_publish_change(who),
        difference_words=DIFFERENCE_WORDS,
        status_words=STATUS_WORDS,
        canonical=seen.row.url,
    )


@bp.get("/changes/promises")
def promises() -> Any:
    overdue, coming = queries.open_promises(viewer())
    return web.page("legacy/promises.html", overdue=overdue, coming=coming)


@bp.get("/feeds/changes.atom")
def feed() -> Response:
    """The changelog as an Atom feed (RFC 4287): only what stands on its pages for everybody."""
    site = web.settings()
    found, _more = queries.changes(limit=30)
    made = FeedGenerator()
    made.id(f"{site.site_url}/changes")
    made.title(gettext("What changed at %(name)s") % {"name": site.site_name})
    made.link(href=f"{site.site_url}/changes", rel="alternate")
    made.link(href=f"{site.site_url}/feeds/changes.atom", rel="self")
    made.author(name=site.site_runs or site.site_name)
    if found:
        made.updated(max(one.updated_at or one.published_at for one in found))
    for one in found:
        entry = made.add_entry(order="append")
        entry.id(f"{site.site_url}/changes/{one.id}")
        entry.title(one.title)
        entry.link(href=f"{site.site_url}{one.url}")
        entry.published(one.published_at)
        entry.updated(one.updated_at or one.published_at)
        entry.category(term=one.status, label=str(STATUS_WORDS[one.status]))
        entry.summary(one.we_did)
        parts = [(gettext("You said"), one.you_said), (gettext("We did"), one.we_did)]
        parts += [(gettext("Because"), one.because), (gettext("What next"), one.what_next)]
        entry.content("\n\n".join(f"{head}: {words}" for head, words in parts if words), type="text")
    return Response(made.atom_str(pretty=True), mimetype="application/atom+xml")


# ---- for staff -----------------------------------------------------------------------------------------------------


@bp.route("/changes/new", methods=["GET", "POST"])
def publish() -> Any:
    """Answer an idea (``?idea=``), or say something changed that nobody asked for."""
    who = viewer()
    require(may_publish_change(who), FOR_STAFF)
    asked = request.values.get("idea", "")
    idea = ideas.idea(who, whole_number(asked)) if asked else None
    idea_id = idea.row.id if idea else None
    choosable = consent.excerpts(who, queries.excerpts_to_choose(who, idea_id=idea_id))
    context = {"idea": idea, "excerpts": choosable, "statuses": STATUSES, "heading": _("Publish a change")}
    if request.method == "POST":
        form = EntryForm.read(request.form)
        allowed = {one.id for one in choosable}
        try:
            made = actions.publish_change(
                who,
                form.entry,
                nonce=web.sent_nonce(),
                idea_id=idea_id,
                excerpt_ids=[id for id in form.excerpt_ids if id in allowed],
            )
        except Invalid as trouble:
            return web.again("legacy/edit.html", trouble, chosen=form.excerpt_ids, **context)
        return web.go(
            queries.change_url(made.id, made.slug),
            say=_("It's published. Everybody behind it is told once."),
        )
    typed = {}
    if idea is not None:
        typed = {
            "title": idea.row.title,
            "you_said": idea.words,
            "status": idea.row.status,
            "team": idea.row.team,
            "carers_decided": gettext("Carers helped to decide this.") if idea.carers_decide else "",
        }
    return web.page("legacy/edit.html", typed=typed, chosen=[one.id for one in choosable if one.is_usable], **context)


@bp.route("/changes/fix", methods=["GET", "POST"])
def fix() -> Any:
    """From a post to a published change, on one page."""
    who = viewer()
    require(may_publish_change(who), FOR_STAFF)
    post = conversations.post(who, whole_number(request.values.get("post")))
    if post.html is None:
        raise NotFound
    context = {
        "post": post,
        "statuses": STATUSES,
        "heading": _("We fixed this"),
        "paragraphs": [text for _start, _end, text in paragraphs(to_plain(post.html))][:20],
    }
    if request.method == "POST":
        form = EntryForm.read(request.form)
        try:
            made = actions.publish_small_fix(who, post.id, form.entry, exact=form.exact, nonce=web.sent_nonce())
        except Invalid as trouble:
            return web.again("legacy/edit.html", trouble, **context)
        return web.go(
            queries.change_url(made.id, made.slug),
            say=_("It's published, and %(name)s is told.", name=post.author_name),
        )
    return web.page("legacy/edit.html", typed={"status": "done"}, **context)


@bp.route("/changes/<int:id>/edit", methods=["GET", "POST"])
def edit(id: int) -> Any:
    who = viewer()
    require(may_publish_change(who), FOR_STAFF)
    seen = queries.change(who, id)
    choosable = consent.excerpts(who, queries.excerpts_to_choose(who, idea_id=seen.idea_id, change_id=id))
    context = {"change": seen, "excerpts": choosable, "statuses": STATUSES, "heading": _("Update this change")}
    if request.method == "POST":
        form = EntryForm.read(request.form)
        allowed = {one.id for one in choosable}
        try:
            made = actions.update_change(
                who, id, form.entry, excerpt_ids=[chosen for chosen in form.excerpt_ids if chosen in allowed]
            )
        except Invalid as trouble:
            return web.again("legacy/edit.html", trouble, chosen=form.excerpt_ids, **context)
        return web.go(
            queries.change_url(made.id, made.slug), say=_("The entry is updated. What it said before stays below.")
        )
    return web.page("legacy/edit.html", typed=typed_from(seen.row), chosen=queries.quoted_excerpts(id), **context)


# ---- your difference -----------------------------------------------------------------------------------------------


@bp.get("/me/difference")
def difference() -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in to see what came of your words."))
    mine = queries.my_changes(who)
    proposed, _more = ideas.ideas(who, mine=True)
    return web.page(
        "legacy/difference.html",
        changes=mine,
        ideas=proposed,
        because_words=BECAUSE_WORDS,
        difference_words=DIFFERENCE_WORDS,
        is_staff=may_listen(who),
    )


@bp.post("/me/difference/seen")
def seen() -> Any:
    actions.see_difference(viewer())
    return web.go("/me/difference")


@bp.post("/changes/<int:id>/difference")
@web.limiter.limit("60/hour")
def answer_difference(id: int) -> Any:
    who = viewer()
    require(who.is_member, _("Please sign in to answer."))
    actions.answer_difference(who, id, answer=request.form.get("answer", ""))
    back = web.same_site(request.form.get("back"), url_for("legacy.difference"))
    return web.go(back, say=_("Thank you. Your answer counts on the entry, without your name."))
