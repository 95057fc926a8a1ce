"""Reading about codes: whether somebody uses them, and what their app has to know."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyotp
import segno

from forum import settings
from forum.access import Viewer, require
from forum.clock import now
from forum.members.codes.models import Authenticator, RecoveryCode
from forum.text import _

# Whoever began to set codes up goes on within this time, or begins again.
SETUP_LASTS = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Codes:
    """How *viewer*'s codes stand. *since* is None while they are off; *left* is how many recovery codes are unused."""

    since: datetime | None
    left: int
    is_required: bool

    @property
    def are_on(self) -> bool:
        return self.since is not None


@dataclass(frozen=True, slots=True)
class Square:
    """A QR code as a drawing: *size* squares wide, *path* what is dark in it."""

    size: int
    path: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What an app has to know: by the camera or by hand."""

    square: Square
    key: str
    url: str


def are_on(member_id: int) -> bool:
    """Say whether a member signs in with codes."""
    return (
        Authenticator.select()
        .where(Authenticator.member == member_id, Authenticator.confirmed_at.is_null(False))
        .exists()
    )


def own_codes(viewer: Viewer) -> Codes:
    """Return how *viewer*'s own codes stand."""
    require(viewer.is_member, _("Please sign in to see your own pages."))
    since = Authenticator.select(Authenticator.confirmed_at).where(Authenticator.member == viewer.id).scalar()
    left = RecoveryCode.select().where(RecoveryCode.member == viewer.id, RecoveryCode.used_at.is_null()).count()
    return Codes(since, left, is_required=settings.chosen().staff_codes == "required" and viewer.works_here)


def own_setup(viewer: Viewer) -> Setup | None:
    """Return what *viewer*'s app has to know, while they are setting it up; else None."""
    require(viewer.is_member, _("Please sign in to see your own pages."))
    begun = Authenticator.get_or_none(
        Authenticator.member == viewer.id,
        Authenticator.confirmed_at.is_null(),
        Authenticator.made_at > now() - SETUP_LASTS,
    )
    if begun is None:
        return None
    secret = secret_of(begun)
    url = pyotp.TOTP(secret).provisioning_uri(name=viewer.name, issuer_name=settings.chosen().site_name)
    return Setup(_square(url), " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)), url)


def secret_of(authenticator: Authenticator) -> str:
    """Return what the app and we share, as apps write it."""
    words = f"codes:{authenticator.member_id}:{authenticator.salt}"
    digest = hmac.new(settings.chosen().secret_key.encode(), words.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode()


def _square(words: str) -> Square:
    """Return the QR code that says *words*, with the quiet edge that cameras want."""
    rows = [list(row) for row in segno.make(words, error="m").matrix_iter(border=4)]
    strokes = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                strokes.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            x += 1
    return Square(len(rows), "".join(strokes))


def told_by(member_id: int) -> dict[str, Any]:
    """Return what is held about a member's codes, ready for JSON; the codes themselves cannot be read."""
    since = Authenticator.select(Authenticator.confirmed_at).where(Authenticator.member == member_id).scalar()
    used = RecoveryCode.select(RecoveryCode.used_at).where(RecoveryCode.member == member_id).order_by(RecoveryCode.id)
    return {
        "on_since": since.isoformat() if since else None,
        "recovery_codes": [{"used_at": at.isoformat() if at else None} for (at,) in used.tuples()],
    }
