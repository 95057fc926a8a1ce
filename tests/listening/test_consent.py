"""Consent belongs to each excerpt. Every way it is given, refused and taken back."""

from datetime import timedelta
from typing import Any

import pytest

from forum.asking.models import Ask
from forum.audit import AuditEntry
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.events import Event
from forum.listening import actions, jobs, queries
from forum.listening.consent.queries import Checked
from forum.listening.models import EarlierWords, Excerpt, Insight
from forum.members.actions import viewer_for
from forum.members.models import Member
from forum.threads import actions as threads
from forum.threads.models import Post, Thread
from tests import factories
from tests.listening.people import (
    WORDS,
    a_listening_thread,
    a_supporter,
    an_excerpt,
    an_insight,
    checked,
    fresh,
    said,
    writer,
)

pytestmark = pytest.mark.usefixtures("stack")


def quoted(excerpt: Any) -> str | None:
    """What stands in public of an excerpt now."""
    found = queries.quotable_excerpts([excerpt.id])
    return found[excerpt.id].words if found else None


def choose(member: Any, words: str) -> None:
    """Change the setting for all one's words, as the settings page does."""
    with transaction():
        Member.update(words=words).where(Member.id == member.id).execute()
        actions.words_setting_changed(member.id)


def edit(post: Any, source: str) -> None:
    post = Post.fetch(post.id)
    threads.edit_post(viewer_for(post.author), post.id, source=source, revision=post.revision)


# ---- what a setting means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "consent"), [("ask", "not_asked"), ("without_name", "unnamed"), ("with_name", "named")]
)
def test_new_words_have_the_consent_of_their_writers_setting(setting: str, consent: str) -> None:
    excerpt = an_excerpt(said(setting=setting))
    assert excerpt.consent == consent
    assert not Ask.select().exists()


def test_somebody_who_said_please_dont_is_never_taken_down() -> None:
    post = said(by=factories.a_member("Gwen", words="please_dont"))
    with pytest.raises(NotAllowed, match="Gwen has asked us not to note down"):
        an_insight(post)
    assert not Insight.select().exists()
    assert queries.pick(viewer_for(a_supporter()), post.id).why_not
    assert not queries.pick(viewer_for(a_supporter()), post.id).paragraphs


def test_please_dont_takes_back_everything_at_once() -> None:
    post = said(setting="with_name")
    excerpt = checked(an_excerpt(post))
    assert quoted(excerpt) == WORDS
    choose(post.author, "please_dont")
    row = fresh(excerpt)
    assert (row.words, row.prefix, row.suffix, row.paraphrase, row.consent) == (None, "", "", "", "withdrawn")
    assert quoted(excerpt) is None


def test_please_dont_counts_even_where_the_cascade_has_not_run() -> None:
    post = said(setting="with_name")
    excerpt = checked(an_excerpt(post))
    Member.update(words="please_dont").where(Member.id == post.author_id).execute()
    assert quoted(excerpt) is None


def test_without_my_name_takes_every_name_off() -> None:
    member = factories.a_member(words="with_name")
    by_setting, answered = checked(an_excerpt(said(by=member))), checked(an_excerpt(said("Another day.", by=member)))
    actions.answer_consent(viewer_for(member), answered.id, answer="named")
    choose(member, "without_name")
    assert {fresh(by_setting).consent, fresh(answered).consent} == {"unnamed"}
    assert quoted(by_setting) == "Waiting on the line is harder than picking up."


def test_ask_me_first_takes_back_what_only_the_setting_had_allowed() -> None:
    member = factories.a_member(words="with_name")
    by_setting, answered = checked(an_excerpt(said(by=member))), checked(an_excerpt(said("Another day.", by=member)))
    actions.answer_consent(viewer_for(member), answered.id, answer="named")
    choose(member, "ask")
    assert (fresh(by_setting).consent, quoted(by_setting)) == ("not_asked", None)
    assert (fresh(answered).consent, quoted(answered)) == ("named", "Another day.")


