"""Noticing that somebody may be in danger, and saying that one has looked."""

from datetime import timedelta

from forum import audit, events
from forum.access import Viewer, may_see_crisis_alerts, require
from forum.clock import now
from forum.database import transaction
from forum.members.models import Member
from forum.safety.crisis.words import noticed_in
from forum.safety.models import CrisisAlert
from forum.safety.reasons import reason_given
from forum.text import _

ONE_ALERT_EVERY = timedelta(hours=24)


def notice_crisis(viewer: Viewer, words: str, *, post_id: int | None = None, thread_id: int | None = None) -> bool:
    """Look at what somebody writes or has posted. When it may mean danger, tell staff, once a day, and return True.

    *thread_id* is where they write, None for a thread to come. A post that follows upon an alert of the same day joins
    it. No words are kept here."""
    if not viewer.is_member or not noticed_in(words):
        return False
    with transaction():
        Member.locked(viewer.id or 0)
        alert = (
            CrisisAlert.select()
            .where(
                CrisisAlert.member == viewer.id,
                CrisisAlert.at > now() - ONE_ALERT_EVERY,
                CrisisAlert.thread.is_null() | (CrisisAlert.thread == thread_id),
            )
            .order_by(CrisisAlert.id.desc())
            .first()
        )
        is_news = alert is None or (post_id is not None and alert.post_id not in {None, post_id})
        if alert is not None and post_id is not None and alert.post_id is None:
            CrisisAlert.update(post=post_id, thread=thread_id).where(CrisisAlert.id == alert.id).execute()
        elif is_news:
            made = CrisisAlert.create(member=viewer.id, post=post_id, thread=thread_id, at=now())
            events.record("crisis.noticed", subject=("crisisalert", made.id), actor=viewer)
    return True


def see_alert(viewer: Viewer, alert_id: int, *, done: str) -> None:
    """Say that somebody of staff has looked at an alert, and what they did."""
    require(may_see_crisis_alerts(viewer), _("Only staff can do that."))
    done = reason_given(done)
    with transaction():
        alert = CrisisAlert.locked(alert_id)
        if alert.seen_at is not None:
            return
        CrisisAlert.update(seen_at=now(), seen_by=viewer.id).where(CrisisAlert.id == alert_id).execute()
        audit.note(viewer, "alert.seen", subject=("crisisalert", alert_id), reason=done)
