"""Taking down words, asking for them, answering, taking them back. Consent belongs to each excerpt.

Rows are always locked in the same order: member, post, excerpt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum import audit, events
from forum.access import Viewer, may_answer_consent, may_listen, require, require_sight
from forum.asking import actions as asking
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotFound
from forum.listening.choices import ANSWERS
from forum.listening.consent.queries import NOT_YOURS, please_dont
from forum.listening.models import EarlierWords, Excerpt, Insight, ListeningMark
from forum.members.models import Member
from forum.text import Anchor, _, anchor, quoted_spans, re_anchor, tidy
from forum.threads import queries as threads
from forum.threads.models import Post

LONGEST_EXCERPT = 2_000
SHORTEST_EXCERPT = 3
LONGEST_PARAPHRASE = 1_000
LONGEST_CORRECTION = 2_000
# A memo may hold the very words; shorter ones than this stand in many texts by chance.
_TELLING = 12


# ---- taking words down -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Words found in a post: whose they are, where they stand, and whether the thread's mark covers them."""

    post: Post
    member: Member
    place: Anchor
    is_covered: bool


def is_covered(post: Post) -> bool:
    """Say whether a post was said where and when people knew that we listen, or its writer agreed afterwards."""
    mark = ListeningMark.get_or_none(ListeningMark.thread == post.thread_id)
    if mark is not None and post.said_at >= mark.since and (mark.ended_at is None or post.said_at <= mark.ended_at):
        return True
    return (
        EarlierWords.select()
        .where(EarlierWords.thread == post.thread_id, EarlierWords.member == post.author_id)
        .exists()
    )


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
    require(member.words != "please_dont", please_dont(member.name))
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
        _("%(name)s has asked us not to use these words. Let's leave them be.", name=member.name),
    )
    return Taken(post, member, _whole(post.plain, place), is_covered(post))


def _whole(plain: str, place: Anchor) -> Anchor:
    """Give an anchor found among blotted words the surroundings that really stand there."""
    return Anchor(
        exact=plain[place.start : place.end],
        prefix=plain[max(0, place.start - len(place.prefix)) : place.start],
        suffix=plain[place.end : place.end + len(place.suffix)],
        start=place.start,
        end=place.end,
    )


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
    consent, by_setting = _from_setting(taken.member.words, taken.post, taken.is_covered)
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
        _ask(viewer, taken.member.id, [row.id])
    return row


def _from_setting(words: str, post: Post, covered: bool) -> tuple[str, bool]:
    if post.inside_use_only:
        return "not_asked", False
    if not covered:
        return "asked", False
    return {"with_name": ("named", True), "without_name": ("unnamed", True)}.get(words, ("not_asked", False))


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


# ---- asking ----------------------------------------------------------------------------------------------------------


def ask_consent(viewer: Viewer, excerpt_ids: Iterable[int]) -> int:
    """Ask the writers of excerpts whether we may use their words, and return how many excerpts are newly asked about.

    Who has answered or been asked already is not asked again. All excerpts of one member make one event, so one notice.
    """
    require(may_listen(viewer), NOT_YOURS)
    asked: dict[int, list[int]] = {}
    with transaction():
        ids = sorted(set(excerpt_ids))
        owners = Excerpt.select(Excerpt.id, Excerpt.member).where(Excerpt.id.in_(ids or [0])).tuples()
        by_member: dict[int, list[int]] = {}
        for id, member_id in owners:
            by_member.setdefault(member_id, []).append(id)
        for member_id in sorted(by_member):
            member = Member.locked(member_id)
            if member.left_at is not None or member.words == "please_dont":
                continue
            for id in sorted(by_member[member_id]):
                if _may_be_asked(row := Excerpt.locked(id)):
                    Excerpt.update(consent="asked", consent_at=None).where(Excerpt.id == row.id).execute()
                    asked.setdefault(member_id, []).append(row.id)
        for member_id, theirs in asked.items():
            _ask(viewer, member_id, theirs)
    return sum(len(theirs) for theirs in asked.values())


