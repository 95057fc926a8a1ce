"""Planning, inviting, answering, running and closing a cuppa. Nothing here adds anybody who did not say yes."""

from datetime import timedelta
from typing import Any

from forum import audit, events
from forum.access import Viewer, may_host, may_post, may_read_jotting, may_run_cuppa, require
from forum.asking.actions import answered, ask, pause_asks
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotFound
from forum.listening import actions as listening
from forum.listening import queries as heard
from forum.listening.cuppas import queries, times
from forum.listening.cuppas.models import (
    ANSWERS,
    CUPPA_KINDS,
    RECOGNITION,
    Cuppa,
    Invitation,
    Jotting,
    Prompt,
    Summary,
    SummaryAnswer,
    SummaryInsight,
)
from forum.listening.cuppas.plan import Plan
from forum.members.actions import viewer_for
from forum.members.models import Group, GroupMember, Member
from forum.members.sessions.actions import look_again
from forum.text import RENDERER, _, clean_line, slugify, tidy, to_html
from forum.threads import actions as threads
from forum.threads import queries as conversations
from forum.threads.models import Category, Thread

LONGEST_WORDS = 2000
MOST_PROMPTS = 8
DEFAULT_SEATS = 12
CATEGORY_SLUG = "cuppas"
HOUSEKEEPING = ("why", "can_change", "cannot_change", "who_decides", "hear_by")
SAID_YES = ("hope_to", "may_drop_in", "may_vanish")
NOT_YOURS = _("Only our staff can plan a cuppa. You can suggest one as an idea.")


# ---- planning ------------------------------------------------------------------------------------------------------


def plan_cuppa(
    viewer: Viewer, plan: Plan, *, nonce: str, from_thread_id: int | None = None, theme_id: int | None = None
) -> Cuppa:
    """Keep a plan that nobody sees yet, and return the cuppa. Raises Invalid for what cannot be: a time, a kind.

    The same *nonce* returns the same cuppa. What is still missing is asked for at publishing."""
    require(may_host(viewer), NOT_YOURS)
    facts = _facts(plan)
    times.require_to_come(facts["starts_at"])
    if from_thread_id is not None:
        conversations.thread(viewer, from_thread_id)
    if theme_id is not None:
        heard.theme(viewer, theme_id)
    with transaction():
        Member.locked(viewer.id or 0)
        before = Cuppa.get_or_none(Cuppa.host == viewer.id, Cuppa.nonce == nonce)
        if before is not None:
            return before
        cuppa = Cuppa.create(
            **facts,
            host=viewer.id,
            from_thread=from_thread_id,
            theme=theme_id,
            made_at=now(),
            nonce=nonce,
        )
        _set_prompts(cuppa.id, plan.prompts)
        return cuppa


def _facts(plan: Plan) -> dict[str, Any]:
    errors: dict[str, object] = {}
    if plan.kind not in CUPPA_KINDS:
        errors["kind"] = _("Choose what kind of cuppa it is.")
    title = clean_line(plan.title, 120)
    if not title:
        errors["title"] = _("Give the cuppa a name that says what it's about.")
    if not 10 <= plan.minutes <= 240:
        errors["minutes"] = _("Choose how long it lasts, from 10 minutes to 4 hours.")
    seats = None if plan.kind == "chat" else DEFAULT_SEATS if plan.seats is None else plan.seats
    if seats is not None and not 2 <= seats <= 60:
        errors["seats"] = _("Choose how many seats, from 2 to 60.")
    if plan.recognition not in RECOGNITION:
        errors["recognition"] = _("Choose how you thank people for taking part.")
    if errors:
        raise Invalid(errors=errors)
    starts_at = times.moment_of(plan.starts, plan.time_zone)
    long = {
        name: tidy(getattr(plan, name)).strip()[:LONGEST_WORDS]
        for name in (
            "why",
            "can_change",
            "cannot_change",
            "who_decides",
            "hear_by",
            "recognition_words",
            "house_rules",
        )
    }
    return {
        "kind": plan.kind,
        "title": title,
        "slug": slugify(title),
        "starts_at": starts_at,
        "local_start": times.local_of(starts_at, plan.time_zone),
        "time_zone": plan.time_zone,
        "minutes": plan.minutes,
        "seats": seats,
        "recognition": plan.recognition,
        **long,
    }


