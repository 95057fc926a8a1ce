"""Telling people: a notice on the site, a letter by e-mail. Each is written once, however often a job runs."""

import hashlib

from forum import events, settings
from forum.channels import post_office
from forum.channels.letters import STOPPABLE, Written, read_stop_token, stop_url
from forum.channels.models import Letter, Notice
from forum.clock import now
from forum.database import transaction
from forum.errors import NotFound
from forum.members.models import Member, Session
from forum.text import _

LONGEST_ABOUT = 200


def notify(
    member_id: int, event_id: int, kind: str, *, about: str = "", path: str = "/", actor_id: int | None = None
) -> bool:
    """Put one line on a member's notices page. Return False when this event had told them already.

    *about* is a title, never a quotation; *path* is where the line leads."""
    with transaction():
        fresh = (
            Notice.insert(
                member=member_id,
                event_id=event_id,
                kind=kind,
                actor=actor_id,
                about=about[:LONGEST_ABOUT],
                path=path,
                at=now(),
            )
            .on_conflict_ignore()
            .as_rowcount()
            .execute()
        )
        if fresh:
            for session_id in _open_sessions(member_id):
                events.record("notice.added", subject=("session", session_id), channel=f"session:{session_id}")
    return bool(fresh)


def _open_sessions(member_id: int) -> list[int]:
    query = Session.select(Session.id).where(Session.member == member_id, Session.ended_at.is_null())
    return [session_id for (session_id,) in query.tuples()]


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

    *key* says what the letter is for (``post:12:member:7``). *stoppable* is a key of STOPPABLE: the letter then carries
    a one-click way to stop its kind. *thread_ref* is the Message-ID that the letters about one conversation share."""
    address = to_address or member.email
    if not address or member.left_at is not None:
        return False
    chosen = settings.chosen()
    digest = hashlib.sha256(f"{chosen.secret_key}{key}".encode()).hexdigest()[:32]
    unsubscribe = stop_url(member.id, stoppable) if stoppable else ""
    with transaction():
        fresh = (
            Letter.insert(
                key=key,
                member=member.id,
                to_address=address,
                kind=kind,
                subject=written.subject,
                text=written.text,
                html=written.html,
                calendar=calendar,
                calendar_method=calendar_method,
                message_id=f"<{digest}@{chosen.mail_domain}>",
                thread_ref=thread_ref,
                unsubscribe=unsubscribe,
                made_at=now(),
            )
            .on_conflict_ignore()
            .as_rowcount()
            .execute()
        )
        if fresh:
            letter_id = Letter.select(Letter.id).where(Letter.key == key).scalar()
            events.record("letter.written", subject=("letter", letter_id))
    return bool(fresh)


def send_letter(letter_id: int) -> None:
    """Send a letter that has not been sent; its words are taken away afterwards. Raises what the post office raises."""
    letter = Letter.get_or_none(Letter.id == letter_id)
    if letter is None or letter.sent_at is not None:
        return
    post_office.send(letter, settings.chosen())
    with transaction():
        Letter.update(sent_at=now(), text="", html="", calendar="").where(Letter.id == letter_id).execute()


def stop_letters(token: str) -> str:
    """Stop the kind of letters a one-click link names and return its name. Raises NotFound for a link not ours."""
    read = read_stop_token(token)
    if read is None:
        raise NotFound(_("That link isn't one of ours, or was cut short. You can choose what we send you in Settings."))
    member_id, what = read
    with transaction():
        Member.update({STOPPABLE[what]: False}).where(Member.id == member_id).execute()
    return what


def read_notices(viewer_id: int, *, up_to: int | None = None) -> None:
    """Mark a member's notices as read, those up to the id *up_to* or all of them."""
    with transaction():
        query = Notice.update(read_at=now()).where(Notice.member == viewer_id, Notice.read_at.is_null())
        if up_to is not None:
            query = query.where(Notice.id <= up_to)
        query.execute()


def forget_member(member_id: int) -> None:
    """Take away notices and letters of a member who leaves. Called inside the erasing transaction."""
    Notice.delete().where((Notice.member == member_id) | (Notice.actor == member_id)).execute()
    Letter.delete().where(Letter.member == member_id).execute()