def _may_be_asked(row: Excerpt) -> bool:
    if row.consent != "not_asked" or row.words is None or row.post_id is None:
        return False
    post = Post.fetch(row.post_id)
    return not (post.withdrawn_at or post.hidden_at or post.inside_use_only)


def _ask(viewer: Viewer, member_id: int, excerpt_ids: Sequence[int]) -> None:
    for id in excerpt_ids:
        # They answer what the member began, so they stand outside the budget; the pause is for invitations.
        asking.ask(member_id, "consent", ("excerpt", id), counts=False)
    events.record(
        "consent.asked",
        subject=("excerpt", excerpt_ids[0]),
        actor=viewer,
        member=member_id,
        excerpts=",".join(map(str, excerpt_ids)),
    )


# ---- answering -------------------------------------------------------------------------------------------------------


def answer_consent(viewer: Viewer, excerpt_id: int, *, answer: str, correction: str = "") -> None:
    """Record what the writer of an excerpt says: ``named``, ``unnamed`` or ``refused``. They may change their mind.

    *correction* is what they say to "have we understood you right?". After a no the words are gone from our notes; a
    later yes brings them back while the post still says them. Raises NotFound for somebody else's excerpt, Invalid for
    an unknown answer, Conflict when there is nothing left to say yes to."""
    with transaction():
        row, member, post = _own_excerpt(viewer, excerpt_id)
        if answer not in ANSWERS:
            raise Invalid(errors={"answer": _("Choose one of the answers.")})
        if answer == "refused":
            if row.words is None:
                return
            _blank([row], consent="refused")
        else:
            _say_yes(row, member, post, answer=answer, correction=tidy(correction).strip()[:LONGEST_CORRECTION])
        asking.answered(member.id, "consent", ("excerpt", row.id), answer=answer)
        events.record("consent.answered", subject=row, actor=viewer, answer=answer, insight=row.insight_id)


def _own_excerpt(viewer: Viewer, excerpt_id: int) -> tuple[Excerpt, Member, Post | None]:
    row = Excerpt.fetch(excerpt_id)
    require_sight(may_answer_consent(viewer, member_id=row.member_id))
    member = Member.locked(row.member_id)
    post = Post.locked(row.post_id) if row.post_id is not None else None
    return Excerpt.locked(excerpt_id), member, post


def _say_yes(row: Excerpt, member: Member, post: Post | None, *, answer: str, correction: str) -> None:
    if member.words == "please_dont":
        raise Conflict(_("Your settings say that we never use your words. Change that first, then say yes here."))
    if post is None or post.withdrawn_at is not None or post.hidden_at is not None:
        raise Conflict(_("The post isn't there any more, so there is nothing for us to use. Thank you all the same."))
    if post.inside_use_only:
        raise Conflict(_("This post came from another place. What stands there stays inside, whatever you answer."))
    facts: dict[str, object] = {}
    if row.words is None:
        if post.revision != row.revision or row.end <= row.start:
            raise Conflict(_("We took these words out of our notes and can't bring them back. Thank you all the same."))
        place = _whole_at(post.plain, row.start, row.end)
        facts = {"words": place.exact, "prefix": place.prefix, "suffix": place.suffix}
    elif row.drifted_at is not None:
        # They see both and say yes to the words as they stood. Where they stand now there is no telling.
        facts = {"drifted_at": None, "revision": post.revision, "start": 0, "end": 0}
    Excerpt.update(
        consent=answer, consent_at=now(), by_setting=False, correction=correction or row.correction, **facts
    ).where(Excerpt.id == row.id).execute()


def _whole_at(plain: str, start: int, end: int) -> Anchor:
    return _whole(plain, Anchor(plain[start:end], "." * min(start, 32), "." * 32, start, end))