def _kept_prompts(prompts: tuple[str, ...]) -> list[str]:
    return [words for words in (clean_line(prompt, 400) for prompt in prompts) if words][:MOST_PROMPTS]


def _set_prompts(cuppa_id: int, prompts: tuple[str, ...]) -> bool:
    """Make the prompts what they should be, keeping what people jotted under those that stay. Say whether any changed."""
    wanted = _kept_prompts(prompts)
    standing = list(Prompt.select().where(Prompt.cuppa == cuppa_id).order_by(Prompt.position))
    if [prompt.words for prompt in standing] == wanted:
        return False
    by_words = {prompt.words: prompt for prompt in standing}
    # Out of the way first: positions are unique.
    for prompt in standing:
        Prompt.update(position=prompt.position + 1000).where(Prompt.id == prompt.id).execute()
    kept = set()
    for position, words in enumerate(wanted, start=1):
        prompt = by_words.get(words)
        if prompt is not None and prompt.id not in kept:
            kept.add(prompt.id)
            Prompt.update(position=position).where(Prompt.id == prompt.id).execute()
        elif (old := _replaced(standing, position, wanted, kept)) is not None:
            kept.add(old.id)
            Prompt.update(position=position, words=words, changed_at=now()).where(Prompt.id == old.id).execute()
        else:
            kept.add(Prompt.create(cuppa=cuppa_id, position=position, words=words, changed_at=now()).id)
    _keep_thoughts([prompt.id for prompt in standing if prompt.id not in kept], cuppa_id)
    Prompt.delete().where(Prompt.cuppa == cuppa_id, Prompt.id.not_in(kept)).execute()
    return True


def _keep_thoughts(gone: list[int], cuppa_id: int) -> None:
    """Move what people jotted under prompts that go to the last one that stays: thoughts are never lost by our change."""
    last = (
        Prompt.select().where(Prompt.cuppa == cuppa_id, Prompt.id.not_in(gone)).order_by(Prompt.position.desc()).first()
    )
    if last is None:
        return
    for jotting in Jotting.select().where(Jotting.prompt.in_(gone)).order_by(Jotting.id):
        there = Jotting.get_or_none(Jotting.prompt == last.id, Jotting.member == jotting.member_id)
        if there is None:
            Jotting.update(prompt=last.id).where(Jotting.id == jotting.id).execute()
        else:
            both = f"{there.words}\n\n{jotting.words}"
            Jotting.update(words=both, saved_at=now()).where(Jotting.id == there.id).execute()


def _replaced(standing: list[Prompt], position: int, wanted: list[str], kept: set[int]) -> Prompt | None:
    """The prompt that stood at *position* and is worded anew, so that jottings under it stay."""
    for prompt in standing:
        if prompt.position == position and prompt.words not in wanted and prompt.id not in kept:
            return prompt
    return None


def change_cuppa(viewer: Viewer, cuppa_id: int, plan: Plan) -> Cuppa:
    """Change a cuppa's plan. Once it is published, a new time or a changed prompt tells everyone and restarts the notice.

    Raises Invalid when that leaves too little time to think, with the earliest time; Conflict once it has begun."""
    facts = _facts(plan)
    with transaction():
        Thread.all_locked([Cuppa.fetch(cuppa_id).thread_id or 0])
        cuppa = Cuppa.locked(cuppa_id)
        require(may_run_cuppa(viewer, host_id=cuppa.host_id), NOT_YOURS)
        _require_to_come(cuppa)
        moved = (cuppa.starts_at, cuppa.minutes) != (facts["starts_at"], facts["minutes"])
        times.require_to_come(facts["starts_at"])
        asked_anew = _set_prompts(cuppa.id, plan.prompts)
        if cuppa.published_at is not None:
            facts["kind"] = cuppa.kind
            facts["seats"] = facts["seats"] if cuppa.kind != "chat" else None
            _require_complete({**facts, "prompts": _kept_prompts(plan.prompts)})
            if moved or asked_anew:
                times.require_notice(cuppa.kind, facts["starts_at"], zone_name=plan.time_zone)
                facts |= {"notice_from": now(), "sequence": cuppa.sequence + 1}
        Cuppa.update(facts).where(Cuppa.id == cuppa.id).execute()
        if cuppa.published_at is not None:
            fresh = Cuppa.fetch(cuppa.id)
            while _let_next_in(fresh):
                pass
            threads.rename_thread(cuppa.thread_id, facts["title"])
            if any(getattr(cuppa, name) != facts[name] for name in HOUSEKEEPING):
                _listen(viewer, fresh)
            audit.note(viewer, "cuppa.changed", subject=cuppa)
            if moved or asked_anew:
                events.record("cuppa.changed", subject=cuppa, actor=viewer, moved=int(moved), prompts=int(asked_anew))
        return Cuppa.fetch(cuppa.id)


