"""Tickets: signed, short-lived, naming what a page may hear and from where in the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from forum.clock import now

TICKET_LASTS = timedelta(hours=2)

_signer: URLSafeSerializer | None = None


def sign_with(secret: str) -> None:
    """Sign tickets with the site's *secret* from now on."""
    global _signer
    _signer = URLSafeSerializer(secret, salt="live")


class BadTicket(Exception):
    """Not one of ours."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a page may hear. *expires* is in seconds since 1970; *session_id* is None for visitors."""

    channels: tuple[str, ...]
    position: int
    session_id: int | None
    expires: int

    @property
    def is_over(self) -> bool:
        return now().timestamp() >= self.expires


def ticket_for(viewer: Any, channels: Iterable[str], position: int) -> str:
    """Return a ticket to hear *channels* from *position* (`events.position`, read before the page's queries) on."""
    if _signer is None:
        raise RuntimeError("live.prepare comes first")
    expires = int((now() + TICKET_LASTS).timestamp())
    return str(_signer.dumps([sorted(set(channels)), position, viewer.session_id, expires]))


def read_ticket(word: str) -> Ticket:
    """Return what *word* allows. Raises BadTicket when it was not made by `ticket_for`; one that is over comes back."""
    if _signer is None:
        raise RuntimeError("live.prepare comes first")
    try:
        channels, position, session_id, expires = _signer.loads(word)
    except (BadData, ValueError, TypeError) as trouble:
        raise BadTicket from trouble
    return Ticket(tuple(channels), position, session_id, expires)
