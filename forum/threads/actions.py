"""What people do in conversations. One deed per function, one transaction, its event last."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from peewee import EXCLUDED, IntegrityError

from forum import audit, events, search
from forum.access import (
    HOUSE,
    Viewer,
    may_edit_post,
    may_moderate,
    may_post,
    may_react,
    may_read_place,
    may_reply,
    may_start_thread,
    may_withdraw_post,
    require,
    require_sight,
    visibility,
)
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotFound
from forum.members.models import GroupMember, Member
from forum.text import (
    RENDERER,
    SafeHtml,
    _,
    clean_line,
    mentions_in,
    name_key,
    slugify,
    tidy,
    to_html,
    to_plain,
)
from forum.threads import queries
from forum.threads.models import (
    ASKS,
    REACTIONS,
    Category,
    Draft,
    Follow,
    Mention,
    Post,
    PostRevision,
    Reaction,
    ReadingMark,
    Thread,
)
from forum.threads.quotes import quoted_in, without_quotes

LONGEST_POST = 100_000
LONGEST_TITLE = 150
LONGEST_DRAFT = 200_000
MOST_DRAFTS = 200
_PLACE = re.compile(r"new|(?:thread|post):[1-9]\d{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Words:
    """A text in its three forms, made before the transaction begins."""

    source: str
    html: SafeHtml
    plain: str
    mentioned: Sequence[int]


# ---- saying something ----------------------------------------------------------------------------------------------


def start_thread(
    viewer: Viewer,
    category_id: int,
    *,
    title: str,
    source: str,
    ask: str = "",
    nonce: str,
    group_id: int | None = None,
) -> Thread:
    """Open a thread with its first post and return it. *ask* is one of ASKS; *source* Markdown; *group_id* a circle.

    The same *nonce* from the same author returns the first thread again. Raises NotFound for a category out of sight,
    NotAllowed, and Invalid with sentences for ``title``, ``source``, ``ask`` or ``category``.
    """
    require(may_post(viewer), why_not_post(viewer))
    category = Category.get_or_none(Category.id == category_id)
    if category is None:
        raise NotFound
    require_sight(may_read_place(viewer, category.audience, category.group_id, group_id))
    require(may_start_thread(viewer, category.audience, category.group_id))
    errors: dict[str, object] = {}
    title = clean_line(title, LONGEST_TITLE)
    if not title:
        errors["title"] = _("Give your thread a title, so that people see what it is about.")
    source = tidy(source)
    if trouble := _trouble_with(source):
        errors["source"] = trouble
    if ask not in ASKS:
        errors["ask"] = _("Choose one of the answers.")
    if errors:
        raise Invalid(errors=errors)
    if (twin := _thread_with(viewer, nonce)) is not None:
        if _first_words(twin) == source:
            return twin
        nonce = _other_nonce(nonce, source)
        if (twin := _thread_with(viewer, nonce)) is not None:
            return twin
    words = _words(source, category.audience, category.group_id, group_id)
    try:
        return _open_thread(viewer, category, title=title, words=words, ask=ask, nonce=nonce, group_id=group_id)
    except IntegrityError:
        # The impatient thumb was faster than the first answer.
        if (twin := _thread_with(viewer, nonce)) is not None:
            return twin
        raise


def _open_thread(
    viewer: Viewer, category: Category, *, title: str, words: _Words, ask: str, nonce: str, group_id: int | None
) -> Thread:
    with transaction():
        moment = now()
        thread = Thread.create(
            category=category.id,
            group=group_id,
            author=viewer.id,
            title=title,
            slug=slugify(title),
            ask=ask,
            started_at=moment,
            last_post_at=moment,
            nonce=nonce,
        )
        post = _add_post(viewer, thread, words, moment=moment, nonce=nonce)
        _drop_draft(viewer, "new")
        events.record("thread.started", subject=thread, actor=viewer, post=post.id)
        _publish(viewer, thread, post)
    return Thread.fetch(thread.id)


def reply(
    viewer: Viewer,
    thread_id: int,
    *,
    source: str,
    nonce: str,
    reply_to: int | None = None,
    via: str = "web",
) -> Post:
    """Say something in a thread and return the post. *reply_to* is the id of a post in the same thread, if any.

    The same *nonce* from the same author returns the first post again. Raises NotFound for a thread out of sight,
    NotAllowed for who may not post or where the thread is closed, Invalid for an empty or an overlong text.
    """
    seen = queries.thread(viewer, thread_id)
    require(may_reply(viewer, seen, is_closed=seen.is_closed), why_not_reply(viewer, seen))
    source = tidy(source)
    if trouble := _trouble_with(source):
        raise Invalid(errors={"source": trouble})
    if (twin := _post_with(viewer, nonce)) is not None:
        if twin.source == source or twin.revision > 1:
            return twin
        nonce = _other_nonce(nonce, source)
    words = _words(source, seen.audience, seen.category_group_id, seen.group_id)
    with transaction():
        thread = Thread.locked(thread_id)
        if (twin := _post_with(viewer, nonce)) is not None:
            return twin
        require_sight(thread.hidden_at is None or viewer.is_moderator)
        require(thread.closed_at is None or viewer.is_moderator, _CLOSED)
        if reply_to is not None and not Post.select().where(Post.id == reply_to, Post.thread == thread_id).exists():
            reply_to = None
        post = _add_post(viewer, thread, words, moment=now(), nonce=nonce, reply_to=reply_to, via=via)
        _drop_draft(viewer, f"thread:{thread_id}")
        _publish(viewer, thread, post)
    return post


def why_not_post(viewer: Viewer) -> object:
    """Return the sentence for somebody who may not post now; "" when nothing stands in their way."""
    if not viewer.is_member:
        return _("Please sign in to join the conversation.")
    if viewer.is_suspended:
        return _("Your place here is paused for now, so you can read but not post. You can ask us to look again.")
    if not viewer.is_confirmed:
        return _("Confirm your e-mail address first: open the link we sent you. Then you can post.")
    return ""


_CLOSED = _("This thread is closed. You can start a new one.")


def why_not_reply(viewer: Viewer, thread: queries.ThreadView) -> object:
    """Return the sentence for somebody who may not reply in *thread* now; "" when nothing stands in their way."""
    if thread.is_closed and not viewer.is_moderator:
        return _CLOSED
    return why_not_post(viewer)


def _trouble_with(source: str) -> object:
    if not source.strip():
        return _("Write something first. A few words are enough.")
    if len(source) > LONGEST_POST:
        return _(
            "That is longer than one post can hold. Your words are still in the box. Please split them into two or "
            "more posts of up to %(most)s characters.",
            most=f"{LONGEST_POST:,}",
        )
    return ""


def _thread_with(viewer: Viewer, nonce: str) -> Thread | None:
    return Thread.get_or_none(Thread.author == viewer.id, Thread.nonce == nonce)


def _post_with(viewer: Viewer, nonce: str) -> Post | None:
    return Post.get_or_none(Post.author == viewer.id, Post.nonce == nonce)


def _first_words(thread: Thread) -> str | None:
    return Post.select(Post.source).where(Post.thread == thread.id, Post.number == 1).scalar()


def _other_nonce(nonce: str, source: str) -> str:
    """A form that came back by the back button and was written anew says something new: it must not be swallowed."""
    import hashlib

    return f"{nonce}.{hashlib.sha256(source.encode()).hexdigest()[:16]}"


def _words(source: str, audience: str, category_group_id: int | None, group_id: int | None) -> _Words:
    """Render *source* for readers of a place. Slow, so never inside a transaction."""
    named = _named(source, audience, category_group_id, group_id)
    html = to_html(source, mentions={typed: name for typed, (_id, name) in named.items()})
    return _Words(source, html, to_plain(html), sorted({id for id, _name in named.values()}))


def _named(
    source: str, audience: str, category_group_id: int | None, group_id: int | None
) -> dict[str, tuple[int, str]]:
    """Return whom *source* calls by name: as typed -> (id, name), those only who may read the place."""
    typed = {name: name_key(name) for name in mentions_in(source)}
    if not typed:
        return {}
    people = list(
        Member.select(Member.id, Member.name, Member.name_key, Member.role)
        .where(Member.name_key.in_(set(typed.values())), Member.left_at.is_null())
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


def _add_post(
    viewer: Viewer,
    thread: Thread,
    words: _Words,
    *,
    moment: datetime,
    nonce: str,
    reply_to: int | None = None,
    via: str = "web",
) -> Post:
    """Write the next post of *thread*, which is new or locked, and what stands beside it."""
    number = thread.last_number + 1
    post = Post.create(
        thread=thread.id,
        number=number,
        author=viewer.id,
        reply_to=reply_to,
        source=words.source,
        html=words.html,
        plain=words.plain,
        renderer=RENDERER,
        said_at=moment,
        via=via,
        nonce=nonce,
    )
    Thread.update(
        last_number=number, post_count=Thread.post_count + 1, last_post_at=moment, last_author=viewer.id
    ).where(Thread.id == thread.id).execute()
    _mention(post, words.mentioned, by=viewer)
    Follow.insert(member=viewer.id, thread=thread.id, since=moment).on_conflict_ignore().execute()
    _has_read_own(viewer, thread.id, number, moment)
    _put_in_search(thread, post)
    return post


def _publish(viewer: Viewer, thread: Thread, post: Post) -> None:
    events.record(
        "post.published",
        subject=post,
        actor=viewer,
        channel=f"thread:{thread.id}",
        thread=thread.id,
        number=post.number,
        reply_to=post.reply_to_id,
    )


def _mention(post: Post, member_ids: Sequence[int], *, by: Viewer) -> None:
    rows = [{"post": post.id, "member": member_id} for member_id in member_ids if member_id != by.id]
    if rows:
        Mention.insert_many(rows).on_conflict_ignore().execute()


def _has_read_own(viewer: Viewer, thread_id: int, number: int, moment: datetime) -> None:
    """Nobody's own post is new to them, unless there is more they have not read before it."""
    if number == 1:
        ReadingMark.insert(member=viewer.id, thread=thread_id, number=1, at=moment).on_conflict_ignore().execute()
    else:
        ReadingMark.update(number=number, at=moment).where(
            ReadingMark.member == viewer.id, ReadingMark.thread == thread_id, ReadingMark.number == number - 1
        ).execute()


