"""What moderators see, what a member may know of it, and when somebody is here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN

from forum.access import Viewer, may_moderate, may_see_crisis_alerts, require_sight
from forum.audit import AuditEntry, AuditWords
from forum.clock import now, site_now
from forum.members.models import Member
from forum.members.names import shown_name
from forum.safety.models import Appeal, Case, CaseNote, CrisisAlert, Hours, Report, Suspension
from forum.text import SafeHtml, excerpt_of, gettext
from forum.threads.models import Post, Thread
from forum.threads.urls import thread_url
from forum.web import clock_words

PAGE = 30


# ---- cases ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A line in the queue."""

    id: int
    subject_kind: str
    about: str
    reasons: tuple[str, ...]
    reports: int
    opened_at: datetime
    assignee: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReportView:
    """What somebody told us."""

    reporter: str
    reason: str
    words: str
    snapshot: SafeHtml | None
    snapshot_revision: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PostNow:
    """The post a case is about, as it is now."""

    id: int
    url: str
    author_id: int
    author: str
    html: SafeHtml
    revision: int
    is_hidden: bool
    is_withdrawn: bool
    thread_id: int
    thread_title: str


@dataclass(frozen=True, slots=True)
class PersonNow:
    """The person a case is about."""

    id: int
    name: str
    role: str
    joined_at: datetime
    suspension_id: int | None
    suspended_until: datetime | None
    earlier_cases: int


@dataclass(frozen=True, slots=True)
class Deed:
    """A line of the audit trail."""

    id: int
    at: datetime
    actor: str
    deed: str
    subject_kind: str
    subject_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """Everything about one case."""

    id: int
    subject_kind: str
    subject_id: int
    opened_at: datetime
    assignee: str
    closed_at: datetime | None
    outcome: str
    reports: tuple[ReportView, ...]
    notes: tuple[tuple[str, str, datetime], ...]
    post: PostNow | None
    person: PersonNow | None
    deeds: tuple[Deed, ...]


def open_cases(viewer: Viewer, *, closed: bool = False, before: int | None = None) -> list[CaseRow]:
    """Return the queue, the oldest first; with *closed*, what was decided, the newest first (ids below *before*)."""
    require_sight(may_moderate(viewer))
    query = Case.select(Case, Member.name).join(Member, JOIN.LEFT_OUTER, on=(Case.assignee == Member.id))
    if closed:
        query = query.where(Case.closed_at.is_null(False)).order_by(Case.id.desc())
        if before is not None:
            query = query.where(Case.id < before)
    else:
        query = query.where(Case.closed_at.is_null()).order_by(Case.opened_at, Case.id)
    cases = list(query.limit(PAGE + 1 if closed else 200).objects())
    reasons: dict[int, list[str]] = {}
    for case_id, reason in (
        Report.select(Report.case, Report.reason).where(Report.case.in_([case.id for case in cases])).tuples()
    ):
        reasons.setdefault(case_id, []).append(reason)
    posts = _titles([case.subject_id for case in cases if case.subject_kind == "post"])
    people = _names([case.subject_id for case in cases if case.subject_kind == "member"])
    return [
        CaseRow(
            id=case.id,
            subject_kind=case.subject_kind,
            about=(posts if case.subject_kind == "post" else people).get(case.subject_id, gettext("Gone")),
            reasons=tuple(dict.fromkeys(reasons.get(case.id, ()))),
            reports=len(reasons.get(case.id, ())),
            opened_at=case.opened_at,
            assignee=case.name or "",
            closed_at=case.closed_at,
        )
        for case in cases
    ]


def _titles(post_ids: list[int]) -> dict[int, str]:
    query = (
        Post.select(Post.id, Member.name, Member.left_at, Thread.title)
        .join(Thread)
        .switch(Post)
        .join(Member, on=(Post.author == Member.id))
        .where(Post.id.in_(post_ids))
        .tuples()
    )
    return {
        post_id: gettext("A post by %(name)s in %(title)s")
        % {"name": shown_name(name, has_left=bool(left)), "title": title}
        for post_id, name, left, title in query
    }


def _names(member_ids: list[int]) -> dict[int, str]:
    query = Member.select(Member.id, Member.name, Member.left_at).where(Member.id.in_(member_ids)).tuples()
    return {member_id: shown_name(name, has_left=bool(left)) for member_id, name, left in query}


