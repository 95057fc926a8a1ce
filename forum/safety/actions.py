"""Reporting, deciding with a reason, asking us to look again. Every deed of staff is noted in the same transaction."""

from datetime import UTC, datetime, timedelta

from forum import audit, events
from forum.access import Viewer, may_appeal, may_moderate, may_report, may_see_crisis_alerts, may_suspend, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotFound
from forum.members.models import Member
from forum.safety import queries
from forum.safety.crisis import noticed_in
from forum.safety.models import REASONS, Appeal, Case, CaseNote, CrisisAlert, Hours, Report, Suspension
from forum.text import SafeHtml, _, clean_line, tidy
from forum.threads import actions as threads
from forum.threads import queries as conversations
from forum.threads.models import Post

LONGEST_WORDS = 4000
UNTIL_LIFTED = datetime(9999, 1, 1, tzinfo=UTC)
ONE_ALERT_EVERY = timedelta(hours=24)


# ---- telling us ----------------------------------------------------------------------------------------------------


def report_post(viewer: Viewer, post_id: int, *, reason: str, words: str = "") -> Report:
    """Tell moderators of a post, which is kept as it was at this moment. Raises NotFound, Invalid."""
    seen = conversations.post(viewer, post_id)
    _check_report(viewer, reason, words)
    with transaction():
        post = Post.locked(post_id)
        return _report(viewer, ("post", post_id), reason, words, snapshot=post.html, revision=seen.revision)


def report_member(viewer: Viewer, member_id: int, *, reason: str, words: str = "") -> Report:
    """Tell moderators of a person. Raises NotFound, Invalid."""
    require(viewer.is_member, _("Please sign in to tell us about a person."))
    _check_report(viewer, reason, words)
    with transaction():
        Member.locked(member_id)
        return _report(viewer, ("member", member_id), reason, words)


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
    snapshot: SafeHtml | None = None,
    revision: int | None = None,
) -> Report:
    """Join the open case about *subject*, or open one. The subject's row is locked by the caller."""
    kind, subject_id = subject
    case = Case.get_or_none(Case.subject_kind == kind, Case.subject_id == subject_id, Case.closed_at.is_null())
    if case is None:
        case = Case.create(subject_kind=kind, subject_id=subject_id, opened_at=now())
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


def _reason_given(reason: str) -> str:
    reason = tidy(reason).strip()
    if not reason:
        raise Invalid(errors={"reason": _("Write the reason. Whoever reads this later needs it.")})
    if len(reason) > LONGEST_WORDS:
        raise Invalid(errors={"reason": _("Please keep the reason under %(n)s letters.", n=LONGEST_WORDS)})
    return reason


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
    outcome = _reason_given(outcome)
    with transaction():
        case = _open_case(case_id)
        if queries.has_left(case):
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
    threads.hide_post(viewer, post_id, _reason_given(reason))


def show_post(viewer: Viewer, post_id: int, *, reason: str) -> None:
    """Show a hidden post again. Raises NotFound, Invalid."""
    threads.show_post(viewer, post_id, _reason_given(reason))


def suspend(viewer: Viewer, member_id: int, *, reason: str, until: datetime | None) -> Suspension:
    """Give somebody a time away from posting, until a moment or (None) until it is lifted. Raises Invalid, Conflict."""
    reason = _reason_given(reason)
    if until is not None and until <= now():
        raise Invalid(errors={"until": _("Choose a day that is still to come.")})
    with transaction():
        member = Member.locked(member_id)
        require(
            may_suspend(viewer, member_id=member.id, member_role=member.role),
            _("You can't suspend this person. Ask an administrator."),
        )
        if member.left_at is not None:
            raise Conflict(_("This person has left already."))
        Suspension.update(lifted_at=now(), lifted_by=viewer.id).where(
            Suspension.member == member_id, Suspension.lifted_at.is_null()
        ).execute()
        suspension = Suspension.create(member=member_id, by=viewer.id, reason=reason, starts_at=now(), until=until)
        Member.update(suspended_until=until or UNTIL_LIFTED).where(Member.id == member_id).execute()
        audit.note(viewer, "member.suspended", subject=member, reason=reason)
        events.record("member.suspended", subject=suspension, actor=viewer, member=member_id)
        return suspension


