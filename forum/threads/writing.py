"""Putting words on the page: what one may say, how it is rendered, and what is written beside a post in its transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forum import events, search
from forum.access import Viewer, may_read_place, visibility
from forum.members.models import GroupMember, Member
from forum.text import RENDERER, SafeHtml, _, mentions_in, name_key, tidy, to_html, to_plain
from forum.threads.models import Category, Draft, Mention, Post, Thread
from forum.threads.posts import queries
from forum.threads.posts.quotes import quoted_in, without_quotes
from forum.threads.voices.queries import called_here

LONGEST_POST = 100_000
LONGEST_TITLE = 150

# ---- before the transaction ------------------------------------------------------------------------------------------


def kept(source: str, *, seen_from: int | None = None) -> str:
    """Return what somebody typed as it is kept: tidy, and without words it quotes that were taken back meanwhile."""
    source = tidy(source)
    gone = queries.gone_among(quoted_in(source), seen_from=seen_from)
    return without_quotes(source, gone)


@dataclass(frozen=True, slots=True)
class Words:
    """A text in its three forms, made before the transaction begins."""

    source: str
    html: SafeHtml
    plain: str
    mentioned: Sequence[int]


def why_not_post(viewer: Viewer) -> object:
    """Return the sentence for somebody who may not post now; "" when nothing stands in their way."""
    if not viewer.is_member:
        return _("Please sign in to join the conversation.")
    if viewer.is_suspended:
        return _("Your place here is paused for now, so you can read but not post. You can ask us to look again.")
    if not viewer.is_confirmed:
        return _("Confirm your e-mail address first: open the link we sent you. Then you can post.")
    return ""


def trouble_with(source: str) -> object:
    """Return the sentence that says why nobody can post *source*, or ""."""
    if not source.strip():
        return _("Write something first. A few words are enough.")
    if len(source) > LONGEST_POST:
        return _(
            "That is longer than one post can hold. Your words are still in the box. Please split them into two or "
            "more posts of up to %(most)s characters.",
            most=f"{LONGEST_POST:,}",
        )
    return ""


def words_for(
    source: str,
    audience: str,
    category_group_id: int | None,
    group_id: int | None,
    *,
    thread_id: int | None = None,
    called: Mapping[str, tuple[int, str]] | None = None,
) -> Words:
    """Render *source* for readers of a place. Slow, so never inside a transaction.

    In the thread *thread_id* people can be called by the names they have for it only; *called* adds to those, as
    `voices.called_here` gives them."""
    named = _named(source, audience, category_group_id, group_id)
    if thread_id is not None:
        named |= called_here(thread_id, mentions_in(source)) | dict(called or {})
    html = to_html(source, mentions={typed: name for typed, (_id, name) in named.items()})
    return Words(source, html, to_plain(html), sorted({id for id, _name in named.values()}))


def _named(
    source: str, audience: str, category_group_id: int | None, group_id: int | None
) -> dict[str, tuple[int, str]]:
    """Return whom *source* calls by name: as typed -> (id, name), those only who may read the place."""
    typed = {name: name_key(name) for name in mentions_in(source)}
    if not typed:
        return {}
    people = list(
        Member.select(Member.id, Member.name, Member.name_key, Member.role)
        .where(Member.name_key.in_(set(typed.values())), Member.left_at.is_null(), Member.has_come())
        .tuples()
    )
    circles: dict[int, set[int]] = {}
    places = GroupMember.select(GroupMember.member, GroupMember.group).where(
        GroupMember.member.in_([row[0] for row in people])
    )
    for member_id, circle in places.tuples():
        circles.setdefault(member_id, set()).add(circle)
    by_key = {
        key: (id, name)
        for id, name, key, role in people
        if may_read_place(
            Viewer(id=id, role=role, group_ids=frozenset(circles.get(id, ()))), audience, category_group_id, group_id
        )
    }
    return {name: by_key[key] for name, key in typed.items() if key in by_key}


# ---- inside it -------------------------------------------------------------------------------------------------------


def say(post_id: int, words: Words, *, revision: int) -> None:
    """Write down what a post says now."""
    Post.update(source=words.source, html=words.html, plain=words.plain, renderer=RENDERER, revision=revision).where(
        Post.id == post_id
    ).execute()


def mention(post: Post, member_ids: Sequence[int], *, by: Viewer) -> None:
    """Write down whom a post calls by name, but for whoever wrote it."""
    rows = [{"post": post.id, "member": member_id} for member_id in member_ids if member_id != by.id]
    if rows:
        Mention.insert_many(rows).on_conflict_ignore().execute()


def put_in_search(thread: Thread, post: Post) -> None:
    """Make a post findable by those who may read its thread."""
    search.put(
        "post",
        post.id,
        visibility=visibility_of(thread),
        title=thread.title,
        body=post.plain,
        at=post.said_at,
        thread_id=thread.id,
    )


# A visibility that no reader has.
NOBODY_FINDS = "nobody"


def visibility_of(thread: Thread) -> str:
    """Return who finds what is said in *thread*, as search understands it."""
    if thread.hidden_at is not None:
        return NOBODY_FINDS
    place = Category.select(Category.audience, Category.group).where(Category.id == thread.category_id)
    audience, circle = place.tuples().get()
    return visibility(audience, circle, thread.group_id)


def count_posts(thread: Thread) -> None:
    """Derive the stored count again: what can be read, without the house's own lines."""
    readable = Post.select().where(
        Post.thread == thread.id, Post.withdrawn_at.is_null(), Post.hidden_at.is_null(), ~Post.is_event
    )
    Thread.update(post_count=readable.count()).where(Thread.id == thread.id).execute()


def record_change(kind: str, viewer: Viewer, post: Post) -> None:
    """Write down that something was done to a post: open pages of its thread show it anew."""
    events.record(
        kind, subject=post, actor=viewer, channel=f"thread:{post.thread_id}", thread=post.thread_id, number=post.number
    )


def forget_draft(viewer: Viewer, place: str) -> None:
    """Take away what *viewer* had begun to write at *place*."""
    Draft.delete().where(Draft.member == viewer.id, Draft.place == place).execute()


def post_with(viewer: Viewer, nonce: str) -> Post | None:
    """Return the post that *viewer* made by the form with this *nonce*, or None."""
    return Post.get_or_none(Post.author == viewer.id, Post.nonce == nonce)
