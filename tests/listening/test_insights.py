"""Marking threads, taking words down, themes, codes and offline voices."""

from datetime import timedelta
from typing import Any

import pytest

from forum.access import VISITOR
from forum.audit import AuditEntry
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.events import Event
from forum.listening import actions, queries
from forum.listening.models import Code, Excerpt, Insight, InsightCode, ListeningMark, OfflineVoice, ThemeInsight
from forum.members.actions import viewer_for
from forum.threads import actions as threads
from forum.threads import queries as thread_queries
from forum.threads.models import Post
from tests import factories
from tests.listening.people import (
    HOUSEKEEPING,
    WORDS,
    a_listening_thread,
    a_supporter,
    an_excerpt,
    an_insight,
    said,
)

pytestmark = pytest.mark.usefixtures("stack")


@pytest.fixture
def supporter() -> Any:
    return viewer_for(a_supporter("Marcia"))


# ---- listening threads -----------------------------------------------------------------------------------------------


def test_everybody_in_a_marked_thread_sees_who_listens_and_why(supporter: Any) -> None:
    thread = factories.a_thread(category=factories.a_category(audience="public"))
    actions.mark(supporter, thread.id, **HOUSEKEEPING)
    for viewer in (VISITOR, viewer_for(factories.a_member()), supporter):
        banner = queries.banner(viewer, thread_queries.thread(viewer, thread.id))
        assert banner is not None
        assert banner.mark.by == "Marcia"
        assert banner.mark.purpose == HOUSEKEEPING["purpose"]
        assert banner.mark.cannot_change == HOUSEKEEPING["cannot_change"]
    assert queries.listening_among([thread.id, 999]) == {thread.id}
    assert [event.kind for event in Event.select().where(Event.kind.startswith("listening"))] == ["listening.started"]
    assert AuditEntry.select().where(AuditEntry.deed == "listening.started").exists()


@pytest.mark.parametrize("missing", list(HOUSEKEEPING))
def test_nobody_listens_without_saying_what_people_must_know(supporter: Any, missing: str) -> None:
    thread = factories.a_thread()
    with pytest.raises(Invalid) as trouble:
        actions.mark(supporter, thread.id, **(HOUSEKEEPING | {missing: "  "}))
    assert list(trouble.value.errors) == [missing]
    assert not ListeningMark.select().exists()


def test_marking_twice_changes_the_words_and_not_the_moment(supporter: Any, clock: Any) -> None:
    thread = a_listening_thread()
    since = ListeningMark.get().since
    clock.advance(hours=1)
    actions.mark(supporter, thread.id, **(HOUSEKEEPING | {"purpose": "Something else."}))
    mark = ListeningMark.get()
    assert (mark.purpose, mark.since) == ("Something else.", since)


def test_marking_again_after_the_end_begins_anew(supporter: Any, clock: Any) -> None:
    thread = a_listening_thread()
    actions.end_listening(supporter, thread.id)
    actions.end_listening(supporter, thread.id)
    assert queries.listening_among([thread.id]) == set()
    banner = queries.banner(VISITOR, thread_queries.thread(supporter, thread.id))
    assert banner is not None
    assert banner.mark.ended_at is not None
    clock.advance(hours=1)
    actions.mark(supporter, thread.id, **HOUSEKEEPING)
    mark = ListeningMark.get()
    assert (mark.since, mark.ended_at) == (clock.now(), None)


@pytest.mark.parametrize("role", ["member", "volunteer", "commissioner"])
def test_only_staff_mark_threads(role: str) -> None:
    with pytest.raises(NotAllowed):
        actions.mark(viewer_for(factories.a_member(role=role)), factories.a_thread().id, **HOUSEKEEPING)


def test_a_suspended_supporter_does_not_listen(clock: Any) -> None:
    away = viewer_for(a_supporter(suspended_until=clock.now() + timedelta(days=1)))
    with pytest.raises(NotAllowed):
        actions.mark(away, factories.a_thread().id, **HOUSEKEEPING)


def test_the_banner_offers_earlier_words_only_to_those_who_have_some(clock: Any) -> None:
    thread = factories.a_thread()
    early = factories.a_post(thread)
    clock.advance(minutes=1)
    a_listening_thread(thread=thread)
    late = factories.a_post(thread)
    seen = {}
    for post in (early, late):
        viewer = viewer_for(post.author)
        banner = queries.banner(viewer, thread_queries.thread(viewer, thread.id))
        assert banner is not None
        seen[post.id] = (banner.has_earlier, banner.agreed, banner.setting)
    assert seen == {early.id: (True, False, "ask"), late.id: (False, False, "ask")}


