"""The one place that knows how a test signs somebody in without typing a password."""

from typing import Any


def sign_in(client: Any, member: Any) -> None:
    """Give *client* the cookie of a new session of *member*, made by the same action as a real sign-in."""
    from forum.members.actions import start_session

    token = start_session(member.id, device="a test")
    with client.session_transaction() as session:
        session.clear()
        session["_user_id"] = token
        session["_fresh"] = True
