"""Asking us to look again, and answering."""

from forum import audit, events
from forum.access import Viewer, may_appeal, may_moderate, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotFound
from forum.members.models import Member
from forum.safety.models import Appeal, Suspension
from forum.safety.reasons import LONGEST_WORDS
from forum.safety.suspensions.actions import lift
from forum.text import _, tidy
from forum.threads import actions as threads
from forum.threads.models import Post

FOR_ANOTHER = _("You made this decision, so another moderator has to look at it.")


def appeal(viewer: Viewer, *, words: str, post_id: int | None = None, suspension_id: int | None = None) -> Appeal:
    """Ask us to look again at a hidden post or a suspension, once for each decision. Raises NotFound, Invalid, Conflict."""
    words = tidy(words).strip()
    if not words:
        raise Invalid(errors={"words": _("Tell us in a line or two why we should look again.")})
    if len(words) > LONGEST_WORDS:
        raise Invalid(errors={"words": _("Please keep it under %(n)s letters.", n=LONGEST_WORDS)})
    if (post_id is None) == (suspension_id is None):
        raise NotFound
    with transaction():
        if post_id is not None:
            post = Post.locked(post_id)
            mine = may_appeal(viewer, member_id=post.author_id) and post.hidden_at is not None
            since = Appeal.at >= post.hidden_at
            before = (Appeal.post == post_id) & since if mine else None
        else:
            suspension = Suspension.locked(suspension_id or 0)
            mine = may_appeal(viewer, member_id=suspension.member_id) and suspension.lifted_at is None
            before = Appeal.suspension == suspension_id
        if not mine:
            raise NotFound
        if Appeal.select().where(before).exists():
            raise Conflict(_("You have asked us about this already. We'll answer that one."))
        made = Appeal.create(member=viewer.id, post=post_id, suspension=suspension_id, words=words, at=now())
        events.record("appeal.made", subject=made, actor=viewer)
        return made


def answer_appeal(viewer: Viewer, appeal_id: int, *, overturn: bool, answer: str) -> None:
    """Answer an appeal: the decision stands, or is overturned at once.

    Somebody else than whoever decided answers, when there is another moderator. Raises Invalid, Conflict, NotAllowed."""
    require(may_moderate(viewer), _("Only a moderator can answer an appeal."))
    answer = tidy(answer).strip()
    if not answer or len(answer) > LONGEST_WORDS:
        raise Invalid(
            errors={"answer": _("Write your answer to the member first, under %(n)s letters.", n=LONGEST_WORDS)}
        )
    with transaction():
        asked = Appeal.locked(appeal_id)
        if asked.answered_at is not None:
            raise Conflict(_("Another moderator has answered this already."))
        decided_by = asked.post.hidden_by_id if asked.post_id else asked.suspension.by_id
        require(not is_for_another(viewer, decided_by), FOR_ANOTHER)
        Appeal.update(
            answered_at=now(),
            answered_by=viewer.id,
            answer=answer,
            outcome="overturned" if overturn else "stands",
        ).where(Appeal.id == appeal_id).execute()
        if overturn and asked.post_id:
            threads.show_post(viewer, asked.post_id, answer)
        elif overturn:
            lift(viewer, asked.suspension, answer)
        audit.note(viewer, "appeal.answered", subject=asked, reason=answer)
        events.record("appeal.answered", subject=asked, actor=viewer)


def is_for_another(viewer: Viewer, decided_by: int | None) -> bool:
    """Say whether an appeal against what *decided_by* decided is for another moderator than *viewer*, because there is one."""
    return viewer.id == decided_by and (
        Member.select()
        .where(
            Member.role.in_(("moderator", "admin")),
            Member.id != viewer.id,
            Member.left_at.is_null(),
            Member.suspended_until.is_null() | (Member.suspended_until < now()),
        )
        .exists()
    )
