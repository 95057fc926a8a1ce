"""Asking to hear of a thread, and to hear no more of it."""

from datetime import datetime

from forum.access import Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.text import _
from forum.threads.models import Follow
from forum.threads.sight import thread


def follow(viewer: Viewer, thread_id: int) -> None:
    """Hear about new posts in a thread. Twice is fine. Raises NotFound, NotAllowed."""
    _set_follow(viewer, thread_id, muted_at=None)


def unfollow(viewer: Viewer, thread_id: int) -> None:
    """Hear no more of a thread, not even of replies, until following it again. Twice is fine."""
    _set_follow(viewer, thread_id, muted_at=now())


def _set_follow(viewer: Viewer, thread_id: int, *, muted_at: datetime | None) -> None:
    require(viewer.is_member, _("Please sign in to follow a thread."))
    thread(viewer, thread_id)
    with transaction():
        Follow.insert(member=viewer.id, thread=thread_id, since=now(), muted_at=muted_at).on_conflict(
            conflict_target=[Follow.thread, Follow.member], update={Follow.muted_at: muted_at}
        ).execute()
