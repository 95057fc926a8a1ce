"""Proposing what could change, taking it up, and saying what became of it."""

from datetime import date
from typing import Any

from peewee import IntegrityError

from forum import audit, events
from forum.access import STAFF, Viewer, may_listen, may_propose_idea, require
from forum.clock import now, site_now
from forum.database import transaction
from forum.errors import Invalid
from forum.listening.choices import IDEA_STATUSES, OPEN_STATUSES
from forum.listening.models import Idea, IdeaStep, Theme
from forum.members.models import Member
from forum.text import _, clean_line, tidy
from forum.threads import queries as threads

LONGEST_TITLE = 150
LONGEST_WORDS = 5_000
LONGEST_TEAM = 80

NOT_YOURS = _("Only the people who answer here can do that.")
# Stands for "leave it as it is" where None means "no date".
KEEP: Any = object()


def propose_idea(
    viewer: Viewer,
    *,
    title: str,
    words: str,
    thread_id: int | None = None,
    theme_id: int | None = None,
    nonce: str | None = None,
) -> Idea:
    """Say what could change, and return the idea. Any member may, alone or out of a thread; staff out of a theme too.

    The same *nonce* returns the first idea again. Raises NotFound for a thread out of sight, NotAllowed, Invalid."""
    require(may_propose_idea(viewer), _("Please sign in, and confirm your e-mail address, to propose an idea."))
    title, words = clean_line(title, LONGEST_TITLE), tidy(words).strip()
    errors: dict[str, object] = {}
    if not title:
        errors["title"] = _("Say in a few words what could be different.")
    if not words:
        errors["words"] = _("Tell us a bit more: what would it look like, and whom would it help?")
    elif len(words) > LONGEST_WORDS:
        errors["words"] = _("That is longer than we can take in at once. Please make it shorter.")
    if errors:
        raise Invalid(errors=errors)
    if thread_id is not None:
        threads.thread(viewer, thread_id)
    if theme_id is not None:
        require(may_listen(viewer), NOT_YOURS)
    if (twin := _idea_with(viewer, nonce)) is not None:
        if (twin.title, twin.words) == (title, words):
            return twin
        # The form came back by the back button and was written anew.
        nonce = None
    try:
        with transaction():
            if theme_id is not None:
                Theme.locked(theme_id)
            moment = now()
            idea = Idea.create(
                title=title,
                words=words,
                proposer=viewer.id,
                thread=thread_id,
                theme=theme_id,
                made_at=moment,
                nonce=nonce,
            )
            IdeaStep.create(idea=idea.id, by=viewer.id, status="heard", at=moment)
            events.record("idea.proposed", subject=idea, actor=viewer)
    except IntegrityError:
        # The impatient thumb was faster than the first answer.
        if (twin := _idea_with(viewer, nonce)) is not None:
            return twin
        raise
    return idea


def _idea_with(viewer: Viewer, nonce: str | None) -> Idea | None:
    return Idea.get_or_none(Idea.proposer == viewer.id, Idea.nonce == nonce) if nonce else None


def take_up_idea(
    viewer: Viewer,
    idea_id: int,
    *,
    owner_id: int,
    team: str,
    promised_for: date | None,
    carers_decide: bool,
    theme_id: int | None = KEEP,
    words: str = "",
) -> None:
    """Give an idea an owner and a team, and promise an answer by a day. Raises Invalid with sentences, NotFound.

    An idea that had only been heard is looked into from now on. *words* go into its history."""
    require(may_listen(viewer), NOT_YOURS)
    team = clean_line(team, LONGEST_TEAM)
    errors: dict[str, object] = {}
    owner = Member.get_or_none(Member.id == owner_id, Member.role.in_(STAFF), Member.left_at.is_null())
    if owner is None:
        errors["owner"] = _("Choose who looks after it.")
    if not team:
        errors["team"] = _("Say which team it is. Promises are the team's, in public.")
    with transaction():
        idea = Idea.locked(idea_id)
        if promised_for is None and idea.status in OPEN_STATUSES:
            errors["promised_for"] = _("Promise a day. People can wait better when they know how long.")
        elif trouble := _trouble_with_day(promised_for, idea):
            errors["promised_for"] = trouble
        if errors:
            raise Invalid(errors=errors)
        facts: dict[str, Any] = {
            "owner": owner_id,
            "team": team,
            "promised_for": promised_for,
            "carers_decide": carers_decide,
        }
        if theme_id is not KEEP:
            facts["theme"] = Theme.locked(theme_id).id if theme_id is not None else None
        status = "looking" if idea.status == "heard" else idea.status
        Idea.update(facts).where(Idea.id == idea.id).execute()
        _step(viewer, idea, status=status, words=tidy(words).strip(), promised_for=promised_for)


