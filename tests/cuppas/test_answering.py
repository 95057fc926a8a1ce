"""Seats, waiting, stepping back, and who is asked at all."""

import threading
from typing import Any

import pytest

from forum import database
from forum.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.events import Event
from forum.listening.cuppas import actions, queries
from forum.listening.cuppas.models import Invitation, Jotting, SummaryAnswer
from forum.listening.cuppas.views import answer_token
from forum.members.actions import viewer_for
from forum.members.models import Member
from forum.threads import queries as conversations
from tests import factories
from tests.cuppas.people import a_host, a_plan, invited, place_of, planned, prompts_of, published, says

pytestmark = pytest.mark.usefixtures("app", "clock")


def _in_sight(cuppa: Any, member: Any) -> bool:
    try:
        conversations.thread(viewer_for(Member.fetch(member.id)), cuppa.thread_id)
    except NotFound:
        return False
    return True


def test_a_yes_is_a_seat_and_opens_the_room() -> None:
    cuppa, ann, ben = published(), factories.a_member(), factories.a_member()
    for answer in ("hope_to", "may_drop_in", "may_vanish"):
        says(cuppa, ann, answer)
    assert place_of(cuppa, ann) == "seat"
    assert _in_sight(cuppa, ann)
    assert place_of(cuppa, ben) == "none"
    assert not _in_sight(cuppa, ben)
    assert _in_sight(cuppa, a_host())
    says(cuppa, ann, "not_this_time")
    assert place_of(cuppa, ann) == "none"
    assert not _in_sight(cuppa, ann)


def test_who_waited_longest_gets_the_free_seat(clock: Any, work: Any, outbox: Any) -> None:
    cuppa = published(seats=2)
    people = [factories.a_member() for _ in range(4)]
    for member in people:
        clock.advance(seconds=1)
        says(cuppa, member)
    assert [place_of(cuppa, member) for member in people] == ["seat", "seat", "waiting", "waiting"]
    assert not _in_sight(cuppa, people[2])
    work()
    assert not outbox.to(people[2].email)
    says(cuppa, people[3])
    says(cuppa, people[0], "not_this_time")
    assert [place_of(cuppa, member) for member in people] == ["none", "seat", "seat", "waiting"]
    work()
    assert "Your seat is kept" in outbox.last(people[2].email)["Subject"]


def test_more_seats_let_those_who_wait_in() -> None:
    host = a_host()
    cuppa = published(host, seats=2)
    people = [factories.a_member() for _ in range(5)]
    for member in people:
        says(cuppa, member)
    actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(starts=cuppa.local_start, seats=4))
    assert [place_of(cuppa, member) for member in people] == ["seat"] * 4 + ["waiting"]
    assert queries.cuppa(viewer_for(host), cuppa.id).card.seats_left == 0