def test_a_wider_setting_answers_what_is_open_and_no_refusal() -> None:
    member = factories.a_member()
    waiting, asked = an_excerpt(said(by=member)), an_excerpt(said("I was asked.", by=member))
    refused = an_excerpt(said("Not this.", by=member))
    supporter = viewer_for(a_supporter())
    actions.ask_consent(supporter, [asked.id, refused.id])
    actions.answer_consent(viewer_for(member), refused.id, answer="refused")
    choose(member, "with_name")
    assert [fresh(one).consent for one in (waiting, asked, refused)] == ["named", "named", "refused"]
    assert not Ask.select().where(Ask.answered_at.is_null()).exists()


def test_a_yes_without_a_name_stays_without_when_the_setting_allows_names() -> None:
    member = factories.a_member()
    excerpt = an_excerpt(said(by=member))
    actions.answer_consent(viewer_for(member), excerpt.id, answer="unnamed")
    choose(member, "with_name")
    assert fresh(excerpt).consent == "unnamed"


# ---- asking and answering --------------------------------------------------------------------------------------------


def test_asking_makes_one_event_for_all_the_words_of_one_member() -> None:
    member, other = factories.a_member(), factories.a_member()
    excerpts = [an_excerpt(said(f"Number {n} of many.", by=member)) for n in range(2)]
    excerpts.append(an_excerpt(said("And I.", by=other)))
    supporter = viewer_for(a_supporter())
    assert actions.ask_consent(supporter, [one.id for one in excerpts]) == 3
    told = [event.extra for event in Event.select().where(Event.kind == "consent.asked").order_by(Event.id)]
    assert told == [
        {"member": member.id, "excerpts": f"{excerpts[0].id},{excerpts[1].id}"},
        {"member": other.id, "excerpts": str(excerpts[2].id)},
    ]
    assert {ask.counts for ask in Ask.select()} == {False}


def test_nobody_is_asked_twice() -> None:
    excerpt = an_excerpt()
    supporter = viewer_for(a_supporter())
    assert actions.ask_consent(supporter, [excerpt.id]) == 1
    assert actions.ask_consent(supporter, [excerpt.id]) == 0
    actions.answer_consent(writer(excerpt), excerpt.id, answer="refused")
    assert actions.ask_consent(supporter, [excerpt.id]) == 0
    assert Event.select().where(Event.kind == "consent.asked").count() == 1


def test_asking_works_while_invitations_are_paused(clock: Any) -> None:
    member = factories.a_member(asks_per_month=0, asks_paused_until=clock.now() + timedelta(days=30))
    excerpt = an_excerpt(said(by=member))
    assert actions.ask_consent(viewer_for(a_supporter()), [excerpt.id]) == 1


@pytest.mark.parametrize("role", ["member", "volunteer", "commissioner"])
def test_only_those_who_listen_ask_check_and_take_down(role: str) -> None:
    excerpt = an_excerpt()
    other = viewer_for(factories.a_member(role=role))
    post = said("Something else.")
    for deed in (
        lambda: actions.ask_consent(other, [excerpt.id]),
        lambda: actions.check_excerpt(other, excerpt.id, "In other words."),
        lambda: actions.drop_excerpt(other, excerpt.id),
        lambda: actions.make_insight(other, post_id=post.id, exact="Something else.", kind="worry"),
        lambda: queries.insight(other, excerpt.insight_id),
        lambda: queries.excerpt(other, excerpt.id),
        lambda: queries.today(other),
    ):
        with pytest.raises(NotAllowed):
            deed()


@pytest.mark.parametrize(
    ("answer", "public"), [("named", WORDS), ("unnamed", "Waiting on the line is harder than picking up.")]
)
def test_one_tap_answers(answer: str, public: str) -> None:
    excerpt = checked(an_excerpt())
    actions.ask_consent(viewer_for(a_supporter()), [excerpt.id])
    assert quoted(excerpt) is None
    actions.answer_consent(writer(excerpt), excerpt.id, answer=answer)
    assert (fresh(excerpt).consent, quoted(excerpt)) == (answer, public)
    assert Ask.get().answer == answer


