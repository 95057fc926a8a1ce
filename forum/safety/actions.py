"""Reporting, and deciding with a reason. Every deed of staff is noted in the same transaction.

Suspensions, appeals, crisis and hours have folders of their own; their deeds are named here too.
"""

from forum import audit, events
from forum.access import Viewer, may_moderate, may_report, require
from forum.clock import now
from forum.database import transaction, wait_for_log
from forum.errors import Conflict, Invalid, NotFound
from forum.members.models import Member
from forum.safety import queries
from forum.safety.appeals.actions import answer_appeal, appeal
from forum.safety.crisis.actions import notice_crisis, see_alert
from forum.safety.hours.actions import set_hours
from forum.safety.models import REASONS, Appeal, Case, CaseNote, CrisisAlert, NameOpening, Report, Suspension
from forum.safety.reasons import LONGEST_WORDS, reason_given
from forum.safety.suspensions.actions import lift_suspension, suspend
from forum.text import SafeHtml, _, as_typed, tidy
from forum.threads import actions as threads
from forum.threads import queries as conversations
from forum.threads.models import Post, ThreadName

__all__ = [
    "answer_appeal",
    "appeal",
    "close_case",
    "forget_member",
    "hide_post",
    "lift_suspension",
    "note_on_case",
    "notice_crisis",
    "report_member",
    "report_post",
    "see_alert",
    "set_hours",
    "show_post",
    "suspend",
    "take_case",
]


# ---- telling us ----------------------------------------------------------------------------------------------------


def report_post(viewer: Viewer, post_id: int, *, reason: str, words: str = "") -> Report:
    """Tell moderators of a post, which is kept as it was at this moment. Raises NotFound, Invalid."""
    seen = conversations.post(viewer, post_id)
    _check_report(viewer, reason, words)
    with transaction():
        post = Post.locked(post_id)
        return _report(
            viewer,
            ("post", post_id),
            reason,
            words,
            person_id=post.author_id,
            snapshot=post.html,
            revision=seen.revision,
        )


def report_member(viewer: Viewer, member_id: int, *, reason: str, words: str = "") -> Report:
    """Tell moderators of a person, with their name and what they say of themselves. Raises NotFound, Invalid."""
    require(viewer.is_member, _("Please sign in to tell us about a person."))
    _check_report(viewer, reason, words)
    with transaction():
        member = Member.locked(member_id)
        said = as_typed(f"{member.name}\n\n{member.about}")
        return _report(viewer, ("member", member_id), reason, words, person_id=member_id, snapshot=said)


def report_thing(viewer: Viewer, kind: str, id: int, *, reason: str, words: str = "") -> Report:
    """Tell moderators of something from a room above (a key of `reportable`), as it reads now. Raises NotFound, Invalid."""
    if kind not in queries.reportable:
        raise NotFound
    _check_report(viewer, reason, words)
    with transaction():
        # Two who tell us at once make one case.
        wait_for_log()
        thing = queries.reportable[kind](viewer, id)
        return _report(viewer, (kind, id), reason, words, person_id=thing.person_id, snapshot=thing.words)


def _check_report(viewer: Viewer, reason: str, words: str) -> None:
    require(may_report(viewer))
    if reason not in REASONS:
        raise Invalid(errors={"reason": _("Choose what is wrong, so that we know where to look.")})
    if len(words) > LONGEST_WORDS:
        raise Invalid(errors={"words": _("Please keep it under %(n)s letters.", n=LONGEST_WORDS)})


def _report(
    viewer: Viewer,
    subject: tuple[str, int],
    reason: str,
    words: str,
    *,
    person_id: int | None,
    snapshot: SafeHtml,
    revision: int | None = None,
) -> Report:
    """Join the open case about *subject*, or open one. *person_id* wrote it. The caller lets nobody in between."""
    kind, subject_id = subject
    case = Case.get_or_none(Case.subject_kind == kind, Case.subject_id == subject_id, Case.closed_at.is_null())
    if case is None:
        case = Case.create(subject_kind=kind, subject_id=subject_id, person=person_id, opened_at=now())
    if viewer.is_member:
        before = Report.get_or_none(Report.case == case.id, Report.reporter == viewer.id, Report.reason == reason)
        if before is not None:
            return before
    report = Report.create(
        case=case.id,
        reporter=viewer.id,
        reason=reason,
        words=tidy(words).strip(),
        snapshot=snapshot,
        snapshot_revision=revision,
        at=now(),
    )
    events.record("report.made", subject=report, actor=viewer, case=case.id)
    return report


