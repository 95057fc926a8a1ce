"""Words that may mean danger show help at once, tell staff, and block nothing."""

from typing import Any

import pytest

from forum.safety.crisis.words import noticed_in
from forum.safety.models import CrisisAlert
from forum.threads.models import Post
from tests import factories

DANGER = (
    "I can't go on living like this",
    "some nights i want to die",
    "I wish I was dead",
    "I’m suicidal and nobody sees it",
    "thinking about self-harm again",
    "he hits me when the door is shut",
    "I'm scared I'll hurt him",
    "there is no point in living",
    "I want to  KILL   my self!!",
    "feel like i could strangle my husband",
    "they'd be better off without me",
    "I don't want to be here anymore",
    "I took an overdose",
)
AN_ORDINARY_DAY = (
    "dead tired",
    "killing time in the hospital car park",
    "I could murder a cup of tea",
    "dying to know what they said",
    "my back is killing me",
    "this form will be the death of me",
    "the suicide prevention helpline is 116 123",
    "mum wants to die at home",
    "they cut my hours",
    "the news hit me hard",
)


@pytest.mark.parametrize("words", DANGER)
def test_words_that_may_mean_danger_are_noticed(words: str) -> None:
    assert noticed_in(f"Hello all. {words}. Thank you for reading.")


@pytest.mark.parametrize("words", AN_ORDINARY_DAY)
def test_an_ordinary_hard_day_is_not_mistaken_for_danger(words: str) -> None:
    assert not noticed_in(f"Hello all. {words}. Thank you for reading.")


def test_a_writer_in_danger_sees_help_while_writing_and_staff_are_told(client: Any, new_client: Any, work: Any) -> None:
    member, supporter = factories.a_member(name="Nia"), factories.a_member(role="supporter")
    factories.a_category()
    client.sign_in(member)
    answer = client.fill("/new", source="I want to die", title="Tonight", press="Show me how it looks")
    assert "116 123" in answer.text
    work()
    queue = new_client(supporter).soup("/safety").get_text()
    assert "Nia" in queue
    assert "have written it but not posted it" in queue


def test_nothing_is_blocked_and_help_stays_in_sight_after_posting(client: Any) -> None:
    member = factories.a_member()
    thread = factories.a_thread(member)
    client.sign_in(member)
    answer = client.fill(
        f"/t/{thread.id}/{thread.slug}", source="I can't go on living like this", press="Post my reply", follow=True
    )
    assert "116 123" in answer.text
    assert Post.select().where(Post.plain.contains("go on living")).count() == 1


def test_a_draft_and_its_post_make_one_alert(client: Any, work: Any) -> None:
    member = factories.a_member()
    thread = factories.a_thread(member)
    client.sign_in(member)
    path = f"/t/{thread.id}/{thread.slug}"
    client.fill(path, source="I want to die", press="Show me how it looks")
    client.fill(path, source="I want to die", press="Post my reply")
    work()
    alert = CrisisAlert.get()
    assert CrisisAlert.select().count() == 1
    assert alert.post_id is not None


def test_staff_say_what_they_did_about_an_alert(new_client: Any, work: Any) -> None:
    member, supporter = factories.a_member(), factories.a_member(role="supporter")
    factories.a_thread(member, source="I wish I was dead.")
    work()
    staff = new_client(supporter)
    staff.fill("/safety", done="Rang her. Her sister is with her.", press="I've looked after this")
    assert "Nobody has written anything that worries us" in staff.soup("/safety").get_text()


def test_an_alert_put_away_without_a_word_asks_what_was_done(client: Any, work: Any) -> None:
    factories.a_thread(source="I wish I was dead.")
    work()
    answer = client.sign_in(factories.a_member(role="supporter")).fill("/safety", press="I've looked after this")
    assert answer.status_code == 422
    assert "What did you do?" in answer.text
    assert 'href="#f-done"' in answer.text
    assert CrisisAlert.get().seen_at is None