def test_a_no_takes_the_words_out_of_our_notes() -> None:
    excerpt = checked(an_excerpt())
    actions.ask_consent(viewer_for(a_supporter()), [excerpt.id])
    actions.answer_consent(writer(excerpt), excerpt.id, answer="refused")
    row = fresh(excerpt)
    assert (row.words, row.consent, row.checked_at) == (None, "refused", None)
    seen = queries.insight(viewer_for(a_supporter()), excerpt.insight_id)
    assert (seen.people, seen.excerpts[0].words) == (1, "")
    assert "no" in str(seen.excerpts[0].gone)


def test_words_somebody_said_no_to_are_not_taken_down_again() -> None:
    post = said("One thing I said. Another thing I said.")
    excerpt = an_excerpt(post, exact="One thing I said.")
    actions.answer_consent(viewer_for(post.author), excerpt.id, answer="refused")
    with pytest.raises(NotAllowed, match="not to use these words"):
        an_insight(post, exact="thing I said. Another")
    assert an_insight(post, exact="Another thing I said.")


def test_a_no_can_become_a_yes_while_the_post_says_it() -> None:
    excerpt = an_excerpt()
    actions.answer_consent(writer(excerpt), excerpt.id, answer="refused")
    assert queries.my_excerpt(writer(excerpt), excerpt.id).may_restore
    actions.answer_consent(writer(excerpt), excerpt.id, answer="named")
    row = fresh(excerpt)
    assert (row.words, row.consent) == (WORDS, "named")
    assert quoted(excerpt) is None, "it has to be checked anew"


def test_a_no_stays_a_no_after_the_post_was_edited() -> None:
    post = said()
    excerpt = an_excerpt(post)
    actions.answer_consent(viewer_for(post.author), excerpt.id, answer="refused")
    edit(post, "Quite other words now, of some length.")
    with pytest.raises(Conflict, match="can't bring them back"):
        actions.answer_consent(viewer_for(post.author), excerpt.id, answer="named")
    assert fresh(excerpt).words is None


def test_nobody_answers_for_somebody_else() -> None:
    excerpt = an_excerpt()
    for viewer in (
        viewer_for(factories.a_member()),
        viewer_for(a_supporter()),
        viewer_for(factories.a_member(role="admin")),
    ):
        with pytest.raises(NotFound):
            actions.answer_consent(viewer, excerpt.id, answer="named")
        with pytest.raises(NotFound):
            actions.withdraw_consent(viewer, excerpt.id)
        with pytest.raises(NotFound):
            queries.my_excerpt(viewer, excerpt.id)
    assert fresh(excerpt).consent == "not_asked"


@pytest.mark.parametrize("answer", ["", "asked", "withdrawn", "not_asked", "yes"])
def test_an_unknown_answer_changes_nothing(answer: str) -> None:
    excerpt = an_excerpt()
    with pytest.raises(Invalid):
        actions.answer_consent(writer(excerpt), excerpt.id, answer=answer)
    assert fresh(excerpt).consent == "not_asked"


def test_have_we_understood_you_travels_with_the_words() -> None:
    excerpt = checked(an_excerpt())
    actions.answer_consent(writer(excerpt), excerpt.id, answer="named", correction="It's the waiting, not the phone.")
    assert queries.quotable_excerpts([excerpt.id])[excerpt.id].correction == "It's the waiting, not the phone."
    actions.answer_consent(writer(excerpt), excerpt.id, answer="unnamed")
    assert queries.quotable_excerpts([excerpt.id])[excerpt.id].correction == ""


# ---- taking back -----------------------------------------------------------------------------------------------------


def test_taking_words_back_empties_everything_and_keeps_the_count() -> None:
    post = said(setting="with_name")
    insight = an_insight(post, memo=f"She said: {WORDS} That is the whole thing.")
    excerpt = checked(Excerpt.get(Excerpt.insight == insight.id))
    theme = actions.make_theme(viewer_for(a_supporter()), title="The phone is the wall", insight_ids=[insight.id])
    actions.withdraw_consent(viewer_for(post.author), excerpt.id)
    row = fresh(excerpt)
    assert (row.words, row.prefix, row.suffix, row.paraphrase, row.correction) == (None, "", "", "", "")
    assert (row.consent, row.checked_by_id) == ("withdrawn", None)
    assert quoted(excerpt) is None
    assert Insight.fetch(insight.id).memo == "She said: […] That is the whole thing."
    supporter = viewer_for(a_supporter())
    assert queries.insight(supporter, insight.id).people == 1
    assert queries.theme(supporter, theme.id).people == 1
    actions.withdraw_consent(viewer_for(post.author), excerpt.id)
    assert Event.select().where(Event.kind == "consent.withdrawn").count() == 1


