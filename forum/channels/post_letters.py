"""Telling people of a post: those who follow its thread, and those it calls by name."""

from collections.abc import Collection
from dataclasses import dataclass

from forum import settings
from forum.access import HOUSE, Viewer, may_read_thread
from forum.channels import actions, queries
from forum.channels.actions import Line, Owed
from forum.channels.letters import THREAD, render_letter, stop_url
from forum.errors import NotFound
from forum.events import Event
from forum.jobs import Again
from forum.members.blocks.queries import unwilling_to_meet
from forum.members.models import Member
from forum.text import quoted_spans
from forum.threads import queries as threads
from forum.threads.models import Post, Reaction, Thread
from forum.threads.queries import ThreadView
from forum.threads.urls import thread_url
from forum.threads.voices.queries import names_in, shown_in

# Few enough to be written in some fifty milliseconds, so that pages need not wait for the pen.
BATCH = 100
PAUSE = 0.05
MOST_WORDS = 1500


@dataclass(frozen=True, slots=True)
class _News:
    """A post as letters tell it. *words* are its paragraphs, without what it quotes."""

    post: Post
    thread: ThreadView
    who: str
    path: str
    words: list[str]
    is_cut: bool


def tell_of_post(event: Event, cursor: str) -> Again | None:
    """Give whom a post concerns a notice, and a letter if they want them. *cursor* is the last member who was told.

    Nobody hears of what was taken back or hidden meanwhile, nor of what they may not read."""
    news = _news(event.subject_id)
    if news is None:
        return None
    batch = queries.concerned(news.post, after=int(cursor or 0), limit=BATCH)
    _tell(event, news, dict(batch))
    return Again(str(batch[-1][0]), PAUSE) if len(batch) == BATCH else None


def tell_of_new_mentions(event: Event, _cursor: str) -> Again | None:
    """Tell those whom a post calls by name since it was changed. Who was told of the post already is not told again."""
    news = _news(event.subject_id)
    if news is not None:
        _tell(event, news, dict.fromkeys(queries.newly_mentioned(news.post, news.path), True))
    return None


def _tell(event: Event, news: _News, called: dict[int, bool]) -> None:
    """Tell members of a post; *called* says of each whether it calls them by name.

    Not those who do not want to meet its writer, where it stands under the writer's own name."""
    unwilling = _unwilling(news.thread.id, news.post.author_id, called)
    called = {member_id: by_name for member_id, by_name in called.items() if member_id not in unwilling}
    # Whoever has the thread open has seen it come.
    seen = queries.readers_of(news.post, list(called))
    lines, letters = [], []
    for member, circles in queries.members_with_circles(list(called)):
        if not _may_hear(member, circles, news.thread):
            continue
        kind = "mention" if called[member.id] else "reply"
        lines.append(
            Line(
                member.id,
                kind,
                news.thread.title,
                news.path,
                news.post.author_id,
                is_seen=member.id in seen,
                thread_id=news.thread.id,
            )
        )
        wants_letters = member.mail_mentions if called[member.id] else member.mail_replies
        if wants_letters and member.email_confirmed_at is not None:
            letters.append(_letter(kind, member, news))
    actions.tell(event, lines, letters)


def _unwilling(thread_id: int, member_id: int, among: Collection[int]) -> set[int]:
    """Return those of *among* who do not want to meet a member and meet them in a thread under the member's own name."""
    return set() if member_id in names_in(thread_id) else unwilling_to_meet(member_id, among)


def tell_of_kind_word(event: Event, _cursor: str) -> Again | None:
    """Tell the writer of a post, on the site only, that somebody had a kind word for it."""
    post = Post.select(Post, Thread).join(Thread).where(Post.id == event.subject_id).first()
    if post is None or post.withdrawn_at is not None or post.hidden_at is not None or post.thread.hidden_at is not None:
        return None
    still = Reaction.select().where(Reaction.post == post.id, Reaction.member == event.actor_id)
    is_wanted = not _unwilling(post.thread_id, event.actor_id or 0, [post.author_id])
    if is_wanted and still.exists() and not threads.has_muted(post.author_id, post.thread_id):
        path = thread_url(post.thread_id, post.thread.slug, post.number)
        actions.tell(
            event, [Line(post.author_id, "reaction", post.thread.title, path, event.actor_id, thread_id=post.thread_id)]
        )
    return None


def _news(post_id: int) -> _News | None:
    post = Post.get_or_none(Post.id == post_id)
    if post is None or post.withdrawn_at is not None or post.hidden_at is not None or post.is_event:
        return None
    try:
        thread = threads.thread(HOUSE, post.thread_id)
    except NotFound:
        return None
    if thread.is_hidden:
        return None
    words, is_cut = _own_words(post)
    path = thread_url(thread.id, thread.slug, post.number)
    who = shown_in(thread.id, post.author_id)
    return _News(post, thread, who, path, words, is_cut)


def _own_words(post: Post) -> tuple[list[str], bool]:
    """Return the paragraphs of a post without what it repeats of others, and whether they had to be cut."""
    own, at = [], 0
    for span in quoted_spans(str(post.html)):
        own.append(post.plain[at : span.start])
        at = span.end
    words = "".join([*own, post.plain[at:]]).strip()
    short = words if len(words) <= MOST_WORDS else words[:MOST_WORDS].rsplit(None, 1)[0] + " …"
    return [line for line in short.split("\n") if line.strip()], short != words


def _may_hear(member: Member, circles: frozenset[int], thread: ThreadView) -> bool:
    viewer = Viewer(
        id=member.id, role=member.role, group_ids=circles, suspended_until=member.suspended_until, is_confirmed=True
    )
    return not viewer.is_suspended and may_read_thread(viewer, thread)


def _letter(kind: str, member: Member, news: _News) -> Owed:
    stoppable = "mentions" if kind == "mention" else "replies"
    place = f"{THREAD}{news.thread.id}"
    written = render_letter(
        kind,
        member,
        stoppable=stoppable,
        who=news.who,
        title=news.thread.title,
        words=news.words,
        is_cut=news.is_cut,
        url=f"{settings.chosen().site_url}{news.path}",
        stop_thread_url=stop_url(member.id, place),
    )
    return Owed(
        key=f"post:{news.post.id}:member:{member.id}",
        member=member,
        kind=kind,
        written=written,
        thread_ref=actions.thread_ref_of(place),
        stoppable=stoppable,
    )
