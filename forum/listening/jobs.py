"""What follows in this room when a post changes."""

from forum.events import Event
from forum.jobs import Again
from forum.listening import actions


def follow_post(event: Event, _cursor: str) -> Again | None:
    """Find excerpts again after their post was edited; take them back with a post that was taken back. Safe twice."""
    actions.excerpts_of_post_changed(event.subject_id)
    return None
