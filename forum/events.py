"""What happened, in order. An action's last write is its event; everything that follows is driven from here.

Events hold ids and a version, never anybody's words.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from peewee import BigIntegerField, IntegerField, TextField

from forum.clock import now
from forum.database import BaseModel, UtcField, db, in_transaction, wait_for_log

log = logging.getLogger(__name__)

# Rung after the commit of an event that open pages should hear, so that they need not wait for the next look.
bells: list[Callable[[], object]] = []


class Event(BaseModel):
    """One thing that happened."""

    kind = TextField()
    version = IntegerField(default=1)
    subject_kind = TextField()
    subject_id = BigIntegerField()
    actor_id = BigIntegerField(null=True)
    channel = TextField(default="")
    ids = TextField(default="{}")
    at = UtcField(index=True)
    spread_at = UtcField(null=True)

    class Meta:
        indexes = ((("channel", "id"), False),)

    @property
    def extra(self) -> dict[str, Any]:
        """The further ids that `record` was given."""
        return json.loads(self.ids)


# The worker looks for what is not spread yet, among millions that are.
Event.add_index(Event.index(Event.id, name="event_unspread", where=Event.spread_at.is_null()))


def record(
    kind: str, *, subject: Any, actor: Any = None, channel: str = "", version: int = 1, **ids: int | str | None
) -> int:
    """Write down that *kind* happened and return the event's id. Must be called last inside the action's transaction.

    *subject* is a model instance or a pair (kind, id); *actor* a viewer, a member id or None; *channel* names the live
    page that should hear of it (``thread:12``); *ids* are further ids that reactions need, never words.
    """
    if not in_transaction():
        raise RuntimeError("an event is recorded inside the transaction it belongs to")
    subject_kind, subject_id = subject if isinstance(subject, tuple) else (type(subject).__name__.lower(), subject.id)
    # Without it a reader sees event 2 and moves on, while event 1 is still about to commit.
    wait_for_log()
    if channel and bells:
        db.obj.after_commit(_ring)
    return Event.insert(
        kind=kind,
        version=version,
        subject_kind=subject_kind,
        subject_id=subject_id,
        actor_id=getattr(actor, "id", actor),
        channel=channel,
        ids=json.dumps(ids, separators=(",", ":")),
        at=now(),
    ).execute()


def _ring() -> None:
    for bell in tuple(bells):
        try:
            bell()
        except Exception:
            # Raised here it would look as if the commit had failed; without a bell the news is only a little late.
            log.exception("a bell did not ring")


def position() -> int:
    """Return the id of the newest event: where a page's live stream starts listening."""
    return db.execute_sql("SELECT COALESCE(MAX(id), 0) FROM event").fetchone()[0]


def after(last: int, *, limit: int = 500) -> list[tuple[int, str, str, int, str, str]]:
    """Return events with an id above *last* that have a channel, oldest first, at most *limit*.

    Rows are (id, kind, subject_kind, subject_id, channel, ids)."""
    query = (
        Event.select(Event.id, Event.kind, Event.subject_kind, Event.subject_id, Event.channel, Event.ids)
        .where(Event.id > last, Event.channel != "")
        .order_by(Event.id)
        .limit(limit)
    )
    return list(query.tuples())
