"""What people may know of cuppas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN, fn

from forum.access import Viewer, may_host, may_read_jotting, require_sight
from forum.clock import now
from forum.errors import NotFound
from forum.listening.cuppas.models import (
    Cuppa,
    Invitation,
    Jotting,
    Prompt,
    Summary,
    SummaryAnswer,
    SummaryInsight,
)
from forum.listening.cuppas.times import CATCH_UP, DOORS_OPEN_BEFORE
from forum.members.models import Member
from forum.members.names import shown_name
from forum.text import SafeHtml
from forum.threads.models import Post, ReadingMark, Thread
from forum.threads.urls import thread_url
from forum.threads.voices.queries import names_in

# A cuppa is planned, then coming (time to think), open (doors, talk), catching up, over; or cancelled.
TALKING = ("open", "catching_up")
CONFIRM_SPAN = timedelta(hours=72)


def phase_of(cuppa: Cuppa) -> str:
    """Return where in its life a cuppa is."""
    if cuppa.cancelled_at is not None:
        return "cancelled"
    if cuppa.published_at is None:
        return "planned"
    moment, ends = now(), cuppa.ends_at
    if moment < cuppa.starts_at - DOORS_OPEN_BEFORE:
        return "coming"
    if moment < ends:
        return "open"
    if moment < ends + CATCH_UP:
        return "catching_up"
    return "over"


def is_door_open(cuppa: Cuppa) -> bool:
    """Say whether people may speak in a cuppa now. A chat is an open door from the moment it is on the board."""
    phase = phase_of(cuppa)
    return phase in TALKING or (cuppa.kind == "chat" and phase == "coming")


def cuppa_url(cuppa_id: int, slug: str) -> str:
    """Return the address of a cuppa."""
    return f"/cuppas/{cuppa_id}/{slug}"


@dataclass(frozen=True, slots=True)
class CuppaCard:
    """A cuppa on the notice board."""

    id: int
    slug: str
    kind: str
    title: str
    why: str
    host: str
    starts_at: datetime
    time_zone: str
    minutes: int
    seats: int | None
    seats_left: int | None
    phase: str
    recognition: str
    answer: str | None
    is_invited: bool

    @property
    def url(self) -> str:
        return cuppa_url(self.id, self.slug)


@dataclass(frozen=True, slots=True)
class PromptView:
    """A prompt, with what the viewer jotted under it."""

    id: int
    position: int
    words: str
    jotting_id: int | None
    jotted: str
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class SummaryView:
    """What the host heard, and what participants said to it."""

    id: int
    html: SafeHtml
    source: str
    by: str
    sent_at: datetime
    right: int
    corrections: tuple[tuple[str, str], ...]
    mine: bool | None
    is_confirmed: bool
    is_asked: bool
    insight_id: int | None


@dataclass(frozen=True, slots=True)
class CuppaView:
    """A cuppa's page."""

    card: CuppaCard
    host_id: int
    local_start: str
    can_change: str
    cannot_change: str
    who_decides: str
    hear_by: str
    recognition_words: str
    house_rules: str
    notice_from: datetime | None
    cancel_reason: str
    sequence: int
    thread_id: int | None
    thread_url: str
    may_enter: bool
    is_seated: bool
    is_waiting: bool
    check_on_me: bool
    prompts: tuple[PromptView, ...]
    summary: SummaryView | None
    theme_id: int | None
    from_thread_id: int | None
    is_door_open: bool

    @property
    def doors_open_at(self) -> datetime:
        return self.card.starts_at - DOORS_OPEN_BEFORE

    @property
    def ends_at(self) -> datetime:
        return self.card.starts_at + timedelta(minutes=self.card.minutes)

    @property
    def catch_up_until(self) -> datetime:
        return self.ends_at + CATCH_UP


def _cards(viewer: Viewer, query: Any) -> list[CuppaCard]:
    rows = list(query.select_extend(Member.name, Member.left_at).join(Member, on=(Cuppa.host == Member.id)).objects())
    ids = [row.id for row in rows]
    seated = dict(
        Invitation.select(Invitation.cuppa, fn.COUNT(Invitation.id))
        .where(Invitation.cuppa.in_(ids), Invitation.seated_at.is_null(False))
        .group_by(Invitation.cuppa)
        .tuples()
    )
    mine = {}
    if viewer.is_member:
        query = Invitation.select(Invitation.cuppa, Invitation.answer, Invitation.invited_at)
        query = query.where(Invitation.cuppa.in_(ids), Invitation.member == viewer.id)
        mine = {cuppa: (answer, invited) for cuppa, answer, invited in query.tuples()}
    return [
        CuppaCard(
            id=row.id,
            slug=row.slug,
            kind=row.kind,
            title=row.title,
            why=row.why,
            host=shown_name(row.name, has_left=row.left_at is not None),
            starts_at=row.starts_at,
            time_zone=row.time_zone,
            minutes=row.minutes,
            seats=row.seats,
            seats_left=None if row.seats is None else max(0, row.seats - seated.get(row.id, 0)),
            phase=phase_of(row),
            recognition=row.recognition,
            answer=mine.get(row.id, (None, None))[0],
            is_invited=mine.get(row.id, (None, None))[1] is not None,
        )
        for row in rows
    ]