def _require_to_come(cuppa: Cuppa) -> None:
    if cuppa.cancelled_at is not None:
        raise Conflict(_("This cuppa was cancelled. Plan a new one."))
    if cuppa.published_at is not None and cuppa.starts_at <= now():
        raise Conflict(_("This cuppa has begun already."))


def _require_complete(facts: dict[str, object]) -> None:
    """Nobody can say yes to what they don't know: raise Invalid for each thing that is missing."""
    missing = {
        "why": _("Say why you'd like people to come."),
        "can_change": _("Say what can change because of it."),
        "cannot_change": _("Say what can't change, so that nobody hopes in vain."),
        "who_decides": _("Say who decides."),
        "hear_by": _("Say when people will hear what came of it."),
    }
    errors = {name: sentence for name, sentence in missing.items() if not facts[name]}
    if facts["kind"] == "chat":
        errors = {name: sentence for name, sentence in errors.items() if name == "why"}
    elif not facts["prompts"]:
        errors["prompts"] = _("Write at least one question, so that people can think about it beforehand.")
    if errors:
        raise Invalid(errors=errors)


def publish_cuppa(viewer: Viewer, cuppa_id: int) -> Cuppa:
    """Put a cuppa on the notice board: from now on people have time to think. Twice is fine.

    Raises Invalid when something people must know is missing, or there is too little notice for its kind; Conflict."""
    why = Cuppa.fetch(cuppa_id).why
    # Nobody has a seat yet, so of members only staff may be called by name in the room's first post.
    words = threads.words_for(tidy(why), "staff", None, None)
    with transaction():
        cuppa = Cuppa.locked(cuppa_id)
        require(may_run_cuppa(viewer, host_id=cuppa.host_id), NOT_YOURS)
        if cuppa.published_at is not None:
            return cuppa
        _require_to_come(cuppa)
        if cuppa.why != why:
            raise Conflict(_("The plan was changed at this moment. Please read it again, then publish it."))
        prompts = [prompt.words for prompt in Prompt.select().where(Prompt.cuppa == cuppa.id).order_by(Prompt.position)]
        _require_complete({**cuppa.__data__, "prompts": prompts})
        times.require_notice(cuppa.kind, cuppa.starts_at, zone_name=cuppa.time_zone)
        thread_id = _open_room(viewer, cuppa, words)
        moment = now()
        Cuppa.update(published_at=moment, notice_from=moment, thread=thread_id).where(Cuppa.id == cuppa.id).execute()
        audit.note(viewer, "cuppa.published", subject=cuppa)
        events.record("cuppa.published", subject=cuppa, actor=viewer, thread=thread_id)
        return Cuppa.fetch(cuppa.id)


def _open_room(viewer: Viewer, cuppa: Cuppa, words: threads.Words) -> int:
    """Make the circle and its thread: a listening thread from its first word. Its door opens with the cuppa."""
    circle = Group.create(name=f"cuppa {cuppa.id}")
    GroupMember.create(group=circle.id, member=viewer.id, joined_at=now())
    category = Category.get_or_none(Category.slug == CATEGORY_SLUG)
    if category is None:
        category = Category.create(
            slug=CATEGORY_SLUG,
            name=str(_("Cuppas")),
            description=str(_("Where the cuppas take place. You see those you said yes to.")),
            audience="members",
            position=900,
        )
    host = Viewer(
        id=viewer.id,
        name=viewer.name,
        role=viewer.role,
        group_ids=viewer.group_ids | {circle.id},
        is_confirmed=True,
    )
    thread = threads.start_thread(
        host,
        category.id,
        title=cuppa.title,
        source=words.source,
        words=words,
        nonce=f"cuppa-{cuppa.id}-room",
        group_id=circle.id,
    )
    if cuppa.kind != "chat":
        threads.shut_door(thread.id, by=viewer)
        _listen(host, cuppa, thread_id=thread.id)
    return thread.id


