"""What staff do when they listen: take down what they hear, here and offline. Listening threads, excerpts, consent, themes
and ideas have folders of their own; their deeds are named here too, so that other rooms find them in one place."""

from collections.abc import Sequence
from datetime import datetime

from peewee import IntegrityError

from forum import audit, events
from forum.access import Viewer, may_listen, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.listening.choices import INSIGHT_KINDS, SOURCES, VOICE_CONSENT
from forum.listening.consent.actions import (
    agree_to_earlier,
    answer_consent,
    ask_consent,
    check_excerpt,
    take_back_earlier,
    withdraw_consent,
    words_setting_changed,
)
from forum.listening.consent.actions import forget_member as forget_words
from forum.listening.consent.queries import NOT_YOURS
from forum.listening.excerpts.actions import drop_excerpt, excerpts_of_post_changed, find_words, keep_words
from forum.listening.ideas.actions import forget_member as forget_ideas
from forum.listening.ideas.actions import propose_idea, step_idea, take_up_idea
from forum.listening.marks.actions import end_listening, mark
from forum.listening.models import (
    Code,
    Excerpt,
    Insight,
    InsightCode,
    OfflineVoice,
)
from forum.listening.themes.actions import (
    add_code,
    change_code,
    change_theme,
    make_theme,
    put_in_theme,
    take_out_of_theme,
)
from forum.members.models import Member
from forum.text import _, clean_line, tidy

LONGEST_MEMO = 5_000
LONGEST_TITLE = 150
LONGEST_VOICE = 20_000

_CHOOSE_KIND = _("Choose what kind of thing you heard.")


# ---- insights --------------------------------------------------------------------------------------------------------


def make_insight(
    viewer: Viewer,
    *,
    post_id: int,
    exact: str,
    kind: str,
    prefix: str = "",
    suffix: str = "",
    near: int | None = None,
    codes: Sequence[int] = (),
    memo: str = "",
    nonce: str | None = None,
) -> Insight:
    """Take down *exact* words of a post as a new insight of *kind* and return it. Codes and memo can wait.

    *prefix* and *suffix* are words around them and *near* an offset in the post's plain text, for words that stand
    there twice. In a listening thread, from its mark on, the writer's setting decides about consent; words from
    anywhere else are kept as ``asked`` and their writer is asked. The same *nonce* returns the first insight again.
    Raises NotFound, NotAllowed (with a kind sentence where the writer would not have it), Invalid.
    """
    require(may_listen(viewer), NOT_YOURS)
    if kind not in INSIGHT_KINDS:
        raise Invalid(errors={"kind": _CHOOSE_KIND})
    if (twin := _insight_with(viewer, nonce)) is not None:
        return twin
    try:
        with transaction():
            taken = find_words(viewer, post_id, exact=exact, prefix=prefix, suffix=suffix, near=near)
            insight = _new_insight(viewer, kind=kind, memo=memo, codes=codes, nonce=nonce)
            keep_words(viewer, insight.id, taken)
            events.record("insight.made", subject=insight, actor=viewer, post=post_id)
    except IntegrityError:
        # The impatient thumb was faster than the first answer.
        if (twin := _insight_with(viewer, nonce)) is not None:
            return twin
        raise
    return insight


def add_excerpt(
    viewer: Viewer,
    insight_id: int,
    *,
    post_id: int,
    exact: str,
    prefix: str = "",
    suffix: str = "",
    near: int | None = None,
) -> Excerpt:
    """Take down further words into an insight that is there, and return the excerpt. As for `make_insight`.

    The same words again are the same excerpt."""
    require(may_listen(viewer), NOT_YOURS)
    with transaction():
        taken = find_words(viewer, post_id, exact=exact, prefix=prefix, suffix=suffix, near=near)
        insight = Insight.locked(insight_id)
        twin = Excerpt.get_or_none(
            Excerpt.insight == insight.id,
            Excerpt.post == taken.post.id,
            Excerpt.start == taken.place.start,
            Excerpt.end == taken.place.end,
            Excerpt.words.is_null(False),
        )
        if twin is not None:
            return twin
        excerpt = keep_words(viewer, insight.id, taken)
        events.record("insight.grew", subject=insight, actor=viewer, post=post_id)
    return excerpt


