"""Telling the people behind a change: one notice and one letter for each outcome."""

from forum import settings
from forum.channels import actions
from forum.channels.actions import Line, Owed
from forum.channels.letters import render_letter
from forum.events import Event
from forum.jobs import Again
from forum.legacy import queries
from forum.legacy.actions import mark_told
from forum.legacy.models import Change, Told
from forum.listening.choices import STATUS_WORDS
from forum.members.models import Member

BATCH = 100
PAUSE = 0.05


def tell_of_change(event: Event, cursor: str) -> Again | None:
    """Tell everybody behind a change what came of their words, once. *cursor* is the last member who was told."""
    change = Change.get_or_none(Change.id == event.subject_id)
    if change is None:
        return None
    batch = queries.people_to_tell(change.id, after=int(cursor or 0), limit=BATCH)
    reasons = dict(batch)
    members = list(Member.select().where(Member.id.in_(list(reasons)), Member.left_at.is_null()))
    path = queries.change_url(change.id, change.slug)
    lines = [Line(member.id, "change_published", change.title, path) for member in members]
    letters = [
        _letter(change, member, reasons[member.id], path)
        for member in members
        if member.mail_asks and member.email_confirmed_at is not None
    ]
    actions.tell(event, lines, letters)
    mark_told(change.id, [member.id for member in members])
    return Again(str(batch[-1][0]), PAUSE) if len(batch) == BATCH else None


def tell_of_update(event: Event, cursor: str) -> Again | None:
    """Tell those who know of a change, on the site only, that there is more to say about it."""
    change = Change.get_or_none(Change.id == event.subject_id)
    if change is None:
        return None
    query = Told.select(Told.member).where(
        Told.change == change.id, Told.told_at.is_null(False), Told.member > int(cursor or 0)
    )
    batch = [member_id for (member_id,) in query.order_by(Told.member).limit(BATCH).tuples()]
    path = queries.change_url(change.id, change.slug)
    actions.tell(event, [Line(member_id, "change_updated", change.title, path) for member_id in batch])
    return Again(str(batch[-1]), PAUSE) if len(batch) == BATCH else None


def _letter(change: Change, member: Member, because: str, path: str) -> Owed:
    site = settings.chosen()
    written = render_letter(
        "change_published",
        member,
        stoppable="asks",
        title=change.title,
        because=because,
        status=str(STATUS_WORDS[change.status]),
        you_said=change.you_said,
        we_did=change.we_did,
        reason=change.because,
        what_next=change.what_next,
        url=f"{site.site_url}{path}",
        difference_url=f"{site.site_url}/me/difference",
    )
    return Owed(
        key=f"change:{change.id}:member:{member.id}",
        member=member,
        kind="change_published",
        written=written,
        stoppable="asks",
    )
