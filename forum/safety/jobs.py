"""What safety does after something happened."""

from forum.access import Viewer
from forum.events import Event
from forum.jobs import Again
from forum.safety import actions
from forum.threads.models import Post


def look_for_crisis(event: Event, _cursor: str) -> Again | None:
    """Read a post that was published or changed, in case it tells of danger, whichever way it came in."""
    post = Post.get_or_none(Post.id == event.subject_id)
    if post is not None and post.withdrawn_at is None and not post.is_event:
        actions.notice_crisis(Viewer(id=post.author_id), post.source, post_id=post.id, thread_id=post.thread_id)
    return None
