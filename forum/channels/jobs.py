"""Jobs that tell people. Each takes an event, is safe to run twice, and copes when its subject is gone."""

from forum.channels import actions
from forum.channels.letters import render_letter
from forum.errors import NotFound
from forum.events import Event
from forum.jobs import Again
from forum.members.models import Link, Member
from forum.members.queries import link_address


def send_letter(event: Event, _cursor: str) -> Again | None:
    """Send the letter that was written."""
    actions.send_letter(event.subject_id)
    return None


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
    written = render_letter(told.purpose, link.member, url=told.url, settings_url="")
    actions.write_letter(f"link:{link_id}", link.member, told.purpose, written, to_address=told.email)
    return None