def lift_suspension(viewer: Viewer, suspension_id: int, *, reason: str) -> None:
    """End somebody's time away early. Twice is fine."""
    require(may_moderate(viewer), _("Only a moderator can lift a suspension."))
    reason = _reason_given(reason)
    with transaction():
        _lift(viewer, Suspension.locked(suspension_id), reason)


def _lift(viewer: Viewer, suspension: Suspension, reason: str) -> None:
    if suspension.lifted_at is not None:
        return
    Suspension.update(lifted_at=now(), lifted_by=viewer.id).where(Suspension.id == suspension.id).execute()
    others = Suspension.select().where(
        Suspension.member == suspension.member_id,
        Suspension.id != suspension.id,
        Suspension.lifted_at.is_null(),
        Suspension.until.is_null() | (Suspension.until > now()),
    )
    if not others.exists():
        Member.update(suspended_until=None).where(Member.id == suspension.member_id).execute()
    audit.note(viewer, "member.unsuspended", subject=("member", suspension.member_id), reason=reason)
    events.record("member.unsuspended", subject=suspension, actor=viewer, member=suspension.member_id)


# ---- looking again -------------------------------------------------------------------------------------------------


def appeal(viewer: Viewer, *, words: str, post_id: int | None = None, suspension_id: int | None = None) -> Appeal:
    """Ask us to look again at a hidden post or a suspension, once for each decision. Raises NotFound, Invalid, Conflict."""
    words = tidy(words).strip()
    if not words:
        raise Invalid(errors={"words": _("Tell us in a line or two why we should look again.")})
    if len(words) > LONGEST_WORDS:
        raise Invalid(errors={"words": _("Please keep it under %(n)s letters.", n=LONGEST_WORDS)})
    if (post_id is None) == (suspension_id is None):
        raise NotFound
    with transaction():
        if post_id is not None:
            post = Post.locked(post_id)
            mine = may_appeal(viewer, member_id=post.author_id) and post.hidden_at is not None
            since = Appeal.at >= post.hidden_at
            before = (Appeal.post == post_id) & since if mine else None
        else:
            suspension = Suspension.locked(suspension_id or 0)
            mine = may_appeal(viewer, member_id=suspension.member_id) and suspension.lifted_at is None
            before = Appeal.suspension == suspension_id
        if not mine:
            raise NotFound
        if Appeal.select().where(before).exists():
            raise Conflict(_("You have asked us about this already. We'll answer that one."))
        made = Appeal.create(member=viewer.id, post=post_id, suspension=suspension_id, words=words, at=now())
        events.record("appeal.made", subject=made, actor=viewer)
        return made


def answer_appeal(viewer: Viewer, appeal_id: int, *, overturn: bool, answer: str) -> None:
    """Answer an appeal: the decision stands, or is overturned at once.

    Somebody else than whoever decided answers, when there is another moderator. Raises Invalid, Conflict, NotAllowed."""
    require(may_moderate(viewer), _("Only a moderator can answer an appeal."))
    answer = tidy(answer).strip()
    if not answer or len(answer) > LONGEST_WORDS:
        raise Invalid(
            errors={"answer": _("Write your answer to the member first, under %(n)s letters.", n=LONGEST_WORDS)}
        )
    with transaction():
        asked = Appeal.locked(appeal_id)
        if asked.answered_at is not None:
            raise Conflict(_("Another moderator has answered this already."))
        decided_by = asked.post.hidden_by_id if asked.post_id else asked.suspension.by_id
        require(
            viewer.id != decided_by or not _other_moderators(viewer),
            _("You made this decision, so another moderator has to look at it."),
        )
        Appeal.update(
            answered_at=now(),
            answered_by=viewer.id,
            answer=answer,
            outcome="overturned" if overturn else "stands",
        ).where(Appeal.id == appeal_id).execute()
        if overturn and asked.post_id:
            threads.show_post(viewer, asked.post_id, answer)
        elif overturn:
            _lift(viewer, asked.suspension, answer)
        audit.note(viewer, "appeal.answered", subject=asked, reason=answer)
        events.record("appeal.answered", subject=asked, actor=viewer)


