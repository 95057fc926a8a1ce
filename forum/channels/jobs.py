"""Jobs that tell people. Each takes an event, is safe to run twice, and copes when its subject is gone."""

import logging
import smtplib
from typing import Any

from forum.channels import actions
from forum.channels.letters import render_letter
from forum.errors import NotFound
from forum.events import Event
from forum.jobs import Again
from forum.members.models import Link, Member
from forum.members.moves.models import Move
from forum.members.moves.queries import move_url
from forum.members.queries import link_address

log = logging.getLogger(__name__)

# When a mail server is not there or asks us to come back: seconds until each next try. About two days in all, because
# servers are mended in hours and some turn strangers away for a while on purpose.
TRY_AGAIN = (20, 60, 300, 900, 1800, 3600, *(4 * 3600 for _ in range(12)))


# ---- sending -------------------------------------------------------------------------------------------------------


def send_letter(event: Event, cursor: str) -> Again | None:
    """Send the letter that was written. *cursor* counts how often the mail server asked us to come back."""
    letter_id, tries = event.subject_id, int(cursor or 0)
    try:
        actions.send_letter(letter_id)
    except (smtplib.SMTPException, OSError) as trouble:
        if _is_final(trouble) or tries >= len(TRY_AGAIN):
            log.warning("letter %s was not accepted and is given up: %s", letter_id, _said(trouble))
            actions.give_letter_up(letter_id)
            return None
        log.warning("letter %s waits %s seconds for its next try: %s", letter_id, TRY_AGAIN[tries], _said(trouble))
        return Again(cursor=str(tries + 1), later=TRY_AGAIN[tries])
    return None


_ABOUT_US = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPSenderRefused,
)


def _is_final(trouble: Exception) -> bool:
    """Say whether the server will never take this letter: it answered with a code of 500 or more about the letter.

    What it says about us (sign-in, greeting, sender) may be mended meanwhile."""
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _words in trouble.recipients.values())
    if isinstance(trouble, _ABOUT_US):
        return False
    return isinstance(trouble, smtplib.SMTPResponseException) and trouble.smtp_code >= 500


def _said(trouble: Exception) -> str:
    """Return what went wrong without anybody's address, because it goes to the log."""
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        return f"recipient refused ({', '.join(sorted({str(code) for code, _words in trouble.recipients.values()}))})"
    if isinstance(trouble, smtplib.SMTPResponseException):
        return f"{type(trouble).__name__} {trouble.smtp_code}"
    return f"{type(trouble).__name__}: {getattr(trouble, 'strerror', None) or ''}".rstrip(": ")


# ---- coming in -----------------------------------------------------------------------------------------------------


def send_link(event: Event, _cursor: str) -> Again | None:
    """Write the letter that carries a link: to confirm an address, to sign in, to choose a new password."""
    link_id = event.subject_id
    link = Link.select(Link, Member).join(Member).where(Link.id == link_id).first()
    if link is None or link.used_at is not None or link.member.left_at is not None:
        return None
    try:
        told = link_address(link_id)
    except NotFound:
        return None
    # No way back to settings: whoever reads this has not come in yet.
    written = render_letter(told.purpose, link.member, url=told.url, settings_url="")
    actions.write_letter(f"link:{link_id}", link.member, told.purpose, written, to_address=told.email)
    return None


def write_to_both_addresses(event: Event, _cursor: str) -> Again | None:
    """Write to the address a member wants to move to, and to the one so far. Neither letter names the other address:
    somebody else may read that letter-box."""
    move = Move.select(Move, Member).join(Member).where(Move.id == event.subject_id).first()
    if move is None or move.ended_at is not None:
        return None
    # Where the address has a place already, its owner had a letter of another kind.
    if not Member.select().where(Member.email == move.new_email, Member.has_come()).exists():
        _write_about_move("new_address", move, move.new_email, url=move_url(move, "new"))
    if move.old_email:
        _write_about_move("old_address", move, move.old_email, url=move_url(move, "old"), due_at=move.due_at)
    return None


def tell_old_address(event: Event, _cursor: str) -> Again | None:
    """Write to the address so far that we write to another one now."""
    move = Move.select(Move, Member).join(Member).where(Move.id == event.subject_id).first()
    if move is not None and move.old_email:
        _write_about_move("moved_address", move, move.old_email)
    return None


def _write_about_move(kind: str, move: Move, address: str, **context: Any) -> None:
    # No way back to settings: whoever reads this has not come in yet.
    written = render_letter(kind, move.member, settings_url="", **context)
    actions.write_letter(f"{kind}:{move.id}", move.member, kind, written, to_address=address)


def tell_of_codes(event: Event, _cursor: str) -> Again | None:
    """Write to a member whose codes were turned on or off, so that they know if it was somebody else."""
    member = Member.get_or_none(Member.id == event.subject_id, Member.left_at.is_null())
    if member is not None and member.email_confirmed_at is not None:
        kind = "codes_on" if event.kind == "codes.on" else "codes_off"
        actions.write_letter(f"codes:{event.id}", member, kind, render_letter(kind, member))
    return None
