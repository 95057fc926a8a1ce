"""Ideas: proposed by anybody, taken up by staff, answered in the open."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from forum.access import VISITOR
from forum.audit import AuditEntry
from forum.database import transaction
from forum.errors import Invalid, NotAllowed, NotFound
from forum.events import Event
from forum.listening import actions, queries
from forum.listening.ideas import actions as idea_actions
from forum.listening.ideas import queries as idea_queries
from forum.listening.models import Idea, IdeaStep
from forum.members.actions import viewer_for
from tests import factories
from tests.listening.people import a_supporter

pytestmark = pytest.mark.usefixtures("stack")


@pytest.fixture
def supporter() -> Any:
    return viewer_for(a_supporter("Marcia"))


def an_idea(by: Any = None, **more: Any) -> Idea:
    words = {"title": "Ring us back", "words": "At a time we choose."}
    return actions.propose_idea(viewer_for(by or factories.a_member()), **(words | more))


def take_up(viewer: Any, idea: Any, clock: Any, **changes: Any) -> None:
    facts = {
        "owner_id": viewer.id,
        "team": "Breaks team",
        "promised_for": clock.now().date() + timedelta(days=14),
        "carers_decide": True,
    }
    actions.take_up_idea(viewer, idea.id, **(facts | changes))


def test_any_member_proposes_an_idea_from_a_thread_or_alone() -> None:
    member = factories.a_member("Gwen")
    thread = factories.a_thread()
    idea = an_idea(member, thread_id=thread.id)
    seen = queries.idea(viewer_for(factories.a_member()), idea.id)
    assert (seen.row.title, seen.row.proposer, seen.row.status, seen.thread_id) == (
        "Ring us back",
        "Gwen",
        "heard",
        thread.id,
    )
    assert [step.status for step in seen.steps] == ["heard"]
    assert Event.select().where(Event.kind == "idea.proposed").count() == 1


def test_visitors_and_the_unconfirmed_propose_nothing(clock: Any) -> None:
    for viewer in (
        VISITOR,
        viewer_for(factories.a_member(confirmed=False)),
        viewer_for(factories.a_member(suspended_until=clock.now() + timedelta(days=1))),
    ):
        with pytest.raises(NotAllowed):
            actions.propose_idea(viewer, title="A", words="B")
    with pytest.raises(NotAllowed):
        queries.idea(VISITOR, 1)


@pytest.mark.parametrize(
    ("title", "words", "field"), [("", "x", "title"), ("x", " ", "words"), ("x", "y" * 6000, "words")]
)
def test_an_idea_needs_a_title_and_words(title: str, words: str, field: str) -> None:
    with pytest.raises(Invalid) as trouble:
        an_idea(title=title, words=words)
    assert field in trouble.value.errors


def test_an_impatient_thumb_proposes_once() -> None:
    member = factories.a_member()
    first, again = (an_idea(member, nonce="the-same-nonce") for _ in range(2))
    other = an_idea(member, nonce="the-same-nonce", words="Written anew after going back.")
    assert first.id == again.id != other.id


def test_an_idea_out_of_a_thread_one_cannot_read_is_not_found() -> None:
    hidden = factories.a_thread(a_supporter(), factories.a_category(audience="staff"))
    with pytest.raises(NotFound):
        an_idea(thread_id=hidden.id)


def test_only_staff_put_an_idea_under_a_theme(supporter: Any) -> None:
    theme = actions.make_theme(supporter, title="A theme")
    with pytest.raises(NotAllowed):
        an_idea(theme_id=theme.id)


def test_taking_up_gives_an_owner_and_promises_a_day(supporter: Any, clock: Any) -> None:
    idea = an_idea()
    take_up(supporter, idea, clock)
    seen = queries.idea(supporter, idea.id)
    assert (seen.row.status, seen.row.owner, seen.row.team, seen.carers_decide) == (
        "looking",
        "Marcia",
        "Breaks team",
        True,
    )
    assert seen.steps[0].promised_for == seen.row.promised_for == clock.now().date() + timedelta(days=14)
    told = Event.get(Event.kind == "idea.stepped")
    assert told.extra["status"] == "looking"
    assert AuditEntry.select().where(AuditEntry.deed == "idea.stepped").count() == 1
    assert [row.id for row in queries.promises()] == [idea.id]


def test_members_see_the_team_and_never_who_owns_it(supporter: Any, clock: Any) -> None:
    idea = an_idea()
    take_up(supporter, idea, clock)
    seen = queries.idea(viewer_for(factories.a_member()), idea.id)
    assert (seen.row.team, seen.row.owner, [step.by for step in seen.steps]) == ("Breaks team", "", ["", ""])
    assert queries.promises()[0].owner == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"team": ""}, "team"),
        ({"promised_for": None}, "promised_for"),
        ({"owner_id": 0}, "owner"),
        ({"days": -1}, "promised_for"),
    ],
)
def test_a_promise_needs_owner_team_and_a_day_to_come(
    supporter: Any, clock: Any, changes: dict[str, Any], field: str
) -> None:
    idea = an_idea()
    if "days" in changes:
        changes = {"promised_for": clock.now().date() - timedelta(days=1)}
    with pytest.raises(Invalid) as trouble:
        take_up(supporter, idea, clock, **changes)
    assert field in trouble.value.errors
    assert Idea.fetch(idea.id).owner_id is None


def test_a_member_cannot_own_an_idea(supporter: Any, clock: Any) -> None:
    with pytest.raises(Invalid):
        take_up(supporter, an_idea(), clock, owner_id=factories.a_member().id)


def test_each_step_is_in_its_history(supporter: Any, clock: Any) -> None:
    idea = an_idea()
    take_up(supporter, idea, clock)
    clock.advance(days=20)
    assert queries.promises()[0].is_overdue
    actions.step_idea(supporter, idea.id, status="looking", words="Late, sorry.", promised_for=clock.now().date())
    actions.step_idea(supporter, idea.id, status="done", words="You can ask for a call.")
    row = Idea.fetch(idea.id)
    assert (row.status, row.promised_for) == ("done", None), "an answer ends the promise"
    assert [step.status for step in queries.idea(supporter, idea.id).steps] == ["done", "looking", "looking", "heard"]
    actions.step_idea(supporter, idea.id, status="done")
    assert IdeaStep.select().count() == 4, "the same again is no step"
    assert queries.promises() == []


def test_a_day_ends_at_midnight_where_we_are(supporter: Any, clock: Any) -> None:
    clock.set(datetime(2027, 6, 10, 12, tzinfo=UTC))
    take_up(supporter, an_idea(), clock, promised_for=date(2027, 6, 15))
    seen = []
    # In summer it is an hour later here than in UTC: the day is over at 23:00 UTC.
    for moment in (datetime(2027, 6, 15, 22, 59, tzinfo=UTC), datetime(2027, 6, 15, 23, 1, tzinfo=UTC)):
        clock.set(moment)
        seen.append((queries.promises()[0].is_overdue, idea_queries.overdue_count()))
    assert seen == [(False, 0), (True, 1)]
    with pytest.raises(Invalid):
        take_up(supporter, an_idea(), clock, promised_for=date(2027, 6, 15))


def test_an_overdue_promise_can_be_kept_while_something_else_is_said(supporter: Any, clock: Any) -> None:
    idea = an_idea()
    take_up(supporter, idea, clock)
    clock.advance(days=20)
    day = Idea.fetch(idea.id).promised_for
    actions.step_idea(supporter, idea.id, status="trying", words="On two wards.")
    actions.step_idea(supporter, idea.id, status="trying", words="On three wards.", promised_for=day)
    assert Idea.fetch(idea.id).promised_for == day


@pytest.mark.parametrize("status", ["not_now", "not_ours", "tried_stopped"])
def test_a_no_says_why(supporter: Any, status: str) -> None:
    idea = an_idea()
    with pytest.raises(Invalid) as trouble:
        actions.step_idea(supporter, idea.id, status=status)
    assert "words" in trouble.value.errors
    actions.step_idea(supporter, idea.id, status=status, words="There is no money before spring.")
    assert Idea.fetch(idea.id).status == status


@pytest.mark.parametrize("role", ["member", "volunteer", "commissioner"])
def test_only_staff_answer_ideas(role: str, clock: Any) -> None:
    viewer = viewer_for(factories.a_member(role=role))
    idea = an_idea()
    with pytest.raises(NotAllowed):
        actions.step_idea(viewer, idea.id, status="done")
    with pytest.raises(NotAllowed):
        take_up(viewer, idea, clock)
    with pytest.raises(NotAllowed):
        idea_actions.propose_and_take_up(
            viewer,
            title="A",
            words="B",
            theme_id=None,
            owner_id=1,
            team="T",
            promised_for=clock.now().date(),
            carers_decide=False,
        )


def test_a_theme_becomes_an_idea_all_or_nothing(supporter: Any, clock: Any) -> None:
    theme = actions.make_theme(supporter, title="A theme")
    facts = {
        "title": "Ring back",
        "words": "When they choose.",
        "theme_id": theme.id,
        "owner_id": supporter.id,
        "team": "Breaks",
        "promised_for": clock.now().date(),
        "carers_decide": False,
        "nonce": "one-nonce",
    }
    with pytest.raises(Invalid):
        idea_actions.propose_and_take_up(supporter, **(facts | {"team": ""}))
    assert not Idea.select().exists()
    first = idea_actions.propose_and_take_up(supporter, **facts)
    again = idea_actions.propose_and_take_up(supporter, **facts)
    assert first.id == again.id
    assert (first.status, first.theme_id, first.owner_id) == ("looking", theme.id, supporter.id)
    assert [row.id for row in queries.ideas_of_theme(supporter, theme.id)] == [first.id]


def test_ideas_page_by_page_and_by_status(supporter: Any) -> None:
    member = factories.a_member()
    made = [an_idea(member, title=f"Number {n}").id for n in range(23)]
    actions.step_idea(supporter, made[0], status="done", words="It is.")
    viewer = viewer_for(member)
    first, more = queries.ideas(viewer)
    second, end = queries.ideas(viewer, before=more)
    assert (len(first), len(second), end) == (20, 3, None)
    assert {row.id for row in [*first, *second]} == set(made)
    assert [row.id for row in queries.ideas(viewer, status="done")[0]] == [made[0]]
    assert len(queries.ideas(viewer, mine=True)[0]) == 20
    assert queries.ideas(viewer_for(factories.a_member()), mine=True) == ([], None)


def test_a_leavers_idea_keeps_its_place_and_loses_its_words(supporter: Any) -> None:
    member = factories.a_member("Gwen")
    idea = an_idea(member)
    staff_idea = actions.propose_idea(supporter, title="Ours", words="Stays.")
    with transaction():
        actions.forget_member(member.id)
        actions.forget_member(supporter.id)
    row = Idea.fetch(idea.id)
    assert (row.title, row.words) == ("An idea whose writer has left", "")
    assert Idea.fetch(staff_idea.id).words == "Stays."
    assert "Ring us back" not in str(queries.about_member(member.id))