def _other_moderators(viewer: Viewer) -> bool:
    return (
        Member.select()
        .where(
            Member.role.in_(("moderator", "admin")),
            Member.id != viewer.id,
            Member.left_at.is_null(),
            Member.suspended_until.is_null() | (Member.suspended_until < now()),
        )
        .exists()
    )


# ---- in a crisis ---------------------------------------------------------------------------------------------------


def notice_crisis(viewer: Viewer, words: str, *, post_id: int | None = None) -> bool:
    """Look at what somebody writes or has posted. When it may mean danger, tell staff, once a day, and return True.

    A post that follows upon an alert of the same day joins it. No words are kept here."""
    if not viewer.is_member or not noticed_in(words):
        return False
    with transaction():
        Member.locked(viewer.id or 0)
        alert = (
            CrisisAlert.select()
            .where(CrisisAlert.member == viewer.id, CrisisAlert.at > now() - ONE_ALERT_EVERY)
            .order_by(CrisisAlert.id.desc())
            .first()
        )
        is_news = alert is None or (post_id is not None and alert.post_id not in {None, post_id})
        if alert is not None and post_id is not None and alert.post_id is None:
            CrisisAlert.update(post=post_id).where(CrisisAlert.id == alert.id).execute()
        elif is_news:
            made = CrisisAlert.create(member=viewer.id, post=post_id, at=now())
            events.record("crisis.noticed", subject=("crisisalert", made.id), actor=viewer)
    return True


def see_alert(viewer: Viewer, alert_id: int, *, done: str) -> None:
    """Say that somebody of staff has looked at an alert, and what they did."""
    require(may_see_crisis_alerts(viewer), _("Only staff can do that."))
    done = _reason_given(done)
    with transaction():
        alert = CrisisAlert.locked(alert_id)
        if alert.seen_at is not None:
            return
        CrisisAlert.update(seen_at=now(), seen_by=viewer.id).where(CrisisAlert.id == alert_id).execute()
        audit.note(viewer, "alert.seen", subject=("crisisalert", alert_id), reason=done)


# ---- hours ---------------------------------------------------------------------------------------------------------


def set_hours(viewer: Viewer, hours: list[tuple[int, int, int]]) -> None:
    """Set when somebody is watching: (weekday with Monday 0, opens, closes), in minutes after local midnight."""
    require(may_moderate(viewer), _("Only a moderator can change the hours."))
    for weekday, opens, closes in hours:
        if not (0 <= weekday <= 6 and 0 <= opens < closes <= 24 * 60):
            raise Invalid(errors={f"day{weekday}": _("The end has to come after the beginning, like 09:00 to 17:00.")})
    with transaction():
        Hours.delete().execute()
        for weekday, opens, closes in hours:
            Hours.create(weekday=weekday, opens=opens, closes=closes)
        audit.note(viewer, "hours.set", subject=("hours", 0), reason=clean_line(str(hours), 500))


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
    Suspension.update(reason="").where(Suspension.member == member_id).execute()
    Appeal.update(words="", answer="").where(Appeal.member == member_id).execute()
    CrisisAlert.delete().where(CrisisAlert.member == member_id).execute()


def empty_cases(case_ids: list[int]) -> None:
    """Take the words out of cases about somebody who left: what was reported and why, what moderators wrote."""
    Report.update(snapshot=None, words="").where(Report.case.in_(case_ids)).execute()
    CaseNote.delete().where(CaseNote.case.in_(case_ids)).execute()
    Case.update(outcome="").where(Case.id.in_(case_ids)).execute()