def note_insight(
    viewer: Viewer, *, kind: str, memo: str, codes: Sequence[int] = (), nonce: str | None = None
) -> Insight:
    """Take down what was heard in a conversation as a whole, in the words of staff, and return it. Excerpts may follow.

    The same *nonce* returns the first insight again. Raises NotAllowed, and Invalid without a kind or a memo."""
    require(may_listen(viewer), NOT_YOURS)
    if kind not in INSIGHT_KINDS:
        raise Invalid(errors={"kind": _CHOOSE_KIND})
    if not memo.strip():
        raise Invalid(errors={"memo": _("Write what you heard.")})
    if (twin := _insight_with(viewer, nonce)) is not None:
        return twin
    with transaction():
        Member.locked(viewer.id or 0)
        if (twin := _insight_with(viewer, nonce)) is not None:
            return twin
        insight = _new_insight(viewer, kind=kind, memo=memo, codes=codes, nonce=nonce)
        events.record("insight.made", subject=insight, actor=viewer)
    return insight


def _insight_with(viewer: Viewer, nonce: str | None) -> Insight | None:
    return Insight.get_or_none(Insight.by == viewer.id, Insight.nonce == nonce) if nonce else None


def _new_insight(
    viewer: Viewer, *, kind: str, memo: str = "", codes: Sequence[int] = (), nonce: str | None = None
) -> Insight:
    memo = tidy(memo).strip()[:LONGEST_MEMO]
    insight = Insight.create(kind=kind, memo=memo, by=viewer.id, made_at=now(), nonce=nonce)
    _set_codes(insight.id, codes)
    return insight


def change_insight(viewer: Viewer, insight_id: int, *, kind: str, memo: str, codes: Sequence[int]) -> None:
    """Say of what kind an insight is, what staff make of it, and which codes it has. Raises Invalid, NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    if kind not in INSIGHT_KINDS:
        raise Invalid(errors={"kind": _CHOOSE_KIND})
    with transaction():
        insight = Insight.locked(insight_id)
        Insight.update(kind=kind, memo=tidy(memo).strip()[:LONGEST_MEMO]).where(Insight.id == insight.id).execute()
        _set_codes(insight.id, codes)


def _set_codes(insight_id: int, codes: Sequence[int]) -> None:
    known = {id for (id,) in Code.select(Code.id).where(Code.id.in_(list(codes) or [0])).tuples()}
    InsightCode.delete().where(InsightCode.insight == insight_id, InsightCode.code.not_in(known or {0})).execute()
    rows = [{"insight": insight_id, "code": code_id} for code_id in sorted(known)]
    if rows:
        InsightCode.insert_many(rows).on_conflict_ignore().execute()


def drop_insight(viewer: Viewer, insight_id: int) -> None:
    """Take an insight out that was made by mistake. Twice is fine. Raises Conflict once a writer has said something to
    it, or when somebody's offline words stand in it."""
    require(may_listen(viewer), NOT_YOURS)
    with transaction():
        if OfflineVoice.select().where(OfflineVoice.insight == insight_id).exists():
            raise Conflict(_("Somebody's words that came by phone, letter or in person stand in it, so it stays."))
        for (id,) in list(Excerpt.select(Excerpt.id).where(Excerpt.insight == insight_id).tuples()):
            drop_excerpt(viewer, id)
        left = Insight.get_or_none(Insight.id == insight_id)
        if left is not None:
            audit.note(viewer, "insight.dropped", subject=left)
            left.delete_instance()


