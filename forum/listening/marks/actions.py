"""Saying in a thread, for everybody to see, that we listen there."""

from forum import audit, events
from forum.access import Viewer, may_listen, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Invalid
from forum.listening.consent.queries import NOT_YOURS
from forum.listening.models import ListeningMark
from forum.text import _, tidy
from forum.threads import queries as threads
from forum.threads.models import Thread

LONGEST_SENTENCE = 600


def mark(
    viewer: Viewer,
    thread_id: int,
    *,
    purpose: str,
    can_change: str,
    cannot_change: str,
    who_decides: str,
    hear_by: str,
) -> ListeningMark:
    """Say in a thread, for everybody to see, that we listen from now on; or say it in other words. Return the mark.

    Marking again after it ended begins anew: what was said in between stays outside. Raises NotFound, NotAllowed, and
    Invalid with a sentence for each thing that people must know first."""
    require(may_listen(viewer), NOT_YOURS)
    threads.thread(viewer, thread_id)
    said = {
        "purpose": (purpose, _("Say what you listen for.")),
        "can_change": (can_change, _("Say what can change because of this.")),
        "cannot_change": (cannot_change, _("Say what can't change, so that nobody hopes in vain.")),
        "who_decides": (who_decides, _("Say who decides.")),
        "hear_by": (hear_by, _("Say when people will hear what came of it.")),
    }
    words = {name: tidy(text).strip()[:LONGEST_SENTENCE] for name, (text, _missing) in said.items()}
    errors = {name: missing for name, (_text, missing) in said.items() if not words[name]}
    if errors:
        raise Invalid(errors=errors)
    with transaction():
        # The thread's row stands in for a mark that may not be there yet.
        Thread.locked(thread_id)
        found = ListeningMark.get_or_none(ListeningMark.thread == thread_id)
        if found is not None and found.ended_at is None:
            ListeningMark.update(words).where(ListeningMark.id == found.id).execute()
            audit.note(viewer, "listening.reworded", subject=("thread", thread_id))
            events.record("listening.reworded", subject=("thread", thread_id), actor=viewer)
            return ListeningMark.fetch(found.id)
        facts = {**words, "by": viewer.id, "since": now(), "ended_at": None}
        if found is None:
            found = ListeningMark.create(thread=thread_id, **facts)
        else:
            ListeningMark.update(facts).where(ListeningMark.id == found.id).execute()
        audit.note(viewer, "listening.started", subject=("thread", thread_id), reason=words["purpose"])
        events.record(
            "listening.started",
            subject=("thread", thread_id),
            actor=viewer,
            channel=f"thread:{thread_id}",
            mark=found.id,
        )
        return ListeningMark.fetch(found.id)


def end_listening(viewer: Viewer, thread_id: int) -> None:
    """Stop listening in a thread. What was taken down stays. Twice is fine. Raises NotFound, NotAllowed."""
    require(may_listen(viewer), NOT_YOURS)
    threads.thread(viewer, thread_id)
    with transaction():
        Thread.locked(thread_id)
        ended = (
            ListeningMark.update(ended_at=now())
            .where(ListeningMark.thread == thread_id, ListeningMark.ended_at.is_null())
            .execute()
        )
        if ended:
            audit.note(viewer, "listening.ended", subject=("thread", thread_id))
            events.record("listening.ended", subject=("thread", thread_id), actor=viewer, channel=f"thread:{thread_id}")