def test_two_people_who_take_the_last_seat_at_once(stack: Any) -> None:
    cuppa = published(seats=2)
    says(cuppa, factories.a_member())
    people = [factories.a_member() for _ in range(4)]
    viewers = [viewer_for(member) for member in people]
    ready, troubles = threading.Barrier(len(viewers)), []

    def answer(viewer: Any) -> None:
        ready.wait()
        try:
            actions.answer_invitation(viewer, cuppa.id, answer="hope_to")
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the test says so
            troubles.append(trouble)
        finally:
            database.close_connection()

    threads = [threading.Thread(target=answer, args=(viewer,)) for viewer in viewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles
    assert sorted(place_of(cuppa, member) for member in people) == ["seat"] + ["waiting"] * 3


def test_one_person_who_answers_many_times_at_once_has_one_seat() -> None:
    cuppa, member = published(seats=2), factories.a_member()
    viewer, troubles = viewer_for(member), []

    def answer() -> None:
        try:
            actions.answer_invitation(viewer, cuppa.id, answer="hope_to")
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the test says so
            troubles.append(trouble)
        finally:
            database.close_connection()

    threads = [threading.Thread(target=answer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles
    assert Invitation.select().count() == 1


def test_who_may_not_speak_gets_no_seat_but_may_step_back(clock: Any) -> None:
    from datetime import timedelta

    cuppa = published()
    unconfirmed = factories.a_member(confirmed=False)
    suspended = factories.a_member(suspended_until=clock.now() + timedelta(days=3))
    for member in (unconfirmed, suspended):
        with pytest.raises(NotAllowed):
            says(cuppa, member)
        says(cuppa, member, "not_this_time")
    assert invited(published(), unconfirmed, suspended) == (0, 2)


def test_what_is_no_answer_is_refused() -> None:
    cuppa = published()
    with pytest.raises(Invalid):
        says(cuppa, factories.a_member(), "perhaps")
    with pytest.raises(NotFound):
        says(planned(), factories.a_member())


def test_nobody_can_answer_what_is_over(clock: Any) -> None:
    cuppa, member = published(), factories.a_member()
    clock.advance(hours=48 + 1 + 47)
    says(cuppa, member)
    assert place_of(cuppa, member) == "seat"
    clock.advance(hours=2)
    with pytest.raises(Conflict):
        says(cuppa, member, "not_this_time")


# ---- inviting ------------------------------------------------------------------------------------------------------


def test_once_the_talk_is_over_whoever_had_no_seat_comes_in_and_answers(new_client: Any, clock: Any, work: Any) -> None:
    cuppa = published(seats=2)
    people = [factories.a_member() for _ in range(4)]
    for member in people[:3]:
        clock.advance(seconds=1)
        says(cuppa, member)
    clock.advance(hours=50)
    work()
    for member in people[2:]:
        client = new_client(member)
        answer = client.fill(f"/cuppas/{cuppa.id}/{cuppa.slug}", press="I'd like to answer too", follow=True)
        assert "Still time to answer" in answer.text
        assert client.fill(answer.request.path, press="Post my reply", source="I was at work.").status_code == 303


def test_nobody_is_added_without_saying_yes_or_asked_beyond_their_budget(work: Any, outbox: Any) -> None:
    host = a_host()
    cuppa = published(host, title="Nights")
    ann, ben = factories.a_member(), factories.a_member(asks_per_month=0)
    assert invited(cuppa, ann, ben, host) == (1, 1)
    assert invited(cuppa, ann, ben) == (0, 1)
    assert place_of(cuppa, ann) == "none"
    assert not _in_sight(cuppa, ann)
    work()
    assert "would you like to come" in outbox.last(ann.email)["Subject"]
    assert not outbox.to(ben.email)
    # Without an invitation anybody may still come.
    says(cuppa, ben)
    assert place_of(cuppa, ben) == "seat"
    assert invited(cuppa, ben) == (0, 0)


def test_the_host_is_told_that_some_may_be_spared_and_not_who(new_client: Any) -> None:
    host = a_host()
    ann, ben = factories.a_member("Ann"), factories.a_member("Ben", asks_per_month=0)
    thread = factories.a_thread(author=ann)
    factories.a_post(thread, ben)
    cuppa = actions.plan_cuppa(viewer_for(host), a_plan(), nonce="of-a-thread", from_thread_id=thread.id)
    actions.publish_cuppa(viewer_for(host), cuppa.id)
    client = new_client(host)
    client.fill(f"/cuppas/{cuppa.id}/invite", press="Send the invitations", people="thread")
    page = client.soup(f"/cuppas/{cuppa.id}/{cuppa.slug}")
    said = page.select_one(".said").text
    assert "is left in peace" in said
    assert "Ben" not in page.text
    answer = client.fill(f"/cuppas/{cuppa.id}/invite", press="Send the invitations", people=None, names="Nobody Atall")
    assert answer.status_code == 422
    assert "Nobody Atall" in answer.text


def test_no_invitations_for_a_while_pauses_every_ask(new_client: Any) -> None:
    host, member = a_host(), factories.a_member()
    cuppa = published(host)
    invited(cuppa, member)
    client = new_client(member)
    client.fill(f"/cuppas/{cuppa.id}/{cuppa.slug}", press="No invitations for a while")
    assert Invitation.get().answer == "not_this_time"
    assert invited(published(host), member) == (0, 1)


# ---- by e-mail -----------------------------------------------------------------------------------------------------


def test_opening_the_link_answers_nothing_and_one_tap_does(work: Any, outbox: Any, client: Any) -> None:
    cuppa, member = published(), factories.a_member()
    invited(cuppa, member)
    work()
    link = next(url for url in outbox.links(outbox.last(member.email)) if "answer=may_drop_in" in url)
    path = link.removeprefix("http://localhost")
    page = client.soup(path)
    assert Invitation.get().answer is None
    assert page.select_one("button[aria-pressed=true]").text.strip() == "I may drop in"
    answer = client.fill(path, press="I may drop in")
    assert answer.status_code == 200
    assert "Your seat is kept" in answer.text
    assert (Invitation.get().answer, place_of(cuppa, member)) == ("may_drop_in", "seat")
    # Again, and the other way.
    client.fill(path, press="Not this time")
    assert place_of(cuppa, member) == "none"


def test_foreign_and_broken_links_are_not_ours(client: Any) -> None:
    cuppa, member = published(), factories.a_member()
    token = answer_token(cuppa.id, member.id)
    for wrong in (
        "x",
        token[:-1],
        token + "a",
        f"a{token}",
        answer_token(cuppa.id, 4711),
        answer_token(4711, member.id),
    ):
        assert client.get(f"/cuppas/answer/{wrong}").status_code == 404
    assert client.get(f"/cuppas/answer/{token}").status_code == 200


def test_a_link_to_what_was_called_off_says_so(client: Any) -> None:
    host, member = a_host(), factories.a_member()
    cuppa = published(host)
    path = f"/cuppas/answer/{answer_token(cuppa.id, member.id)}"
    page = client.soup(path)
    actions.cancel_cuppa(viewer_for(host), cuppa.id, reason="I am ill.")
    answer = client.send(path, page.select_one("main form"), press="I hope to come")
    assert answer.status_code == 409
    assert "cancelled" in answer.text
    assert "called off" in client.soup(path).text
    assert not Invitation.select().exists()


# ---- a chat --------------------------------------------------------------------------------------------------------


def test_one_tap_goes_into_a_chat(new_client: Any, clock: Any, work: Any) -> None:
    chat = published(kind="chat", hours=2, prompts=())
    client = new_client(factories.a_member())
    answer = client.fill(f"/cuppas/{chat.id}/{chat.slug}", press="Come in", follow=True)
    assert "What would you like to say" in answer.text or "Post my reply" in answer.text
    work()
    clock.advance(hours=60)
    work()
    assert "This cuppa is over." in new_client(a_host()).soup(f"/t/{chat.thread_id}/{chat.slug}").text


# ---- leaving -------------------------------------------------------------------------------------------------------


def test_whoever_leaves_frees_their_seat_and_takes_their_thoughts_along(clock: Any) -> None:
    cuppa = published(seats=2)
    people = [factories.a_member() for _ in range(3)]
    for member in people:
        clock.advance(seconds=1)
        says(cuppa, member)
    actions.jot(viewer_for(people[0]), prompts_of(cuppa)[0].id, words="private")
    told = queries.about_member(people[0].id)
    assert told["jottings"][0]["words"] == "private"
    assert told["invitations"][0]["seated"]
    with database.transaction():
        actions.forget_member(people[0].id)
    assert [place_of(cuppa, member) for member in people] == ["none", "seat", "seat"]
    assert not Jotting.select().exists()
    assert not SummaryAnswer.select().exists()
    assert Event.select().where(Event.kind == "seat.freed").count() == 1
    assert queries.about_member(people[0].id) == {"invitations": [], "jottings": [], "answers_to_summaries": []}
