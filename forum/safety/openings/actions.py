"""Seeing who stands behind a name for one thread: two moderators and a reason, or one of them in danger to life."""

from forum import audit, events
from forum.access import Viewer, may_moderate, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotFound
from forum.safety.models import NameOpening
from forum.safety.openings.queries import name_behind
from forum.text import _, tidy
from forum.threads.models import Post, ThreadName

LONGEST_WORDS = 4000
_MODERATORS_ONLY = _("Only a moderator can do that.")


def ask_to_open(viewer: Viewer, post_id: int, *, reason: str, in_danger: bool = False) -> NameOpening:
    """Ask another moderator to agree to see who wrote a post; *in_danger* to life *viewer* sees it at once.

    Raises NotFound where there is no such name, Invalid without a reason, Conflict while it is asked already."""
    require(may_moderate(viewer), _MODERATORS_ONLY)
    reason = tidy(reason).strip()
    if not reason or len(reason) > LONGEST_WORDS:
        raise Invalid(errors={"reason": _("Write why we need to know who this is. Whoever reads this later needs it.")})
    with transaction():
        post = Post.fetch(post_id)
        name = name_behind(post)
        if name is None or not name.name:
            raise NotFound
        ThreadName.locked(name.id)
        waiting = NameOpening.select().where(NameOpening.thread_name == name.id, NameOpening.second_by.is_null())
        if waiting.exists():
            raise Conflict(_("Somebody has asked already. A second moderator can answer."))
        opening = NameOpening.create(
            thread_name=name.id,
            post_number=post.number,
            asked_by=viewer.id,
            reason=reason,
            in_danger=in_danger,
            asked_at=now(),
        )
        deed = "name.opened_in_danger" if in_danger else "name.opening_asked"
        audit.note(viewer, deed, subject=name, reason=reason)
        events.record("name.opening_asked", subject=opening, actor=viewer)
    return opening


def second_opening(viewer: Viewer, opening_id: int, *, agree: bool, words: str, keep_quiet: bool = False) -> None:
    """Answer as the second moderator: agree or not, with a reason. With *keep_quiet* the member is not told of it.

    Raises NotAllowed for whoever asked, Invalid without a reason, Conflict when somebody answered already."""
    require(may_moderate(viewer), _MODERATORS_ONLY)
    words = tidy(words).strip()
    if not words or len(words) > LONGEST_WORDS:
        raise Invalid(errors={"reason": _("Write why. Whoever reads this later needs it.")})
    with transaction():
        opening = NameOpening.locked(opening_id)
        require(opening.asked_by_id != viewer.id, _("You asked, so another moderator has to answer."))
        if opening.second_by_id is not None:
            raise Conflict(_("Another moderator has answered this already."))
        NameOpening.update(
            second_by=viewer.id, second_at=now(), agreed=agree, second_words=words, keep_quiet=keep_quiet
        ).where(NameOpening.id == opening_id).execute()
        if opening.in_danger:
            deed = "name.opening_was_right" if agree else "name.opening_was_wrong"
        else:
            deed = "name.opened" if agree else "name.opening_declined"
        audit.note(viewer, deed, subject=("threadname", opening.thread_name_id), reason=words)
        if agree or opening.in_danger:
            events.record("name.opened", subject=opening, actor=viewer)