def test_nobody_is_told_of_a_change_they_took_their_words_out_of() -> None:
    staying, leaving, refusing = (factories.a_member() for _ in range(3))
    insights = [
        an_insight(said(f"This is what number {n} says.", by=who)) for n, who in enumerate((staying, leaving, refusing))
    ]
    supporter = viewer_for(a_supporter())
    theme = actions.make_theme(supporter, title="A theme", insight_ids=[one.id for one in insights])
    proposer = factories.a_member()
    idea = actions.propose_idea(viewer_for(proposer), title="An idea", words="Ring back.")
    actions.take_up_idea(
        supporter,
        idea.id,
        owner_id=supporter.id,
        team="Breaks",
        promised_for=None or idea.made_at.date() + timedelta(9),
        carers_decide=False,
        theme_id=theme.id,
    )
    actions.withdraw_consent(viewer_for(leaving), Excerpt.get(Excerpt.insight == insights[1].id).id)
    actions.answer_consent(viewer_for(refusing), Excerpt.get(Excerpt.insight == insights[2].id).id, answer="refused")
    behind = [(one.member_id, one.because) for one in queries.people_behind_idea(idea.id)]
    assert behind == sorted([(staying.id, "words"), (refusing.id, "words"), (proposer.id, "idea")])
    assert queries.theme_people(theme.id) == sorted([staying.id, refusing.id])


def test_words_go_with_a_member_who_leaves_and_the_counts_stay(work: Any) -> None:
    member = factories.a_member(words="with_name")
    excerpt = checked(an_excerpt(said(by=member)))
    with transaction():
        threads.forget_member(member.id)
        actions.forget_member(member.id)
    row = fresh(excerpt)
    assert (row.words, row.post_id, row.start, row.end, row.consent) == (None, None, 0, 0, "withdrawn")
    assert quoted(excerpt) is None
    seen = queries.insight(viewer_for(a_supporter()), excerpt.insight_id)
    assert (seen.people, seen.excerpts[0].url) == (1, "")


def test_an_export_holds_every_excerpt_of_the_member_and_of_nobody_else() -> None:
    member = factories.a_member()
    excerpt = an_excerpt(said(by=member))
    an_excerpt(said("Somebody else's."))
    told = queries.about_member(member.id)
    assert [one["words"] for one in told["your_words_we_took_down"]] == [excerpt.words]


# ---- what stands in public -------------------------------------------------------------------------------------------


def test_unnamed_words_are_told_in_other_words_without_a_way_back_to_them() -> None:
    excerpt = checked(an_excerpt(said(setting="without_name")))
    [found] = queries.quotable_excerpts([excerpt.id]).values()
    assert (found.words, found.name, found.url, found.is_named) == (
        "Waiting on the line is harder than picking up.",
        "",
        None,
        False,
    )
    named = checked(an_excerpt(said(setting="with_name")))
    [found] = queries.quotable_excerpts([named.id]).values()
    assert (found.words, found.name) == (WORDS, named.member.name)
    assert found.url is not None
    assert found.url.endswith("#post-2")


def test_nothing_stands_in_public_before_a_second_person_looked() -> None:
    maker = a_supporter()
    excerpt = an_excerpt(said(setting="with_name"), maker)
    a_supporter()
    assert quoted(excerpt) is None
    actions.check_excerpt(viewer_for(maker), excerpt.id, "In quite other words.")
    assert quoted(excerpt) is None, "the one who took them down is not the second person"
    checked(excerpt)
    assert quoted(excerpt) == WORDS
    assert AuditEntry.select().where(AuditEntry.deed == "excerpt.checked").count() == 2
    actions.check_excerpt(viewer_for(maker), excerpt.id, "In yet other words.")
    assert quoted(excerpt) is None, "a new paraphrase is looked at anew"


