"""Invitations, calendar entries, reminders and news of cuppas, by notice and by letter."""

from typing import Any

from forum import settings
from forum.asking.queries import asked_about
from forum.channels import actions
from forum.channels.actions import Line, Owed
from forum.channels.letters import render_letter
from forum.channels.models import Letter
from forum.clock import now
from forum.events import Event
from forum.jobs import Again
from forum.listening.cuppas.calendar import entry
from forum.listening.cuppas.models import Cuppa, Invitation, Prompt, Summary
from forum.listening.cuppas.queries import cuppa_url
from forum.listening.cuppas.views import RECOGNITION_NAMES, answer_token
from forum.members.models import Member
from forum.web import date_words


def _cuppa(cuppa_id: int) -> Cuppa | None:
    return Cuppa.get_or_none(Cuppa.id == cuppa_id, Cuppa.published_at.is_null(False))


def _facts(cuppa: Cuppa, member: Member) -> dict[str, Any]:
    site = settings.chosen().site_url
    answer_url = f"{site}/cuppas/answer/{answer_token(cuppa.id, member.id)}"
    prompts = Prompt.select(Prompt.words).where(Prompt.cuppa == cuppa.id).order_by(Prompt.position).tuples()
    return {
        "title": cuppa.title,
        "why": cuppa.why,
        "when": date_words(cuppa.starts_at, cuppa.time_zone),
        "minutes": cuppa.minutes,
        "prompts": [words for (words,) in prompts],
        "can_change": cuppa.can_change,
        "cannot_change": cuppa.cannot_change,
        "who_decides": cuppa.who_decides,
        "hear_by": cuppa.hear_by,
        "recognition": str(RECOGNITION_NAMES[cuppa.recognition]),
        "recognition_words": cuppa.recognition_words,
        "url": f"{site}{cuppa_url(cuppa.id, cuppa.slug)}",
        "answer_url": answer_url,
    }


def _owed(
    name: str, cuppa: Cuppa, member: Member, key: str, *, method: str = "", stoppable: str = "", **more: Any
) -> Owed:
    facts = _facts(cuppa, member)
    written = render_letter(name, member, stoppable=stoppable, **facts, **more)
    calendar = ""
    if method:
        calendar = entry(
            cuppa,
            settings.chosen(),
            url=facts["url"],
            method=method,
            attendee=(member.name, member.email or ""),
        )
    return Owed(
        key=f"cuppa:{cuppa.id}:{key}:member:{member.id}",
        member=member,
        kind=name,
        written=written,
        thread_ref=actions.thread_ref_of(f"cuppa:{cuppa.id}"),
        stoppable=stoppable,
        calendar=calendar,
        calendar_method=method,
    )


def _by_mail(member: Member) -> bool:
    return member.left_at is None and member.email_confirmed_at is not None and bool(member.email)


def _path(cuppa: Cuppa) -> str:
    return cuppa_url(cuppa.id, cuppa.slug)


def send_invitation(event: Event, _cursor: str) -> Again | None:
    """Tell somebody that they are invited, with the questions and one tap for each answer."""
    invitation = Invitation.get_or_none(Invitation.id == event.subject_id)
    cuppa = _cuppa(invitation.cuppa_id) if invitation is not None else None
    if invitation is None or cuppa is None or cuppa.cancelled_at is not None or invitation.answer is not None:
        return None
    member = Member.fetch(invitation.member_id)
    letters = []
    if _by_mail(member) and member.mail_asks:
        letters = [_owed("cuppa_invitation", cuppa, member, "invitation", stoppable="asks")]
    actions.tell(event, [Line(member.id, "cuppa_invited", cuppa.title, _path(cuppa), cuppa.host_id)], letters)
    return None


def send_calendar(event: Event, _cursor: str) -> Again | None:
    """After a yes the calendar entry, after a step back its cancellation; nothing for who never had one."""
    invitation = Invitation.get_or_none(Invitation.id == event.subject_id)
    cuppa = _cuppa(invitation.cuppa_id) if invitation is not None else None
    if invitation is None or cuppa is None or cuppa.cancelled_at is not None or cuppa.starts_at <= now():
        return None
    member = Member.fetch(invitation.member_id)
    if not _by_mail(member):
        return None
    if invitation.seated_at is not None:
        key = f"seat:{invitation.seated_at:%Y%m%d%H%M%S%f}:{cuppa.sequence}"
        actions.tell(event, [], [_owed("cuppa_seat", cuppa, member, key, method="REQUEST")])
    elif invitation.answer == "not_this_time" and (entry_id := _newest_entry(cuppa, member)):
        key = f"stepped-back:{entry_id}"
        actions.tell(event, [], [_owed("cuppa_stepped_back", cuppa, member, key, method="CANCEL")])
    return None