def _put_in_search(thread: Thread, post: Post) -> None:
    search.put(
        "post",
        post.id,
        visibility=_visibility(thread),
        title=thread.title,
        body=post.plain,
        at=post.said_at,
        thread_id=thread.id,
    )


_NOBODY = "nobody"


def _visibility(thread: Thread) -> str:
    if thread.hidden_at is not None:
        return _NOBODY
    place = Category.select(Category.audience, Category.group).where(Category.id == thread.category_id)
    audience, circle = place.tuples().get()
    return visibility(audience, circle, thread.group_id)


# ---- saying it differently, taking it back -------------------------------------------------------------------------


def edit_post(viewer: Viewer, post_id: int, *, source: str, revision: int) -> Post:
    """Change what a post says. *revision* is the one that the writer began from.

    Raises Conflict with details ``theirs`` (what it says now), ``yours`` and ``revision`` (to save over it) when
    somebody changed it meanwhile; NotFound, NotAllowed; Invalid as for `reply`.
    """
    seen = queries.post(viewer, post_id)
    require(may_edit_post(viewer, seen), why_not_edit(viewer, seen))
    source = tidy(source)
    if trouble := _trouble_with(source):
        raise Invalid(errors={"source": trouble})
    words = _words(source, seen.thread.audience, seen.thread.category_group_id, seen.thread.group_id)
    with transaction():
        thread = Thread.locked(seen.thread.id)
        post = Post.locked(post_id)
        require(post.withdrawn_at is None and post.hidden_at is None, _("This post has been taken down meanwhile."))
        if post.source == source:
            _drop_draft(viewer, f"post:{post_id}")
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
        _say(post_id, words, revision=revision + 1)
        Post.update(edited_at=moment).where(Post.id == post_id).execute()
        post = Post.fetch(post_id)
        Mention.delete().where(Mention.post == post_id, Mention.member.not_in(list(words.mentioned) or [0])).execute()
        _mention(post, words.mentioned, by=viewer)
        _put_in_search(thread, post)
        _drop_draft(viewer, f"post:{post_id}")
        _record_change("post.edited", viewer, post)
    return post