def test_in_a_team_of_one_a_day_passes(clock: Any) -> None:
    alone = a_supporter()
    thread = a_listening_thread(alone)
    excerpt = an_excerpt(said(setting="with_name", thread=thread), alone)
    actions.check_excerpt(viewer_for(alone), excerpt.id, "In quite other words.")
    assert quoted(excerpt) is None
    clock.advance(hours=23, minutes=59)
    assert quoted(excerpt) is None
    clock.advance(minutes=1)
    assert quoted(excerpt) == WORDS
    a_supporter()
    assert quoted(excerpt) is None, "now somebody else can look"


def test_the_rule_of_the_second_person_by_itself(clock: Any) -> None:
    moment = clock.now()
    assert queries.is_cleared(Checked(1, 2, moment, "x"), moment, False)
    assert not queries.is_cleared(Checked(1, 2, moment, "  "), moment, False)
    assert not queries.is_cleared(Checked(1, 1, moment - timedelta(days=9), "x"), moment, False)
    assert queries.is_cleared(Checked(1, 1, moment - timedelta(days=1), "x"), moment, True)
    assert not queries.is_cleared(Checked(1, None, None, "x"), moment, True)


@pytest.mark.parametrize(
    "paraphrase", ["", "   ", WORDS, f"Someone said: {WORDS.upper().capitalize()}", "can answer one"]
)
def test_a_paraphrase_is_other_words(paraphrase: str) -> None:
    excerpt = an_excerpt()
    if paraphrase.startswith("Someone"):
        paraphrase = f"Someone said: {WORDS}"
    with pytest.raises(Invalid):
        checked(excerpt, paraphrase)
    assert fresh(excerpt).checked_at is None


@pytest.mark.parametrize("what", ["withdraw", "hide", "hide thread"])
def test_a_post_that_is_gone_takes_its_quotation_with_it_at_once(what: str) -> None:
    post = said(setting="with_name")
    excerpt = checked(an_excerpt(post))
    moderator = viewer_for(factories.a_member(role="moderator"))
    if what == "withdraw":
        threads.withdraw_post(viewer_for(post.author), post.id)
    elif what == "hide":
        threads.hide_post(moderator, post.id, "A reason")
    else:
        threads.hide_thread(moderator, post.thread_id, "A reason")
    assert quoted(excerpt) is None
    seen = queries.excerpt(viewer_for(a_supporter()), excerpt.id)
    assert (seen.words, seen.is_usable) == ("", False)


def test_words_of_a_withdrawn_post_are_taken_out_for_good(work: Any) -> None:
    post = said(setting="with_name")
    excerpt = an_excerpt(post)
    threads.withdraw_post(viewer_for(post.author), post.id)
    jobs.follow_post(Event.get(Event.kind == "post.withdrawn"), "")
    assert (fresh(excerpt).words, fresh(excerpt).consent) == (None, "withdrawn")


def test_words_of_a_hidden_post_come_back_when_it_is_shown_again() -> None:
    post = said(setting="with_name")
    excerpt = checked(an_excerpt(post))
    moderator = viewer_for(factories.a_member(role="moderator"))
    threads.hide_post(moderator, post.id, "A reason")
    threads.show_post(moderator, post.id, "It was fine")
    assert quoted(excerpt) == WORDS


def test_an_edit_that_leaves_the_words_moves_them() -> None:
    post = said(f"First. {WORDS}", setting="with_name")
    excerpt = checked(an_excerpt(post, exact=WORDS))
    edit(post, f"A much longer beginning than before. {WORDS}")
    assert quoted(excerpt) == WORDS
    actions.excerpts_of_post_changed(post.id)
    row = fresh(excerpt)
    assert (row.start, row.revision, row.drifted_at) == (37, 2, None)
    assert quoted(excerpt) == WORDS


