"""Telling people: a notice on the site, a letter by e-mail. Each is written once, however often a job runs."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from forum import events, settings
from forum.access import Viewer, require
from forum.channels import post_office, queries
from forum.channels.letters import STOPPABLE, THREAD, Written, read_stop_token, stop_url
from forum.channels.models import Letter, Notice
from forum.clock import now
from forum.database import transaction
from forum.errors import NotFound
from forum.events import Event
from forum.members.models import Member, Session
from forum.text import _
from forum.threads.models import Follow, Thread

LONGEST_ABOUT = 200
# A letter's row is kept this long after it was sent, so that no job writes it again; events are kept as long.
SENT_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Line:
    """What one member is told on the site. *about* is a title, never a quotation; *path* is where the line leads.

    *thread_id* is the thread it is about, where *actor_id* may have a name of their own.
    *is_seen* says that they have come across it already, so that nothing tells them it is new."""

    member_id: int
    kind: str
    about: str = ""
    path: str = "/"
    actor_id: int | None = None
    is_seen: bool = False
    thread_id: int | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A letter to write. *key* says what it is for (``post:12:member:7``); the same key is written once.

    *stoppable* is a key of STOPPABLE: the letter then carries a one-click way to stop its kind. *thread_ref* is the
    Message-ID that the letters about one conversation share (`thread_ref_of`)."""

    key: str
    member: Member
    kind: str
    written: Written
    to_address: str = ""
    thread_ref: str = ""
    stoppable: str = ""
    calendar: str = ""
    calendar_method: str = ""


# ---- telling -------------------------------------------------------------------------------------------------------


def tell(event: Event | int, lines: Sequence[Line], letters: Sequence[Owed] = ()) -> int:
    """Write notices and letters of one *event* together: all or nothing. Return how many notices were new.

    An event tells a member once: who has a notice of it gets no second one, whatever its kind."""
    event_id = event if isinstance(event, int) else event.id
    with transaction():
        fresh = _add_notices(event_id, lines)
        written = _add_letters(letters)
        # Events come last, so that two workers who tell of the same thing wait for each other in the same order.
        for session_id in _open_sessions(fresh):
            events.record("notice.added", subject=("session", session_id), channel=f"session:{session_id}")
        _record_letters(written)
    return len(fresh)


def _add_notices(event_id: int, lines: Iterable[Line]) -> list[int]:
    wanted = {line.member_id: line for line in lines}
    if not wanted:
        return []
    told = Notice.select(Notice.member).where(Notice.member.in_(list(wanted)), Notice.event_id == event_id)
    for (member_id,) in told.tuples():
        wanted.pop(member_id, None)
    moment = now()
    rows = [
        {
            "member": line.member_id,
            "event_id": event_id,
            "kind": line.kind,
            "actor": line.actor_id,
            "thread": line.thread_id,
            "about": line.about[:LONGEST_ABOUT],
            "path": line.path,
            "at": moment,
            "read_at": moment if line.is_seen else None,
        }
        for line in wanted.values()
    ]
    if not rows:
        return []
    added = Notice.insert_many(rows).on_conflict_ignore().returning(Notice.member)
    return [member_id for (member_id,) in added.tuples().execute()]


def _open_sessions(member_ids: list[int]) -> list[int]:
    if not member_ids:
        return []
    query = Session.select(Session.id).where(
        Session.member.in_(member_ids), Session.ended_at.is_null(), Session.expires_at > now()
    )
    return [session_id for (session_id,) in query.order_by(Session.id).tuples()]


# ---- letters -------------------------------------------------------------------------------------------------------


def write_letter(
    key: str,
    member: Member,
    kind: str,
    written: Written,
    *,
    to_address: str = "",
    thread_ref: str = "",
    stoppable: str = "",
    calendar: str = "",
    calendar_method: str = "",
) -> bool:
    """Write one letter to *member*, to be sent by the worker. Return False when *key* was written before.

    The parameters are those of `Owed`. Without *to_address* it goes to the member's own address; nothing is written
    for somebody who left or has none."""
    with transaction():
        fresh = _add_letters(
            [Owed(key, member, kind, written, to_address, thread_ref, stoppable, calendar, calendar_method)]
        )
        _record_letters(fresh)
    return bool(fresh)


def _add_letters(letters: Iterable[Owed]) -> list[int]:
    chosen, moment = settings.chosen(), now()
    rows = [
        {
            "key": owed.key,
            "member": owed.member.id,
            "to_address": owed.to_address or owed.member.email,
            "kind": owed.kind,
            "subject": owed.written.subject,
            "text": owed.written.text,
            "html": owed.written.html,
            "calendar": owed.calendar,
            "calendar_method": owed.calendar_method,
            "message_id": f"<{_digest(owed.key)}@{chosen.mail_domain}>",
            "thread_ref": owed.thread_ref,
            "unsubscribe": stop_url(owed.member.id, owed.stoppable) if owed.stoppable else "",
            "made_at": moment,
        }
        for owed in letters
        if (owed.to_address or owed.member.email) and owed.member.left_at is None
    ]
    if not rows:
        return []
    added = Letter.insert_many(rows).on_conflict_ignore().returning(Letter.id)
    return [letter_id for (letter_id,) in added.tuples().execute()]


