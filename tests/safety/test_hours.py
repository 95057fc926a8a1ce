"""Pages say truthfully whether somebody is watching, across the clock change too."""

from datetime import UTC, datetime
from typing import Any

from forum.members.actions import viewer_for
from forum.safety import actions, queries
from tests import factories

WEEKDAYS = [(day, 9 * 60, 17 * 60) for day in range(5)]


def _set(hours: list[tuple[int, int, int]]) -> None:
    actions.set_hours(viewer_for(factories.a_member(role="moderator")), hours)


def test_without_hours_we_promise_nothing(stack: Any) -> None:
    assert "can't promise" in queries.hours_line()


def test_on_shift_pages_say_until_when(stack: Any, clock: Any) -> None:
    _set(WEEKDAYS)
    clock.set(datetime(2026, 11, 23, 10, tzinfo=UTC))
    assert queries.hours_line() == "Our team is here until 5pm."


def test_off_shift_the_reply_box_says_when_we_are_back_and_where_to_turn(client: Any, clock: Any) -> None:
    _set(WEEKDAYS)
    clock.set(datetime(2026, 11, 27, 20, tzinfo=UTC))
    member = factories.a_member()
    thread = factories.a_thread(member)
    client.sign_in(member)
    page = client.soup(f"/t/{thread.id}/{thread.slug}").get_text()
    assert "Nobody from our team is here just now. We're back Monday at 9am." in page


def test_hours_are_local_hours_in_summer_too(stack: Any, clock: Any) -> None:
    _set(WEEKDAYS)
    clock.set(datetime(2026, 7, 6, 8, 30, tzinfo=UTC))
    assert "until 5pm" in queries.hours_line()
    clock.set(datetime(2026, 7, 6, 16, 30, tzinfo=UTC))
    assert "tomorrow at 9am" in queries.hours_line()


def test_hours_that_end_before_they_begin_are_sent_back_with_what_was_typed(client: Any) -> None:
    client.sign_in(factories.a_member(role="moderator"))
    answer = client.fill("/safety/hours", opens0="17:00", closes0="09:00")
    assert answer.status_code == 422
    assert "the earlier one first" in answer.text
    assert 'value="17:00"' in answer.text