def test_an_edit_that_takes_the_words_away_takes_the_quotation_at_once() -> None:
    post = said(setting="with_name")
    excerpt = checked(an_excerpt(post))
    edit(post, "I would rather say it in another way.")
    assert quoted(excerpt) is None, "before the worker has looked"
    actions.excerpts_of_post_changed(post.id)
    actions.excerpts_of_post_changed(post.id)
    assert fresh(excerpt).drifted_at is not None
    assert quoted(excerpt) is None
    mine = queries.my_excerpt(viewer_for(post.author), excerpt.id)
    assert (mine.state, mine.words) == ("drifted", WORDS)
    actions.answer_consent(viewer_for(post.author), excerpt.id, answer="named")
    assert quoted(excerpt) == WORDS, "they saw both and said yes to the words as they stood"


def test_words_that_come_back_with_another_edit_are_found_again() -> None:
    post = said(setting="with_name")
    excerpt = checked(an_excerpt(post))
    edit(post, "Never mind.")
    actions.excerpts_of_post_changed(post.id)
    edit(post, f"I'll say it after all: {WORDS}")
    actions.excerpts_of_post_changed(post.id)
    assert fresh(excerpt).drifted_at is None
    assert quoted(excerpt) == WORDS


def test_imported_words_stay_inside_whatever_anybody_answers() -> None:
    post = said(setting="with_name")
    Post.update(inside_use_only=True).where(Post.id == post.id).execute()
    excerpt = checked(an_excerpt(post))
    assert excerpt.consent == "not_asked"
    assert actions.ask_consent(viewer_for(a_supporter()), [excerpt.id]) == 0
    with pytest.raises(Conflict, match="stays inside"):
        actions.answer_consent(viewer_for(post.author), excerpt.id, answer="named")
    choose(post.author, "without_name")
    assert fresh(excerpt).consent == "not_asked"
    Excerpt.update(consent="named").where(Excerpt.id == excerpt.id).execute()
    assert quoted(excerpt) is None


def test_what_is_asked_for_comes_back_in_the_order_asked() -> None:
    excerpts = [checked(an_excerpt(said(f"These are the words of {n}.", setting="with_name"))) for n in range(3)]
    wanted = [excerpts[2].id, 999_999, excerpts[0].id, excerpts[2].id]
    assert list(queries.quotable_excerpts(wanted)) == [excerpts[2].id, excerpts[0].id]
    assert queries.quotable_excerpts([]) == {}


# ---- said before, and elsewhere --------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["ask", "without_name", "with_name"])
def test_words_from_before_the_mark_are_asked_for_first(setting: str, clock: Any) -> None:
    thread = factories.a_thread()
    post = factories.a_post(thread, factories.a_member(words=setting), source=WORDS)
    clock.advance(minutes=1)
    a_listening_thread(thread=thread)
    excerpt = an_excerpt(post)
    assert excerpt.consent == "asked"
    assert Ask.get().member_id == post.author_id
    seen = queries.excerpt(viewer_for(a_supporter()), excerpt.id)
    assert seen.words == ""
    assert "whether we may listen" in str(seen.gone)
    assert queries.theme_people(0) == []
    actions.answer_consent(viewer_for(post.author), excerpt.id, answer="unnamed")
    assert queries.excerpt(viewer_for(a_supporter()), excerpt.id).words == WORDS


def test_words_from_another_thread_are_asked_for_first() -> None:
    post = factories.a_post(source=WORDS)
    excerpt = an_excerpt(post)
    assert excerpt.consent == "asked"
    choose(post.author, "with_name")
    assert fresh(excerpt).consent == "asked", "the setting is about listening threads"
    actions.answer_consent(viewer_for(post.author), excerpt.id, answer="refused")
    assert fresh(excerpt).words is None


def test_agreeing_to_earlier_words_opens_them(clock: Any) -> None:
    thread = factories.a_thread()
    post = factories.a_post(thread, factories.a_member(words="with_name"), source=WORDS)
    clock.advance(minutes=1)
    a_listening_thread(thread=thread)
    asked = an_excerpt(post)
    actions.agree_to_earlier(viewer_for(post.author), thread.id)
    actions.agree_to_earlier(viewer_for(post.author), thread.id)
    assert EarlierWords.select().count() == 1
    assert fresh(asked).consent == "named"
    later = an_excerpt(post, exact="I can answer one.")
    assert later.consent == "named"
    actions.take_back_earlier(viewer_for(post.author), thread.id)
    assert {fresh(asked).consent, fresh(later).consent} == {"withdrawn"}
    assert an_excerpt(said("Now and here.", by=post.author, thread=thread)).consent == "named"