def _listen(viewer: Viewer, cuppa: Cuppa, *, thread_id: int | None = None) -> None:
    """Say in the cuppa's thread, as in any listening thread, what for and what can and cannot change."""
    if cuppa.kind == "chat":
        return
    listening.mark(
        viewer,
        thread_id or cuppa.thread_id,
        purpose=cuppa.why,
        can_change=cuppa.can_change,
        cannot_change=cuppa.cannot_change,
        who_decides=cuppa.who_decides,
        hear_by=cuppa.hear_by,
    )


def cancel_cuppa(viewer: Viewer, cuppa_id: int, *, reason: str, new_date: str = "") -> None:
    """Call a cuppa off, with a reason (and a new date, if there is one) that everybody who was invited is told.

    A plan that nobody saw needs no reason. Twice is fine. Raises Invalid, Conflict."""
    reason, new_date = tidy(reason).strip()[:LONGEST_WORDS], clean_line(new_date, 200)
    given = bool(reason)
    if new_date:
        reason = f"{reason}\n{_('A new date: %(date)s', date=new_date)}"
    with transaction():
        cuppa = Cuppa.locked(cuppa_id)
        require(may_run_cuppa(viewer, host_id=cuppa.host_id), NOT_YOURS)
        if cuppa.cancelled_at is not None:
            return
        if cuppa.published_at is not None and cuppa.ends_at <= now():
            raise Conflict(_("This cuppa is over already."))
        if cuppa.published_at is not None and not given:
            raise Invalid(errors={"reason": _("Tell people why. They kept the time free.")})
        Cuppa.update(
            cancelled_at=now(), cancelled_by=viewer.id, cancel_reason=reason, sequence=cuppa.sequence + 1
        ).where(Cuppa.id == cuppa.id).execute()
        audit.note(viewer, "cuppa.cancelled", subject=cuppa, reason=reason)
        if cuppa.published_at is not None:
            events.record("cuppa.cancelled", subject=cuppa, actor=viewer)


# ---- inviting and answering ----------------------------------------------------------------------------------------


def invite(viewer: Viewer, cuppa_id: int, member_ids: list[int]) -> tuple[int, int]:
    """Invite members within their contact budget. Return (how many were invited now, how many were spared).

    Those who were invited before, or answered already, are left in peace and counted in neither."""
    invited = spared = 0
    wanted = sorted(set(member_ids))
    with transaction():
        # Members before cuppas, as where somebody leaves: whoever locks both in another order waits for ever.
        members = [Member.locked(member_id) for member_id in wanted]
        cuppa = Cuppa.locked(cuppa_id)
        require(may_run_cuppa(viewer, host_id=cuppa.host_id), NOT_YOURS)
        if cuppa.published_at is None:
            raise Conflict(_("Put the cuppa on the notice board first."))
        _require_to_come(cuppa)
        before = {row for (row,) in Invitation.select(Invitation.member).where(Invitation.cuppa == cuppa.id).tuples()}
        for member in members:
            member_id = member.id
            if member_id in before or member_id == cuppa.host_id or member.left_at is not None:
                continue
            if not may_post(viewer_for(member)) or ask(member_id, "invitation", ("cuppa", cuppa.id)) is None:
                spared += 1
                continue
            invitation = Invitation.create(cuppa=cuppa.id, member=member_id, invited_at=now())
            events.record("invitation.sent", subject=invitation, actor=viewer, cuppa=cuppa.id, member=member_id)
            invited += 1
    return invited, spared


def answer_invitation(viewer: Viewer, cuppa_id: int, *, answer: str, check_on_me: bool = False) -> Invitation:
    """Say yes in one of three ways, or not this time; with or without an invitation. The answer can change any time.

    Seats go in the order of answers, then there is a waiting list; once the talk is over, everybody may come in and
    answer, however many there are. Raises Invalid, Conflict, NotFound."""
    require(viewer.is_member, _("Please sign in to answer."))
    if answer not in ANSWERS:
        raise Invalid(errors={"answer": _("Choose one of the answers.")})
    # Stepping back is open to everybody; a seat is for those who may speak.
    require(answer not in SAID_YES or may_post(viewer), threads.why_not_post(viewer))
    with transaction():
        Member.locked(viewer.id or 0)
        cuppa = Cuppa.locked(cuppa_id)
        if cuppa.published_at is None:
            raise NotFound
        if cuppa.cancelled_at is not None:
            raise Conflict(_("This cuppa was cancelled. We're sorry."))
        if queries.phase_of(cuppa) == "over":
            raise Conflict(_("This cuppa is over. What came of it stands on its page."))
        invitation = Invitation.get_or_none(Invitation.cuppa == cuppa.id, Invitation.member == viewer.id)
        if invitation is None:
            invitation = Invitation.create(cuppa=cuppa.id, member=viewer.id)
        had_seat = invitation.seated_at is not None
        invitation = _settle(cuppa, invitation, answer=answer, check_on_me=check_on_me)
        answered(viewer.id or 0, "invitation", ("cuppa", cuppa.id), answer=answer)
        if had_seat and invitation.seated_at is None:
            look_again(viewer.id or 0)
        events.record("invitation.answered", subject=invitation, actor=viewer, cuppa=cuppa.id, sequence=cuppa.sequence)
        return invitation


