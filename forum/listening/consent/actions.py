"""Taking down words, asking for them, answering, taking them back. Consent belongs to each excerpt.

Rows are always locked in the same order: member, post, excerpt.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from forum import audit, events
from forum.access import Viewer, may_answer_consent, may_listen, require, require_sight
from forum.asking import actions as asking
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotFound
from forum.listening.choices import ANSWERS
from forum.listening.consent.queries import NOT_YOURS
from forum.listening.models import EarlierWords, Excerpt, Insight, ListeningMark
from forum.members.models import Member
from forum.text import Anchor, _, anchor, tidy
from forum.threads import queries as threads
from forum.threads.models import Post

LONGEST_PARAPHRASE = 1_000
LONGEST_CORRECTION = 2_000
# A memo may hold the very words; shorter ones than this stand in many texts by chance.
_TELLING = 12


# ---- where people know that we listen ----------------------------------------------------------------------------------


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


def from_setting(words: str, post: Post, covered: bool) -> tuple[str, bool]:
    """Return the consent that a setting gives to words of *post*, and whether it was the setting that gave it."""
    if post.inside_use_only:
        return "not_asked", False
    if not covered:
        return "asked", False
    return {"with_name": ("named", True), "without_name": ("unnamed", True)}.get(words, ("not_asked", False))


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
            ask_writer(viewer, member_id, theirs)
    return sum(len(theirs) for theirs in asked.values())


def _may_be_asked(row: Excerpt) -> bool:
    if row.consent != "not_asked" or row.words is None or row.post_id is None:
        return False
    post = Post.fetch(row.post_id)
    return not (post.withdrawn_at or post.hidden_at or post.inside_use_only)


def ask_writer(viewer: Viewer, member_id: int, excerpt_ids: Sequence[int]) -> None:
    """Ask one member about some of their words, which are ``asked`` already. Call inside the transaction, last."""
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
            raise Invalid(errors={"": _("Choose one of the answers.")})
        if answer == "refused":
            if row.words is None:
                return
            blank([row], consent="refused")
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


def whole_place(plain: str, place: Anchor) -> Anchor:
    """Give an anchor found among blotted words the surroundings that really stand there."""
    return Anchor(
        exact=plain[place.start : place.end],
        prefix=plain[max(0, place.start - len(place.prefix)) : place.start],
        suffix=plain[place.end : place.end + len(place.suffix)],
        start=place.start,
        end=place.end,
    )


def _whole_at(plain: str, start: int, end: int) -> Anchor:
    return whole_place(plain, Anchor(plain[start:end], "." * min(start, 32), "." * 32, start, end))


def withdraw_consent(viewer: Viewer, excerpt_id: int) -> None:
    """Take one's words back. They are gone from every page at once; the insight keeps its count. Twice is fine.

    Raises NotFound for somebody else's excerpt."""
    with transaction():
        row, member, _post = _own_excerpt(viewer, excerpt_id)
        if row.words is None:
            return
        blank([row], consent="withdrawn")
        asking.answered(member.id, "consent", ("excerpt", row.id), answer="withdrawn")
        events.record("consent.withdrawn", subject=row, actor=viewer, insight=row.insight_id)


def blank(excerpts: Sequence[Excerpt], *, consent: str, forget_place: bool = False) -> None:
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
        blank([row for row in theirs if row.by_setting or row.consent == "not_asked"], consent="withdrawn")
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
        blank(_excerpts_with_words(member_id), consent="withdrawn")
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
        consent, by_setting = from_setting(member.words, post, is_covered(post))
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


# ---- leaving ---------------------------------------------------------------------------------------------------------


def forget_member(member_id: int) -> None:
    """Take a leaver's words out of every excerpt, and where they stood. Called inside the erasing transaction."""
    blank(_excerpts_with_words(member_id), consent="withdrawn", forget_place=True)
    Excerpt.update(post=None, start=0, end=0).where(Excerpt.member == member_id).execute()
    EarlierWords.delete().where(EarlierWords.member == member_id).execute()