def withdraw_consent(viewer: Viewer, excerpt_id: int) -> None:
    """Take one's words back. They are gone from every page at once; the insight keeps its count. Twice is fine.

    Raises NotFound for somebody else's excerpt."""
    with transaction():
        row, member, _post = _own_excerpt(viewer, excerpt_id)
        if row.words is None:
            return
        _blank([row], consent="withdrawn")
        asking.answered(member.id, "consent", ("excerpt", row.id), answer="withdrawn")
        events.record("consent.withdrawn", subject=row, actor=viewer, insight=row.insight_id)


def _blank(excerpts: Sequence[Excerpt], *, consent: str, forget_place: bool = False) -> None:
    """Take the words out of excerpts, and out of the memos that repeat them. The rows stay, so the counts do."""
    for row in excerpts:
        _blot_memo(row)
    ids: list[Any] = [row.id for row in excerpts]
    facts: dict[str, object] = {"post": None, "start": 0, "end": 0} if forget_place else {}
    Excerpt.update(
        words=None,
        prefix="",
        suffix="",
        paraphrase="",
        correction="",
        consent=consent,
        consent_at=now(),
        by_setting=False,
        checked_by=None,
        checked_at=None,
        drifted_at=None,
        **facts,
    ).where(Excerpt.id.in_(ids or [0])).execute()


def _blot_memo(row: Excerpt) -> None:
    words = row.words or ""
    if len("".join(words.split())) < _TELLING:
        return
    insight = Insight.locked(row.insight_id)
    memo, place = insight.memo, anchor(insight.memo, words)
    while place is not None:
        memo = memo[: place.start] + "[…]" + memo[place.end :]
        place = anchor(memo, words)
    if memo != insight.memo:
        Insight.update(memo=memo).where(Insight.id == insight.id).execute()


# ---- what was said earlier -------------------------------------------------------------------------------------------


def agree_to_earlier(viewer: Viewer, thread_id: int) -> None:
    """Let us also listen to what *viewer* said in a thread before it was marked. Twice is fine. NotFound, NotAllowed."""
    require(viewer.is_member, _("Please sign in first."))
    threads.thread(viewer, thread_id)
    with transaction():
        member = Member.locked(viewer.id or 0)
        if not ListeningMark.select().where(ListeningMark.thread == thread_id).exists():
            raise NotFound
        if member.words == "please_dont":
            raise Conflict(_("Your settings say that we never use your words. Change that first."))
        fresh = (
            EarlierWords.insert(thread=thread_id, member=member.id, agreed_at=now())
            .on_conflict_ignore()
            .as_rowcount()
            .execute()
        )
        if fresh:
            _follow_setting(member)
            events.record("earlier.agreed", subject=("thread", thread_id), actor=viewer)


