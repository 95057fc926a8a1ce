"""What the pages of this room say of a post, and what they need around a box one writes in."""

from collections.abc import Container, Sequence
from typing import Any
from urllib.parse import urlencode

from forum.access import STAFF, Viewer, may_edit_post, may_react, may_withdraw_post
from forum.errors import Invalid, TooOften
from forum.members.choices import role_words
from forum.members.urls import profile_url
from forum.text import _, to_html
from forum.threads import actions
from forum.threads.drafts.queries import DraftView
from forum.threads.posts.queries import PostView, ReactionCount
from forum.threads.slots import Tool, filled, writing_notes
from forum.threads.urls import first_on_page, thread_url

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


def reaction_facts(counts: Sequence[ReactionCount], likes: int = 0) -> list[dict[str, Any]]:
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


def post_facts(
    who: Viewer, post: PostView, *, can_reply: bool, tools: Sequence[Tool] = (), unmet: Container[int] = ()
) -> dict[str, Any]:
    """Return what the post template needs, decided here so that the template only writes.

    *unmet* are ids of members whom *who* does not want to meet."""
    thread, readable = post.thread, post.html is not None
    return {
        "view": post,
        "gone": _gone(post),
        "hidden_words": HIDDEN_SEEN if post.is_hidden and readable else "",
        "name_url": "" if post.author_left or post.has_thread_name else profile_url(post.author_name),
        "role": role_words(post.author_role),
        "is_staff": readable and post.author_role in STAFF,
        "is_new": readable and 0 < thread.mark < post.number and post.author_id != who.id,
        "reply_to_url": _reply_to_url(post),
        "edits_url": f"/posts/{post.id}/history" if post.edited_at else "",
        "kind_words_url": f"/posts/{post.id}/kind-words" if readable and post.reactions else "",
        "reactions": reaction_facts(post.reactions, post.imported_likes),
        "react_url": f"/posts/{post.id}/react" if readable and may_react(who) and post.author_id != who.id else "",
        "reply_url": f"/t/{thread.id}/{thread.slug}/reply?to={post.id}" if can_reply else "",
        "quote_url": f"/t/{thread.id}/{thread.slug}/reply?quote={post.id}" if can_reply else "",
        "report_url": f"/report?post={post.id}" if post.author_id != who.id else "",
        "block_url": _block_url(who, post, unmet),
        # Under a name for this thread only nobody is folded: it would tell who is behind it.
        "is_folded": post.author_id in unmet and not post.has_thread_name,
        "edit_url": f"/posts/{post.id}/edit" if may_edit_post(who, post) else "",
        "withdraw_url": f"/posts/{post.id}/withdraw" if may_withdraw_post(who, post) else "",
        "tools": tools,
        "token": True,
    }


def _block_url(who: Viewer, post: PostView, unmet: Container[int]) -> str:
    is_met = who.is_member and post.author_id != who.id and post.author_id not in unmet
    if not is_met or post.author_left or post.author_role in STAFF or post.has_thread_name:
        return ""
    return f"/me/blocks/new?{urlencode({'member': post.author_name, 'back': post.url})}"


def _reply_to_url(post: PostView) -> str:
    # A post that answers the one right above it needs no pointer.
    if post.reply_to_number is None or post.reply_to_number == post.number - 1:
        return ""
    if first_on_page(post.reply_to_number) == first_on_page(post.number):
        return f"#post-{post.reply_to_number}"
    return thread_url(post.thread.id, post.thread.slug, post.reply_to_number)


# ---- a box one writes in ---


def draft_attrs(who: Viewer, place: str, draft: DraftView | None) -> dict[str, Any]:
    """Return what the script needs to keep what is written in a form: where it belongs, and its sentences."""
    return {
        "data-place": place,
        "data-version": draft.version if draft else 0,
        "data-who": who.id,
        "data-kept": _("Kept. You can finish later, on any device."),
        "data-kept-here": _("No connection. Your words are kept on this device."),
        "data-both": _("Put both in the box"),
    }


def looks(who: Viewer, source: str, thread_id: int | None = None) -> dict[str, Any]:
    """Return what shows how *source* will look in a thread, None for one to come, and what rooms above say of the words."""
    try:
        preview: object = to_html(source[: actions.LONGEST_POST]) or _("There is nothing to show yet.")
    except TooOften as trouble:
        preview = trouble.message
    return {
        "preview_html": preview,
        "writing_notes": filled(writing_notes, who, source, thread_id),
    }


def keep(who: Viewer, place: str, *, source: str, title: str = "") -> None:
    """Keep a draft on the way; a text that is too long to keep comes back in the box all the same."""
    try:
        actions.save_draft(who, place, source=source, title=title)
    except Invalid:
        return