def case(viewer: Viewer, case_id: int) -> CaseView:
    """Return a case with its reports, notes and history. Raises NotFound."""
    require_sight(may_moderate(viewer))
    row = Case.fetch(case_id)
    reports = tuple(
        ReportView(
            reporter=_known(report.name, report.left_at),
            reason=report.reason,
            words=report.words,
            snapshot=report.snapshot,
            snapshot_revision=report.snapshot_revision,
            at=report.at,
        )
        for report in Report.select(Report, Member.name, Member.left_at)
        .join(Member, JOIN.LEFT_OUTER, on=(Report.reporter == Member.id))
        .where(Report.case == case_id)
        .order_by(Report.id)
        .objects()
    )
    notes = tuple(
        CaseNote.select(Member.name, CaseNote.words, CaseNote.at)
        .join(Member, on=(CaseNote.author == Member.id))
        .where(CaseNote.case == case_id)
        .order_by(CaseNote.id)
        .tuples()
    )
    post = _post_now(row.subject_id) if row.subject_kind == "post" else None
    person_id = post.author_id if post else row.subject_id if row.subject_kind == "member" else None
    subjects = [("case", case_id), (row.subject_kind, row.subject_id)]
    if person_id is not None:
        subjects.append(("member", person_id))
    if post is not None:
        subjects.append(("thread", post.thread_id))
    return CaseView(
        id=row.id,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        opened_at=row.opened_at,
        assignee=row.assignee.name if row.assignee_id else "",
        closed_at=row.closed_at,
        outcome=row.outcome,
        reports=reports,
        notes=notes,
        post=post,
        person=_person_now(person_id) if person_id is not None else None,
        deeds=tuple(_deeds_on(subjects)),
    )


def _known(name: str | None, left_at: Any) -> str:
    if name is None:
        return gettext("A visitor, or someone who left")
    return shown_name(name, has_left=left_at is not None)


def _post_now(post_id: int) -> PostNow | None:
    post = Post.select(Post, Thread, Member).join(Thread).switch(Post).join(Member, on=(Post.author == Member.id))
    row = post.where(Post.id == post_id).first()
    if row is None:
        return None
    return PostNow(
        id=row.id,
        url=thread_url(row.thread.id, row.thread.slug, row.number),
        author_id=row.author.id,
        author=shown_name(row.author.name, has_left=row.author.left_at is not None),
        html=row.html,
        revision=row.revision,
        is_hidden=row.hidden_at is not None,
        is_withdrawn=row.withdrawn_at is not None,
        thread_id=row.thread.id,
        thread_title=row.thread.title,
    )


def _person_now(member_id: int) -> PersonNow | None:
    member = Member.get_or_none(Member.id == member_id)
    if member is None or member.left_at is not None:
        return None
    running = standing_suspension(member_id)
    earlier = Case.select().where(Case.closed_at.is_null(False), is_about(member_id))
    return PersonNow(
        id=member.id,
        name=member.name,
        role=member.role,
        joined_at=member.joined_at,
        suspension_id=running.id if running else None,
        suspended_until=running.until if running else None,
        earlier_cases=earlier.count(),
    )


def is_about(member_id: int) -> Any:
    """Return what is true of cases about a member, or about something they wrote."""
    mine = Post.select(Post.id).where(Post.author == member_id)
    return ((Case.subject_kind == "member") & (Case.subject_id == member_id)) | (
        (Case.subject_kind == "post") & Case.subject_id.in_(mine)
    )


def has_left(case: Case) -> bool:
    """Say whether a case is about somebody who left meanwhile."""
    gone = Member.select(Member.id).where(Member.left_at.is_null(False))
    theirs = Post.select(Post.id).where(Post.id == case.subject_id, Post.author.in_(gone))
    found = theirs if case.subject_kind == "post" else gone.where(Member.id == case.subject_id)
    return bool(found.exists())


def standing_suspension(member_id: int) -> Suspension | None:
    """Return the suspension that holds for a member now, if any."""
    return (
        Suspension.select()
        .where(
            Suspension.member == member_id,
            Suspension.lifted_at.is_null(),
            Suspension.until.is_null() | (Suspension.until > now()),
        )
        .order_by(Suspension.id.desc())
        .first()
    )


# ---- the audit trail -----------------------------------------------------------------------------------------------


def _deeds(query: Any) -> list[Deed]:
    rows = (
        query.select(
            AuditEntry.id,
            AuditEntry.at,
            Member.name,
            Member.left_at,
            AuditEntry.deed,
            AuditEntry.subject_kind,
            AuditEntry.subject_id,
            AuditWords.reason,
        )
        .join(Member, JOIN.LEFT_OUTER, on=(AuditEntry.actor_id == Member.id))
        .switch(AuditEntry)
        .join(AuditWords, JOIN.LEFT_OUTER, on=(AuditWords.entry == AuditEntry.id))
        .order_by(AuditEntry.id.desc())
        .tuples()
    )
    return [
        Deed(
            id=row[0],
            at=row[1],
            actor=gettext("Kettle") if row[2] is None else shown_name(row[2], has_left=row[3] is not None),
            deed=row[4],
            subject_kind=row[5],
            subject_id=row[6],
            reason=row[7] or "",
        )
        for row in rows
    ]


