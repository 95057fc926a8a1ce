"""Taking a name for one thread only, and putting it wherever the member's own name stood."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from forum import events
from forum.access import HOUSE, Viewer, may_take_name, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.members.models import Member
from forum.members.names import clean_name, trouble_with
from forum.members.renames.queries import was_taken
from forum.text import Quote, _, attributed, name_key, recalled
from forum.threads import sight
from forum.threads.models import Post, PostRevision, Thread, ThreadName
from forum.threads.urls import post_address
from forum.threads.voices import queries
from forum.threads.writing import Words, put_in_search, record_change, say, why_not_post, words_for

# What rooms above do when somebody takes a name: called with the thread's id and the member's, inside the transaction.
# Wiring fills this.
namings: list[Callable[[int, int], None]] = []

NOT_HERE = _("Whoever works here speaks under their own name, so that everybody knows when they do.")
TAKEN = _("That name is taken, or very close to one that is. Please choose another.")
HAS_ONE = _("You have a name in this thread already.")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Rewritten:
    """A post that called the member by their own name. *words* are what it says now."""

    id: int
    revision: int
    words: Words


@dataclass(frozen=True, slots=True)
class Naming:
    """A name about to be taken, with everything rendered that changes with it."""

    name: str
    rewritten: Sequence[_Rewritten] = field(default=())


def take_name(viewer: Viewer, thread_id: int, *, name: str) -> None:
    """Let *viewer* speak as *name* in a thread, in what they said there before too. The same name twice is fine.

    Raises NotFound, NotAllowed, Invalid with a sentence for ``thread_name``, Conflict when they have a name there."""
    for attempt in range(_TRIES):
        naming = prepare_name(viewer, thread_id, name)
        if naming is None:
            return
        try:
            with transaction():
                thread = Thread.locked(thread_id)
                settle_name(viewer, thread, naming)
            return
        except _Moved:
            if attempt == _TRIES - 1:
                raise Conflict(
                    _("People are writing in this thread right now. Please try again in a moment.")
                ) from None


class _Moved(Exception):
    """A post was changed while its new words were being rendered."""


def check_name(viewer: Viewer, name: str) -> str:
    """Return *name* as it may be used. Raises NotAllowed, or Invalid with a sentence for ``thread_name``."""
    require(viewer.is_member, why_not_post(viewer))
    require(may_take_name(viewer), NOT_HERE)
    name = clean_name(name)
    trouble = trouble_with(name)
    key = name_key(name)
    if not trouble and (was_taken(key) or Member.select().where(Member.name_key == key).exists()):
        trouble = TAKEN
    if trouble:
        raise Invalid(errors={"thread_name": trouble})
    return name


def prepare_name(viewer: Viewer, thread_id: int, name: str) -> Naming | None:
    """Judge *name* and render what changes with it; None when *viewer* has it already. Slow, never in a transaction.

    Raises what `take_name` raises."""
    sight.thread(viewer, thread_id)
    name = check_name(viewer, name)
    has = queries.own_name(viewer, thread_id)
    if has:
        if name_key(has) == name_key(name):
            return None
        raise Conflict(HAS_ONE)
    return Naming(name, _rewritten(thread_id, viewer.id or 0, name))


def settle_name(viewer: Viewer, thread: Thread, naming: Naming) -> None:
    """Take a prepared name. Call inside the transaction, with *thread* new or locked."""
    taken = ThreadName.select().where(ThreadName.thread == thread.id, ThreadName.name_key == name_key(naming.name))
    if taken.exists():
        raise Invalid(errors={"thread_name": TAKEN})
    if ThreadName.select().where(ThreadName.thread == thread.id, ThreadName.member == viewer.id).exists():
        raise Conflict(HAS_ONE)
    made = ThreadName.create(
        thread=thread.id, member=viewer.id, name=naming.name, name_key=name_key(naming.name), chosen_at=now()
    )
    for settle in namings:
        settle(thread.id, viewer.id or 0)
    _put_in(naming.rewritten, thread.id, made)
    for post in Post.select().where(Post.thread == thread.id, Post.author == viewer.id).order_by(Post.id):
        record_change("post.signed", HOUSE, post)
    events.record("name.taken", subject=made, channel=f"thread:{thread.id}")


def put_name_right(thread_name_id: int) -> None:
    """Put a name into posts that were on their way while it was taken. Twice is fine. Raises Conflict, to try again."""
    taken = ThreadName.get_or_none(ThreadName.id == thread_name_id)
    if taken is None or not taken.name:
        return
    rewritten = _rewritten(taken.thread_id, taken.member_id, taken.name)
    if not rewritten:
        return
    try:
        with transaction():
            Thread.locked(taken.thread_id)
            _put_in(rewritten, taken.thread_id, taken)
    except _Moved as trouble:
        raise Conflict from trouble


def forget_names(member_id: int) -> None:
    """Take the names away of a member who leaves. Called inside the erasing transaction."""
    for row in ThreadName.select(ThreadName.id).where(ThreadName.member == member_id):
        ThreadName.update(name="", name_key=f"left:{row.id}").where(ThreadName.id == row.id).execute()


# ---- what others wrote -----------------------------------------------------------------------------------------------


def _signs(thread_id: int, member_id: int, name: str) -> Callable[[str, int], str]:
    """Return what puts *name* where a text of some thread calls the member by their own: (source, thread) -> source."""
    own = Member.select(Member.name).where(Member.id == member_id).scalar() or ""
    key, numbers = name_key(own), queries.numbers_of(thread_id, member_id)

    def name_of(quote: Quote, *, is_here: bool) -> str | None:
        if quote.thread == thread_id:
            return name if (quote.post or 1) in numbers else None
        is_theirs = quote.thread is None and is_here and name_key(quote.name) == key
        return name if is_theirs else None

    def signed(source: str, where: int) -> str:
        is_here = where == thread_id
        source = attributed(source, lambda quote: name_of(quote, is_here=is_here))
        return recalled(source, was=own, now=name) if is_here else source

    return signed


def _rewritten(thread_id: int, member_id: int, name: str) -> list[_Rewritten]:
    signed = _signs(thread_id, member_id, name)
    first = post_address(thread_id, min(queries.numbers_of(thread_id, member_id), default=1))
    changed = []
    for post_id, where, revision, source in queries.posts_that_may_name(thread_id):
        told = signed(source, where)
        if told != source:
            place = sight.thread(HOUSE, where)
            called = {name: (member_id, first)} if where == thread_id else None
            words = words_for(
                told, place.audience, place.category_group_id, place.group_id, thread_id=where, called=called
            )
            changed.append(_Rewritten(post_id, revision, words))
    return changed


def _put_in(rewritten: Sequence[_Rewritten], thread_id: int, taken: ThreadName) -> None:
    signed = _signs(thread_id, taken.member_id, taken.name)
    for one in rewritten:
        post = Post.locked(one.id)
        if post.revision != one.revision:
            raise _Moved
        say(one.id, one.words, revision=one.revision + 1)
        for before in PostRevision.select().where(PostRevision.post == one.id):
            told = signed(before.source, post.thread_id)
            if told != before.source:
                PostRevision.update(source=told).where(PostRevision.id == before.id).execute()
        post = Post.fetch(one.id)
        if post.withdrawn_at is None and post.hidden_at is None:
            put_in_search(Thread.fetch(post.thread_id), post)
        record_change("post.signed", HOUSE, post)
