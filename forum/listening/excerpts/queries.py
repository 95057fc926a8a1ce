"""Which posts staff may take words from, and what of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from forum.access import Viewer, may_listen, require
from forum.listening.consent.queries import COVERED, NOT_YOURS, please_dont
from forum.rows import marks, rows
from forum.text import _, paragraphs, quoted_spans
from forum.threads import queries as threads
from forum.threads.queries import PostView

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608


def takeable_posts(viewer: Viewer, posts: Sequence[PostView]) -> set[int]:
    """Return the ids of those *posts* that staff may make an insight of. Empty for anybody else."""
    if not may_listen(viewer):
        return set()
    open_posts = [post for post in posts if post.html is not None and not post.is_hidden and not post.is_event]
    writers = sorted({post.author_id for post in open_posts if not post.author_left})
    refused = rows(f"SELECT id FROM member WHERE words = 'please_dont' AND id IN ({marks(len(writers))})", writers)
    kept_out = {id for (id,) in refused}
    return {post.id for post in open_posts if post.author_id in writers and post.author_id not in kept_out}


@dataclass(frozen=True, slots=True)
class Pick:
    """A post to take words from. *paragraphs* are its own, without what it quotes; *why_not* says kindly why not.

    *is_covered* is False where its writer did not know that we listen: they will be asked first."""

    post: PostView
    paragraphs: Sequence[tuple[int, str]]
    is_covered: bool
    why_not: object


def pick(viewer: Viewer, post_id: int) -> Pick:
    """Return a post for making an insight of it without a script. For staff. Raises NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    post = threads.post(viewer, post_id)
    plain, setting, covered = rows(
        f"""SELECT p.plain, m.words, CASE WHEN {COVERED} THEN 1 ELSE 0 END
            FROM post p JOIN member m ON m.id = p.author_id WHERE p.id = ?""",
        (post_id,),
    )[0]
    why_not: object = ""
    if setting == "please_dont" and not post.author_left:
        why_not = please_dont(post.author_name)
    elif post.author_id and post.id not in takeable_posts(viewer, [post]):
        why_not = _("This post has been taken down, so let's leave it be.")
    quoted = quoted_spans(str(post.html or ""))
    own = [
        (start, words)
        for start, end, words in paragraphs(plain if not why_not else "")
        if not any(span.start < end and start < span.end for span in quoted)
    ]
    return Pick(post, own, bool(covered), why_not)