def test_a_listening_thread_costs_few_queries(queries: Any) -> None:
    from forum.listening import queries as listening

    post = said()
    viewer = viewer_for(post.author)
    thread = thread_queries.thread(viewer, post.thread_id)
    with queries(at_most=2):
        listening.banner(viewer, thread)
    with queries(at_most=1):
        listening.banner(VISITOR, thread)
    with queries(at_most=1):
        listening.listening_among([1, 2, 3])


# ---- taking words down -----------------------------------------------------------------------------------------------


def test_an_insight_keeps_exact_words_and_what_stands_around_them(supporter: Any) -> None:
    post = said(f"I'm tired of it. {WORDS} That is all I ask.")
    insight = actions.make_insight(supporter, post_id=post.id, exact=WORDS, kind="struggle")
    row = Excerpt.get(Excerpt.insight == insight.id)
    assert post.plain[row.start : row.end] == row.words == WORDS
    assert (row.prefix, row.suffix) == ("I'm tired of it. ", " That is all I ask.")
    assert (row.revision, row.by_id, row.member_id) == (1, supporter.id, post.author_id)
    assert Event.select().where(Event.kind == "insight.made").count() == 1


def test_white_space_does_not_matter(supporter: Any) -> None:
    post = said("First line\nwith a break.\n\nSecond paragraph here.")
    insight = actions.make_insight(supporter, post_id=post.id, exact="break.   Second\tparagraph", kind="worry")
    row = Excerpt.get(Excerpt.insight == insight.id)
    assert row.words == "break.\nSecond paragraph"
    assert post.plain[row.start : row.end] == row.words


def test_words_that_stand_there_twice_are_told_apart_by_what_is_around_them(supporter: Any) -> None:
    post = said("On Monday he slept. On Tuesday he slept.")
    insight = actions.make_insight(supporter, post_id=post.id, exact="he slept.", prefix="On Tuesday ", kind="thanks")
    assert Excerpt.get(Excerpt.insight == insight.id).start == post.plain.rindex("he slept.")


@pytest.mark.parametrize("exact", ["", "  ", "I", "words that nobody said", "x" * 3000, "\x00\x00"])
def test_words_that_are_not_there_make_nothing(supporter: Any, exact: str) -> None:
    post = said()
    with pytest.raises(Invalid) as trouble:
        actions.make_insight(supporter, post_id=post.id, exact=exact, kind="worry")
    assert trouble.value.errors["exact"]
    assert not Insight.select().exists()


def test_an_unknown_kind_makes_nothing(supporter: Any) -> None:
    post = said()
    with pytest.raises(Invalid) as trouble:
        actions.make_insight(supporter, post_id=post.id, exact=WORDS, kind="gossip")
    assert "kind" in trouble.value.errors


def test_somebody_elses_quoted_words_are_not_taken_from_the_one_who_quotes(supporter: Any) -> None:
    first = said(by=factories.a_member("Gwen", words="please_dont"))
    quote = thread_queries.post(supporter, first.id)
    source = f'[quote="Gwen, post:{quote.number}, topic:{quote.thread.id}"]\n{WORDS}\n[/quote]\n\nI feel the same way.'
    post = said(source, by=factories.a_member(words="with_name"), thread=quote.thread)
    with pytest.raises(Invalid, match="Somebody else said those words"):
        actions.make_insight(supporter, post_id=post.id, exact=WORDS, kind="struggle")
    with pytest.raises(Invalid):
        actions.make_insight(supporter, post_id=post.id, exact="but I can answer one. I feel the same", kind="struggle")
    picked = queries.pick(supporter, post.id)
    assert [words for _start, words in picked.paragraphs] == ["I feel the same way."]
    own = actions.make_insight(supporter, post_id=post.id, exact="I feel the same way.", kind="struggle")
    row = Excerpt.get(Excerpt.insight == own.id)
    assert post.plain[row.start : row.end] == "I feel the same way."
    assert "\x00" not in row.prefix


def test_a_post_that_is_gone_is_left_be(supporter: Any) -> None:
    withdrawn, hidden = said(), said("Something unkind was here.")
    threads.withdraw_post(viewer_for(withdrawn.author), withdrawn.id)
    threads.hide_post(viewer_for(factories.a_member(role="moderator")), hidden.id, "A reason")
    for post in (withdrawn, hidden):
        with pytest.raises(NotAllowed):
            actions.make_insight(supporter, post_id=post.id, exact=post.plain, kind="worry")
        assert queries.pick(supporter, post.id).why_not