def _say(post_id: int, words: _Words, *, revision: int) -> None:
    Post.update(source=words.source, html=words.html, plain=words.plain, renderer=RENDERER, revision=revision).where(
        Post.id == post_id
    ).execute()


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
        _count_posts(thread)
        _drop_draft(viewer, f"post:{post_id}")
        _record_change("post.withdrawn", viewer, post)


def _record_change(kind: str, viewer: Viewer, post: Post) -> None:
    events.record(
        kind, subject=post, actor=viewer, channel=f"thread:{post.thread_id}", thread=post.thread_id, number=post.number
    )


def _count_posts(thread: Thread) -> None:
    """Derive the stored count again: what can be read, without the house's own lines."""
    readable = Post.select().where(
        Post.thread == thread.id, Post.withdrawn_at.is_null(), Post.hidden_at.is_null(), ~Post.is_event
    )
    Thread.update(post_count=readable.count()).where(Thread.id == thread.id).execute()


# ---- keeping it kind -----------------------------------------------------------------------------------------------


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
        _count_posts(thread)
        audit.note(viewer, "post.hidden", subject=post, reason=reason)
        _record_change("post.hidden", viewer, post)


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
            _put_in_search(thread, post)
        _count_posts(thread)
        audit.note(viewer, "post.shown", subject=post, reason=reason)
        _record_change("post.shown", viewer, post)