def _settle(cuppa: Cuppa, invitation: Invitation, *, answer: str, check_on_me: bool) -> Invitation:
    """Give or free the seat that an answer asks for. The cuppa's row is locked by the caller."""
    moment = now()
    check_on_me = check_on_me and answer in SAID_YES
    facts: dict[str, object] = {"answer": answer, "answered_at": moment, "check_on_me": check_on_me}
    if answer in SAID_YES:
        is_limited = cuppa.seats is not None and queries.phase_of(cuppa) != "catching_up"
        if invitation.seated_at is None and not is_limited:
            facts |= {"seated_at": moment, "waiting_since": None}
        elif invitation.seated_at is None and invitation.waiting_since is None:
            free = _seated(cuppa.id) < cuppa.seats
            facts["seated_at" if free else "waiting_since"] = moment
    else:
        facts |= {"seated_at": None, "waiting_since": None}
    Invitation.update(facts).where(Invitation.id == invitation.id).execute()
    had_seat = invitation.seated_at is not None
    _set_place(cuppa, invitation.member_id, seated=facts.get("seated_at", invitation.seated_at) is not None)
    if had_seat and answer not in SAID_YES:
        _let_next_in(cuppa)
    return Invitation.fetch(invitation.id)


def _seated(cuppa_id: int) -> int:
    return Invitation.select().where(Invitation.cuppa == cuppa_id, Invitation.seated_at.is_null(False)).count()


def _set_place(cuppa: Cuppa, member_id: int, *, seated: bool) -> None:
    """A seat is a place in the circle, which opens its thread."""
    circle = Thread.select(Thread.group).where(Thread.id == cuppa.thread_id).scalar()
    if seated:
        GroupMember.insert(group=circle, member=member_id, joined_at=now()).on_conflict_ignore().execute()
    elif member_id != cuppa.host_id:
        GroupMember.delete().where(GroupMember.group == circle, GroupMember.member == member_id).execute()


def _let_next_in(cuppa: Cuppa) -> bool:
    """Give a free seat to whoever waited longest. Say whether there was one, and somebody waiting."""
    waiting = (
        Invitation.select()
        .where(Invitation.cuppa == cuppa.id, Invitation.waiting_since.is_null(False))
        .order_by(Invitation.waiting_since, Invitation.id)
        .first()
    )
    if waiting is None or (cuppa.seats is not None and _seated(cuppa.id) >= cuppa.seats):
        return False
    Invitation.update(seated_at=now(), waiting_since=None).where(Invitation.id == waiting.id).execute()
    _set_place(cuppa, waiting.member_id, seated=True)
    events.record("seat.freed", subject=waiting, cuppa=cuppa.id, member=waiting.member_id)
    return True


def decline_for_good(viewer: Viewer, cuppa_id: int, *, pause_days: int) -> None:
    """Say not this time, and have no asks of any kind for *pause_days*. It costs nothing."""
    answer_invitation(viewer, cuppa_id, answer="not_this_time")
    pause_asks(viewer, until=now() + timedelta(days=pause_days))


# ---- thinking beforehand -------------------------------------------------------------------------------------------


