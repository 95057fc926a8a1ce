"""The think space, the door, the talk, and what the host heard."""

from typing import Any

import pytest
from bs4 import BeautifulSoup

from forum.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.listening.cuppas import actions, queries
from forum.listening.cuppas.models import Jotting, SummaryAnswer
from forum.listening.models import Insight
from forum.members import actions as members
from forum.members.actions import viewer_for
from forum.threads import actions as conversations
from forum.threads.models import Post, Thread
from tests import factories
from tests.cuppas.people import a_host, prompts_of, published, says

pytestmark = pytest.mark.usefixtures("app", "clock")


def _is_open(cuppa: Any) -> bool:
    return Thread.fetch(cuppa.thread_id).closed_at is None


def _say(cuppa: Any, member: Any, words: str) -> Post:
    return conversations.reply(viewer_for(member), cuppa.thread_id, source=words, nonce=f"say-{member.id}-{words}")


def test_the_door_opens_early_and_lingers(clock: Any, work: Any) -> None:
    cuppa, member = published(hours=48), factories.a_member()
    says(cuppa, member)
    seen = []
    # An hour of talk, and two days to catch up: open from 47:45 to 97:00.
    for hours in (47.7, 0.06, 1.2, 48.0, 0.1):
        work()
        clock.advance(hours=hours)
        work()
        seen.append(_is_open(cuppa))
    assert seen == [False, True, True, True, False]
    with pytest.raises(NotAllowed):
        _say(cuppa, member, "too late")


def test_a_cuppa_that_moves_shuts_its_door_again(clock: Any, work: Any) -> None:
    from tests.cuppas.people import a_plan

    host = a_host()
    cuppa = published(host, hours=48)
    clock.advance(hours=47.9)
    work()
    assert _is_open(cuppa)
    actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(hours=30))
    work()
    assert not _is_open(cuppa)
    clock.advance(hours=29.9)
    work()
    assert _is_open(cuppa)
    actions.cancel_cuppa(viewer_for(host), cuppa.id, reason="I am ill.")
    work()
    assert not _is_open(cuppa)


def test_the_reply_box_says_when_the_door_opens(new_client: Any) -> None:
    cuppa, member = published(hours=48), factories.a_member()
    says(cuppa, member)
    text = new_client(member).soup(f"/t/{cuppa.thread_id}/{cuppa.slug}").text
    assert "You can write here from Wednesday" in text
    assert "Start a new thread" not in text
    assert "What helps you to sleep?" in text


def test_the_room_says_first_whether_its_door_is_open(new_client: Any) -> None:
    host = a_host()
    cuppa = published(host, hours=48)
    page = new_client(host).soup(f"/t/{cuppa.thread_id}/{cuppa.slug}")
    words = page.select_one("main").get_text(" ", strip=True)
    assert words.index("The door opens on") < words.index("is listening here")
    assert "listen to what I said earlier" not in words


def test_a_chat_is_open_at_once(work: Any) -> None:
    chat, member = published(kind="chat", hours=5, prompts=()), factories.a_member()
    says(chat, member, "may_drop_in")
    work()
    assert _say(chat, member, "Hello").id


# ---- thinking ------------------------------------------------------------------------------------------------------


def test_nobody_else_reads_what_is_jotted_down(new_client: Any) -> None:
    host, ann, ben = a_host(), factories.a_member(), factories.a_member()
    admin = factories.a_member(role="admin")
    cuppa = published(host)
    says(cuppa, ann)
    client = new_client(ann)
    page = f"/cuppas/{cuppa.id}/{cuppa.slug}"
    client.fill(page, form="form.think", words="zebra thoughts")
    jotting = Jotting.get()
    assert "zebra" in client.soup(page).text
    for other in (host, ben, admin):
        assert "zebra thoughts" not in new_client(other).soup(page).text
        with pytest.raises(NotFound):
            queries.jotting(viewer_for(other), jotting.id)
        with pytest.raises(NotFound):
            actions.post_jotting(viewer_for(other), jotting.id)
    assert "zebra thoughts" not in client.get("/search?q=zebra").text
    client.fill(page, form="form.think", words=" ")
    assert not Jotting.select().exists()


def test_a_jotting_is_posted_only_if_they_say_so_and_once(clock: Any, work: Any) -> None:
    cuppa, member = published(hours=48), factories.a_member()
    says(cuppa, member)
    jotting = actions.jot(viewer_for(member), prompts_of(cuppa)[0].id, words="We take turns.")
    assert jotting
    with pytest.raises(Conflict):
        actions.post_jotting(viewer_for(member), jotting.id)
    clock.advance(hours=48)
    work()
    first = actions.post_jotting(viewer_for(member), jotting.id)
    assert actions.post_jotting(viewer_for(member), jotting.id) == first
    posts = list(Post.select().where(Post.author == member.id))
    assert [post.source for post in posts] == ["> What helps you to sleep?\n\nWe take turns."]


def test_overlong_thoughts_are_kept_on_the_page(new_client: Any) -> None:
    cuppa, member = published(), factories.a_member()
    answer = new_client(member).fill(f"/cuppas/{cuppa.id}/{cuppa.slug}", form="form.think", words="x" * 5000)
    assert answer.status_code == 422
    assert "x" * 5000 in answer.text
    page = BeautifulSoup(answer.text, "html.parser")
    box = page.find(id=str(page.select_one(".wrong a")["href"]).removeprefix("#"))
    assert (box.text.strip(), box["aria-invalid"]) == ("x" * 5000, "true")


