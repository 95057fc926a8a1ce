"""Everybody hears what was decided about them, and staff hear at once when somebody may be in danger."""

from datetime import timedelta
from typing import Any

import pytest

from forum.channels.lines import say
from forum.channels.models import Notice
from forum.clock import now
from forum.members.actions import viewer_for
from forum.safety import actions as safety
from forum.threads import actions as threads
from tests.factories import a_member, a_post, a_thread


def told(member: Any) -> list[tuple[str, str]]:
    query = Notice.select(Notice.kind, Notice.path).where(Notice.member == member.id).order_by(Notice.id)
    return [row for row in query.tuples() if row[0] not in ("reply", "mention")]


@pytest.fixture
def people(stack: Any) -> tuple[Any, Any, Any, Any]:
    """Ann writes, Ben reports, Mo and Nia moderate."""
    return a_member("Ann"), a_member("Ben"), a_member("Mo", "moderator"), a_member("Nia", "moderator")


def test_moderators_hear_of_a_report_and_the_reporter_of_its_outcome(people: Any, work: Any) -> None:
    ann, ben, mo, nia = people
    post = a_post(a_thread(ben), ann)
    report = safety.report_post(viewer_for(ben), post.id, reason="unkind", words="That hurt.")
    work()
    assert told(mo) == told(nia) == [("report_made", f"/safety/cases/{report.case_id}")]
    safety.close_case(viewer_for(mo), report.case_id, outcome="We asked Ann to change it.")
    work()
    assert [kind for kind, _path in told(ben)] == ["report_closed"]
    assert Notice.get(Notice.kind == "report_closed").about == "We asked Ann to change it."
    assert told(ann) == []


def test_the_writer_of_a_hidden_post_hears_why_and_how_to_appeal(people: Any, work: Any, outbox: Any) -> None:
    ann, ben, mo, _nia = people
    post = a_post(a_thread(ben, title="Night shifts"), ann, source="Something rude.")
    work()
    safety.hide_post(viewer_for(mo), post.id, reason="It names somebody's <child>.")
    work()
    assert told(ann) == [("post_hidden", "/me/appeals")]
    letter = outbox.last(ann.email)
    assert letter["Subject"] == "We hid your post in “Night shifts”"
    assert "> It names somebody's <child>." in outbox.words(letter)
    assert "&lt;child&gt;" in outbox.words(letter, "html")
    assert "http://localhost/me/appeals" in outbox.links(letter)
    assert "Something rude" not in outbox.words(letter)
    assert letter["List-Unsubscribe"] is None


def test_an_appeal_goes_to_moderators_and_its_answer_to_the_writer(people: Any, work: Any, outbox: Any) -> None:
    ann, ben, mo, nia = people
    post = a_post(a_thread(ben), ann)
    safety.hide_post(viewer_for(mo), post.id, reason="unkind")
    asked = safety.appeal(viewer_for(ann), words="It was a joke.", post_id=post.id)
    work()
    assert ("appeal_made", f"/safety/appeals/{asked.id}") in told(nia)
    safety.answer_appeal(viewer_for(nia), asked.id, overturn=True, answer="You are right. Sorry.")
    work()
    assert {"appeal_won", "post_shown"} <= {kind for kind, _path in told(ann)}
    words = outbox.words(outbox.last(ann.email))
    assert "> You are right. Sorry." in words


def test_somebody_suspended_hears_why_until_when_and_how_to_appeal(people: Any, work: Any, outbox: Any) -> None:
    ann, _ben, mo, _nia = people
    until = now() + timedelta(days=10)
    row = safety.suspend(viewer_for(mo), ann.id, reason="Three unkind posts.", until=until)
    work()
    assert told(ann) == [("suspended", "/me/appeals")]
    words = outbox.words(outbox.last(ann.email))
    assert "> Three unkind posts." in words
    assert "You can post again on" in words
    safety.lift_suspension(viewer_for(mo), row.id, reason="We talked.")
    work()
    assert [kind for kind, _path in told(ann)] == ["suspended", "unsuspended"]


def test_staff_hear_of_a_crisis_at_once_and_the_letter_names_nobody(work: Any, outbox: Any) -> None:
    ann, supporter, commissioner = a_member("Ann"), a_member("Su", "supporter"), a_member("Co", "commissioner")
    a_thread(ann, source="I want to kill myself.")
    work()
    assert told(supporter) == [("crisis", "/safety")]
    assert told(commissioner) == told(ann) == []
    letter = outbox.last(supporter.email)
    assert "Ann" not in outbox.words(letter)
    assert "kill" not in outbox.words(letter)


def test_a_decision_reaches_who_wants_no_letters_but_no_unconfirmed_address(
    people: Any, work: Any, outbox: Any
) -> None:
    _ann, ben, mo, _nia = people
    quiet = a_member("Quiet", mail_replies=False, mail_mentions=False, mail_asks=False)
    new = a_member("New", confirmed=False)
    thread = a_thread(ben)
    safety.hide_post(viewer_for(mo), a_post(thread, quiet).id, reason="unkind")
    safety.suspend(viewer_for(mo), new.id, reason="unkind", until=None)
    work()
    assert len(outbox.to(quiet.email)) == 1
    assert not outbox.to(new.email)
    assert [kind for kind, _path in told(new)] == ["suspended"]


def test_whoever_started_a_hidden_thread_hears_of_it(people: Any, work: Any) -> None:
    ann, _ben, mo, _nia = people
    thread = a_thread(ann)
    threads.hide_thread(viewer_for(mo), thread.id, "unsafe")
    work()
    assert [kind for kind, _path in told(ann)] == ["thread_hidden"]


def test_every_kind_has_its_sentence() -> None:
    from forum.channels.lines import WORDS

    for kind in WORDS:
        for names in ([], ["Ann"], ["Ann", "Ben", "Cat"]):
            sentence = say(kind, names, "Night shifts")
            assert sentence
            assert "%" not in sentence
    assert say("something new", [], "Night shifts") == "There is news about “Night shifts”"
