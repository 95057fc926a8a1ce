"""Taking down words of a post, and finding them again when the post changes.

Rows are always locked in the same order: member, post, excerpt.
"""

from dataclasses import dataclass
from datetime import datetime

from forum import audit
from forum.access import Viewer, may_listen, require
from forum.asking import actions as asking
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotFound
from forum.listening.consent.actions import ask_writer, blank, from_setting, is_covered, whole_place
from forum.listening.consent.queries import NOT_YOURS, please_dont
from forum.listening.models import Excerpt, Insight
from forum.members.models import Member
from forum.text import Anchor, _, anchor, quoted_spans, re_anchor, tidy
from forum.threads import queries as threads
from forum.threads.models import Post

LONGEST_EXCERPT = 2_000
SHORTEST_EXCERPT = 3


# ---- taking words down -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Words found in a post: whose they are, where they stand, and whether the thread's mark covers them."""

    post: Post
    member: Member
    place: Anchor
    is_covered: bool


def own_words(plain: str, html: str) -> str:
    """Return *plain* with everybody else's quoted words blotted out, every offset as it was."""
    for span in quoted_spans(html):
        blot = "".join("\n" if letter == "\n" else "\x00" for letter in plain[span.start : span.end])
        plain = plain[: span.start] + blot + plain[span.end :]
    return plain


def find_words(
    viewer: Viewer, post_id: int, *, exact: str, prefix: str = "", suffix: str = "", near: int | None = None
) -> Taken:
    """Find *exact* in a post for staff who want to take it down. Call inside the transaction: it locks.

    Raises NotFound, NotAllowed with a kind sentence where the writer would not have it, Invalid for words that are not
    there, that are somebody else's quoted in it, or too long."""
    require(may_listen(viewer), NOT_YOURS)
    seen = threads.post(viewer, post_id)
    exact = tidy(exact).strip()
    if len("".join(exact.split())) < SHORTEST_EXCERPT:
        raise Invalid(errors={"exact": _("Choose a few words of the post first.")})
    if len(exact) > LONGEST_EXCERPT:
        raise Invalid(errors={"exact": _("Choose fewer words: the part that says it.")})
    member = Member.locked(seen.author_id)
    post = Post.locked(post_id)
    require(member.left_at is None, _("Whoever wrote this has left, so their words aren't ours to use."))
    require(member.words != "please_dont", please_dont(seen.author_name))
    require(post.withdrawn_at is None, _("They took this post back, so let's leave it be."))
    require(post.hidden_at is None, _("A moderator hid this post. It can't be used while it is hidden."))
    if post.is_event:
        raise NotFound
    place = anchor(own_words(post.plain, str(post.html)), exact, tidy(prefix), tidy(suffix), near)
    if place is None:
        if anchor(post.plain, exact) is not None:
            raise Invalid(errors={"exact": _("Somebody else said those words. Take them from that person's own post.")})
        raise Invalid(
            errors={"exact": _("We can't find those words in the post. Copy them exactly, or pick a paragraph.")}
        )
    require(
        not _was_refused(post, place),
        _("%(name)s has asked us not to use these words. Let's leave them be.", name=seen.author_name),
    )
    return Taken(post, member, whole_place(post.plain, place), is_covered(post))


def _was_refused(post: Post, place: Anchor) -> bool:
    """Say whether the writer has said no to words that overlap with these: a no is not asked again."""
    return (
        Excerpt.select()
        .where(
            Excerpt.post == post.id,
            Excerpt.consent.in_(("refused", "withdrawn")),
            Excerpt.start < place.end,
            Excerpt.end > place.start,
        )
        .exists()
    )


def keep_words(viewer: Viewer, insight_id: int, taken: Taken) -> Excerpt:
    """Put words that `find_words` found into an insight, with the consent their writer's setting gives.

    Words said where people did not know that we listen are kept as ``asked``, and their writer is asked at once."""
    consent, by_setting = from_setting(taken.member.words, taken.post, taken.is_covered)
    moment = now()
    row = Excerpt.create(
        insight=insight_id,
        post=taken.post.id,
        member=taken.member.id,
        by=viewer.id,
        words=taken.place.exact,
        prefix=taken.place.prefix,
        suffix=taken.place.suffix,
        start=taken.place.start,
        end=taken.place.end,
        revision=taken.post.revision,
        consent=consent,
        consent_at=moment if by_setting else None,
        by_setting=by_setting,
        made_at=moment,
    )
    if consent == "asked":
        ask_writer(viewer, taken.member.id, [row.id])
    return row


def drop_excerpt(viewer: Viewer, excerpt_id: int) -> int | None:
    """Take an excerpt out that was taken down by mistake; an insight without any other goes with it.

    Return the insight's id while it is still there. Twice is fine. Raises NotAllowed, and Conflict once its writer has
    said something to it: an answer is not thrown away."""
    require(may_listen(viewer), NOT_YOURS)
    with transaction():
        if not Excerpt.select().where(Excerpt.id == excerpt_id).exists():
            return None
        row = Excerpt.locked(excerpt_id)
        insight = Insight.locked(row.insight_id)
        if row.consent not in ("not_asked", "asked") and not row.by_setting:
            raise Conflict(_("Its writer has answered, so it stays where it is."))
        asking.answered(row.member_id, "consent", ("excerpt", row.id), answer="dropped")
        row.delete_instance()
        has_more = Excerpt.select().where(Excerpt.insight == insight.id).exists() or insight.offline_voices.exists()
        audit.note(viewer, "excerpt.dropped", subject=("excerpt", excerpt_id))
        if has_more:
            return insight.id
        insight.delete_instance()
        return None


# ---- when the post changes -------------------------------------------------------------------------------------------


def excerpts_of_post_changed(post_id: int) -> None:
    """Find excerpts again after their post was edited; take them back with a post that was taken back. Safe twice."""
    post = Post.get_or_none(Post.id == post_id)
    if post is None:
        return
    with transaction():
        Member.locked(post.author_id)
        post = Post.locked(post_id)
        standing = list(Excerpt.select().where(Excerpt.post == post_id, Excerpt.words.is_null(False)))
        if post.withdrawn_at is not None:
            blank(standing, consent="withdrawn")
            for row in standing:
                asking.answered(row.member_id, "consent", ("excerpt", row.id), answer="withdrawn")
            return
        own = own_words(post.plain, str(post.html))
        for row in standing:
            if row.revision != post.revision:
                _find_again(row, post, own, moment=now())


def _find_again(row: Excerpt, post: Post, own: str, *, moment: datetime) -> None:
    old = Anchor(row.words, row.prefix, row.suffix, row.start, row.end)
    place = re_anchor(own, old)
    if place is None:
        if row.drifted_at is None:
            Excerpt.update(drifted_at=moment).where(Excerpt.id == row.id).execute()
        return
    place = whole_place(post.plain, place)
    Excerpt.update(
        words=place.exact,
        prefix=place.prefix,
        suffix=place.suffix,
        start=place.start,
        end=place.end,
        revision=post.revision,
        drifted_at=None,
    ).where(Excerpt.id == row.id).execute()