def test_the_host_puts_a_question_to_everybody_once(clock: Any, work: Any) -> None:
    host = a_host()
    cuppa = published(host, hours=48)
    prompt = prompts_of(cuppa)[1]
    with pytest.raises(Conflict):
        actions.show_prompt(viewer_for(host), prompt.id)
    clock.advance(hours=48)
    work()
    for _ in range(2):
        actions.show_prompt(viewer_for(host), prompt.id)
    assert Post.select().where(Post.thread == cuppa.thread_id, Post.number > 1).count() == 1
    with pytest.raises(NotAllowed):
        actions.show_prompt(viewer_for(factories.a_member()), prompt.id)


# ---- did we hear you right? ----------------------------------------------------------------------------------------


def _after(clock: Any, work: Any, *members: Any) -> tuple[Any, Any]:
    host = a_host("Marcia")
    cuppa = published(host, hours=48)
    for member in members:
        says(cuppa, member)
    clock.advance(hours=50)
    work()
    return host, cuppa


def test_a_summary_goes_to_those_who_were_there_first(clock: Any, work: Any, outbox: Any) -> None:
    ann, ben, other = factories.a_member("Ann"), factories.a_member("Ben"), factories.a_member("Cai")
    host, cuppa = _after(clock, work, ann, ben)
    outbox.clear()
    actions.send_summary(viewer_for(host), cuppa.id, source="You said **nights**.")
    actions.send_summary(viewer_for(host), cuppa.id, source="You said **nights**.")
    work()
    assert len(outbox.to(ann.email)) == len(outbox.to(ben.email)) == 1
    assert not outbox.to(other.email)
    assert not outbox.to(host.email)
    assert queries.cuppa(viewer_for(other), cuppa.id).summary is None
    with pytest.raises(NotFound):
        actions.answer_summary(viewer_for(other), cuppa.id, heard_right=True)
    with pytest.raises(Conflict):
        actions.take_to_workbench(viewer_for(host), cuppa.id, kind="worry", nonce="too-early")

    actions.answer_summary(viewer_for(ann), cuppa.id, heard_right=True)
    with pytest.raises(Invalid):
        actions.answer_summary(viewer_for(ben), cuppa.id, heard_right=False)
    for _ in range(2):
        actions.answer_summary(viewer_for(ben), cuppa.id, heard_right=False, words="It's the mornings.")
    assert SummaryAnswer.select().count() == 2
    seen = queries.cuppa(viewer_for(other), cuppa.id).summary
    assert seen
    assert (seen.right, seen.corrections) == (1, (("", "It's the mornings."),))
    made = actions.take_to_workbench(viewer_for(host), cuppa.id, kind="worry", nonce="of-the-talk")
    assert actions.take_to_workbench(viewer_for(host), cuppa.id, kind="worry", nonce="of-the-talk") == made
    memo = Insight.fetch(made).memo
    assert "You said **nights**." in memo
    assert "It's the mornings." not in memo


def test_after_three_days_silence_is_no_hindrance(clock: Any, work: Any) -> None:
    host, cuppa = _after(clock, work, factories.a_member())
    actions.send_summary(viewer_for(host), cuppa.id, source="You said nights.")
    clock.advance(hours=71.9)
    with pytest.raises(Conflict):
        actions.take_to_workbench(viewer_for(host), cuppa.id, kind="worry", nonce="not-yet-not-yet")
    clock.advance(hours=0.2)
    assert actions.take_to_workbench(viewer_for(host), cuppa.id, kind="worry", nonce="now-it-is")


def test_another_summary_asks_anew(clock: Any, work: Any, outbox: Any) -> None:
    ann = factories.a_member()
    host, cuppa = _after(clock, work, ann)
    actions.send_summary(viewer_for(host), cuppa.id, source="One")
    actions.answer_summary(viewer_for(ann), cuppa.id, heard_right=True)
    work()
    outbox.clear()
    clock.advance(minutes=5)
    actions.send_summary(viewer_for(host), cuppa.id, source="Two")
    work()
    assert not SummaryAnswer.select().exists()
    assert len(outbox.to(ann.email)) == 1


def test_whoever_spoke_and_stepped_back_is_asked_and_whoever_leaves_is_not_waited_for(clock: Any, work: Any) -> None:
    ann, ben = factories.a_member(), factories.a_member()
    host, cuppa = _after(clock, work, ann, ben)
    _say(cuppa, ben, "It's the mornings.")
    says(cuppa, ben, "not_this_time")
    assert queries.participants(cuppa.id) == sorted([ann.id, ben.id])
    actions.send_summary(viewer_for(host), cuppa.id, source="You said nights.")
    actions.answer_summary(viewer_for(ann), cuppa.id, heard_right=True)
    assert not queries.cuppa(viewer_for(host), cuppa.id).summary.is_confirmed
    members.erase_member(viewer_for(factories.a_member(role="admin")), ben.id, reason="They asked us to.")
    assert queries.cuppa(viewer_for(host), cuppa.id).summary.is_confirmed


def test_no_summary_before_it_began_or_of_what_was_called_off(clock: Any) -> None:
    host = a_host()
    cuppa = published(host)
    with pytest.raises(Conflict):
        actions.send_summary(viewer_for(host), cuppa.id, source="You said nights.")
    with pytest.raises(Invalid):
        actions.send_summary(viewer_for(host), cuppa.id, source=" ")
    actions.cancel_cuppa(viewer_for(host), cuppa.id, reason="I am ill.")
    clock.advance(hours=60)
    with pytest.raises(Conflict):
        actions.send_summary(viewer_for(host), cuppa.id, source="You said nights.")
