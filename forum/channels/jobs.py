"""Jobs that tell people. Each takes an event, is safe to run twice, and copes when its subject is gone."""

from forum.channels import actions
from forum.channels.letters import render_letter, stop_token
from forum.channels.models import Letter
from forum.events import Event
from forum.jobs import Again

BATCH = 500


def send_letter(event: Event, _cursor: str) -> Again | None:
    """Send the letter that was written."""
    actions.send_letter(event.subject_id)
    return None


__all__ = ["BATCH", "Letter", "render_letter", "send_letter", "stop_token"]