def coming_cuppas(viewer: Viewer, *, limit: int = 30) -> list[CuppaCard]:
    """Return published cuppas that are not over: what is on now, what can still be answered, then the next one first.

    For everybody: the notice board is public."""
    query = (
        Cuppa.select()
        .where(
            Cuppa.published_at.is_null(False),
            Cuppa.cancelled_at.is_null(),
            Cuppa.starts_at > now() - CATCH_UP - timedelta(hours=4),
        )
        .order_by(Cuppa.starts_at, Cuppa.id)
        .limit(limit)
    )
    cards = [card for card in _cards(viewer, query) if card.phase != "over"]
    return sorted(cards, key=lambda card: ("open", "catching_up", "coming").index(card.phase))


def past_cuppas(viewer: Viewer, *, before: int | None = None, limit: int = 20) -> list[CuppaCard]:
    """Return cuppas that are over or were cancelled, the newest first, ids below *before*; one more than *limit* if there are."""
    query = Cuppa.select().where(Cuppa.published_at.is_null(False))
    query = query.where(
        (Cuppa.starts_at <= now() - CATCH_UP - timedelta(minutes=10)) | Cuppa.cancelled_at.is_null(False)
    )
    if before is not None:
        query = query.where(Cuppa.id < before)
    # How long each lasts is no matter for the database, so a few that still catch up come along and are left out.
    cards = _cards(viewer, query.order_by(Cuppa.id.desc()).limit(limit + 11))
    return [card for card in cards if card.phase in {"over", "cancelled"}][: limit + 1]


def plans_of(viewer: Viewer) -> list[CuppaCard]:
    """Return what the viewer planned and has not published."""
    require_sight(may_host(viewer))
    query = Cuppa.select().where(Cuppa.host == viewer.id, Cuppa.published_at.is_null(), Cuppa.cancelled_at.is_null())
    return _cards(viewer, query.order_by(Cuppa.starts_at))


def hosted_by(viewer: Viewer) -> list[CuppaCard]:
    """Return cuppas that the viewer hosts and that are not over, plans included."""
    query = Cuppa.select().where(Cuppa.host == viewer.id, Cuppa.cancelled_at.is_null()).order_by(Cuppa.starts_at)
    return [card for card in _cards(viewer, query) if card.phase != "over"]


def waiting_invitations(viewer: Viewer) -> list[CuppaCard]:
    """Return coming cuppas that the viewer was invited to and has not answered."""
    return [card for card in coming_cuppas(viewer) if card.is_invited and card.answer is None]


def late_cancellations(*, days: int = 365) -> tuple[int, int]:
    """Return (how many were cancelled after publishing, how many were published), in the last *days*."""
    since = now() - timedelta(days=days)
    published = Cuppa.select().where(Cuppa.published_at > since)
    return published.where(Cuppa.cancelled_at.is_null(False)).count(), published.count()


def cuppa(viewer: Viewer, cuppa_id: int) -> CuppaView:
    """Return a cuppa's page. Plans are for staff. Raises NotFound."""
    row = Cuppa.fetch(cuppa_id)
    if row.published_at is None:
        require_sight(may_host(viewer))
    card = _cards(viewer, Cuppa.select().where(Cuppa.id == cuppa_id))[0]
    mine = Invitation.get_or_none(Invitation.cuppa == cuppa_id, Invitation.member == viewer.id)
    seated = mine is not None and mine.seated_at is not None
    address = ""
    if row.thread_id is not None:
        thread = Thread.fetch(row.thread_id)
        address = thread_url(thread.id, thread.slug)
    return CuppaView(
        card=card,
        host_id=row.host_id,
        local_start=row.local_start,
        can_change=row.can_change,
        cannot_change=row.cannot_change,
        who_decides=row.who_decides,
        hear_by=row.hear_by,
        recognition_words=row.recognition_words,
        house_rules=row.house_rules,
        notice_from=row.notice_from,
        cancel_reason=row.cancel_reason,
        sequence=row.sequence,
        thread_id=row.thread_id,
        thread_url=address,
        may_enter=bool(address) and (viewer.is_staff or seated),
        is_seated=seated,
        is_waiting=mine is not None and mine.waiting_since is not None,
        check_on_me=mine is not None and mine.check_on_me,
        prompts=_prompts(viewer, cuppa_id),
        summary=_summary(viewer, row),
        theme_id=row.theme_id,
        from_thread_id=row.from_thread_id,
        is_door_open=is_door_open(row),
    )