def hide_thread(viewer: Viewer, thread_id: int, reason: str) -> None:
    """Take a whole thread out of everybody's sight but moderators'. Twice is fine. Raises NotFound, NotAllowed."""
    _set_thread_hidden(viewer, thread_id, reason, hidden=True)


def show_thread(viewer: Viewer, thread_id: int, reason: str) -> None:
    """Bring a hidden thread back. Twice is fine. Raises NotFound, NotAllowed."""
    _set_thread_hidden(viewer, thread_id, reason, hidden=False)


def _set_thread_hidden(viewer: Viewer, thread_id: int, reason: str, *, hidden: bool) -> None:
    require(may_moderate(viewer), _("Only a moderator can hide a thread."))
    queries.thread(viewer, thread_id)
    with transaction():
        thread = Thread.locked(thread_id)
        if (thread.hidden_at is not None) == hidden:
            return
        Thread.update(hidden_at=now() if hidden else None, hidden_by=viewer.id if hidden else None).where(
            Thread.id == thread_id
        ).execute()
        search.set_thread_visibility(thread_id, _visibility(Thread.fetch(thread_id)))
        kind = "thread.hidden" if hidden else "thread.shown"
        audit.note(viewer, kind, subject=thread, reason=reason)
        events.record(kind, subject=thread, actor=viewer, channel=f"thread:{thread_id}")


def close_thread(viewer: Viewer, thread_id: int, reason: str = "") -> None:
    """End a conversation: it stays to be read. Twice is fine. Raises NotFound, NotAllowed."""
    _set_closed(viewer, thread_id, reason, closed=True)


def open_thread(viewer: Viewer, thread_id: int, reason: str = "") -> None:
    """Let a closed conversation go on. Twice is fine. Raises NotFound, NotAllowed."""
    _set_closed(viewer, thread_id, reason, closed=False)


def _set_closed(viewer: Viewer, thread_id: int, reason: str, *, closed: bool) -> None:
    require(may_moderate(viewer), _("Only a moderator can close or open a thread."))
    queries.thread(viewer, thread_id)
    with transaction():
        thread = Thread.locked(thread_id)
        if (thread.closed_at is not None) == closed:
            return
        Thread.update(closed_at=now() if closed else None, closed_by=viewer.id if closed else None).where(
            Thread.id == thread_id
        ).execute()
        kind = "thread.closed" if closed else "thread.opened"
        audit.note(viewer, kind, subject=thread, reason=reason)
        events.record(kind, subject=thread, actor=viewer, channel=f"thread:{thread_id}")