# ---- offline voices --------------------------------------------------------------------------------------------------


def enter_voice(
    viewer: Viewer,
    *,
    source: str,
    words: str,
    consent: str,
    said_by: str = "",
    insight_id: int | None = None,
    kind: str = "",
    memo: str = "",
    at: datetime | None = None,
    nonce: str | None = None,
) -> OfflineVoice:
    """Enter what somebody said by phone, in a letter or in person, with their consent, and return it.

    It goes into the insight *insight_id*, or makes one of *kind*. *at* is when it was said, now when it is not given.
    It counts as a person like any other. Raises Invalid with sentences, NotFound for an unknown insight."""
    require(may_listen(viewer), NOT_YOURS)
    words = tidy(words).strip()
    errors: dict[str, object] = {}
    if source not in SOURCES:
        errors["source"] = _("Choose how it reached you.")
    if not words:
        errors["words"] = _("Write down what they said, as near to their words as you can.")
    elif len(words) > LONGEST_VOICE:
        errors["words"] = _("That is longer than one entry can hold. Split it in two.")
    if consent not in VOICE_CONSENT:
        errors["consent"] = _("Choose what they allowed. If you haven't asked, ask them first.")
    if consent == "named" and not clean_line(said_by, LONGEST_TITLE):
        errors["said_by"] = _("Write the name they want to be quoted with.")
    if insight_id is None and kind not in INSIGHT_KINDS:
        errors["kind"] = _CHOOSE_KIND
    if at is not None and at > now():
        errors["at"] = _("That day is still to come. Choose the day they said it.")
    if errors:
        raise Invalid(errors=errors)
    with transaction():
        if insight_id is None:
            if (twin := _insight_with(viewer, nonce)) is not None:
                return OfflineVoice.get(OfflineVoice.insight == twin.id)
            insight_id = _new_insight(viewer, kind=kind, memo=memo, nonce=nonce).id
        else:
            Insight.locked(insight_id)
        voice = OfflineVoice.create(
            source=source,
            said_by=clean_line(said_by, LONGEST_TITLE),
            words=words,
            consent=consent,
            insight=insight_id,
            by=viewer.id,
            at=at or now(),
        )
        audit.note(viewer, "voice.entered", subject=("voice", voice.id), reason=source)
        events.record("insight.made", subject=("insight", insight_id), actor=viewer, voice=voice.id)
    return voice


def remove_voice(viewer: Viewer, voice_id: int) -> None:
    """Take out what somebody said offline, because they no longer want it here. NotFound, NotAllowed."""
    require(may_listen(viewer), NOT_YOURS)
    with transaction():
        voice = OfflineVoice.locked(voice_id)
        OfflineVoice.update(words="", said_by="", consent="refused").where(OfflineVoice.id == voice.id).execute()
        audit.note(viewer, "voice.withdrawn", subject=("voice", voice.id))
        events.record("consent.withdrawn", subject=("voice", voice.id), actor=viewer, insight=voice.insight_id)


# ---- leaving ---------------------------------------------------------------------------------------------------------


def forget_member(member_id: int) -> None:
    """Take a leaver's words out of this room; counts stay. Called inside the erasing transaction."""
    forget_words(member_id)
    forget_ideas(member_id)


__all__ = [
    "add_code",
    "add_excerpt",
    "agree_to_earlier",
    "answer_consent",
    "ask_consent",
    "change_code",
    "change_insight",
    "change_theme",
    "check_excerpt",
    "drop_excerpt",
    "drop_insight",
    "end_listening",
    "enter_voice",
    "excerpts_of_post_changed",
    "forget_member",
    "make_insight",
    "make_theme",
    "mark",
    "propose_idea",
    "put_in_theme",
    "remove_voice",
    "step_idea",
    "take_back_earlier",
    "take_out_of_theme",
    "take_up_idea",
    "withdraw_consent",
    "words_setting_changed",
]
