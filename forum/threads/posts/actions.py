"""What people do with one post: say it differently, take it back, hide it, give it a kind word."""

from forum import audit, events, search
from forum.access import (
    HOUSE,
    Viewer,
    may_edit_post,
    may_moderate,
    may_react,
    may_withdraw_post,
    require,
)
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.text import _
from forum.threads.models import REACTIONS, Mention, Post, PostRevision, Reaction, Thread
from forum.threads.posts import queries
from forum.threads.posts.quotes import quoted_in, without_quotes
from forum.threads.sight import ThreadView
from forum.threads.voices.queries import with_shown_names
from forum.threads.writing import (
    Words,
    count_posts,
    forget_draft,
    kept,
    mention,
    put_in_search,
    record_change,
    say,
    trouble_with,
    why_not_post,
    words_for,
)

# ---- saying it differently, taking it back ---------------------------------------------------------------------------


def edit_post(viewer: Viewer, post_id: int, *, source: str, revision: int) -> Post:
    """Change what a post says. *revision* is the one that the writer began from.

    Raises Conflict with details ``theirs`` (what it says now), ``yours`` and ``revision`` (to save over it) when
    somebody changed it meanwhile; NotFound, NotAllowed; Invalid as for `reply`.
    """
    seen = queries.post(viewer, post_id)
    require(may_edit_post(viewer, seen), why_not_edit(viewer, seen))
    source = with_shown_names(viewer, kept(source, seen_from=seen.thread.id))
    if trouble := trouble_with(source):
        raise Invalid(errors={"source": trouble})
    words = _words_in(seen.thread, source)
    with transaction():
        thread = Thread.locked(seen.thread.id)
        post = Post.locked(post_id)
        require(post.withdrawn_at is None and post.hidden_at is None, _("This post has been taken down meanwhile."))
        if post.source == source:
            forget_draft(viewer, f"post:{post_id}")
            return post
        if post.revision != revision:
            raise Conflict(
                _(
                    "This post was changed while you were writing. Both versions are below. "
                    "Choose one, or put them together."
                ),
                theirs=post.source,
                yours=source,
                revision=post.revision,
            )
        moment = now()
        PostRevision.create(
            post=post_id, revision=post.revision, source=post.source, editor=viewer.id, replaced_at=moment
        )
        say(post_id, words, revision=revision + 1)
        Post.update(edited_at=moment).where(Post.id == post_id).execute()
        post = Post.fetch(post_id)
        Mention.delete().where(Mention.post == post_id, Mention.member.not_in(list(words.mentioned) or [0])).execute()
        mention(post, words.mentioned, by=viewer)
        put_in_search(thread, post)
        forget_draft(viewer, f"post:{post_id}")
        record_change("post.edited", viewer, post)
    return post


def _words_in(place: ThreadView, source: str) -> Words:
    return words_for(source, place.audience, place.category_group_id, place.group_id, thread_id=place.id)


def why_not_edit(viewer: Viewer, post: queries.PostView) -> object:
    """Return the sentence for somebody who may not change *post* now; "" when nothing stands in their way."""
    if viewer.id != post.author_id:
        return _("Only whoever wrote a post can change it.")
    if post.is_withdrawn or post.is_hidden:
        return _("This post has been taken down, so it can't be changed.")
    return why_not_post(viewer)


def withdraw_post(viewer: Viewer, post_id: int) -> None:
    """Take one's own words back. A line says that something stood there. Twice is fine. Raises NotFound, NotAllowed."""
    seen = queries.post(viewer, post_id)
    if seen.is_withdrawn and seen.author_id == viewer.id:
        return
    require(may_withdraw_post(viewer, seen), _("Only whoever wrote a post can take it back."))
    with transaction():
        thread = Thread.locked(seen.thread.id)
        post = Post.locked(post_id)
        if post.withdrawn_at is not None:
            return
        Post.update(withdrawn_at=now()).where(Post.id == post_id).execute()
        search.remove("post", post_id)
        count_posts(thread)
        forget_draft(viewer, f"post:{post_id}")
        record_change("post.withdrawn", viewer, post)


