"""Opening a name for one thread: two moderators and a reason, or one of them in danger and a second look within a day."""

from typing import Any

import pytest

from forum import audit
from forum.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.members.actions import viewer_for
from forum.safety import actions as safety
from forum.safety.models import Case
from forum.safety.openings import actions, queries
from forum.threads import actions as threads
from tests import factories

NAME = "Quiet Robin"


def _reported_post(writer: Any) -> tuple[Any, int]:
    """A post under a name for its thread, and the id of the case about it."""
    post = factories.a_post(factories.a_thread(), writer, source="I can't go on.", thread_name=NAME)
    safety.report_post(viewer_for(factories.a_member()), post.id, reason="worried")
    return post, Case.get(Case.subject_id == post.id).id


def _two_moderators() -> tuple[Any, Any]:
    return factories.a_member("Mo", role="moderator"), factories.a_member("Mia", role="moderator")


def test_a_case_does_not_tell_who_it_is_before_two_have_agreed(app: Any, work: Any, new_client: Any) -> None:
    ann = factories.a_member("Ann Unnamed")
    (mo, mia), (_post, case) = _two_moderators(), _reported_post(ann)
    page = f"/safety/cases/{case}"
    first, second = new_client(mo), new_client(mia)
    assert NAME in first.get(page).text
    assert "Ann Unnamed" not in first.get(page).text
    first.fill(page, reason="She may need help.", press="Ask to open the name")
    work()
    assert "asks you to look at the opening of a name" in second.get("/me/notifications").text
    assert NAME in second.get("/safety").text
    assert "Ann Unnamed" not in first.get(page).text
    assert "Another moderator has to answer" in first.get(page).text
    second.fill(page, reason="Yes, look.", press="I agree: open it")
    for client in (first, second):
        assert "About Ann Unnamed" in client.get(page).text
    third = new_client(factories.a_member("Max", role="moderator"))
    assert "Ann Unnamed" not in third.get(page).text
    work()
    assert "Two moderators looked at who you are" in new_client(ann).get("/me/notifications").text
    assert audit.first_broken_entry()[0] is None


def test_after_a_week_it_is_shut_again(app: Any, clock: Any, new_client: Any) -> None:
    ann = factories.a_member("Ann Unnamed")
    (mo, mia), (post, case) = _two_moderators(), _reported_post(ann)
    opening = actions.ask_to_open(viewer_for(mo), post.id, reason="Worried.")
    actions.second_opening(viewer_for(mia), opening.id, agree=True, words="Yes.")
    assert "Ann Unnamed" in new_client(mo).get(f"/safety/cases/{case}").text
    clock.advance(days=8)
    assert "Ann Unnamed" not in new_client(mo).get(f"/safety/cases/{case}").text


def test_in_danger_one_looks_at_once_and_a_second_within_a_day(
    app: Any, clock: Any, work: Any, new_client: Any
) -> None:
    ann = factories.a_member("Ann Unnamed")
    (mo, mia), (_post, case) = _two_moderators(), _reported_post(ann)
    page = f"/safety/cases/{case}"
    new_client(mo).fill(page, reason="She says goodbye.", in_danger="yes", press="Ask to open the name")
    assert "About Ann Unnamed" in new_client(mo).get(page).text
    assert "Ann Unnamed" not in new_client(mia).get(page).text
    assert "Late: look at this now" not in new_client(mia).get("/safety").text
    clock.advance(hours=25)
    assert "Late: look at this now" in new_client(mia).get("/safety").text
    new_client(mia).fill(page, reason="It was.", keep_quiet="yes", press="It was right")
    assert "Late" not in new_client(mia).get("/safety").text
    work()
    assert "looked at who you are" not in new_client(ann).get("/me/notifications").text


def test_who_declines_is_written_down_and_nothing_opens(app: Any, new_client: Any) -> None:
    (mo, mia), (post, case) = _two_moderators(), _reported_post(factories.a_member("Ann Unnamed"))
    opening = actions.ask_to_open(viewer_for(mo), post.id, reason="Curious.")
    actions.second_opening(viewer_for(mia), opening.id, agree=False, words="That is no reason.")
    page = new_client(mo).get(f"/safety/cases/{case}").text
    assert "That is no reason." in page
    assert "Ann Unnamed" not in page
    assert queries.waiting_openings(viewer_for(mia)) == []


def test_nobody_opens_alone_without_a_reason_or_twice(app: Any) -> None:
    (mo, mia), (post, _case) = _two_moderators(), _reported_post(factories.a_member())
    with pytest.raises(Invalid):
        actions.ask_to_open(viewer_for(mo), post.id, reason="  ")
    with pytest.raises(NotAllowed):
        actions.ask_to_open(viewer_for(factories.a_member(role="supporter")), post.id, reason="Why?")
    with pytest.raises(NotFound):
        actions.ask_to_open(viewer_for(mo), factories.a_post().id, reason="No name there.")
    opening = actions.ask_to_open(viewer_for(mo), post.id, reason="Worried.")
    with pytest.raises(Conflict):
        actions.ask_to_open(viewer_for(mia), post.id, reason="Me too.")
    with pytest.raises(NotAllowed):
        actions.second_opening(viewer_for(mo), opening.id, agree=True, words="I agree with myself.")
    actions.second_opening(viewer_for(mia), opening.id, agree=True, words="Yes.")
    with pytest.raises(Conflict):
        actions.second_opening(viewer_for(factories.a_member(role="admin")), opening.id, agree=False, words="No.")


def test_an_alert_and_an_appeal_say_the_name_for_the_thread(app: Any, work: Any, new_client: Any) -> None:
    ann, mo = factories.a_member("Ann Unnamed"), factories.a_member("Mo", role="moderator")
    post = factories.a_post(factories.a_thread(), ann, source="I want to die", thread_name=NAME)
    work()
    alerts = new_client(mo).get("/safety").text
    assert f"<h3>{NAME}" in alerts
    assert "Ann Unnamed" not in alerts
    safety.hide_post(viewer_for(mo), post.id, reason="Looking after you.")
    safety.appeal(viewer_for(ann), words="Please show it.", post_id=post.id)
    assert "Ann Unnamed" not in new_client(mo).get("/safety").text


def test_words_being_written_are_told_of_under_the_name_there(app: Any, new_client: Any) -> None:
    ann, mo = factories.a_member("Ann Unnamed"), factories.a_member("Mo", role="moderator")
    thread = factories.a_thread()
    threads.take_name(viewer_for(ann), thread.id, name=NAME)
    client = new_client(ann)
    page = client.soup(f"/t/{thread.id}/{thread.slug}")
    token = page.select_one("form.composer input[name=csrf_token]")["value"]
    client.post("/me/drafts", data={"place": f"thread:{thread.id}", "source": "I want to die", "csrf_token": token})
    alerts = new_client(mo).get("/safety").text
    assert f"<h3>{NAME}" in alerts
    assert "Ann Unnamed" not in alerts