def _deeds_on(subjects: list[tuple[str, int]]) -> list[Deed]:
    where = None
    for kind, subject_id in subjects:
        one = (AuditEntry.subject_kind == kind) & (AuditEntry.subject_id == subject_id)
        where = one if where is None else where | one
    return _deeds(AuditEntry.select().where(where).limit(50))


def deeds(viewer: Viewer, *, before: int | None = None) -> tuple[list[Deed], int | None]:
    """Return a page of the audit trail, the newest first, and the id to go on from (None at the end)."""
    require_sight(may_moderate(viewer))
    query = AuditEntry.select().limit(PAGE + 1)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    rows = _deeds(query)
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


# ---- appeals and alerts --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AppealView:
    """A member's request to look again."""

    id: int
    member: str
    about: str
    url: str
    reason: str
    decided_by_id: int | None
    words: str
    at: datetime
    outcome: str
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Something moderators decided about a member, which they may appeal."""

    kind: str
    id: int
    about: str
    reason: str
    at: datetime
    until: datetime | None
    appeal: AppealView | None


def _appeal_view(row: Appeal) -> AppealView:
    post = row.post
    about, url = gettext("A time away from posting"), ""
    if post is not None:
        about = gettext("A hidden post in %(title)s") % {"title": post.thread.title}
        url = thread_url(post.thread_id, post.thread.slug, post.number)
    return AppealView(
        id=row.id,
        member=shown_name(row.member.name, has_left=row.member.left_at is not None),
        about=about,
        url=url,
        reason=reason_for("post", post.id, "post.hidden") if post is not None else row.suspension.reason,
        decided_by_id=post.hidden_by_id if post is not None else row.suspension.by_id,
        words=row.words,
        at=row.at,
        outcome=row.outcome,
        answer=row.answer,
        answered_at=row.answered_at,
    )


def reason_for(subject_kind: str, subject_id: int, deed: str) -> str:
    """Return the reason that was given for the latest such deed, empty when there is none."""
    return (
        AuditWords.select(AuditWords.reason)
        .join(AuditEntry)
        .where(AuditEntry.subject_kind == subject_kind, AuditEntry.subject_id == subject_id, AuditEntry.deed == deed)
        .order_by(AuditEntry.id.desc())
        .limit(1)
        .scalar()
        or ""
    )


def open_appeals(viewer: Viewer) -> list[AppealView]:
    """Return appeals that wait for an answer, the oldest first."""
    require_sight(may_moderate(viewer))
    rows = Appeal.select().where(Appeal.answered_at.is_null()).order_by(Appeal.at).limit(100)
    return [_appeal_view(row) for row in rows]


def appeal(viewer: Viewer, appeal_id: int) -> AppealView:
    """Return one appeal, for a moderator. Raises NotFound."""
    require_sight(may_moderate(viewer))
    return _appeal_view(Appeal.fetch(appeal_id))


def decisions_about(viewer: Viewer) -> list[Decision]:
    """Return what moderators decided about the viewer, the newest first, with what came of an appeal."""
    require_sight(viewer.is_member)
    found = []
    for post in Post.select(Post, Thread).join(Thread).where(Post.author == viewer.id, Post.hidden_at.is_null(False)):
        asked = Appeal.select().where(Appeal.post == post.id, Appeal.at >= post.hidden_at).first()
        found.append(
            Decision(
                kind="post",
                id=post.id,
                about=gettext("We hid your post in %(title)s") % {"title": post.thread.title},
                reason=reason_for("post", post.id, "post.hidden"),
                at=post.hidden_at,
                until=None,
                appeal=_appeal_view(asked) if asked else None,
            )
        )
    overturned = Appeal.select().where(
        Appeal.member == viewer.id, Appeal.post.is_null(False), Appeal.outcome == "overturned"
    )
    for asked in overturned:
        if asked.post.hidden_at is None:
            found.append(
                Decision(
                    kind="post",
                    id=asked.post_id,
                    about=gettext("We hid your post in %(title)s and have put it back")
                    % {"title": asked.post.thread.title},
                    reason=reason_for("post", asked.post_id, "post.hidden"),
                    at=asked.at,
                    until=None,
                    appeal=_appeal_view(asked),
                )
            )
    for suspension in Suspension.select().where(Suspension.member == viewer.id):
        asked = Appeal.select().where(Appeal.suspension == suspension.id).first()
        lifted = suspension.lifted_at is not None
        found.append(
            Decision(
                kind="suspension",
                id=suspension.id,
                about=gettext("A time away from posting, lifted since")
                if lifted
                else gettext("A time away from posting"),
                reason=suspension.reason,
                at=suspension.starts_at,
                until=suspension.until,
                appeal=_appeal_view(asked) if asked else None,
            )
        )
    return sorted(found, key=lambda decision: decision.at, reverse=True)


def may_still_appeal(decision: Decision) -> bool:
    """Say whether a decision holds and was not appealed yet."""
    if decision.appeal is not None:
        return False
    if decision.kind == "suspension":
        row = Suspension.get_or_none(Suspension.id == decision.id)
        return row is not None and row.lifted_at is None and (row.until is None or row.until > now())
    return True


@dataclass(frozen=True, slots=True)
class AlertView:
    """Words that may mean danger, for staff to look at."""

    id: int
    member: str
    url: str
    excerpt: str
    at: datetime


def open_alerts(viewer: Viewer) -> list[AlertView]:
    """Return alerts nobody has looked at, the oldest first."""
    require_sight(may_see_crisis_alerts(viewer))
    rows = (
        CrisisAlert.select(CrisisAlert.id, Member.name, CrisisAlert.at, Thread.id, Thread.slug, Post.number, Post.plain)
        .join(Member, on=(CrisisAlert.member == Member.id))
        .switch(CrisisAlert)
        .join(Post, JOIN.LEFT_OUTER, on=(CrisisAlert.post == Post.id))
        .join(Thread, JOIN.LEFT_OUTER)
        .where(CrisisAlert.seen_at.is_null())
        .order_by(CrisisAlert.at)
        .limit(50)
        .tuples()
    )
    return [
        AlertView(
            id=id,
            member=name,
            url=thread_url(thread_id, slug, number) if thread_id is not None else "",
            excerpt=excerpt_of(plain or "", 200),
            at=at,
        )
        for id, name, at, thread_id, slug, number, plain in rows
    ]


def needs_help_shown(viewer: Viewer) -> bool:
    """Say whether the viewer wrote something worrying within a day, so that pages keep help in sight."""
    if not viewer.is_member:
        return False
    recent = CrisisAlert.at > now() - timedelta(hours=24)
    return CrisisAlert.select().where(CrisisAlert.member == viewer.id, recent).exists()


# ---- hours ---------------------------------------------------------------------------------------------------------


def hours() -> list[tuple[int, int, int]]:
    """Return when somebody is watching: (weekday with Monday 0, opens, closes) in minutes after local midnight."""
    query = Hours.select(Hours.weekday, Hours.opens, Hours.closes).order_by(Hours.weekday, Hours.opens)
    return list(query.tuples())


def hours_line(_viewer: Viewer | None = None) -> str:
    """Return who is watching now, or when somebody is back, in a sentence."""
    kept = hours()
    if not kept:
        return gettext("We can't promise that someone is watching just now.")
    local = site_now()
    minute = local.hour * 60 + local.minute
    for weekday, opens, closes in kept:
        if weekday == local.weekday() and opens <= minute < closes:
            return gettext("Our team is here until %(time)s.") % {"time": _at(local, closes)}
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        for weekday, opens, _closes in kept:
            if weekday == day.weekday() and (ahead or opens > minute):
                name = [gettext("today"), gettext("tomorrow")][ahead] if ahead < 2 else f"{day:%A}"
                return gettext("Nobody from our team is here just now. We're back %(day)s at %(time)s.") % {
                    "day": name,
                    "time": _at(local, opens),
                }
    return gettext("We can't promise that someone is watching just now.")


def is_watched() -> bool:
    """Say whether somebody is on shift now."""
    local = site_now()
    minute = local.hour * 60 + local.minute
    return any(weekday == local.weekday() and opens <= minute < closes for weekday, opens, closes in hours())


def _at(day: datetime, minute: int) -> str:
    if minute == 24 * 60:
        return gettext("midnight")
    return clock_words(day.replace(hour=minute // 60, minute=minute % 60))


# ---- export --------------------------------------------------------------------------------------------------------


def about_member(member_id: int) -> dict[str, Any]:
    """Return what moderators' tables hold of a member, for their export."""
    return {
        "reports_made": [
            {"reason": row.reason, "words": row.words, "at": row.at.isoformat()}
            for row in Report.select().where(Report.reporter == member_id)
        ],
        "suspensions": [
            {
                "reason": row.reason,
                "from": row.starts_at.isoformat(),
                "until": row.until.isoformat() if row.until else None,
                "lifted": row.lifted_at.isoformat() if row.lifted_at else None,
            }
            for row in Suspension.select().where(Suspension.member == member_id)
        ],
        "appeals": [
            {"words": row.words, "at": row.at.isoformat(), "outcome": row.outcome, "answer": row.answer}
            for row in Appeal.select().where(Appeal.member == member_id)
        ],
        "crisis_alerts": [row.at.isoformat() for row in CrisisAlert.select().where(CrisisAlert.member == member_id)],
    }