def propose_and_take_up(
    viewer: Viewer,
    *,
    title: str,
    words: str,
    theme_id: int | None,
    owner_id: int,
    team: str,
    promised_for: date | None,
    carers_decide: bool,
    nonce: str | None = None,
) -> Idea:
    """Turn a theme into an idea that has an owner and a promise from the start, and return it. All or nothing.

    Raises Invalid with sentences, NotFound for an unknown theme."""
    require(may_listen(viewer), NOT_YOURS)
    with transaction():
        idea = propose_idea(viewer, title=title, words=words, theme_id=theme_id, nonce=nonce)
        if idea.owner_id is None:
            take_up_idea(
                viewer,
                idea.id,
                owner_id=owner_id,
                team=team,
                promised_for=promised_for,
                carers_decide=carers_decide,
            )
        return Idea.fetch(idea.id)


def step_idea(
    viewer: Viewer,
    idea_id: int,
    *,
    status: str,
    words: str = "",
    promised_for: date | None = KEEP,
) -> None:
    """Say what became of an idea: *status* is one of IDEA_STATUSES, *words* say why in a sentence or two.

    A new promise date may come with it; an answer that closes the idea ends the promise. Saying the same again is no
    step. Raises Invalid with sentences, NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    words = tidy(words).strip()[:LONGEST_WORDS]
    errors: dict[str, object] = {}
    if status not in IDEA_STATUSES:
        errors["status"] = _("Choose what became of it.")
    elif status in ("not_now", "not_ours", "tried_stopped") and not words:
        errors["words"] = _("Say why. People can take a no when they know the reason.")
    with transaction():
        idea = Idea.locked(idea_id)
        day = idea.promised_for if promised_for is KEEP else promised_for
        if status not in OPEN_STATUSES:
            day = None
        elif trouble := _trouble_with_day(day, idea):
            errors["promised_for"] = trouble
        if errors:
            raise Invalid(errors=errors)
        if (status, day) == (idea.status, idea.promised_for) and not words:
            return
        _step(viewer, idea, status=status, words=words, promised_for=day)


def _trouble_with_day(day: date | None, idea: Idea) -> object:
    if day is not None and day != idea.promised_for and day < site_now().date():
        return _("That day is over. Choose one that is still to come.")
    return ""


def _step(viewer: Viewer, idea: Idea, *, status: str, words: str, promised_for: date | None) -> None:
    Idea.update(status=status, promised_for=promised_for).where(Idea.id == idea.id).execute()
    step = IdeaStep.create(idea=idea.id, by=viewer.id, status=status, words=words, promised_for=promised_for, at=now())
    audit.note(viewer, "idea.stepped", subject=idea, reason=" ".join(filter(None, (status, words))))
    events.record("idea.stepped", subject=idea, actor=viewer, status=status, step=step.id)


def forget_member(member_id: int) -> None:
    """Take a leaver's words out of their ideas; the ideas and their history stay. Inside the erasing transaction.

    What staff proposed in their work is the organisation's and stays."""
    if Member.select(Member.role).where(Member.id == member_id).scalar() in STAFF:
        return
    Idea.update(title=str(_("An idea whose writer has left")), words="", nonce=None).where(
        Idea.proposer == member_id
    ).execute()