def _newest_entry(cuppa: Cuppa, member: Member) -> int | None:
    """Return the id of the last letter that brought a seat, and so an entry for their calendar."""
    ours = Letter.key.startswith(f"cuppa:{cuppa.id}:seat:")
    return Letter.select(Letter.id).where(ours, Letter.member == member.id).order_by(Letter.id.desc()).limit(1).scalar()


def tell_of_seat(event: Event, _cursor: str) -> Again | None:
    """Tell the next on the waiting list that a seat is free, with its calendar entry."""
    invitation = Invitation.get_or_none(Invitation.id == event.subject_id)
    cuppa = _cuppa(invitation.cuppa_id) if invitation is not None else None
    if invitation is None or cuppa is None or invitation.seated_at is None or cuppa.cancelled_at is not None:
        return None
    actions.tell(event, [Line(invitation.member_id, "cuppa_seat_free", cuppa.title, _path(cuppa))])
    return send_calendar(event, "")


def _invited(cuppa: Cuppa) -> list[tuple[Member, bool]]:
    """Return everybody who was invited or said yes, and whether they have a seat; not those who said not this time."""
    query = (
        Invitation.select(Invitation, Member)
        .join(Member)
        .where(Invitation.cuppa == cuppa.id, Invitation.answer.is_null() | (Invitation.answer != "not_this_time"))
    )
    return [(row.member, row.seated_at is not None) for row in query if row.member.left_at is None]


def tell_of_change(event: Event, _cursor: str) -> Again | None:
    """Tell everybody of a new time or a changed question; the time to think begins again."""
    cuppa = _cuppa(event.subject_id)
    if cuppa is None or cuppa.cancelled_at is not None:
        return None
    lines, letters = [], []
    for member, seated in _invited(cuppa):
        lines.append(Line(member.id, "cuppa_changed", cuppa.title, _path(cuppa)))
        if _by_mail(member) and (seated or member.mail_asks):
            key = f"changed:{cuppa.sequence}"
            method = "REQUEST" if seated else ""
            moved = bool(event.extra.get("moved"))
            letters.append(_owed("cuppa_changed", cuppa, member, key, method=method, moved=moved))
    actions.tell(event, lines, letters)
    return None


def tell_of_cancelling(event: Event, _cursor: str) -> Again | None:
    """Apologise to everybody who kept the time free, with the reason."""
    cuppa = _cuppa(event.subject_id)
    if cuppa is None:
        return None
    lines, letters = [], []
    for member, seated in _invited(cuppa):
        lines.append(Line(member.id, "cuppa_cancelled", cuppa.title, _path(cuppa)))
        if _by_mail(member) and (seated or member.mail_asks):
            method = "CANCEL" if seated else ""
            letters.append(
                _owed("cuppa_cancelled", cuppa, member, "cancelled", method=method, reason=cuppa.cancel_reason)
            )
    actions.tell(event, lines, letters)
    return None


def _remind(event: Event, name: str) -> Again | None:
    cuppa = _cuppa(event.subject_id)
    if cuppa is None or cuppa.cancelled_at is not None or cuppa.starts_at <= now():
        return None
    lines, letters = [], []
    for member, seated in _invited(cuppa):
        if seated:
            lines.append(Line(member.id, f"cuppa_{name}", cuppa.title, _path(cuppa)))
            if _by_mail(member):
                letters.append(_owed("cuppa_reminder", cuppa, member, f"{name}:{cuppa.starts_at:%Y%m%d%H%M}"))
    actions.tell(event, lines, letters)
    return None


def remind_of_tomorrow(event: Event, _cursor: str) -> Again | None:
    """Remind those with a seat, a day before."""
    return _remind(event, "tomorrow")


def remind_of_soon(event: Event, _cursor: str) -> Again | None:
    """Remind those with a seat, an hour before."""
    return _remind(event, "soon")


def ask_about_summary(event: Event, _cursor: str) -> Again | None:
    """Ask those who took part whether we heard them right, but for those whom the budget leaves in peace."""
    summary = Summary.get_or_none(Summary.id == event.subject_id)
    if summary is None:
        return None
    cuppa = summary.cuppa
    lines, letters = [], []
    for member in Member.select().where(
        Member.id.in_(asked_about("heard_right", ("summary", summary.id))), Member.left_at.is_null()
    ):
        path = f"{_path(cuppa)}#heard"
        lines.append(Line(member.id, "cuppa_summary", cuppa.title, path))
        if _by_mail(member) and member.mail_asks:
            key = f"summary:{summary.sent_at:%Y%m%d%H%M%S}"
            letters.append(_owed("cuppa_summary", cuppa, member, key, stoppable="asks"))
    actions.tell(event, lines, letters)
    return None