def test_a_leavers_words_are_left_be(supporter: Any) -> None:
    post = said()
    with transaction():
        threads.forget_member(post.author_id)
    post.author.left_at = post.said_at
    from forum.members.models import Member

    Member.update(left_at=post.said_at, email=None, password_hash=None).where(Member.id == post.author_id).execute()
    with pytest.raises(NotAllowed):
        actions.make_insight(supporter, post_id=post.id, exact=WORDS, kind="worry")


def test_an_impatient_thumb_makes_one_insight(supporter: Any) -> None:
    post = said()
    made = [
        actions.make_insight(supporter, post_id=post.id, exact=WORDS, kind="worry", nonce="the-same-nonce")
        for _ in range(2)
    ]
    assert made[0].id == made[1].id
    assert (Insight.select().count(), Excerpt.select().count()) == (1, 1)


def test_more_words_join_an_insight_once(supporter: Any) -> None:
    insight = an_insight()
    post = said("We gave up ringing altogether.")
    for _ in range(2):
        actions.add_excerpt(supporter, insight.id, post_id=post.id, exact="gave up ringing")
    seen = queries.insight(supporter, insight.id)
    assert (len(seen.excerpts), seen.people) == (2, 2)
    with pytest.raises(NotFound):
        actions.add_excerpt(supporter, 999_999, post_id=post.id, exact="altogether")


def test_a_post_out_of_nowhere_is_not_found(supporter: Any) -> None:
    for post_id in (0, 999_999):
        with pytest.raises(NotFound):
            actions.make_insight(supporter, post_id=post_id, exact="anything", kind="worry")


def test_an_insight_on_a_very_long_post_is_quick(supporter: Any) -> None:
    post = said("word " * 19_000 + "and the end.")
    insight = actions.make_insight(supporter, post_id=post.id, exact="and the end.", kind="worry")
    assert Excerpt.get(Excerpt.insight == insight.id).end == len(post.plain)


def test_codes_and_memo_can_come_later(supporter: Any) -> None:
    insight = an_insight()
    breaks = actions.add_code(supporter, "Breaks")
    booking = actions.add_code(supporter, "Booking", parent_id=breaks.id)
    actions.change_insight(supporter, insight.id, kind="idea", memo="Ring them back.", codes=[booking.id, 999])
    seen = queries.insight(supporter, insight.id)
    assert (seen.kind, seen.memo, seen.codes) == ("idea", "Ring them back.", ((booking.id, "Booking"),))
    actions.change_insight(supporter, insight.id, kind="idea", memo="", codes=[breaks.id])
    assert [row.code_id for row in InsightCode.select()] == [breaks.id]


def test_insights_are_found_by_kind_and_by_theme(supporter: Any) -> None:
    worry, idea = an_insight(kind="worry"), an_insight(said("Another one says this."), kind="idea")
    theme = actions.make_theme(supporter, title="A theme", insight_ids=[worry.id])
    assert [one.id for one in queries.insights(supporter)[0]] == [idea.id, worry.id]
    assert [one.id for one in queries.insights(supporter, kind="worry")[0]] == [worry.id]
    assert [one.id for one in queries.insights(supporter, theme_id=theme.id)[0]] == [worry.id]
    assert [one.id for one in queries.insights(supporter, loose=True)[0]] == [idea.id]
    assert len(queries.insights(supporter, kind="nonsense", before="nonsense")[0]) == 2


def test_insights_page_by_page_in_few_queries(supporter: Any, clock: Any) -> None:
    thread = a_listening_thread()
    made = []
    for n in range(23):
        clock.advance(microseconds=1)
        made.append(an_insight(said(f"This is thing number {n}.", thread=thread)).id)
    first, more = queries.insights(supporter)
    second, end = queries.insights(supporter, before=more)
    assert [one.id for one in [*first, *second]] == made[::-1]
    assert end is None


def test_a_page_of_insights_takes_a_fixed_number_of_queries(supporter: Any, queries: Any) -> None:
    from forum.listening import queries as listening

    thread = a_listening_thread()
    for n in range(5):
        an_insight(said(f"This is thing number {n}.", thread=thread))
    with queries(at_most=6):
        listening.insights(supporter)
    with queries(at_most=4):
        listening.themes(supporter)