def jot(viewer: Viewer, prompt_id: int, *, words: str) -> Jotting | None:
    """Keep what a member thinks under a prompt. Only they ever read it. Empty words take it away. Raises Invalid."""
    words = tidy(words).strip()
    if len(words) > LONGEST_WORDS * 2:
        raise Invalid(errors={"words": _("That is longer than the box can keep. Please shorten it a little.")})
    with transaction():
        prompt = Prompt.locked(prompt_id)
        queries.cuppa(viewer, prompt.cuppa_id)
        require(viewer.is_member, _("Please sign in to jot something down."))
        standing = Jotting.get_or_none(Jotting.prompt == prompt_id, Jotting.member == viewer.id)
        if not words:
            if standing is not None:
                Jotting.delete().where(Jotting.id == standing.id).execute()
            return None
        if standing is None:
            return Jotting.create(prompt=prompt_id, member=viewer.id, words=words, saved_at=now())
        Jotting.update(words=words, saved_at=now()).where(Jotting.id == standing.id).execute()
        return Jotting.fetch(standing.id)


def post_jotting(viewer: Viewer, jotting_id: int) -> str:
    """Say in the cuppa what one had jotted down, and return where it stands. Twice makes one post. Raises Conflict."""
    jotting = Jotting.fetch(jotting_id)
    if not may_read_jotting(viewer, member_id=jotting.member_id):
        raise NotFound
    cuppa = jotting.prompt.cuppa
    if cuppa.thread_id is None:
        raise NotFound
    if not queries.is_door_open(cuppa):
        raise Conflict(_("The door isn't open now. Your words are kept here."))
    # Outside the transaction, because it renders; the nonce makes a second try find the first one's post.
    post = threads.reply(
        viewer,
        cuppa.thread_id,
        source=f"> {jotting.prompt.words}\n\n{jotting.words}",
        nonce=f"jotting-{jotting.id}-{jotting.saved_at:%Y%m%d%H%M%S%f}",
    )
    with transaction():
        Jotting.update(posted_at=now()).where(Jotting.id == jotting.id).execute()
    return queries.post_url(post)


# ---- the door ------------------------------------------------------------------------------------------------------


def mind_the_door(cuppa_id: int) -> None:
    """Open or shut a cuppa's thread as the time asks. Twice is fine; the worker calls it at the right moments."""
    with transaction():
        cuppa = Cuppa.get_or_none(Cuppa.id == cuppa_id)
        if cuppa is None or cuppa.thread_id is None:
            return
        host = Viewer(id=cuppa.host_id)
        if queries.is_door_open(cuppa):
            threads.open_door(cuppa.thread_id)
        else:
            threads.shut_door(cuppa.thread_id, by=host)


def show_prompt(viewer: Viewer, prompt_id: int) -> None:
    """Put a prompt into the conversation, for everybody present. Twice makes one post. Raises Conflict."""
    prompt = Prompt.fetch(prompt_id)
    require(may_run_cuppa(viewer, host_id=prompt.cuppa.host_id), NOT_YOURS)
    if not queries.is_door_open(prompt.cuppa):
        raise Conflict(_("The door isn't open now."))
    threads.reply(viewer, prompt.cuppa.thread_id, source=f"**{prompt.words}**", nonce=f"prompt-{prompt.id}-{viewer.id}")


# ---- afterwards ----------------------------------------------------------------------------------------------------


def check_on(viewer: Viewer, cuppa_id: int, member_id: int) -> None:
    """Say that we have checked on somebody who asked for that and did not appear. Twice is fine. Raises NotFound."""
    with transaction():
        cuppa = Cuppa.locked(cuppa_id)
        require(may_run_cuppa(viewer, host_id=cuppa.host_id), NOT_YOURS)
        invitation = Invitation.get_or_none(Invitation.cuppa == cuppa.id, Invitation.member == member_id)
        if invitation is None or not invitation.check_on_me:
            raise NotFound
        if invitation.checked_at is not None:
            return
        Invitation.update(checked_at=now(), checked_by=viewer.id).where(Invitation.id == invitation.id).execute()
        audit.note(viewer, "cuppa.checked_on", subject=invitation)


