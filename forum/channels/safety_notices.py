"""Telling people what was reported, decided and answered, and telling staff when somebody may be in danger."""

from collections.abc import Iterable

from forum import settings
from forum.channels import actions
from forum.channels.actions import Line, Owed
from forum.channels.letters import Written, render_letter
from forum.clock import SITE_ZONE, now
from forum.events import Event
from forum.jobs import Again
from forum.members.models import Member
from forum.safety.models import Appeal, Case, CrisisAlert, NameOpening, Report, Suspension
from forum.safety.trail.queries import reason_for
from forum.text import _, excerpt_of
from forum.threads.models import Post, Thread
from forum.threads.urls import thread_url
from forum.web import day_words, zone

_MODERATORS = ("moderator", "admin")
_STAFF = ("supporter", *_MODERATORS)
_DECISIONS = "/me/appeals"


def _on_duty(roles: Iterable[str], *, but: int | None = None) -> list[Member]:
    """Return staff with one of *roles* who are here and not suspended, but for one person."""
    return list(
        Member.select().where(
            Member.role.in_(list(roles)),
            Member.left_at.is_null(),
            Member.suspended_until.is_null() | (Member.suspended_until < now()),
            Member.id != (but or 0),
        )
    )


def _letter(
    member: Member,
    subject: object,
    *words: object,
    action: tuple[object, str],
    why: object = "",
    quoted: str = "",
) -> Written:
    address = f"{settings.chosen().site_url}{action[1]}"
    return render_letter(
        "plain", member, subject=str(subject), words=words, action=(action[0], address), why=why, quoted=quoted
    )


def _owed(event: Event, member: Member, kind: str, written: Written) -> list[Owed]:
    """What we decided about somebody is sent whatever they chose to hear of, if we know that the address is theirs."""
    if member.email_confirmed_at is None:
        return []
    return [Owed(key=f"event:{event.id}:member:{member.id}", member=member, kind=kind, written=written)]


# ---- reports -------------------------------------------------------------------------------------------------------


def tell_moderators_of_report(event: Event, _cursor: str) -> Again | None:
    """Tell moderators, on the site, that somebody reported something."""
    report = Report.select(Report, Case).join(Case).where(Report.id == event.subject_id).first()
    if report is None or report.case.closed_at is not None:
        return None
    people = _on_duty(_MODERATORS, but=event.actor_id)
    actions.tell(event, [Line(one.id, "report_made", "", f"/safety/cases/{report.case_id}") for one in people])
    return None


def tell_reporters(event: Event, _cursor: str) -> Again | None:
    """Tell whoever reported what came of it."""
    case = Case.get_or_none(Case.id == event.subject_id)
    if case is None or case.closed_at is None:
        return None
    reporters = Report.select(Report.reporter).where(Report.case == case.id, Report.reporter.is_null(False)).distinct()
    about = excerpt_of(case.outcome, 180)
    actions.tell(
        event,
        [Line(id, "report_closed", about, "/help/complaints") for (id,) in reporters.tuples() if id != event.actor_id],
    )
    return None


# ---- decisions -----------------------------------------------------------------------------------------------------


def tell_writer_of_hiding(event: Event, _cursor: str) -> Again | None:
    """Tell somebody that their post was hidden, why, and how to ask us to look again."""
    post = _post(event)
    if post is None or post.hidden_at is None or post.author_id == event.actor_id:
        return None
    reason = reason_for("post", post.id, "post.hidden")
    written = _letter(
        post.author,
        _("We hid your post in “%(title)s”", title=post.thread.title),
        _("A moderator hid it, so others can't read it now. This is the reason they gave:"),
        action=(_("See it, or ask us to look again"), _DECISIONS),
        why=_("You get this because it is about something you wrote."),
        quoted=reason,
    )
    line = Line(post.author_id, "post_hidden", post.thread.title, _DECISIONS)
    actions.tell(event, [line], _owed(event, post.author, "decision", written))
    return None


def tell_writer_of_showing(event: Event, _cursor: str) -> Again | None:
    """Tell somebody, on the site, that their post can be read again."""
    post = _post(event)
    if post is None or post.hidden_at is not None or post.author_id == event.actor_id:
        return None
    path = thread_url(post.thread_id, post.thread.slug, post.number)
    actions.tell(event, [Line(post.author_id, "post_shown", post.thread.title, path)])
    return None


def _post(event: Event) -> Post | None:
    post = (
        Post.select(Post, Thread, Member)
        .join(Thread)
        .switch(Post)
        .join(Member, on=Post.author)
        .where(Post.id == event.subject_id)
        .first()
    )
    return None if post is None or post.author.left_at is not None or post.withdrawn_at is not None else post


def tell_starter_of_hiding(event: Event, _cursor: str) -> Again | None:
    """Tell whoever started a thread, on the site, that it was hidden."""
    thread = Thread.get_or_none(Thread.id == event.subject_id)
    if thread is not None and thread.hidden_at is not None and thread.author_id != event.actor_id:
        actions.tell(event, [Line(thread.author_id, "thread_hidden", thread.title, "/help/complaints")])
    return None


