"""The app on somebody's phone that shows codes."""

from typing import Any

import pyotp

from forum.clock import now
from forum.members.actions import viewer_for
from forum.members.codes import actions
from forum.members.codes.models import Authenticator
from forum.members.codes.queries import secret_of


def code_of(member: Any, *, later: int = 0) -> str:
    """Return what the app of *member* shows now, or *later* half minutes from now."""
    step = int(now().timestamp()) // 30 + later
    return pyotp.HOTP(secret_of(Authenticator.get(Authenticator.member == member.id))).at(step)


def set_up(member: Any) -> list[str]:
    """Turn codes on for a *member* who came in a moment ago, and return their recovery codes."""
    from forum.members.sessions.actions import start_session
    from forum.members.sessions.queries import viewer_by_session

    viewer = viewer_by_session(start_session(member.id)) or viewer_for(member)
    actions.begin(viewer)
    return actions.confirm(viewer, code_of(member))