def take_back_earlier(viewer: Viewer, thread_id: int) -> None:
    """Let what *viewer* said before the mark be theirs alone again; what they said yes to by name of it stays."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        member = Member.locked(viewer.id or 0)
        gone = EarlierWords.delete().where(EarlierWords.thread == thread_id, EarlierWords.member == member.id).execute()
        if not gone:
            return
        theirs = [row for row in _excerpts_with_words(member.id) if _is_uncovered_in(row, thread_id)]
        _blank([row for row in theirs if row.by_setting or row.consent == "not_asked"], consent="withdrawn")
        events.record("earlier.taken_back", subject=("thread", thread_id), actor=viewer)


def _is_uncovered_in(row: Excerpt, thread_id: int) -> bool:
    if row.post_id is None:
        return False
    post = Post.fetch(row.post_id)
    return bool(post.thread_id == thread_id) and not is_covered(post)


# ---- the member's setting --------------------------------------------------------------------------------------------


def words_setting_changed(member_id: int) -> None:
    """Let a member's excerpts follow how they now want all their words used. Called inside the setting's transaction.

    *Please don't* takes everything back. *Without my name* takes every name off. *Ask me first* turns what only the
    setting had allowed into "not asked". A wider setting answers what is still open, never what was answered with no.
    Whatever somebody answered for one excerpt stands, unless the new setting is the more careful one.
    """
    member = Member.locked(member_id)
    if member.words == "please_dont":
        _blank(_excerpts_with_words(member_id), consent="withdrawn")
        _close_asks(member_id)
        return
    moment = now()
    if member.words == "ask":
        Excerpt.update(consent="not_asked", consent_at=None, by_setting=False).where(
            Excerpt.member == member_id, Excerpt.by_setting, Excerpt.words.is_null(False)
        ).execute()
        return
    if member.words == "without_name":
        Excerpt.update(consent="unnamed", consent_at=moment).where(
            Excerpt.member == member_id, Excerpt.consent == "named"
        ).execute()
    _follow_setting(member)


def _follow_setting(member: Member) -> None:
    """Let the setting answer what is still open, for words that are covered."""
    if member.words not in ("with_name", "without_name"):
        return
    moment = now()
    for row in _excerpts_with_words(member.id):
        is_open = row.consent in ("not_asked", "asked")
        if row.post_id is None or not (is_open or row.by_setting):
            continue
        post = Post.fetch(row.post_id)
        consent, by_setting = _from_setting(member.words, post, is_covered(post))
        if not by_setting or consent == row.consent:
            continue
        Excerpt.update(consent=consent, consent_at=moment, by_setting=True).where(Excerpt.id == row.id).execute()
        if row.consent == "asked":
            asking.answered(member.id, "consent", ("excerpt", row.id), answer=consent)


def _excerpts_with_words(member_id: int) -> list[Excerpt]:
    return list(Excerpt.select().where(Excerpt.member == member_id, Excerpt.words.is_null(False)).order_by(Excerpt.id))


def _close_asks(member_id: int) -> None:
    theirs = Excerpt.select(Excerpt.id).where(Excerpt.member == member_id).tuples()
    for (id,) in theirs:
        asking.answered(member_id, "consent", ("excerpt", id), answer="withdrawn")


# ---- the identity check ----------------------------------------------------------------------------------------------


def check_excerpt(viewer: Viewer, excerpt_id: int, paraphrase: str) -> None:
    """Say that nobody can be recognised by an excerpt's words, and put *paraphrase* beside them.

    By somebody else than the one who took the words down it counts at once; by themselves, only in a team of one and
    after a day (`queries.is_cleared`). Raises Invalid where the paraphrase is missing or repeats the words, Conflict
    when the words are gone."""
    require(may_listen(viewer), NOT_YOURS)
    paraphrase = tidy(paraphrase).strip()[:LONGEST_PARAPHRASE]
    if not paraphrase:
        raise Invalid(errors={"paraphrase": _("Say it in other words. That is what stands there without a name.")})
    with transaction():
        row = Excerpt.locked(excerpt_id)
        if row.words is None:
            raise Conflict(_("These words aren't ours any more."))
        if anchor(paraphrase, row.words) is not None or anchor(row.words, paraphrase) is not None:
            raise Invalid(
                errors={"paraphrase": _("Use other words than theirs. Anybody could search for these and find them.")}
            )
        Excerpt.update(paraphrase=paraphrase, checked_by=viewer.id, checked_at=now()).where(
            Excerpt.id == row.id
        ).execute()
        audit.note(viewer, "excerpt.checked", subject=row)
        events.record("excerpt.checked", subject=row, actor=viewer, insight=row.insight_id)


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
            _blank(standing, consent="withdrawn")
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
    place = _whole(post.plain, place)
    Excerpt.update(
        words=place.exact,
        prefix=place.prefix,
        suffix=place.suffix,
        start=place.start,
        end=place.end,
        revision=post.revision,
        drifted_at=None,
    ).where(Excerpt.id == row.id).execute()


# ---- leaving ---------------------------------------------------------------------------------------------------------


def forget_member(member_id: int) -> None:
    """Take a leaver's words out of every excerpt, and where they stood. Called inside the erasing transaction."""
    _blank(_excerpts_with_words(member_id), consent="withdrawn", forget_place=True)
    Excerpt.update(post=None, start=0, end=0).where(Excerpt.member == member_id).execute()
    EarlierWords.delete().where(EarlierWords.member == member_id).execute()