def tell_suspended(event: Event, _cursor: str) -> Again | None:
    """Tell somebody that they may not post for a while, why, until when, and how to ask us to look again."""
    row = Suspension.select(Suspension, Member).join(Member, on=Suspension.member).where(
        Suspension.id == event.subject_id
    ).first()  # fmt: skip
    if row is None or row.lifted_at is not None or row.member.left_at is not None:
        return None
    until = (
        _(
            "You can post again on %(day)s. You can read all the time.",
            day=day_words(row.until.astimezone(zone(SITE_ZONE)).date()),
        )
        if row.until
        else _("It lasts until a moderator ends it. You can read all the time.")
    )
    written = _letter(
        row.member,
        _("Your place here is paused for now"),
        until,
        _("This is the reason a moderator gave:"),
        action=(_("Ask us to look again"), _DECISIONS),
        why=_("You get this because it is about your place here."),
        quoted=row.reason,
    )
    line = Line(row.member_id, "suspended", path=_DECISIONS)
    actions.tell(event, [line], _owed(event, row.member, "decision", written))
    return None


def tell_unsuspended(event: Event, _cursor: str) -> Again | None:
    """Tell somebody that they may post again."""
    row = Suspension.select(Suspension, Member).join(Member, on=Suspension.member).where(
        Suspension.id == event.subject_id
    ).first()  # fmt: skip
    if row is None or row.lifted_at is None or row.member.left_at is not None:
        return None
    written = _letter(
        row.member,
        _("You can post again"),
        _("A moderator has ended your time away from posting. Welcome back."),
        action=(_("See what people talk about"), "/"),
        why=_("You get this because it is about your place here."),
    )
    line = Line(row.member_id, "unsuspended")
    actions.tell(event, [line], _owed(event, row.member, "decision", written))
    return None


# ---- looking again -------------------------------------------------------------------------------------------------


def tell_moderators_of_appeal(event: Event, _cursor: str) -> Again | None:
    """Tell moderators, on the site, that somebody asks them to look again."""
    asked = Appeal.get_or_none(Appeal.id == event.subject_id)
    if asked is not None and asked.answered_at is None:
        path = f"/safety/appeals/{asked.id}"
        people = _on_duty(_MODERATORS, but=event.actor_id)
        actions.tell(event, [Line(one.id, "appeal_made", "", path) for one in people])
    return None


def tell_appeal_answer(event: Event, _cursor: str) -> Again | None:
    """Tell somebody what we decided when we looked again."""
    asked = Appeal.select(Appeal, Member).join(Member, on=Appeal.member).where(Appeal.id == event.subject_id).first()
    if asked is None or asked.answered_at is None or asked.member.left_at is not None:
        return None
    changed = asked.outcome == "overturned"
    written = _letter(
        asked.member,
        _("We looked again") if not changed else _("We looked again, and you were right to ask"),
        _("We have taken our decision back.") if changed else _("Our decision stands."),
        _("This is what the moderator wrote:"),
        action=(_("See our answer"), _DECISIONS),
        why=_("You get this because you asked us to look again."),
        quoted=asked.answer,
    )
    kind = "appeal_won" if changed else "appeal_answered"
    line = Line(asked.member_id, kind, path=_DECISIONS)
    actions.tell(event, [line], _owed(event, asked.member, "decision", written))
    return None


# ---- a name for one thread only --------------------------------------------------------------------------------------


def tell_moderators_of_asking(event: Event, _cursor: str) -> Again | None:
    """Tell the other moderators, on the site, that one of them asks to open a name, or has opened it in danger."""
    opening = NameOpening.get_or_none(NameOpening.id == event.subject_id)
    if opening is not None and opening.second_by_id is None:
        people = _on_duty(_MODERATORS, but=event.actor_id)
        actions.tell(event, [Line(one.id, "name_asked", "", "/safety") for one in people])
    return None


def tell_of_opened_name(event: Event, _cursor: str) -> Again | None:
    """Tell somebody that moderators have seen who they are in a thread, unless that could put anybody in danger."""
    opening = NameOpening.get_or_none(NameOpening.id == event.subject_id)
    if opening is None or opening.keep_quiet:
        return None
    name = opening.thread_name
    thread = Thread.fetch(name.thread_id)
    actions.tell(event, [Line(name.member_id, "name_opened", thread.title, thread_url(thread.id, thread.slug))])
    return None


# ---- in a crisis ---------------------------------------------------------------------------------------------------


def tell_staff_of_crisis(event: Event, _cursor: str) -> Again | None:
    """Tell staff, on the site and by letter, that somebody may need help now. The letter names nobody."""
    alert = CrisisAlert.get_or_none(CrisisAlert.id == event.subject_id)
    if alert is None or alert.seen_at is not None:
        return None
    people = _on_duty(_STAFF, but=event.actor_id)
    letters: list[Owed] = []
    for one in people:
        written = _letter(
            one,
            _("Somebody may need help now"),
            _("Words that may mean danger were written here a moment ago. The writer was shown where to turn."),
            _("Please look as soon as you can, and say on the page that you have."),
            action=(_("Look now"), "/safety"),
            why=_("You get this because you are one of the staff here."),
        )
        letters += _owed(event, one, "crisis", written)
    actions.tell(event, [Line(one.id, "crisis", "", "/safety") for one in people], letters)
    return None