def _prompts(viewer: Viewer, cuppa_id: int) -> tuple[PromptView, ...]:
    own = (Jotting.prompt == Prompt.id) & (Jotting.member == (viewer.id or 0))
    rows = (
        Prompt.select(Prompt.id, Prompt.position, Prompt.words, Jotting.id, Jotting.words, Jotting.posted_at)
        .join(Jotting, JOIN.LEFT_OUTER, on=own)
        .where(Prompt.cuppa == cuppa_id)
        .order_by(Prompt.position)
        .tuples()
    )
    return tuple(PromptView(row[0], row[1], row[2], row[3], row[4] or "", row[5]) for row in rows)


def took_part(viewer: Viewer, cuppa_id: int) -> bool:
    """Say whether the viewer had a seat or spoke in a cuppa."""
    if not viewer.is_member:
        return False
    seat = Invitation.select().where(
        Invitation.cuppa == cuppa_id, Invitation.member == viewer.id, Invitation.seated_at.is_null(False)
    )
    return seat.exists() or viewer.id in people_who_spoke(cuppa_id)


def people_who_spoke(cuppa_id: int) -> set[int]:
    """Return the members who said something in a cuppa, its host left out."""
    row = Cuppa.get_or_none(Cuppa.id == cuppa_id)
    if row is None or row.thread_id is None:
        return set()
    query = Post.select(Post.author).where(
        Post.thread == row.thread_id, Post.withdrawn_at.is_null(), ~Post.is_event, Post.author != row.host_id
    )
    return {author for (author,) in query.distinct().tuples()}


def participants(cuppa_id: int) -> list[int]:
    """Return the members with a seat and those who spoke, without the host: who is told of a summary."""
    seats = Invitation.select(Invitation.member).where(
        Invitation.cuppa == cuppa_id, Invitation.seated_at.is_null(False)
    )
    people = {member for (member,) in seats.tuples()} | people_who_spoke(cuppa_id)
    host = Cuppa.select(Cuppa.host).where(Cuppa.id == cuppa_id)
    here = Member.select(Member.id).where(Member.id.in_(people), Member.id.not_in(host), Member.left_at.is_null())
    return sorted(id for (id,) in here.tuples())


def _summary(viewer: Viewer, row: Cuppa) -> SummaryView | None:
    """What the host heard is for participants and staff first; for other members once it is confirmed."""
    summary = Summary.get_or_none(Summary.cuppa == row.id)
    if summary is None:
        return None
    answers = list(
        SummaryAnswer.select(SummaryAnswer, Member.name, Member.left_at)
        .join(Member)
        .where(SummaryAnswer.summary == summary.id)
        .order_by(SummaryAnswer.id)
        .objects()
    )
    asked = set(participants(row.id))
    names = names_in(row.thread_id) if row.thread_id is not None else {}
    confirmed = is_confirmed(summary, asked=asked, answered={answer.member_id for answer in answers})
    close = viewer.is_staff or took_part(viewer, row.id)
    if not close and not (viewer.is_member and confirmed):
        return None
    return SummaryView(
        id=summary.id,
        html=summary.html,
        source=summary.source,
        by=shown_name(summary.by.name, has_left=summary.by.left_at is not None),
        sent_at=summary.sent_at,
        right=sum(1 for answer in answers if answer.heard_right),
        corrections=tuple(
            (
                shown_name(names.get(answer.member_id, answer.name), has_left=answer.left_at is not None)
                if close
                else "",
                answer.words,
            )
            for answer in answers
            if not answer.heard_right and answer.words
        ),
        mine=next((answer.heard_right for answer in answers if answer.member_id == viewer.id), None),
        is_confirmed=confirmed,
        is_asked=viewer.id in asked,
        insight_id=SummaryInsight.select(SummaryInsight.insight).where(SummaryInsight.summary == summary.id).scalar(),
    )


def is_confirmed(summary: Summary, *, asked: set[int], answered: set[int]) -> bool:
    """Say whether participants had their say: all of them answered, or three days have passed since they were asked."""
    sent_at: datetime = summary.sent_at
    return now() >= sent_at + CONFIRM_SPAN or (bool(asked) and asked <= answered)


@dataclass(frozen=True, slots=True)
class ToCheckOn:
    """Somebody who asked us to check on them if they don't appear, and has not appeared yet."""

    member_id: int
    name: str
    checked_at: datetime | None