def open_door(thread_id: int) -> None:
    """Let people post in a thread whose time has come. Twice is fine. For rooms above that keep hours."""
    _set_door(thread_id, closed_by=None)


def shut_door(thread_id: int, *, by: Viewer) -> None:
    """Keep a thread for reading until its time comes, or when it is over. Twice is fine. For rooms above that keep hours."""
    _set_door(thread_id, closed_by=by.id)


def _set_door(thread_id: int, *, closed_by: int | None) -> None:
    with transaction():
        thread = Thread.locked(thread_id)
        if (thread.closed_at is not None) == (closed_by is not None):
            return
        Thread.update(closed_at=now() if closed_by else None, closed_by=closed_by).where(
            Thread.id == thread_id
        ).execute()
        kind = "thread.closed" if closed_by else "thread.opened"
        events.record(kind, subject=thread, channel=f"thread:{thread_id}")


# ---- a word of support ---------------------------------------------------------------------------------------------


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


# ---- what members keep for themselves ------------------------------------------------------------------------------


def save_draft(
    viewer: Viewer, place: str, *, title: str = "", source: str = "", version: int | None = None, nonce: str = ""
) -> int:
    """Keep what *viewer* is writing at *place* (``thread:12``, ``new``, ``post:7``) and return the draft's version.

    Without words the draft goes and 0 comes back. *version* is the one that the writer began from, 0 for none: when
    another device saved since, Conflict is raised with ``source``, ``title`` and ``version`` of what is there.
    None saves whatever is there. With the *nonce* of a form that was posted meanwhile nothing is kept, because a save
    may arrive after the words themselves. Raises Invalid for an unknown place and an overlong text, NotAllowed.
    """
    require(viewer.is_member, _("Please sign in first."))
    if _PLACE.fullmatch(place) is None:
        raise Invalid(_("We don't know what this draft is for."))
    title, source = clean_line(title, LONGEST_TITLE), tidy(source)
    if len(source) > LONGEST_DRAFT:
        raise Invalid(_("This is too long for us to keep. Please keep a copy yourself."))
    with transaction():
        # The member's row stands in for a draft that may not be there yet.
        Member.locked(viewer.id or 0)
        if nonce and is_posted(viewer, nonce):
            return 0
        kept = Draft.get_or_none(Draft.member == viewer.id, Draft.place == place)
        if version is not None and kept is not None and kept.version != version and kept.source != source:
            raise Conflict(
                _("You also wrote something here on another device."),
                source=kept.source,
                title=kept.title,
                version=kept.version,
            )
        if not source.strip() and not title:
            _drop_draft(viewer, place)
            return 0
        moment = now()
        if kept is None:
            if Draft.select().where(Draft.member == viewer.id).count() >= MOST_DRAFTS:
                raise Invalid(_("You have many drafts already. Finish or throw away one of them first."))
            kept = Draft.create(member=viewer.id, place=place, title=title, source=source, saved_at=moment)
        elif (kept.source, kept.title) != (source, title):
            kept.version += 1
            Draft.update(title=title, source=source, version=kept.version, saved_at=moment).where(
                Draft.id == kept.id
            ).execute()
    return kept.version


def is_posted(viewer: Viewer, nonce: str) -> bool:
    """Say whether the form with this *nonce* became a post of *viewer*."""
    return viewer.is_member and bool(nonce) and _post_with(viewer, nonce) is not None


