"""What people do in conversations. One deed per function, one transaction, its event last.

What is done to one post is in `posts`, words not posted yet are in `drafts`; both may be called from here.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

from peewee import EXCLUDED, IntegrityError

from forum import audit, events, search
from forum.access import (
    Viewer,
    may_moderate,
    may_post,
    may_read_place,
    may_reply,
    may_start_thread,
    require,
    require_sight,
)
from forum.clock import now
from forum.database import transaction
from forum.errors import Invalid, NotFound
from forum.text import RENDERER, _, clean_line, slugify, tidy, to_html
from forum.threads import queries
from forum.threads.drafts.actions import drop_draft, save_draft
from forum.threads.models import (
    ASKS,
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
from forum.threads.posts.actions import edit_post, hide_post, react, show_post, take_back_quotes, unreact, withdraw_post
from forum.threads.writing import (
    LONGEST_POST,
    LONGEST_TITLE,
    Words,
    count_posts,
    forget_draft,
    mention,
    post_with,
    put_in_search,
    trouble_with,
    visibility_of,
    why_not_post,
    words_for,
)

__all__ = [
    "LONGEST_POST",
    "LONGEST_TITLE",
    "close_thread",
    "drop_draft",
    "edit_post",
    "follow",
    "forget_member",
    "hide_post",
    "hide_thread",
    "mark_read",
    "open_door",
    "open_thread",
    "react",
    "reply",
    "save_draft",
    "show_post",
    "show_thread",
    "shut_door",
    "start_thread",
    "take_back_quotes",
    "troubles_with_thread",
    "unfollow",
    "unreact",
    "why_not_post",
    "why_not_reply",
    "withdraw_post",
]

# What rooms above do once somebody has read a thread up to a post: called with the member's id, the thread's and the
# number, inside the transaction. Wiring fills this.
readings: list[Callable[[int, int, int], None]] = []


# ---- saying something ------------------------------------------------------------------------------------------------


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
    title, source = clean_line(title, LONGEST_TITLE), tidy(source)
    if errors := troubles_with_thread(title=title, source=source, ask=ask):
        raise Invalid(errors=errors)
    if (twin := _thread_with(viewer, nonce)) is not None:
        if _first_words(twin) == source:
            return twin
        nonce = _other_nonce(nonce, source)
        if (twin := _thread_with(viewer, nonce)) is not None:
            return twin
    words = words_for(source, category.audience, category.group_id, group_id)
    try:
        return _open_thread(viewer, category, title=title, words=words, ask=ask, nonce=nonce, group_id=group_id)
    except IntegrityError:
        # The impatient thumb was faster than the first answer.
        if (twin := _thread_with(viewer, nonce)) is not None:
            return twin
        raise


def troubles_with_thread(*, title: str, source: str, ask: str) -> dict[str, object]:
    """Return what has to be put right before a thread can be opened: field -> sentence."""
    errors: dict[str, object] = {}
    if not clean_line(title, LONGEST_TITLE):
        errors["title"] = _("Give your thread a title, so that people see what it is about.")
    if trouble := trouble_with(tidy(source)):
        errors["source"] = trouble
    if ask not in ASKS:
        errors["ask"] = _("Choose one of the answers.")
    return errors


def _open_thread(
    viewer: Viewer, category: Category, *, title: str, words: Words, ask: str, nonce: str, group_id: int | None
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
        forget_draft(viewer, "new")
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
    if trouble := trouble_with(source):
        raise Invalid(errors={"source": trouble})
    if (twin := post_with(viewer, nonce)) is not None:
        if twin.source == source or twin.revision > 1:
            return twin
        nonce = _other_nonce(nonce, source)
    words = words_for(source, seen.audience, seen.category_group_id, seen.group_id)
    with transaction():
        thread = Thread.locked(thread_id)
        if (twin := post_with(viewer, nonce)) is not None:
            return twin
        require_sight(thread.hidden_at is None or viewer.is_moderator)
        require(thread.closed_at is None or viewer.is_moderator, _CLOSED)
        if reply_to is not None and not Post.select().where(Post.id == reply_to, Post.thread == thread_id).exists():
            reply_to = None
        post = _add_post(viewer, thread, words, moment=now(), nonce=nonce, reply_to=reply_to, via=via)
        forget_draft(viewer, f"thread:{thread_id}")
        _publish(viewer, thread, post)
    return post


_CLOSED = _("This thread is closed. You can start a new one.")


def why_not_reply(viewer: Viewer, thread: queries.ThreadView) -> object:
    """Return the sentence for somebody who may not reply in *thread* now; "" when nothing stands in their way."""
    if thread.is_closed and not viewer.is_moderator:
        return _CLOSED
    return why_not_post(viewer)


def _thread_with(viewer: Viewer, nonce: str) -> Thread | None:
    return Thread.get_or_none(Thread.author == viewer.id, Thread.nonce == nonce)


def _first_words(thread: Thread) -> str | None:
    return Post.select(Post.source).where(Post.thread == thread.id, Post.number == 1).scalar()


def _other_nonce(nonce: str, source: str) -> str:
    """A form that came back by the back button and was written anew says something new: it must not be swallowed."""
    return f"{nonce}.{hashlib.sha256(source.encode()).hexdigest()[:16]}"


def _add_post(
    viewer: Viewer,
    thread: Thread,
    words: Words,
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
    mention(post, words.mentioned, by=viewer)
    Follow.insert(member=viewer.id, thread=thread.id, since=moment).on_conflict_ignore().execute()
    _has_read_own(viewer, thread.id, number, moment)
    put_in_search(thread, post)
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


def _has_read_own(viewer: Viewer, thread_id: int, number: int, moment: datetime) -> None:
    """Nobody's own post is new to them, unless there is more they have not read before it."""
    if number == 1:
        ReadingMark.insert(member=viewer.id, thread=thread_id, number=1, at=moment).on_conflict_ignore().execute()
    else:
        ReadingMark.update(number=number, at=moment).where(
            ReadingMark.member == viewer.id, ReadingMark.thread == thread_id, ReadingMark.number == number - 1
        ).execute()


# ---- keeping it kind -------------------------------------------------------------------------------------------------


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
        search.set_thread_visibility(thread_id, visibility_of(Thread.fetch(thread_id)))
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


# ---- following and reading -------------------------------------------------------------------------------------------


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
        for settle in readings:
            settle(viewer.id or 0, thread_id, number)


# ---- leaving ---------------------------------------------------------------------------------------------------------


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
        count_posts(Thread(id=thread_id))
    for model in (Draft, Reaction, Follow, ReadingMark):
        model.delete().where(model.member == member_id).execute()


def _batches(ids: list[int], size: int = 500) -> list[list[int]]:
    return [ids[at : at + size] for at in range(0, len(ids), size)]