def test_an_insight_with_somebodys_offline_words_is_not_dropped(supporter: Any) -> None:
    insight = an_insight()
    actions.enter_voice(supporter, source="phone", words="Me too.", consent="unnamed", insight_id=insight.id)
    with pytest.raises(Conflict):
        actions.drop_insight(supporter, insight.id)
    other = an_insight(said("Another one."))
    actions.drop_insight(supporter, other.id)
    assert [row.id for row in Insight.select()] == [insight.id]


# ---- themes ----------------------------------------------------------------------------------------------------------


def test_a_theme_counts_people_and_not_posts(supporter: Any, clock: Any) -> None:
    gwen, tariq = factories.a_member(), factories.a_member()
    thread = a_listening_thread()
    first = clock.now()
    insights = [an_insight(said("Gwen says one thing.", by=gwen, thread=thread), kind="worry")]
    clock.advance(days=2)
    insights.append(an_insight(said("Gwen says another thing.", by=gwen, thread=thread), kind="worry"))
    insights.append(an_insight(said("Tariq says the same.", by=tariq, thread=thread), kind="idea"))
    theme = actions.make_theme(supporter, title="  The phone is the wall ", insight_ids=[one.id for one in insights])
    actions.enter_voice(supporter, source="letter", words="And so do I.", consent="unnamed", insight_id=insights[0].id)
    seen = queries.theme(supporter, theme.id)
    assert (seen.title, seen.people, seen.posts, seen.voices) == ("The phone is the wall", 3, 3, 1)
    assert (seen.first_heard, seen.last_heard) == (first, clock.now())
    assert seen.kinds == (("worry", 2), ("idea", 1))
    assert queries.themes(supporter)[0] == seen
    assert queries.theme_people(theme.id) == sorted([gwen.id, tariq.id])


def test_an_insight_stands_in_a_theme_once(supporter: Any) -> None:
    insight = an_insight()
    theme = actions.make_theme(supporter, title="A theme", insight_ids=[insight.id, insight.id, 999])
    assert actions.put_in_theme(supporter, theme.id, [insight.id]) == 0
    assert ThemeInsight.select().count() == 1
    actions.take_out_of_theme(supporter, theme.id, insight.id)
    actions.take_out_of_theme(supporter, theme.id, insight.id)
    assert queries.theme(supporter, theme.id).people == 0


def test_a_theme_needs_a_name(supporter: Any) -> None:
    theme = actions.make_theme(supporter, title="A theme")
    for title in ("", " \u200b "):
        with pytest.raises(Invalid):
            actions.make_theme(supporter, title=title)
        with pytest.raises(Invalid):
            actions.change_theme(supporter, theme.id, title=title, about="")
    actions.change_theme(supporter, theme.id, title="Another name", about="A bit more.")
    assert (queries.theme(supporter, theme.id).title, queries.theme(supporter, theme.id).about) == (
        "Another name",
        "A bit more.",
    )


# ---- codes -----------------------------------------------------------------------------------------------------------


def test_the_codebook_is_a_tree_in_order(supporter: Any) -> None:
    hospital = actions.add_code(supporter, "Hospital")
    breaks = actions.add_code(supporter, "Breaks", description="Time off.")
    actions.add_code(supporter, "nights", parent_id=breaks.id)
    actions.add_code(supporter, "Booking", parent_id=breaks.id)
    assert [(code.path, code.depth) for code in queries.codebook(supporter)] == [
        ("Breaks", 0),
        ("Breaks / Booking", 1),
        ("Breaks / nights", 1),
        ("Hospital", 0),
    ]
    actions.change_code(supporter, hospital.id, name="In hospital", description="On a ward.")
    assert queries.codebook(supporter)[-1].path == "In hospital"


def test_a_code_has_one_name_in_one_place(supporter: Any) -> None:
    breaks, hospital = actions.add_code(supporter, "Breaks"), actions.add_code(supporter, "Hospital")
    for name in ("breaks", " BREAKS ", ""):
        with pytest.raises(Invalid):
            actions.add_code(supporter, name)
    with pytest.raises(Invalid):
        actions.change_code(supporter, hospital.id, name="Breaks", description="")
    actions.change_code(supporter, breaks.id, name="BREAKS", description="")
    actions.add_code(supporter, "Breaks", parent_id=hospital.id)
    assert Code.select().count() == 3


def test_codes_go_four_steps_deep(supporter: Any) -> None:
    parent = None
    for name in ("One", "Two", "Three", "Four"):
        parent = actions.add_code(supporter, name, parent_id=parent.id if parent else None)
    with pytest.raises(Invalid):
        actions.add_code(supporter, "Five", parent_id=parent.id)
    with pytest.raises(NotFound):
        actions.add_code(supporter, "Nowhere", parent_id=999)