# ---- deciding ------------------------------------------------------------------------------------------------------


def take_case(viewer: Viewer, case_id: int) -> None:
    """Say that *viewer* looks after a case."""
    require(may_moderate(viewer), _("Only a moderator can take a case."))
    with transaction():
        case = _open_case(case_id)
        Case.update(assignee=viewer.id).where(Case.id == case.id).execute()
        audit.note(viewer, "case.taken", subject=case)


def note_on_case(viewer: Viewer, case_id: int, words: str) -> None:
    """Write something down about a case, for other moderators."""
    require(may_moderate(viewer), _("Only a moderator can write on a case."))
    words = tidy(words).strip()
    if not words or len(words) > LONGEST_WORDS:
        raise Invalid(errors={"words": _("Write the note first, under %(n)s letters.", n=LONGEST_WORDS)})
    with transaction():
        case = Case.locked(case_id)
        CaseNote.create(case=case.id, author=viewer.id, words=words, at=now())
        audit.note(viewer, "case.noted", subject=case)


def close_case(viewer: Viewer, case_id: int, *, outcome: str) -> None:
    """End a case with what came of it, which those who reported are told. Raises Invalid, Conflict."""
    require(may_moderate(viewer), _("Only a moderator can close a case."))
    outcome = reason_given(outcome)
    with transaction():
        case = _open_case(case_id)
        if case.person_id is not None and case.person.left_at is not None:
            empty_cases([case.id])
        Case.update(closed_at=now(), closed_by=viewer.id, outcome=outcome).where(Case.id == case.id).execute()
        audit.note(viewer, "case.closed", subject=case, reason=outcome)
        events.record("case.closed", subject=case, actor=viewer)


def _open_case(case_id: int) -> Case:
    case = Case.locked(case_id)
    if case.closed_at is not None:
        raise Conflict(_("Another moderator has closed this case already."))
    return case


def hide_post(viewer: Viewer, post_id: int, *, reason: str) -> None:
    """Hide a post, for a reason that its writer is told. Raises NotFound, Invalid."""
    threads.hide_post(viewer, post_id, reason_given(reason))


def show_post(viewer: Viewer, post_id: int, *, reason: str) -> None:
    """Show a hidden post again. Raises NotFound, Invalid."""
    threads.show_post(viewer, post_id, reason_given(reason))


# ---- leaving -------------------------------------------------------------------------------------------------------


def forget_member(member_id: int) -> None:
    """Take a leaver out of what moderators keep. Called inside the erasing transaction.

    What they reported stays, without their name and words. What was decided about them stays too, with who decided and
    when, and without the reasons. In an open case the words stay until it is closed, because somebody else may be in
    danger.
    """
    Report.update(reporter=None, words="").where(Report.reporter == member_id).execute()
    about_them = Case.select(Case.id).where(queries.is_about(member_id))
    empty_cases([id for (id,) in about_them.where(Case.closed_at.is_null(False)).tuples()])
    audit.erase_words("case", about_them)
    audit.erase_words("appeal", Appeal.select(Appeal.id).where(Appeal.member == member_id))
    audit.erase_words("crisisalert", CrisisAlert.select(CrisisAlert.id).where(CrisisAlert.member == member_id))
    names = ThreadName.select(ThreadName.id).where(ThreadName.member == member_id)
    audit.erase_words("threadname", names)
    NameOpening.update(reason="", second_words="").where(NameOpening.thread_name.in_(names)).execute()
    Suspension.update(reason="").where(Suspension.member == member_id).execute()
    Appeal.update(words="", answer="").where(Appeal.member == member_id).execute()
    CrisisAlert.delete().where(CrisisAlert.member == member_id).execute()


def empty_cases(case_ids: list[int]) -> None:
    """Take the words out of cases about somebody who left: what was reported and why, what moderators wrote."""
    Report.update(snapshot=None, words="").where(Report.case.in_(case_ids)).execute()
    CaseNote.delete().where(CaseNote.case.in_(case_ids)).execute()
    Case.update(outcome="").where(Case.id.in_(case_ids)).execute()
