from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from forum import events, jobs
from forum.database import transaction

pytestmark = pytest.mark.usefixtures("stack")


@pytest.fixture(autouse=True)
def _own_table() -> Iterator[None]:
    before = dict(jobs._table), list(jobs._chores.values())
    yield
    jobs.use_reactions(*before)


def tell() -> int:
    with transaction():
        return events.record("told", subject=("thing", 1))


def use(*reactions: jobs.Reaction, chores: Any = ()) -> None:
    jobs.use_reactions({"told": reactions}, chores)


def test_an_event_is_spread_once_into_one_todo_for_each_reaction() -> None:
    use(jobs.Reaction("one", lambda *_: None), jobs.Reaction("two", lambda *_: None))
    tell()
    assert jobs.spread() == 1
    assert jobs.spread() == 0
    assert jobs.Todo.select().count() == 2


def test_what_failed_is_tried_again_later_and_given_up_after_eight_times(clock: Any) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("no such letter")

    use(jobs.Reaction("fail", fail))
    tell()
    for tries in range(jobs.TRIES):
        assert jobs.backlog()[0] == (0 if tries == 0 else 1)
        jobs.run_everything_due()
        clock.advance(hours=1)
    assert jobs.due_ids() == []
    assert jobs.backlog()[:2] == (0, 1)
    assert [(name, trouble) for _, name, trouble in jobs.given_up()] == [("fail", "KeyError('no such letter')")]
    use(jobs.Reaction("fail", lambda *_: None))
    assert jobs.try_again() == 1
    assert jobs.run_everything_due() == 1
    assert jobs.backlog()[:2] == (0, 0)


def test_a_reaction_that_goes_on_gets_its_cursor_back() -> None:
    seen = []

    def count(_event: Any, cursor: str) -> Any:
        seen.append(cursor)
        return jobs.Again(str(int(cursor or 0) + 1)) if len(seen) < 4 else None

    use(jobs.Reaction("count", count))
    tell()
    jobs.run_everything_due()
    assert seen == ["", "1", "2", "3"]


def test_whoever_lost_the_claim_does_not_settle_what_another_has(clock: Any) -> None:
    def slow(event: Any, _cursor: str) -> None:
        clock.advance(minutes=2)
        # Meanwhile another worker has found the claim run out.
        jobs.Todo.update(claimed_until=clock.now() + timedelta(seconds=20)).execute()

    use(jobs.Reaction("slow", slow))
    tell()
    jobs.spread()
    jobs.do(jobs.due_ids()[0])
    todo = jobs.Todo.get()
    assert todo.done_at is None
    assert todo.claimed_until is not None


def test_a_claim_is_renewed_while_its_work_goes_on(clock: Any) -> None:
    def slow(*_: Any) -> None:
        for _ in range(5):
            clock.advance(seconds=20)
            jobs.renew_claims()
            assert jobs.due_ids() == []

    use(jobs.Reaction("slow", slow))
    tell()
    jobs.spread()
    jobs.do(jobs.due_ids()[0])
    assert jobs.Todo.get().done_at is not None


def test_stuck_work_is_not_renewed_for_ever(clock: Any) -> None:
    def stuck(*_: Any) -> None:
        clock.advance(hours=2)
        jobs.renew_claims()
        assert len(jobs.due_ids()) == 1

    use(jobs.Reaction("stuck", stuck))
    tell()
    jobs.spread()
    jobs.do(jobs.due_ids()[0])
    assert "AssertionError" not in jobs.Todo.get().trouble


def test_what_fails_because_its_event_is_gone_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: Any, _cursor: str) -> None:
        events.Event.delete().execute()
        raise KeyError(event.id)

    use(jobs.Reaction("fail", fail))
    tell()
    jobs.run_everything_due()
    assert jobs.Todo.select().count() == 0
    assert "failed" not in caplog.text


def test_a_reaction_of_a_newer_version_is_left_for_it() -> None:
    use(jobs.Reaction("new", lambda *_: None))
    tell()
    jobs.spread()
    use()
    assert not jobs.do(jobs.due_ids()[0])
    assert jobs.Todo.get().done_at is None


def test_a_chore_is_done_when_it_is_due_and_not_before(clock: Any) -> None:
    rung = []
    use(chores=[jobs.Periodic("ring", lambda: rung.append(clock.now()), timedelta(hours=1))])
    jobs.run_everything_due()
    jobs.run_everything_due()
    assert len(rung) == 1
    clock.advance(minutes=59)
    jobs.run_everything_due()
    assert len(rung) == 1
    clock.advance(minutes=1)
    jobs.run_everything_due()
    assert len(rung) == 2


def test_a_chore_is_handed_to_one_caller_and_comes_back_when_that_one_is_killed(clock: Any) -> None:
    use(chores=[jobs.Periodic("ring", lambda: None, timedelta(days=1))])
    ((name, claim),) = jobs.due_chores()
    assert jobs.due_chores() == []
    clock.advance(minutes=6)
    ((_, another),) = jobs.due_chores()
    assert not jobs.do_chore(name, claim)
    assert jobs.do_chore(name, another)
    clock.advance(hours=23)
    assert jobs.due_chores() == []


def test_old_events_go_and_what_is_not_done_stays(clock: Any) -> None:
    use(jobs.Reaction("later", lambda *_: None, due=lambda event: event.at + timedelta(days=200)))
    kept = tell()
    jobs.spread()
    use()
    tell()
    jobs.spread()
    clock.advance(days=91)
    newest = tell()
    assert jobs.prune(pause=0) == 1
    assert [event.id for event in events.Event.select().order_by(events.Event.id)] == [kept, newest]