def send_summary(viewer: Viewer, cuppa_id: int, *, source: str) -> Summary:
    """Tell participants what the host heard, and ask whether that is right. Sending again replaces it and asks anew.

    Who has been asked often enough, or wants a pause, is left in peace; they may still answer on the page. Raises
    Invalid; Conflict before it began, and once the summary is on the workbench."""
    source = tidy(source).strip()
    if not source:
        raise Invalid(errors={"source": _("Write what you heard, in a few lines.")})
    if len(source) > threads.LONGEST_POST:
        raise Invalid(errors={"source": _("Please shorten it: people have a few minutes.")})
    html = to_html(source)
    with transaction():
        people = [member.id for member in Member.all_locked(queries.participants(cuppa_id))]
        cuppa = Cuppa.locked(cuppa_id)
        require(may_run_cuppa(viewer, host_id=cuppa.host_id), NOT_YOURS)
        if cuppa.cancelled_at is not None:
            raise Conflict(_("This cuppa was cancelled. Plan a new one."))
        if cuppa.published_at is None or cuppa.starts_at > now():
            raise Conflict(_("The cuppa has not begun yet."))
        standing = Summary.get_or_none(Summary.cuppa == cuppa.id)
        if standing is not None:
            if standing.source == source:
                return standing
            if SummaryInsight.select().where(SummaryInsight.summary == standing.id).exists():
                raise Conflict(_("This is on the workbench already. Write there what else you heard."))
            standing.delete_instance()
        summary = Summary.create(
            cuppa=cuppa.id, source=source, html=html, renderer=RENDERER, by=viewer.id, sent_at=now()
        )
        for member_id in people:
            ask(member_id, "heard_right", ("summary", summary.id))
        events.record("summary.sent", subject=summary, actor=viewer, cuppa=cuppa.id)
        return summary


def answer_summary(viewer: Viewer, cuppa_id: int, *, heard_right: bool, words: str = "") -> None:
    """Say whether we understood, and what not. A disagreement is kept with the summary and travels with it.

    A new answer takes the place of the first. Raises Invalid for a no without words, NotFound for who was not there."""
    words = tidy(words).strip()[:LONGEST_WORDS]
    with transaction():
        Member.locked(viewer.id or 0)
        summary = Summary.get_or_none(Summary.cuppa == cuppa_id)
        if summary is None or viewer.id not in queries.participants(cuppa_id):
            raise NotFound
        Summary.locked(summary.id)
        if not heard_right and not words:
            raise Invalid(errors={"words": _("Tell us in a line what we got wrong.")})
        SummaryAnswer.delete().where(SummaryAnswer.summary == summary.id, SummaryAnswer.member == viewer.id).execute()
        answer = SummaryAnswer.create(
            summary=summary.id, member=viewer.id, heard_right=heard_right, words=words, at=now()
        )
        answered(viewer.id or 0, "heard_right", ("summary", summary.id), answer="yes" if heard_right else "no")
        events.record("summary.answered", subject=answer, actor=viewer, cuppa=cuppa_id)


def take_to_workbench(viewer: Viewer, cuppa_id: int, *, kind: str, nonce: str) -> int:
    """Make an insight of a summary that participants had their say about, and return its id.

    They had it when all of them answered, or three days have gone by. There is no way round that for the host. Their
    disagreement stands beside the insight and stays theirs: it is not copied, so it goes when they do. Twice makes one.
    Raises Conflict before they had their say, Invalid, NotFound."""
    seen = queries.cuppa(viewer, cuppa_id)
    require(may_run_cuppa(viewer, host_id=seen.host_id), NOT_YOURS)
    if seen.summary is None:
        raise NotFound
    if not seen.summary.is_confirmed:
        raise Conflict(_("The people who took part have not had their say yet. They have three days."))
    memo = f"{_('From the cuppa “%(title)s”:', title=seen.card.title)}\n\n{seen.summary.source}"
    with transaction():
        Summary.locked(seen.summary.id)
        before = SummaryInsight.get_or_none(SummaryInsight.summary == seen.summary.id)
        if before is not None:
            return int(before.insight_id)
        insight = listening.note_insight(viewer, kind=kind, memo=memo, nonce=nonce)
        SummaryInsight.create(summary=seen.summary.id, insight=insight.id)
        return insight.id


# ---- leaving -------------------------------------------------------------------------------------------------------


def forget_member(member_id: int) -> None:
    """Take a leaver's jottings, seats and answers away. Called inside the erasing transaction."""
    Jotting.delete().where(Jotting.member == member_id).execute()
    SummaryAnswer.update(words="").where(SummaryAnswer.member == member_id).execute()
    mine = Invitation.select(Invitation.cuppa).where(Invitation.member == member_id).order_by(Invitation.cuppa)
    for (cuppa_id,) in list(mine.tuples()):
        cuppa = Cuppa.locked(cuppa_id)
        Invitation.delete().where(Invitation.cuppa == cuppa_id, Invitation.member == member_id).execute()
        if cuppa.starts_at > now() and cuppa.cancelled_at is None:
            _let_next_in(cuppa)