# ---- offline voices --------------------------------------------------------------------------------------------------


def test_an_offline_voice_counts_as_a_person(supporter: Any, clock: Any) -> None:
    voice = actions.enter_voice(
        supporter,
        source="phone",
        said_by="A woman in her eighties",
        words="The young man rang when he said.",
        consent="unnamed",
        kind="thanks",
        at=clock.now() - timedelta(days=3),
        nonce="the-same-nonce",
    )
    again = actions.enter_voice(
        supporter, source="phone", words="The same.", consent="unnamed", kind="thanks", nonce="the-same-nonce"
    )
    assert voice.id == again.id
    seen = queries.insight(supporter, voice.insight_id)
    assert (seen.people, seen.title, seen.kind) == (1, "The young man rang when he said.", "thanks")
    assert AuditEntry.select().where(AuditEntry.deed == "voice.entered").count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "rumour"}, "source"),
        ({"words": " "}, "words"),
        ({"consent": ""}, "consent"),
        ({"consent": "named"}, "said_by"),
        ({"kind": ""}, "kind"),
    ],
)
def test_an_offline_voice_needs_source_words_and_consent(supporter: Any, changes: dict[str, str], field: str) -> None:
    facts = {"source": "phone", "words": "Hello.", "consent": "unnamed", "kind": "worry"}
    with pytest.raises(Invalid) as trouble:
        actions.enter_voice(supporter, **(facts | changes))
    assert field in trouble.value.errors
    assert not OfflineVoice.select().exists()


def test_an_offline_voice_can_be_taken_back_and_still_counts(supporter: Any) -> None:
    voice = actions.enter_voice(
        supporter, source="letter", words="Please pass this on.", consent="unnamed", kind="worry", said_by="A father"
    )
    actions.remove_voice(supporter, voice.id)
    seen = queries.insight(supporter, voice.insight_id)
    assert (seen.people, seen.voices[0].words, seen.voices[0].said_by, seen.title) == (1, "", "", "")


def test_nobody_says_anything_tomorrow(supporter: Any, clock: Any) -> None:
    with pytest.raises(Invalid):
        actions.enter_voice(
            supporter,
            source="phone",
            words="Hello.",
            consent="unnamed",
            kind="worry",
            at=clock.now() + timedelta(days=1),
        )


# ---- today -----------------------------------------------------------------------------------------------------------


def test_today_shows_who_waits_what_we_owe_and_what_came_in(supporter: Any, clock: Any) -> None:
    waiting = factories.a_thread(title="Is anybody there?")
    member = factories.a_member()
    excerpt = Excerpt.get(Excerpt.insight == an_insight(said(by=member), a_supporter()).id)
    mine = actions.make_insight(
        supporter, post_id=said("This is mine.", by=member).id, exact="This is mine.", kind="idea"
    )
    my_excerpt = Excerpt.get(Excerpt.insight == mine.id)
    actions.answer_consent(viewer_for(member), my_excerpt.id, answer="named")
    actions.answer_consent(viewer_for(member), excerpt.id, answer="unnamed")
    idea = actions.propose_idea(viewer_for(member), title="Ring back", words="At a time we choose.")
    loose = actions.propose_idea(viewer_for(member), title="Another", words="Idea.")
    actions.take_up_idea(
        supporter, idea.id, owner_id=supporter.id, team="Breaks", promised_for=clock.now().date(), carers_decide=False
    )
    today = queries.today(supporter)
    assert waiting.title in [row.title for row in today.waiting]
    assert [(row.title, row.is_overdue) for row in today.owed] == [("Ring back", False)]
    assert [row.title for row in today.unanswered] == [loose.title]
    assert [one.id for one in today.answered] == [my_excerpt.id]
    assert [one.id for one in today.to_check] == [excerpt.id], "one's own words wait for somebody else"
    assert today.loose_count == 2
    clock.advance(days=1)
    assert queries.today(supporter).owed[0].is_overdue


def test_an_excerpt_that_can_be_read_is_never_from_a_hidden_thread(supporter: Any) -> None:
    excerpt = an_excerpt()
    threads.hide_thread(viewer_for(factories.a_member(role="moderator")), Post.fetch(excerpt.post_id).thread_id, "Why")
    assert queries.excerpt(supporter, excerpt.id).words == ""
    assert queries.excerpt(viewer_for(factories.a_member(role="moderator")), excerpt.id).words == WORDS