def test_taking_earlier_words_back_leaves_what_was_answered_one_by_one(clock: Any) -> None:
    thread = factories.a_thread()
    post = factories.a_post(thread, source=WORDS)
    clock.advance(minutes=1)
    a_listening_thread(thread=thread)
    actions.agree_to_earlier(viewer_for(post.author), thread.id)
    excerpt = an_excerpt(post)
    actions.answer_consent(viewer_for(post.author), excerpt.id, answer="named")
    actions.take_back_earlier(viewer_for(post.author), thread.id)
    assert fresh(excerpt).consent == "named"


def test_earlier_words_need_a_listening_thread_one_can_read() -> None:
    member = viewer_for(factories.a_member())
    with pytest.raises(NotFound):
        actions.agree_to_earlier(member, factories.a_thread().id)
    circle = factories.a_group()
    closed = a_listening_thread(
        thread=factories.a_thread(factories.a_member(role="supporter"), factories.a_category(group=circle))
    )
    with pytest.raises(NotFound):
        actions.agree_to_earlier(member, closed.id)


def test_after_listening_ended_words_are_asked_for_first(clock: Any) -> None:
    supporter = a_supporter()
    thread = a_listening_thread(supporter)
    member = factories.a_member(words="with_name")
    during = said("During the listening.", by=member, thread=thread)
    clock.advance(minutes=1)
    actions.end_listening(viewer_for(supporter), thread.id)
    clock.advance(minutes=1)
    after = said("After the listening.", by=member, thread=thread)
    assert an_excerpt(during).consent == "named"
    assert an_excerpt(after).consent == "asked"


# ---- mistakes --------------------------------------------------------------------------------------------------------


def test_a_mistake_is_taken_out_with_its_insight() -> None:
    excerpt = an_excerpt()
    supporter = viewer_for(a_supporter())
    actions.ask_consent(supporter, [excerpt.id])
    assert actions.drop_excerpt(supporter, excerpt.id) is None
    assert actions.drop_excerpt(supporter, excerpt.id) is None
    assert not Insight.select().exists()
    assert not Ask.select().where(Ask.answered_at.is_null()).exists()


def test_an_answer_is_not_thrown_away() -> None:
    excerpt = an_excerpt()
    actions.answer_consent(writer(excerpt), excerpt.id, answer="refused")
    with pytest.raises(Conflict):
        actions.drop_excerpt(viewer_for(a_supporter()), excerpt.id)


def test_what_waits_for_me_is_on_my_page() -> None:
    member = factories.a_member()
    excerpt = an_excerpt(said(by=member))
    viewer = viewer_for(member)
    assert queries.to_answer(viewer) is None
    actions.ask_consent(viewer_for(a_supporter()), [excerpt.id])
    shelf = queries.to_answer(viewer)
    assert shelf is not None
    assert shelf.lines[0].url == "/me/words"
    waiting, _more = queries.my_words(viewer, waiting=True)
    assert [one.words for one in waiting] == [WORDS]
    actions.answer_consent(viewer, excerpt.id, answer="unnamed")
    assert queries.my_words(viewer, waiting=True) == ([], None)
    assert queries.to_answer(viewer) is None


def test_my_words_page_by_page() -> None:
    member = factories.a_member()
    thread = a_listening_thread()
    for n in range(23):
        an_excerpt(said(f"This is thing number {n}.", by=member, thread=thread))
    first, more = queries.my_words(viewer_for(member))
    second, end = queries.my_words(viewer_for(member), before=more)
    assert (len(first), len(second), end) == (20, 3, None)
    assert len({one.id for one in [*first, *second]}) == 23
    assert len(queries.my_words(viewer_for(member), before="nonsense")[0]) == 20


def test_a_thread_out_of_sight_is_named_but_not_linked() -> None:
    member = factories.a_member()
    excerpt = an_excerpt(said(by=member))
    Thread.update(hidden_at=excerpt.made_at, hidden_by=excerpt.by_id).execute()
    assert queries.my_excerpt(viewer_for(member), excerpt.id).url == ""
