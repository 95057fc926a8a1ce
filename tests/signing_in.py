"""The one place that knows how a test signs somebody in without typing a password."""

from typing import Any


def sign_in(client: Any, member: Any) -> None:
    """Give *client* the cookie of a new session of *member*, made by the same action as a real sign-in."""
    raise NotImplementedError("members/actions.py is not there yet")
