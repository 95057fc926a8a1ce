"""A cuppa cannot be sprung on anyone: its notice, its times, and what must be said first."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup

from forum import clock
from forum.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.listening.cuppas import actions, queries, times
from forum.listening.cuppas.models import Cuppa, Jotting
from forum.listening.models import ListeningMark
from forum.members.actions import viewer_for
from forum.threads.models import Thread
from tests import factories
from tests.cuppas.people import a_host, a_plan, planned, prompts_of, published, says

pytestmark = pytest.mark.usefixtures("app", "clock")


@pytest.mark.parametrize(
    ("kind", "hours", "fits"),
    [("focus", 23.9, 0), ("focus", 24.1, 1), ("imagine", 71.9, 0), ("imagine", 72.1, 1), ("chat", 0.1, 1)],
)
def test_each_kind_has_its_time_to_think(kind: str, hours: float, fits: int) -> None:
    host = a_host()
    cuppa = planned(host, kind=kind, hours=hours)
    if fits:
        assert actions.publish_cuppa(viewer_for(host), cuppa.id).notice_from == clock.now()
        return
    with pytest.raises(Invalid) as refused:
        actions.publish_cuppa(viewer_for(host), cuppa.id)
    assert "The earliest time is" in str(refused.value.errors["starts"])
    assert Cuppa.fetch(cuppa.id).published_at is None


def test_the_earliest_time_we_offer_is_one_that_works() -> None:
    host = a_host()
    offered = times.local_of(times.first_offer("imagine"), "Europe/London")
    assert published(host, kind="imagine", starts=offered).published_at


@pytest.mark.parametrize("name", ["can_change", "cannot_change", "who_decides", "hear_by", "why"])
def test_nobody_can_publish_without_the_housekeeping(name: str) -> None:
    host = a_host()
    with pytest.raises(Invalid) as refused:
        published(host, **{name: "  "})
    assert set(refused.value.errors) == {name}


def test_nobody_can_publish_without_a_question_except_a_chat() -> None:
    with pytest.raises(Invalid) as refused:
        published(prompts=("", "  "))
    assert "prompts" in refused.value.errors
    chat = published(kind="chat", hours=1, prompts=(), can_change="", cannot_change="", who_decides="", hear_by="")
    assert chat.seats is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"seats": 0}, "seats"),
        ({"seats": 1}, "seats"),
        ({"seats": 61}, "seats"),
        ({"minutes": 5}, "minutes"),
        ({"kind": "party"}, "kind"),
        ({"recognition": ""}, "recognition"),
        ({"title": " \x00 "}, "title"),
        ({"starts": "2026-13-45T10:00"}, "starts"),
        ({"starts": "T"}, "starts"),
        ({"starts": "9999-12-31T23:59"}, "starts"),
        ({"starts": "2020-01-01T10:00"}, "starts"),
        ({"starts": "2026-12-03T14:00+00:00"}, "starts"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        planned(**changes)
    assert str(refused.value.errors[field])
    assert not Cuppa.select().exists()


def test_seats_are_twelve_unless_somebody_says_otherwise() -> None:
    assert planned(seats=None).seats == 12
    assert planned(seats=2).seats == 2


def test_the_hour_that_does_not_exist_is_refused(clock: Any) -> None:
    clock.set(datetime(2027, 3, 1, tzinfo=UTC))
    with pytest.raises(Invalid) as refused:
        planned(starts="2027-03-28T01:30")
    assert "clocks go forward" in str(refused.value.errors["starts"])
    assert planned(starts="2027-03-28T02:30").starts_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_the_hour_that_comes_twice_means_the_first_and_says_so(clock: Any, client: Any) -> None:
    clock.set(datetime(2027, 10, 1, tzinfo=UTC))
    cuppa = published(starts="2027-10-31T01:30")
    assert cuppa.starts_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert "this time comes twice" in client.soup(f"/cuppas/{cuppa.id}/{cuppa.slug}").text
    other = published(starts="2027-10-31T03:30")
    assert "comes twice" not in client.soup(f"/cuppas/{other.id}/{other.slug}").text


def test_notice_is_real_hours_across_the_clock_change(clock: Any) -> None:
    # From Saturday 10am to Sunday 10am the clocks lose an hour: 23 hours are not 24.
    clock.set(datetime(2027, 3, 27, 10, 0, tzinfo=UTC))
    with pytest.raises(Invalid):
        published(starts="2027-03-28T10:30")
    assert published(starts="2027-03-28T11:30").starts_at == datetime(2027, 3, 28, 10, 30, tzinfo=UTC)
    # In autumn there is an hour more.
    clock.set(datetime(2027, 10, 30, 9, 30, tzinfo=UTC))
    assert published(starts="2027-10-31T09:45").published_at


def test_an_impatient_thumb_makes_one_plan() -> None:
    host = viewer_for(a_host())
    first = actions.plan_cuppa(host, a_plan(), nonce="twice-twice")
    assert actions.plan_cuppa(host, a_plan(), nonce="twice-twice").id == first.id
    assert actions.publish_cuppa(host, first.id).thread_id == actions.publish_cuppa(host, first.id).thread_id
    assert Thread.select().count() == 1


def test_only_staff_plan_and_only_staff_see_a_plan() -> None:
    member = viewer_for(factories.a_member())
    with pytest.raises(NotAllowed):
        actions.plan_cuppa(member, a_plan(), nonce="member-member")
    cuppa = planned()
    with pytest.raises(NotFound):
        queries.cuppa(member, cuppa.id)
    with pytest.raises(NotAllowed):
        actions.publish_cuppa(member, cuppa.id)


@pytest.mark.parametrize("what", ["from_thread_id", "theme_id"])
def test_a_plan_from_a_thread_that_is_not_there_is_refused(what: str) -> None:
    with pytest.raises(NotFound):
        actions.plan_cuppa(viewer_for(a_host()), a_plan(), nonce="nowhere-at-all", **{what: 4711})


# ---- changing ------------------------------------------------------------------------------------------------------


def test_a_changed_question_restarts_the_notice(clock: Any, work: Any, outbox: Any) -> None:
    host, member = a_host(), factories.a_member()
    cuppa = published(host, hours=48)
    says(cuppa, member)
    work()
    outbox.clear()
    clock.advance(hours=10)
    changed = actions.change_cuppa(
        viewer_for(host), cuppa.id, a_plan(starts=cuppa.local_start, prompts=("What helps?", "And what doesn't?"))
    )
    assert changed.notice_from == clock.now()
    assert changed.sequence == 1
    work()
    assert "time to think begins again" in outbox.words(outbox.last(member.email))
    # Now only 20 hours are left: a new question needs a later time, which the refusal names.
    clock.advance(hours=18)
    with pytest.raises(Invalid) as refused:
        actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(starts=cuppa.local_start, prompts=("Another?",)))
    assert "earliest time" in str(refused.value.errors["starts"])
    assert [prompt.words for prompt in prompts_of(cuppa)] == ["What helps?", "And what doesn't?"]


def test_a_new_time_restarts_the_notice_and_other_words_do_not(clock: Any) -> None:
    host = a_host()
    cuppa = published(host)
    clock.advance(hours=2)
    reworded = actions.change_cuppa(
        viewer_for(host), cuppa.id, a_plan(starts=cuppa.local_start, cannot_change="The money, this year and next.")
    )
    assert (reworded.notice_from, reworded.sequence) == (cuppa.notice_from, 0)
    assert ListeningMark.get(ListeningMark.thread == cuppa.thread_id).cannot_change == "The money, this year and next."
    moved = actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(hours=72))
    assert (moved.notice_from, moved.sequence) == (clock.now(), 1)
    longer = actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(starts=moved.local_start, minutes=90))
    assert longer.sequence == 2


def test_thoughts_survive_a_change_of_questions() -> None:
    host, member = a_host(), factories.a_member()
    cuppa = published(host)
    for number, prompt in enumerate(prompts_of(cuppa), start=1):
        actions.jot(viewer_for(member), prompt.id, words=f"thought {number}")
    actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(starts=cuppa.local_start, prompts=("What helps at all?",)))
    assert [row.words for row in Jotting.select()] == ["thought 1\n\nthought 2"]


def test_nothing_changes_once_it_has_begun(clock: Any) -> None:
    host = a_host()
    cuppa = published(host)
    clock.advance(hours=49)
    with pytest.raises(Conflict):
        actions.change_cuppa(viewer_for(host), cuppa.id, a_plan())
    with pytest.raises(Conflict):
        actions.invite(viewer_for(host), cuppa.id, [factories.a_member().id])


# ---- calling it off ------------------------------------------------------------------------------------------------


def test_calling_off_asks_for_a_reason_and_is_counted_in_public(work: Any, outbox: Any, client: Any) -> None:
    host, member, late = a_host(), factories.a_member(), factories.a_member()
    cuppa = published(host)
    published(host)
    says(cuppa, member)
    work()
    with pytest.raises(Invalid):
        actions.cancel_cuppa(viewer_for(host), cuppa.id, reason=" ")
    for _ in range(2):
        actions.cancel_cuppa(viewer_for(host), cuppa.id, reason="I am ill.", new_date="Thursday 3 December at 2pm")
    work()
    words = outbox.words(outbox.last(member.email))
    assert "sorry" in words
    assert "I am ill." in words
    assert "A new date: Thursday 3 December at 2pm" in words
    assert queries.late_cancellations() == (1, 2)
    page = client.soup("/cuppas").text
    assert "we called off 1 cuppa out of 2" in " ".join(page.split())
    with pytest.raises(Conflict):
        says(cuppa, late)
    assert len([letter for letter in outbox.to(member.email) if "Called off" in letter["Subject"]]) == 1


def test_a_plan_that_nobody_saw_needs_no_reason_and_is_not_counted(new_client: Any) -> None:
    host = a_host()
    plan = planned(host)
    answer = new_client(host).fill(f"/cuppas/{plan.id}/cancel", press="Drop this plan", follow=True)
    assert "nobody had seen it" in answer.text
    assert queries.late_cancellations() == (0, 0)
    assert queries.plans_of(viewer_for(host)) == []


# ---- hosting -------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_asked_for_where_it_can_be_written(new_client: Any) -> None:
    host = a_host()
    plan = planned(host, hours=5, hear_by="", prompts=())
    client = new_client(host)
    answer = client.fill(f"/cuppas/{plan.id}/{plan.slug}", press="Put it on the notice board")
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    asked = [str(link["href"]).removeprefix("#") for link in page.select(".wrong a")]
    assert asked == ["f-hear_by", "f-prompts"]
    assert all(page.find(id=name, attrs={"aria-invalid": "true"}) for name in asked)
    assert page.select_one("[name=can_change]").text.strip() == "When the night line opens."
    client.fill(f"/cuppas/{plan.id}/edit", hear_by="In two weeks.", prompt=["What helps?"])
    answer = client.fill(f"/cuppas/{plan.id}/{plan.slug}", press="Put it on the notice board")
    assert "People need 24 hours to think" in answer.text


def test_the_run_sheet_keeps_the_time_for_the_host(new_client: Any, clock: Any) -> None:
    host = a_host()
    plan = planned(host, hours=28)
    page = new_client(host).soup(f"/cuppas/{plan.id}/run-sheet")
    hour = [(at.text, words.text) for at, words in zip(page.select("dl dt"), page.select("dl dd"), strict=True)][:7]
    assert [at for at, _ in hour] == ["1:45pm", "2pm", "2:05pm", "2:27pm", "2:50pm", "2:55pm", "3pm"]
    assert hour[2][1] == "What helps you to sleep?"


# ---- finding them --------------------------------------------------------------------------------------------------


def test_the_board_pages_through_what_was(clock: Any) -> None:
    host, ids = a_host(), []
    for _ in range(23):
        ids.append(published(host, kind="chat", hours=1, prompts=()).id)
    clock.advance(hours=60)
    viewer = viewer_for(host)
    first = queries.past_cuppas(viewer)
    assert len(first) == 21
    rest = queries.past_cuppas(viewer, before=first[19].id)
    assert [card.id for card in first[:20]] + [card.id for card in rest] == ids[::-1]


def test_what_is_on_now_stands_first_on_the_board(clock: Any) -> None:
    host = a_host()
    for title, hours in (("that was this morning", 25.0), ("that is on now", 30.0), ("of next week", 170.0)):
        published(host, hours=hours, title=f"A cuppa {title}")
    clock.advance(hours=30)
    board = [(card.title, card.phase) for card in queries.coming_cuppas(viewer_for(host))]
    assert board == [
        ("A cuppa that is on now", "open"),
        ("A cuppa that was this morning", "catching_up"),
        ("A cuppa of next week", "coming"),
    ]


def test_home_shows_the_next_one_and_not_the_one_that_was(clock: Any, client: Any) -> None:
    host = a_host()
    published(host, hours=25, title="The first one")
    clock.advance(hours=30)
    published(host, hours=25, title="The second one")
    text = client.soup("/").text
    assert "The second one" in text
    assert "The first one" not in text