def take_back_quotes(post_id: int) -> bool:
    """Take words out of what a post quotes, now and in earlier versions, that can't be read where they were said.

    Say whether there were any."""
    post = Post.get_or_none(Post.id == post_id)
    if post is None:
        return False
    earlier = {row.id: row.source for row in PostRevision.select().where(PostRevision.post == post_id)}
    quoted = {address for source in (post.source, *earlier.values()) for address in quoted_in(source)}
    gone = queries.gone_among(quoted, seen_from=post.thread_id)
    source = without_quotes(post.source, gone)
    shorter = {id: without_quotes(before, gone) for id, before in earlier.items()}
    if (source, shorter) == (post.source, earlier):
        return False
    words = _words_in(queries.post(HOUSE, post_id).thread, source)
    with transaction():
        thread = Thread.locked(post.thread_id)
        if Post.locked(post_id).revision != post.revision:
            raise Conflict
        for id, before in shorter.items():
            PostRevision.update(source=before).where(PostRevision.id == id).execute()
        if source == post.source:
            return True
        say(post_id, words, revision=post.revision + 1)
        post = Post.fetch(post_id)
        if post.withdrawn_at is None and post.hidden_at is None:
            put_in_search(thread, post)
        record_change("post.edited", HOUSE, post)
    return True


# ---- keeping it kind -------------------------------------------------------------------------------------------------


def hide_post(viewer: Viewer, post_id: int, reason: str) -> None:
    """Hide a post from all but moderators, for *reason*. Twice is fine. Raises NotFound, NotAllowed."""
    require(may_moderate(viewer), _("Only a moderator can hide a post."))
    seen = queries.post(viewer, post_id)
    with transaction():
        thread = Thread.locked(seen.thread.id)
        post = Post.locked(post_id)
        if post.hidden_at is not None:
            return
        Post.update(hidden_at=now(), hidden_by=viewer.id).where(Post.id == post_id).execute()
        search.remove("post", post_id)
        count_posts(thread)
        audit.note(viewer, "post.hidden", subject=post, reason=reason)
        record_change("post.hidden", viewer, post)


def show_post(viewer: Viewer, post_id: int, reason: str) -> None:
    """Show a hidden post again, for *reason*. Twice is fine. Raises NotFound, NotAllowed."""
    require(may_moderate(viewer), _("Only a moderator can show a post again."))
    seen = queries.post(viewer, post_id)
    with transaction():
        thread = Thread.locked(seen.thread.id)
        post = Post.locked(post_id)
        if post.hidden_at is None:
            return
        Post.update(hidden_at=None, hidden_by=None).where(Post.id == post_id).execute()
        if post.withdrawn_at is None:
            put_in_search(thread, post)
        count_posts(thread)
        audit.note(viewer, "post.shown", subject=post, reason=reason)
        record_change("post.shown", viewer, post)


# ---- a kind word -----------------------------------------------------------------------------------------------------


def react(viewer: Viewer, post_id: int, kind: str) -> None:
    """Give somebody's post a word of support, one of REACTIONS. Twice is fine. Raises NotFound, NotAllowed, Invalid."""
    require(may_react(viewer), why_not_post(viewer))
    seen = queries.post(viewer, post_id)
    if kind not in REACTIONS:
        raise Invalid(_("Choose one of the words under the post."))
    require(seen.html is not None, _("This post has been taken down."))
    require(seen.author_id != viewer.id, _("That's your own post. Leave this one to others."))
    with transaction():
        Post.locked(post_id)
        same = Reaction.select().where(Reaction.post == post_id, Reaction.member == viewer.id, Reaction.kind == kind)
        if same.exists():
            return
        Reaction.create(post=post_id, member=viewer.id, kind=kind, at=now())
        events.record(
            "post.reacted",
            subject=("post", post_id),
            actor=viewer,
            thread=seen.thread.id,
            number=seen.number,
            reaction=kind,
        )


def unreact(viewer: Viewer, post_id: int, kind: str) -> None:
    """Take a word of support back. Twice is fine. Raises NotFound, NotAllowed."""
    require(viewer.is_member, why_not_post(viewer))
    queries.post(viewer, post_id)
    with transaction():
        Reaction.delete().where(Reaction.post == post_id, Reaction.member == viewer.id, Reaction.kind == kind).execute()
