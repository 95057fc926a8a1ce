"""What moderators do with a whole thread: close it, hide it. Rooms that keep hours open and shut its door."""

from forum import audit, events, search
from forum.access import Viewer, may_moderate, require
from forum.clock import now
from forum.database import transaction
from forum.text import _, clean_line, slugify
from forum.threads import sight
from forum.threads.models import Thread
from forum.threads.writing import LONGEST_TITLE, visibility_of


def hide_thread(viewer: Viewer, thread_id: int, reason: str) -> None:
    """Take a whole thread out of everybody's sight but moderators'. Twice is fine. Raises NotFound, NotAllowed."""
    _set_thread_hidden(viewer, thread_id, reason, hidden=True)


def show_thread(viewer: Viewer, thread_id: int, reason: str) -> None:
    """Bring a hidden thread back. Twice is fine. Raises NotFound, NotAllowed."""
    _set_thread_hidden(viewer, thread_id, reason, hidden=False)


def _set_thread_hidden(viewer: Viewer, thread_id: int, reason: str, *, hidden: bool) -> None:
    require(may_moderate(viewer), _("Only a moderator can hide a thread."))
    sight.thread(viewer, thread_id)
    with transaction():
        thread = Thread.locked(thread_id)
        if (thread.hidden_at is not None) == hidden:
            return
        Thread.update(hidden_at=now() if hidden else None, hidden_by=viewer.id if hidden else None).where(
            Thread.id == thread_id
        ).execute()
        search.set_thread_visibility(thread_id, visibility_of(Thread.fetch(thread_id)))
        kind = "thread.hidden" if hidden else "thread.shown"
        audit.note(viewer, kind, subject=thread, reason=reason)
        events.record(kind, subject=thread, actor=viewer, channel=f"thread:{thread_id}")


def close_thread(viewer: Viewer, thread_id: int, reason: str = "") -> None:
    """End a conversation: it stays to be read. Twice is fine. Raises NotFound, NotAllowed."""
    _set_closed(viewer, thread_id, reason, closed=True)


def open_thread(viewer: Viewer, thread_id: int, reason: str = "") -> None:
    """Let a closed conversation go on. Twice is fine. Raises NotFound, NotAllowed."""
    _set_closed(viewer, thread_id, reason, closed=False)


def _set_closed(viewer: Viewer, thread_id: int, reason: str, *, closed: bool) -> None:
    require(may_moderate(viewer), _("Only a moderator can close or open a thread."))
    sight.thread(viewer, thread_id)
    with transaction():
        thread = Thread.locked(thread_id)
        if (thread.closed_at is not None) == closed:
            return
        Thread.update(closed_at=now() if closed else None, closed_by=viewer.id if closed else None).where(
            Thread.id == thread_id
        ).execute()
        kind = "thread.closed" if closed else "thread.opened"
        audit.note(viewer, kind, subject=thread, reason=reason)
        events.record(kind, subject=thread, actor=viewer, channel=f"thread:{thread_id}")


def open_door(thread_id: int) -> None:
    """Let people post in a thread whose time has come. Twice is fine. For rooms above that keep hours."""
    _set_door(thread_id, closed_by=None)


def shut_door(thread_id: int, *, by: Viewer) -> None:
    """Keep a thread for reading until its time comes, or when it is over. Twice is fine. For rooms above that keep hours."""
    _set_door(thread_id, closed_by=by.id)


def _set_door(thread_id: int, *, closed_by: int | None) -> None:
    with transaction():
        thread = Thread.locked(thread_id)
        if (thread.closed_at is not None) == (closed_by is not None):
            return
        Thread.update(closed_at=now() if closed_by else None, closed_by=closed_by).where(
            Thread.id == thread_id
        ).execute()
        kind = "thread.closed" if closed_by else "thread.opened"
        events.record(kind, subject=thread, channel=f"thread:{thread_id}")


def rename_thread(thread_id: int, title: str) -> None:
    """Give a thread another title. Twice is fine. For rooms above whose things have a thread of their own."""
    title = clean_line(title, LONGEST_TITLE)
    with transaction():
        if Thread.locked(thread_id).title == title:
            return
        Thread.update(title=title, slug=slugify(title)).where(Thread.id == thread_id).execute()
        search.set_thread_title(thread_id, title)