def _record_letters(letter_ids: Iterable[int]) -> None:
    for letter_id in letter_ids:
        events.record("letter.written", subject=("letter", letter_id))


def _digest(key: str) -> str:
    """Return what stands for *key* in a Message-ID: the same on every try, and telling nothing."""
    return hashlib.sha256(f"{settings.chosen().secret_key}{key}".encode()).hexdigest()[:32]


def thread_ref_of(place: str) -> str:
    """Return the Message-ID that all letters about *place* (``thread:12``) refer to, so that mail programs join them."""
    return f"<{_digest(place)}@{settings.chosen().mail_domain}>"


def send_letter(letter_id: int) -> None:
    """Send a letter that has not been sent; its words are taken away afterwards. Raises what the post office raises.

    A letter about a post that is gone meanwhile is thrown away."""
    letter = Letter.get_or_none(Letter.id == letter_id)
    if letter is None or letter.sent_at is not None or not letter.text:
        return
    if not queries.may_still_go(letter):
        with transaction():
            Letter.delete().where(Letter.id == letter_id).execute()
        return
    post_office.send(letter, settings.chosen())
    with transaction():
        Letter.update(sent_at=now(), text="", html="", calendar="").where(Letter.id == letter_id).execute()


def give_letter_up(letter_id: int) -> None:
    """Take the words of a letter away that nobody will accept. Its row stays, unsent, for `kettle doctor`."""
    with transaction():
        Letter.update(text="", html="", calendar="").where(Letter.id == letter_id, Letter.sent_at.is_null()).execute()


def clear_out() -> int:
    """Take away the rows of letters that were written long ago. Return how many went."""
    with transaction():
        return Letter.delete().where(Letter.made_at < now() - SENT_KEPT, Letter.text == "").execute()


def stop_letters(token: str) -> str:
    """Stop the letters that a one-click link names and return what it named. Raises NotFound for a link not ours.

    Twice is fine, and so is a link of somebody who left."""
    read = read_stop_token(token)
    if read is None:
        raise NotFound(_("That link isn't one of ours, or was cut short. You can choose what we send you in Settings."))
    member_id, what = read
    with transaction():
        if not Member.select().where(Member.id == member_id, Member.left_at.is_null()).exists():
            return what
        if what.startswith(THREAD):
            _mute(member_id, int(what.removeprefix(THREAD)))
        else:
            Member.update({STOPPABLE[what]: False}).where(Member.id == member_id).execute()
    return what


def _mute(member_id: int, thread_id: int) -> None:
    if Thread.select().where(Thread.id == thread_id).exists():
        moment = now()
        Follow.insert(member=member_id, thread=thread_id, since=moment, muted_at=moment).on_conflict(
            conflict_target=[Follow.thread, Follow.member], update={Follow.muted_at: moment}
        ).execute()


# ---- reading -------------------------------------------------------------------------------------------------------


def see_notices(viewer: Viewer, *, up_to: int | None = None) -> None:
    """Mark a member's own notices as seen, those up to the id *up_to* or all of them. Twice is fine."""
    require(viewer.is_member, _("Please sign in to see what is new for you."))
    with transaction():
        query = Notice.update(read_at=now()).where(Notice.member == viewer.id, Notice.read_at.is_null())
        if up_to is not None:
            query = query.where(Notice.id <= up_to)
        query.execute()


def read_thread(member_id: int, thread_id: int, number: int) -> None:
    """Mark the notices of posts as seen that a member has now read: those up to post *number*, and of the thread itself."""
    unread = Notice.select(Notice.id, Notice.path).where(
        Notice.member == member_id, Notice.read_at.is_null(), Notice.path.startswith(f"/t/{thread_id}/")
    )
    seen = [id for id, path in unread.tuples() if (queries.number_in(path) or 0) <= number]
    if seen:
        with transaction():
            Notice.update(read_at=now()).where(Notice.id.in_(seen)).execute()


# ---- a name for one thread only ------------------------------------------------------------------------------------


def drop_letters_with_own_name(thread_id: int, member_id: int) -> None:
    """Throw away letters on their way that would tell who a new name in a thread belongs to. The notices stay.

    Called inside the transaction in which the name is taken."""
    waiting = queries.unsent_letters_about_posts_of(member_id, thread_id=thread_id)
    if waiting:
        Letter.delete().where(Letter.id.in_(waiting)).execute()


# ---- leaving -------------------------------------------------------------------------------------------------------


def forget_member(member_id: int) -> None:
    """Take away notices and letters of a member who leaves. Called inside the erasing transaction."""
    Notice.delete().where((Notice.member == member_id) | (Notice.actor == member_id)).execute()
    Letter.delete().where(Letter.member == member_id).execute()
    # Their words wait in letters to others, too.
    waiting = queries.unsent_letters_about_posts_of(member_id)
    if waiting:
        Letter.delete().where(Letter.id.in_(waiting)).execute()
