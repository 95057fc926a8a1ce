"""What people say: a new thread, a reply. One deed per function, one transaction, its event last.

The other deeds of this room are named here too, so that other rooms find them in one place; each noun has a folder with
its own `actions.py`.
"""

import hashlib
from datetime import datetime

from peewee import IntegrityError

from forum import events
from forum.access import (
    Viewer,
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
from forum.text import RENDERER, _, clean_line, slugify, tidy
from forum.threads import sight
from forum.threads.drafts.actions import drop_draft, save_draft
from forum.threads.following.actions import follow, unfollow
from forum.threads.leaving import forget_member
from forum.threads.models import (
    ASKS,
    Category,
    Follow,
    Post,
    Thread,
)
from forum.threads.moderating.actions import (
    close_thread,
    hide_thread,
    open_door,
    open_thread,
    rename_thread,
    show_thread,
    shut_door,
)
from forum.threads.posts.actions import edit_post, hide_post, react, show_post, take_back_quotes, unreact, withdraw_post
from forum.threads.reading.actions import has_read_own, mark_read, readings
from forum.threads.voices.actions import Naming, check_name, prepare_name, settle_name, take_name
from forum.threads.voices.queries import with_shown_names
from forum.threads.writing import (
    LONGEST_POST,
    LONGEST_TITLE,
    Words,
    forget_draft,
    kept,
    mention,
    post_with,
    put_in_search,
    trouble_with,
    why_not_post,
    words_for,
)

__all__ = [
    "LONGEST_POST",
    "LONGEST_TITLE",
    "Words",
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
    "readings",
    "rename_thread",
    "reply",
    "save_draft",
    "show_post",
    "show_thread",
    "shut_door",
    "start_thread",
    "take_back_quotes",
    "take_name",
    "troubles_with_thread",
    "unfollow",
    "unreact",
    "why_not_post",
    "why_not_reply",
    "withdraw_post",
    "words_for",
]


def start_thread(
    viewer: Viewer,
    category_id: int,
    *,
    title: str,
    source: str,
    ask: str = "",
    nonce: str,
    group_id: int | None = None,
    words: Words | None = None,
    thread_name: str = "",
) -> Thread:
    """Open a thread with its first post and return it. *ask* is one of ASKS; *source* Markdown; *group_id* a circle.

    *thread_name* is what its writer wants to be called in this thread only. Whoever calls it inside a transaction has
    rendered the *words* of *source* before (`words_for`).

    The same *nonce* from the same author returns the first thread again. Raises NotFound for a category out of sight,
    NotAllowed, and Invalid with sentences for ``title``, ``source``, ``ask``, ``category`` or ``thread_name``.
    """
    require(may_post(viewer), why_not_post(viewer))
    category = Category.get_or_none(Category.id == category_id)
    if category is None:
        raise NotFound
    require_sight(may_read_place(viewer, category.audience, category.group_id, group_id))
    require(may_start_thread(viewer, category.audience, category.group_id))
    title, source = clean_line(title, LONGEST_TITLE), with_shown_names(viewer, kept(source))
    if errors := troubles_with_thread(title=title, source=source, ask=ask):
        raise Invalid(errors=errors)
    naming = Naming(check_name(viewer, thread_name)) if thread_name.strip() else None
    if (twin := _thread_with(viewer, nonce)) is not None:
        if _first_words(twin) == source:
            return twin
        nonce = _other_nonce(nonce, source)
        if (twin := _thread_with(viewer, nonce)) is not None:
            return twin
    words = words or words_for(source, category.audience, category.group_id, group_id)
    try:
        return _open_thread(
            viewer, category, title=title, words=words, ask=ask, nonce=nonce, group_id=group_id, naming=naming
        )
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
    viewer: Viewer,
    category: Category,
    *,
    title: str,
    words: Words,
    ask: str,
    nonce: str,
    group_id: int | None,
    naming: Naming | None,
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
        if naming is not None:
            settle_name(viewer, thread, naming)
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
    thread_name: str = "",
) -> Post:
    """Say something in a thread and return the post. *reply_to* is the id of a post in the same thread, if any.

    *thread_name* is what its writer wants to be called in this thread only, from now on. The same *nonce* from the same
    author returns the first post again. Raises NotFound for a thread out of sight, NotAllowed for who may not post or
    where the thread is closed, Invalid for an empty or an overlong text or a name that will not do.
    """
    seen = sight.thread(viewer, thread_id)
    require(may_reply(viewer, seen, is_closed=seen.is_closed), why_not_reply(viewer, seen))
    source = with_shown_names(viewer, kept(source, seen_from=thread_id))
    if trouble := trouble_with(source):
        raise Invalid(errors={"source": trouble})
    if (twin := post_with(viewer, nonce)) is not None:
        if twin.source == source or twin.revision > 1:
            return twin
        nonce = _other_nonce(nonce, source)
    words = words_for(source, seen.audience, seen.category_group_id, seen.group_id, thread_id=thread_id)
    naming = prepare_name(viewer, thread_id, thread_name) if thread_name.strip() else None
    with transaction():
        thread = Thread.locked(thread_id)
        if (twin := post_with(viewer, nonce)) is not None:
            return twin
        require_sight(thread.hidden_at is None or viewer.is_moderator)
        require(thread.closed_at is None or viewer.is_moderator, _CLOSED)
        if reply_to is not None and not Post.select().where(Post.id == reply_to, Post.thread == thread_id).exists():
            reply_to = None
        if naming is not None:
            settle_name(viewer, thread, naming)
        post = _add_post(viewer, thread, words, moment=now(), nonce=nonce, reply_to=reply_to, via=via)
        forget_draft(viewer, f"thread:{thread_id}")
        _publish(viewer, thread, post)
    return post


_CLOSED = _("This thread is closed. You can start a new one.")


def why_not_reply(viewer: Viewer, thread: sight.ThreadView) -> object:
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
    has_read_own(viewer, thread.id, number, moment)
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