def to_check_on(viewer: Viewer, cuppa_id: int) -> list[ToCheckOn]:
    """Return whom the host should check on, once the talk has begun: who asked for it, said yes and has not appeared.

    Nobody else is ever listed. That somebody spoke under a name for this thread must not show here. For staff."""
    require_sight(may_host(viewer))
    row = Cuppa.fetch(cuppa_id)
    if row.cancelled_at is not None or row.starts_at > now():
        return []
    looked_in = ReadingMark.select(ReadingMark.member).where(
        ReadingMark.thread == row.thread_id, ReadingMark.at >= row.starts_at - DOORS_OPEN_BEFORE
    )
    spoke = people_who_spoke(cuppa_id) - names_in(row.thread_id).keys()
    query = (
        Invitation.select(Invitation.member, Member.name, Invitation.checked_at)
        .join(Member, on=(Invitation.member == Member.id))
        .where(
            Invitation.cuppa == cuppa_id,
            Invitation.check_on_me,
            Member.left_at.is_null(),
            Invitation.member.not_in(looked_in),
            Invitation.member.not_in(spoke),
        )
        .order_by(Member.name)
    )
    return [ToCheckOn(*found) for found in query.tuples()]


@dataclass(frozen=True, slots=True)
class HeardBehind:
    """The cuppa that an insight came from, and what people who took part said of its summary."""

    title: str
    url: str
    corrections: tuple[str, ...]


def heard_behind(viewer: Viewer, insight_id: int) -> HeardBehind | None:
    """Return the cuppa that an insight came from, with the disagreement that belongs to it, if it came from one."""
    require_sight(may_host(viewer))
    query = Cuppa.select(Cuppa.id, Cuppa.slug, Cuppa.title, Summary.id).join(Summary).join(SummaryInsight)
    row = query.where(SummaryInsight.insight == insight_id).tuples().first()
    if row is None:
        return None
    said = SummaryAnswer.select(SummaryAnswer.words).where(
        SummaryAnswer.summary == row[3], ~SummaryAnswer.heard_right, SummaryAnswer.words != ""
    )
    return HeardBehind(row[2], cuppa_url(row[0], row[1]), tuple(w for (w,) in said.order_by(SummaryAnswer.id).tuples()))


def people_in_thread(thread_id: int) -> list[int]:
    """Return the members who spoke in a thread."""
    query = Post.select(Post.author).where(Post.thread == thread_id, Post.withdrawn_at.is_null(), ~Post.is_event)
    return [author for (author,) in query.distinct().tuples()]


def members_called(names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return (ids of members with these names, names that nobody has)."""
    from forum.text import name_key

    found, missing = [], []
    for name in names:
        member = Member.get_or_none(Member.name_key == name_key(name), Member.left_at.is_null(), Member.has_come())
        if member is None:
            missing.append(name)
        else:
            found.append(member.id)
    return found, missing


def jotting(viewer: Viewer, jotting_id: int) -> Jotting:
    """Return one's own jotting; for anybody else it is not there. Raises NotFound."""
    row = Jotting.fetch(jotting_id)
    if not may_read_jotting(viewer, member_id=row.member_id):
        raise NotFound
    return row


def post_url(post: Post) -> str:
    """Return where a post stands."""
    thread = Thread.fetch(post.thread_id)
    return thread_url(thread.id, thread.slug, post.number)


def cuppa_of_thread(thread_id: int) -> Cuppa | None:
    """Return the cuppa that takes place in a thread, if one does."""
    return Cuppa.get_or_none(Cuppa.thread == thread_id)


def about_member(member_id: int) -> dict[str, Any]:
    """Return what cuppas hold of a member, for their export."""
    invitations = Invitation.select(Invitation, Cuppa.title).join(Cuppa).where(Invitation.member == member_id).objects()
    jottings = Jotting.select(Jotting, Prompt.words.alias("prompt_words")).join(Prompt)
    return {
        "invitations": [
            {
                "cuppa": row.title,
                "invited_at": row.invited_at.isoformat() if row.invited_at else None,
                "answer": row.answer,
                "seated": row.seated_at is not None,
                "check_on_me": row.check_on_me,
                "checked_at": row.checked_at.isoformat() if row.checked_at else None,
            }
            for row in invitations
        ],
        "jottings": [
            {"prompt": row.prompt_words, "words": row.words, "saved_at": row.saved_at.isoformat()}
            for row in jottings.where(Jotting.member == member_id).objects()
        ],
        "answers_to_summaries": [
            {"heard_right": row.heard_right, "words": row.words, "at": row.at.isoformat()}
            for row in SummaryAnswer.select().where(SummaryAnswer.member == member_id)
        ],
    }