def drop_draft(viewer: Viewer, place: str) -> None:
    """Throw a draft away. Twice is fine."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        _drop_draft(viewer, place)


def _drop_draft(viewer: Viewer, place: str) -> None:
    Draft.delete().where(Draft.member == viewer.id, Draft.place == place).execute()


def follow(viewer: Viewer, thread_id: int) -> None:
    """Hear about new posts in a thread. Twice is fine. Raises NotFound, NotAllowed."""
    _set_follow(viewer, thread_id, muted_at=None)


def unfollow(viewer: Viewer, thread_id: int) -> None:
    """Hear no more of a thread, not even of replies, until following it again. Twice is fine."""
    _set_follow(viewer, thread_id, muted_at=now())


def _set_follow(viewer: Viewer, thread_id: int, *, muted_at: datetime | None) -> None:
    require(viewer.is_member, _("Please sign in to follow a thread."))
    queries.thread(viewer, thread_id)
    with transaction():
        Follow.insert(member=viewer.id, thread=thread_id, since=now(), muted_at=muted_at).on_conflict(
            conflict_target=[Follow.thread, Follow.member], update={Follow.muted_at: muted_at}
        ).execute()


def mark_read(viewer: Viewer, thread_id: int, number: int) -> None:
    """Remember that *viewer* has read a thread up to post *number*; it never moves back. NotFound, NotAllowed."""
    require(viewer.is_member, _("Please sign in first."))
    seen = queries.thread(viewer, thread_id)
    number = min(number, seen.last_number)
    if number <= seen.mark:
        return
    with transaction():
        ReadingMark.insert(member=viewer.id, thread=thread_id, number=number, at=now()).on_conflict(
            conflict_target=[ReadingMark.member, ReadingMark.thread],
            update={ReadingMark.number: EXCLUDED.number, ReadingMark.at: EXCLUDED.at},
            where=(EXCLUDED.number > ReadingMark.number),
        ).execute()


# ---- leaving -------------------------------------------------------------------------------------------------------


def forget_member(member_id: int) -> None:
    """Take a member's words out of every conversation. Called inside the erasing transaction; numbers and lines stay.

    Where others quoted them is dealt with afterwards, by `jobs.take_back_quotes`.
    """
    gone = to_html("")
    moment = now()
    own = Post.select(Post.id).where(Post.author == member_id)
    search.SearchEntry.delete().where(search.SearchEntry.kind == "post", search.SearchEntry.ref.in_(own)).execute()
    PostRevision.delete().where(PostRevision.post.in_(own)).execute()
    touched = [
        thread_id for (thread_id,) in Post.select(Post.thread).where(Post.author == member_id).distinct().tuples()
    ]
    Mention.delete().where((Mention.member == member_id) | Mention.post.in_(own)).execute()
    Post.update(source="", html=gone, plain="", nonce=None).where(Post.author == member_id).execute()
    Post.update(withdrawn_at=moment).where(Post.author == member_id, Post.withdrawn_at.is_null()).execute()
    title = str(_("A thread whose writer has left"))
    started = [row[0] for row in Thread.select(Thread.id).where(Thread.author == member_id).tuples()]
    Thread.update(title=title, slug=slugify(title), nonce=None).where(Thread.author == member_id).execute()
    for ids in _batches(started):
        search.SearchEntry.update(title=title).where(search.SearchEntry.thread_id.in_(ids)).execute()
    for thread_id in touched:
        _count_posts(Thread(id=thread_id))
    for model in (Draft, Reaction, Follow, ReadingMark):
        model.delete().where(model.member == member_id).execute()


def _batches(ids: list[int], size: int = 500) -> list[list[int]]:
    return [ids[at : at + size] for at in range(0, len(ids), size)]


def take_back_quotes(post_id: int, *, of: int) -> bool:
    """Take the words of member *of*, who left, out of what somebody else's post quotes. Say whether there were any."""
    post = Post.get_or_none(Post.id == post_id)
    if post is None or post.author_id == of:
        return False
    theirs = queries.numbers_of(of, {thread for thread, _number in quoted_in(post.source)})
    source = without_quotes(post.source, theirs)
    if source == post.source:
        return False
    seen = queries.post(HOUSE, post_id).thread
    words = _words(source, seen.audience, seen.category_group_id, seen.group_id)
    with transaction():
        thread = Thread.locked(post.thread_id)
        if Post.locked(post_id).revision != post.revision:
            raise Conflict
        _say(post_id, words, revision=post.revision + 1)
        for before in PostRevision.select().where(PostRevision.post == post_id):
            PostRevision.update(source=without_quotes(before.source, theirs)).where(
                PostRevision.id == before.id
            ).execute()
        post = Post.fetch(post_id)
        if post.withdrawn_at is None and post.hidden_at is None:
            _put_in_search(thread, post)
        _record_change("post.edited", HOUSE, post)
    return True
