"""The changelog as everybody reads it, and what a member sees of their own part in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from peewee import fn

from forum.access import Viewer, may_publish_change, may_read_place, require_sight
from forum.errors import NotFound
from forum.legacy.models import Change, ChangeQuote, ChangeStep, ChangeThread, Told
from forum.listening.choices import IDEA_STATUSES
from forum.listening.consent.queries import Quotable, Use, quotable_excerpts
from forum.listening.ideas.queries import excerpts_behind_idea, promises
from forum.listening.ideas.urls import idea_url
from forum.listening.models import Excerpt, Idea
from forum.safety.queries import Reportable
from forum.text import as_typed, gettext
from forum.threads.models import Category, Post, Thread
from forum.threads.urls import thread_url

PAGE = 15
# Fewer answers than this are not shown in numbers: they could be told apart.
SMALLEST_COUNT = 5


def change_url(change_id: int, slug: str) -> str:
    """Return the address of an entry."""
    return f"/changes/{change_id}/{slug}"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """An entry in the changelog."""

    id: int
    slug: str
    title: str
    you_said: str
    we_did: str
    because: str
    what_next: str
    status: str
    team: str
    carers_decided: str
    published_at: datetime
    updated_at: datetime | None

    @property
    def url(self) -> str:
        return change_url(self.id, self.slug)


@dataclass(frozen=True, slots=True)
class StepView:
    """What an entry said before."""

    status: str
    we_did: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DifferenceCounts:
    """What the people behind an entry say it changed. Numbers are None while they are too small to show.

    *most* is the answer that more than half of them gave, or empty."""

    asked: int | None
    yes: int | None
    a_little: int | None
    no: int | None
    most: str
    is_awaited: bool


@dataclass(frozen=True, slots=True)
class ChangeView:
    """An entry's page."""

    row: ChangeRow
    quotes: Sequence[Quotable]
    conversations: Sequence[tuple[str, str]]
    idea: tuple[str, str] | None
    steps: Sequence[StepView]
    difference: DifferenceCounts
    my_answer: str | None
    is_mine: bool
    idea_id: int | None


_COLUMNS = (
    Change.id,
    Change.slug,
    Change.title,
    Change.you_said,
    Change.we_did,
    Change.because,
    Change.what_next,
    Change.status,
    Change.team,
    Change.carers_decided,
    Change.published_at,
    Change.updated_at,
)


def changes(*, status: str = "", before: int | None = None, limit: int = PAGE) -> tuple[list[ChangeRow], int | None]:
    """Return a page of the changelog, the newest first, and the id to go on from or None. It is public.

    *status* is one of IDEA_STATUSES, or empty for all."""
    query = Change.select(*_COLUMNS)
    if status in IDEA_STATUSES:
        query = query.where(Change.status == status)
    if before is not None:
        last = Change.get_or_none(Change.id == before)
        if last is not None:
            query = query.where(
                (Change.published_at < last.published_at)
                | ((Change.published_at == last.published_at) & (Change.id < last.id))
            )
    found = [
        ChangeRow(*row)
        for row in query.order_by(Change.published_at.desc(), Change.id.desc()).limit(limit + 1).tuples()
    ]
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def latest_change() -> ChangeRow | None:
    """Return the newest entry, for the home page."""
    found, _more = changes(limit=1)
    return found[0] if found else None


def changes_of_idea(idea_id: int) -> list[ChangeRow]:
    """Return the entries that answer an idea, newest first."""
    query = Change.select(*_COLUMNS).where(Change.idea == idea_id).order_by(Change.id.desc()).tuples()
    return [ChangeRow(*row) for row in query]


def change(viewer: Viewer, change_id: int) -> ChangeView:
    """Return an entry with everything that may stand on it at this moment. Raises NotFound."""
    row = Change.select(*_COLUMNS).where(Change.id == change_id).tuples().first()
    if row is None:
        raise NotFound
    idea_id = Change.select(Change.idea).where(Change.id == change_id).scalar()
    excerpt_ids = _quoted(change_id)
    quotes = list(quotable_excerpts(excerpt_ids).values())
    mine = Told.get_or_none(Told.change == change_id, Told.member == (viewer.id or 0))
    return ChangeView(
        row=ChangeRow(*row),
        quotes=_without_closed_doors(viewer, quotes),
        conversations=_conversations(viewer, change_id, excerpt_ids, quotes),
        idea=_idea(viewer, idea_id),
        steps=[
            StepView(*step)
            for step in ChangeStep.select(ChangeStep.status, ChangeStep.we_did, ChangeStep.at)
            .where(ChangeStep.change == change_id)
            .order_by(ChangeStep.id.desc())
            .tuples()
        ],
        difference=_difference(change_id, status=row[7]),
        my_answer=mine.made_difference if mine else None,
        is_mine=mine is not None,
        idea_id=idea_id,
    )


