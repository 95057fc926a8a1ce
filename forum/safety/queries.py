"""Reading cases. What the folders of this room read is named here too."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, fn

from forum.access import Viewer, may_moderate, require_sight
from forum.errors import NotFound
from forum.members.models import Member
from forum.members.names import shown_name
from forum.safety.appeals.queries import AppealView, Decision, appeal, decisions_about, open_appeals
from forum.safety.crisis.queries import AlertView, needs_help_shown, open_alerts
from forum.safety.hours.queries import hours, hours_line, watch
from forum.safety.models import Appeal, Case, CaseNote, CrisisAlert, NameOpening, Report, Suspension
from forum.safety.openings.queries import OpeningView, name_behind, openings_of, unnamed_posts
from forum.safety.suspensions.queries import standing_suspension
from forum.safety.trail.queries import Deed, deeds, deeds_on, reason_for
from forum.text import SafeHtml, gettext
from forum.threads.models import Post, Thread, ThreadName
from forum.threads.urls import thread_url

__all__ = [
    "CASES_ON_A_PAGE",
    "AlertView",
    "AppealView",
    "CaseRow",
    "CaseView",
    "Decision",
    "Deed",
    "PersonNow",
    "PostNow",
    "ReportView",
    "Reportable",
    "about_member",
    "appeal",
    "case",
    "decisions_about",
    "deeds",
    "hours",
    "hours_line",
    "is_about",
    "needs_help_shown",
    "open_alerts",
    "open_appeals",
    "open_cases",
    "reason_for",
    "reportable",
    "standing_suspension",
    "watch",
]

CASES_ON_A_PAGE = 30


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
    """The post a case is about, as it is now. With a *thread_name_id* its *author* is a name for its thread only."""

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
    thread_name_id: int | None


@dataclass(frozen=True, slots=True)
class Reportable:
    """Something from a room above that can be reported. *words* are how it reads now, *person_id* whoever wrote it."""

    kind: str
    id: int
    about: str
    words: SafeHtml
    url: str
    person_id: int | None


# How rooms above show what can be reported: kind -> what takes a viewer and an id, and raises NotFound. Wiring fills this.
reportable: dict[str, Callable[[Viewer, int], Reportable]] = {}


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
    thing: Reportable | None
    person: PersonNow | None
    deeds: tuple[Deed, ...]
    openings: tuple[OpeningView, ...]

    @property
    def is_asked(self) -> bool:
        """Somebody asked to see who stands behind the name, and a second moderator has not answered."""
        return any(one.waits for one in self.openings)


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
    cases = list(query.limit(CASES_ON_A_PAGE + 1 if closed else 200).objects())
    reasons: dict[int, list[str]] = {}
    for case_id, reason in (
        Report.select(Report.case, Report.reason).where(Report.case.in_([case.id for case in cases])).tuples()
    ):
        reasons.setdefault(case_id, []).append(reason)
    posts = _titles([case.subject_id for case in cases if case.subject_kind == "post"])
    people = _names([case.subject_id for case in cases if case.subject_kind == "member"])
    things = {case.id: _thing(viewer, case) for case in cases if case.subject_kind in reportable}
    return [
        CaseRow(
            id=case.id,
            subject_kind=case.subject_kind,
            about=thing.about
            if (thing := things.get(case.id)) is not None
            else (posts if case.subject_kind == "post" else people).get(case.subject_id, gettext("Gone")),
            reasons=tuple(dict.fromkeys(reasons.get(case.id, ()))),
            reports=len(reasons.get(case.id, ())),
            opened_at=case.opened_at,
            assignee=case.name or "",
            closed_at=case.closed_at,
        )
        for case in cases
    ]


_SAME_VOICE = (ThreadName.thread == Post.thread) & (ThreadName.member == Post.author)


def _thing(viewer: Viewer, row: Case) -> Reportable | None:
    try:
        return reportable[row.subject_kind](viewer, row.subject_id) if row.subject_kind in reportable else None
    except NotFound:
        return None


def _titles(post_ids: list[int]) -> dict[int, str]:
    query = (
        Post.select(Post.id, fn.COALESCE(ThreadName.name, Member.name), Member.left_at, Thread.title)
        .join(Thread)
        .switch(Post)
        .join(Member, on=(Post.author == Member.id))
        .join(ThreadName, JOIN.LEFT_OUTER, on=_SAME_VOICE)
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
    openings = openings_of(viewer, post.thread_name_id) if post is not None and post.thread_name_id else []
    # Who stands behind a name for one thread is for those to see who opened it.
    is_theirs_to_see = post is None or post.thread_name_id is None or any(one.is_open_to(viewer) for one in openings)
    person_id = row.person_id if is_theirs_to_see else None
    subjects = [("case", case_id), (row.subject_kind, row.subject_id)]
    if person_id is not None:
        subjects.append(("member", person_id))
    if post is not None and post.thread_name_id is not None:
        subjects.append(("threadname", post.thread_name_id))
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
        thing=_thing(viewer, row),
        person=_person_now(person_id) if person_id is not None else None,
        deeds=tuple(deeds_on(subjects)),
        openings=tuple(openings),
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
    name = name_behind(row)
    return PostNow(
        id=row.id,
        url=thread_url(row.thread.id, row.thread.slug, row.number),
        author_id=row.author.id,
        author=shown_name(name.name if name else row.author.name, has_left=row.author.left_at is not None),
        html=row.html,
        revision=row.revision,
        is_hidden=row.hidden_at is not None,
        is_withdrawn=row.withdrawn_at is not None,
        thread_id=row.thread.id,
        thread_title=row.thread.title,
        thread_name_id=name.id if name else None,
    )


def _person_now(member_id: int) -> PersonNow | None:
    member = Member.get_or_none(Member.id == member_id)
    if member is None or member.left_at is not None:
        return None
    running = standing_suspension(member_id)
    earlier = Case.select().where(Case.closed_at.is_null(False), is_about(member_id, under_own_name=True))
    return PersonNow(
        id=member.id,
        name=member.name,
        role=member.role,
        joined_at=member.joined_at,
        suspension_id=running.id if running else None,
        suspended_until=running.until if running else None,
        earlier_cases=earlier.count(),
    )


def is_about(member_id: int, *, under_own_name: bool = False) -> Any:
    """Return what is true of cases about a member, or about something they wrote; *under_own_name* only, where asked so."""
    theirs = Case.person == member_id
    if under_own_name:
        theirs &= (Case.subject_kind != "post") | Case.subject_id.not_in(unnamed_posts(member_id) or [0])
    return theirs


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
        "names_opened": [
            {"name": row.thread_name.name, "at": row.asked_at.isoformat(), "in_danger": row.in_danger}
            for row in NameOpening.select(NameOpening, ThreadName)
            .join(ThreadName)
            .where(
                ThreadName.member == member_id,
                ~NameOpening.keep_quiet,
                NameOpening.agreed | (NameOpening.in_danger & NameOpening.second_at.is_null(False)),
            )
        ],
        "crisis_alerts": [row.at.isoformat() for row in CrisisAlert.select().where(CrisisAlert.member == member_id)],
    }