def reported_change(viewer: Viewer, change_id: int) -> Reportable:
    """Return an entry as moderators see it when it is reported, without quotations: those are never copied. NotFound."""
    row = change(viewer, change_id).row
    words = as_typed(f"{row.title}\n\n{row.you_said}\n\n{row.we_did}\n\n{row.because}\n\n{row.what_next}")
    return Reportable(
        "change", change_id, gettext("The change “%(title)s”") % {"title": row.title}, words, row.url, None
    )


def _quoted(change_id: int) -> list[int]:
    query = ChangeQuote.select(ChangeQuote.excerpt).where(ChangeQuote.change == change_id)
    return [id for (id,) in query.order_by(ChangeQuote.position, ChangeQuote.id).tuples()]


def _idea(viewer: Viewer, idea_id: int | None) -> tuple[str, str] | None:
    """Ideas are for members: (address, title)."""
    if idea_id is None or not viewer.is_member:
        return None
    title = Idea.select(Idea.title).where(Idea.id == idea_id).scalar()
    return (idea_url(idea_id, title), title) if title else None


def _readable_threads(viewer: Viewer, thread_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return (address, title) of those threads that the viewer may read."""
    query = (
        Thread.select(Thread.id, Thread.slug, Thread.title, Thread.group, Category.audience, Category.group)
        .join(Category)
        .where(Thread.id.in_(list(thread_ids)), Thread.hidden_at.is_null())
        .tuples()
    )
    return {
        id: (thread_url(id, slug), title)
        for id, slug, title, circle, audience, category_circle in query
        if may_read_place(viewer, audience, category_circle, circle)
    }


def _without_closed_doors(viewer: Viewer, quotes: Sequence[Quotable]) -> list[Quotable]:
    """A link that would end at a closed door is left out."""
    open_threads = _readable_threads(viewer, [quote.thread_id for quote in quotes if quote.url is not None])
    return [quote if quote.thread_id in open_threads else replace(quote, url=None) for quote in quotes]


def _conversations(
    viewer: Viewer, change_id: int, excerpt_ids: Sequence[int], quotes: Sequence[Quotable]
) -> list[tuple[str, str]]:
    """Return (address, title) of the conversations an entry may lead back to.

    A conversation is left out when anybody whose words were chosen from it for this entry is not quoted by name at
    this moment: they said "without my name", no, nothing yet, or took their words back. A reader who follows the link
    could otherwise find out whose words the paraphrase stands for. The same goes for whoever wrote the post that a
    small fix answers, quoted or not. So is one that the viewer may not read.
    """
    linked = [id for (id,) in ChangeThread.select(ChangeThread.thread).where(ChangeThread.change == change_id).tuples()]
    named = {quote.excerpt_id for quote in quotes if quote.is_named}
    nameless = [id for id in excerpt_ids if id not in named]
    closed = {
        thread_id
        for (thread_id,) in Excerpt.select(Post.thread).join(Post).where(Excerpt.id.in_(nameless)).distinct().tuples()
    }
    answered = Told.select(Told.member).where(
        Told.change == change_id,
        Told.because == "post",
        Told.member.not_in([quote.member_id for quote in quotes if quote.is_named]),
    )
    with_them = Post.select(Post.thread).where(Post.thread.in_(linked), Post.author.in_(answered)).distinct()
    closed |= {thread_id for (thread_id,) in with_them.tuples()}
    open_threads = _readable_threads(viewer, [id for id in linked if id not in closed])
    return [open_threads[id] for id in linked if id in open_threads]


def _difference(change_id: int, *, status: str) -> DifferenceCounts:
    rows = dict(
        Told.select(fn.COALESCE(Told.made_difference, ""), fn.COUNT(Told.id))
        .where(Told.change == change_id)
        .group_by(Told.made_difference)
        .tuples()
    )
    groups = {answer: rows.get(answer, 0) for answer in ("yes", "a_little", "no")}
    answered = sum(groups.values())
    # A small group stays hidden, and so do the others from which it could be worked out.
    show = all(count == 0 or count >= SMALLEST_COUNT for count in groups.values())
    return DifferenceCounts(
        asked=answered if answered >= SMALLEST_COUNT else None,
        yes=groups["yes"] if show else None,
        a_little=groups["a_little"] if show else None,
        no=groups["no"] if show else None,
        most=next((answer for answer, count in groups.items() if count * 2 > answered), ""),
        is_awaited=status == "done" and answered == 0 and sum(rows.values()) > 0,
    )


# ---- promises ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PromiseView:
    """What we said we would answer, and by when: a team's promise, never a person's."""

    title: str
    url: str
    team: str
    status: str
    by: date
    is_overdue: bool


def open_promises(viewer: Viewer) -> tuple[list[PromiseView], list[PromiseView]]:
    """Return (overdue promises, promises to come), the oldest first. Public; only members get the idea's address."""
    found = [
        PromiseView(
            title=row.title,
            url=row.url if viewer.is_member else "",
            team=row.team or gettext("Our team"),
            status=row.status,
            by=row.promised_for,
            is_overdue=row.is_overdue,
        )
        for row in promises()
        if row.promised_for is not None
    ]
    return [one for one in found if one.is_overdue], [one for one in found if not one.is_overdue]


# ---- your difference -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MyChange:
    """A change that somebody's words led to."""

    row: ChangeRow
    because: str
    is_new: bool
    made_difference: str | None


def my_changes(viewer: Viewer) -> list[MyChange]:
    """Return what came of the viewer's words, the newest first."""
    require_sight(viewer.is_member)
    query = (
        Told.select(Told.because, Told.seen_at, Told.made_difference, *_COLUMNS)
        .join(Change)
        .where(Told.member == viewer.id)
        .order_by(Change.published_at.desc(), Change.id.desc())
        .limit(100)
    )
    return [
        MyChange(row=ChangeRow(*row[3:]), because=row[0], is_new=row[1] is None, made_difference=row[2])
        for row in query.tuples()
    ]


def people_to_tell(change_id: int, *, after: int, limit: int) -> list[tuple[int, str]]:
    """Return (member id, because) of those who have not been told of a change, ids above *after*, in order."""
    query = (
        Told.select(Told.member, Told.because)
        .where(Told.change == change_id, Told.told_at.is_null(), Told.member > after)
        .order_by(Told.member)
        .limit(limit)
    )
    return list(query.tuples())


# ---- writing an entry ----------------------------------------------------------------------------------------------


def excerpts_to_choose(viewer: Viewer, *, idea_id: int | None, change_id: int | None = None) -> list[int]:
    """Return the ids of excerpts that may be chosen for an entry, oldest first."""
    require_sight(may_publish_change(viewer))
    ids = excerpts_behind_idea(idea_id) if idea_id is not None else []
    chosen = _quoted(change_id) if change_id is not None else []
    return list(dict.fromkeys([*ids, *chosen]))


def quoted_excerpts(change_id: int) -> list[int]:
    """Return the ids of excerpts chosen for an entry, whether they may show at this moment or not."""
    return _quoted(change_id)


def changes_quoting(excerpt_ids: Sequence[int]) -> dict[int, list[Use]]:
    """Return the entries that excerpts were chosen for, by excerpt: what their writers see beside their own words."""
    query = (
        ChangeQuote.select(ChangeQuote.excerpt, Change.id, Change.slug, Change.title)
        .join(Change)
        .where(ChangeQuote.excerpt.in_(list(excerpt_ids)))
        .order_by(Change.id)
        .tuples()
    )
    used: dict[int, list[Use]] = {}
    for excerpt_id, change_id, slug, title in query:
        used.setdefault(excerpt_id, []).append(Use(title, change_url(change_id, slug)))
    return used


def addresses(change_ids: Sequence[int]) -> dict[int, str]:
    """Return the addresses of entries that a search found."""
    query = Change.select(Change.id, Change.slug).where(Change.id.in_(list(change_ids))).tuples()
    return {id: change_url(id, slug) for id, slug in query}


# ---- export --------------------------------------------------------------------------------------------------------


def changes_export() -> list[dict[str, Any]]:
    """Return the whole changelog as plain values, quotations only as they may stand in public now."""
    exported = []
    for row in Change.select(*_COLUMNS).order_by(Change.published_at).tuples():
        entry = ChangeRow(*row)
        exported.append(
            {
                "id": entry.id,
                "title": entry.title,
                "you_said": entry.you_said,
                "we_did": entry.we_did,
                "because": entry.because,
                "what_next": entry.what_next,
                "status": entry.status,
                "team": entry.team,
                "carers_decided": entry.carers_decided,
                "published_at": entry.published_at.isoformat(),
                "updated_at": entry.updated_at.isoformat() if entry.updated_at else None,
                "quotes": [
                    {"words": quote.words, "name": quote.name or None}
                    for quote in quotable_excerpts(_quoted(entry.id)).values()
                ],
            }
        )
    return exported


def about_member(member_id: int) -> list[dict[str, Any]]:
    """Return which changes a member was told of, for their export."""
    query = Told.select(Told, Change.title).join(Change).where(Told.member == member_id).objects()
    return [
        {
            "change": row.title,
            "because": row.because,
            "told_at": row.told_at.isoformat() if row.told_at else None,
            "made_difference": row.made_difference,
        }
        for row in query
    ]
