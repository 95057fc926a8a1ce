"""Anyone can report; moderators decide with a reason; every deed is kept."""

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forum import audit
from forum.access import HOUSE
from forum.database import transaction
from forum.errors import Conflict, Invalid, NotAllowed
from forum.legacy.actions import publish_change, update_change
from forum.legacy.entry import Entry
from forum.legacy.queries import change_url
from forum.listening.ideas.actions import propose_idea
from forum.listening.ideas.urls import idea_url
from forum.members.actions import erase_member, viewer_for
from forum.members.models import Member
from forum.safety import actions, queries
from forum.safety.models import Appeal, Case, CrisisAlert, Report, Suspension
from forum.safety.views import DEED_WORDS
from forum.threads import actions as threads
from tests import factories
from tests.architecture.reading import calls, python_files
from tests.counting import counted


def _reported(reason: str = "unkind") -> tuple[Any, Any, Any]:
    writer, reporter = factories.a_member(name="Rhys"), factories.a_member(name="Ada")
    post = factories.a_post(author=writer, source="You are all useless.")
    actions.report_post(viewer_for(reporter), post.id, reason=reason)
    return writer, reporter, post


def test_a_visitor_reports_a_public_post_in_two_taps(client: Any) -> None:
    place = factories.a_category(audience="public")
    post = factories.a_thread(category=place).posts.get()
    answer = client.fill(f"/report?post={post.id}", reason="private")
    assert "Thank you for telling us" in answer.text
    assert Report.get().reporter_id is None


def test_a_visitor_cannot_report_what_they_cannot_read(client: Any) -> None:
    post = factories.a_post()
    assert client.get(f"/report?post={post.id}").status_code == 303


def test_a_report_without_a_reason_asks_for_one_and_keeps_the_words(client: Any) -> None:
    client.sign_in(factories.a_member())
    post = factories.a_post()
    answer = client.fill(f"/report?post={post.id}", words="Please look")
    assert answer.status_code == 422
    assert "Choose what is wrong" in answer.text
    assert "Please look" in answer.text
    assert Report.select().count() == 0


def test_several_reports_make_one_case_and_an_impatient_thumb_one_report(stack: Any) -> None:
    _writer, reporter, post = _reported()
    actions.report_post(viewer_for(reporter), post.id, reason="unkind")
    actions.report_post(viewer_for(factories.a_member()), post.id, reason="private")
    assert Case.select().count() == 1
    assert Report.select().count() == 2


def test_moderators_see_the_post_as_it_was_when_it_was_reported(new_client: Any) -> None:
    writer, _reporter, post = _reported()
    threads.edit_post(viewer_for(writer), post.id, source="What a lovely day.", revision=1)
    page = new_client(factories.a_member(role="moderator")).soup(f"/safety/cases/{Case.get().id}").get_text()
    assert "You are all useless." in page
    assert "What a lovely day." in page


def test_the_person_reported_never_learns_who_told_us(new_client: Any, work: Any) -> None:
    writer, _reporter, post = _reported()
    moderator = viewer_for(factories.a_member(role="moderator"))
    actions.hide_post(moderator, post.id, reason="Unkind")
    actions.close_case(moderator, Case.get().id, outcome="We hid it")
    work()
    theirs = new_client(writer)
    for path in ("/me/notifications", "/me/appeals", f"/t/{post.thread_id}/x", "/me"):
        assert "Ada" not in theirs.get(path, follow_redirects=True).text


def test_a_hidden_post_is_gone_for_all_but_moderators(new_client: Any) -> None:
    _writer, _reporter, post = _reported()
    moderator = factories.a_member(role="moderator")
    actions.hide_post(viewer_for(moderator), post.id, reason="Unkind")
    path = f"/t/{post.thread_id}/{post.thread.slug}"
    assert "useless" not in new_client(factories.a_member()).soup(path).get_text()
    assert "useless" in new_client(moderator).soup(path).get_text()
    found = new_client(factories.a_member()).soup("/search?q=useless")
    assert not found.select(f"main a[href*='/t/{post.thread_id}/']")


def test_every_deed_asks_for_a_reason_and_stands_in_the_audit_trail(new_client: Any) -> None:
    _writer, _reporter, post = _reported()
    moderator = factories.a_member(role="moderator")
    case = Case.get()
    with pytest.raises(Invalid):
        actions.hide_post(viewer_for(moderator), post.id, reason="  ")
    staff = new_client(moderator)
    staff.fill(f"/safety/cases/{case.id}", press="Hide the post", reason="It is unkind")
    staff.fill(f"/safety/cases/{case.id}", press="Close the case", reason="We hid it")
    deeds = [deed.deed for deed in queries.deeds(viewer_for(moderator))[0]]
    assert deeds[:2] == ["case.closed", "post.hidden"]
    assert "It is unkind" in staff.soup("/safety/audit").get_text()
    assert audit.first_broken_entry()[0] is None


def test_a_deed_on_a_case_without_a_reason_leads_to_the_field_that_wants_one(new_client: Any) -> None:
    _reported()
    staff = new_client(factories.a_member(role="moderator"))
    for press in ("Hide the post", "Suspend Rhys", "Keep the note", "Close the case"):
        more = {"span": "7"} if press == "Suspend Rhys" else {}
        answer = staff.fill(f"/safety/cases/{Case.get().id}", press=press, **more)
        assert answer.status_code == 422
        assert answer.text.count("field-wrong") == 1, press


def test_every_deed_that_is_recorded_is_told_in_words() -> None:
    """The audit trail is read by people: `excerpt.checked` is no sentence."""
    noted = [call for path in python_files() for call, name, _line in calls(path) if name == "audit.note"]
    deeds = {one.value for call in noted for one in call.args if isinstance(one, ast.Constant) and one.value}
    assert len(deeds) > 20
    assert deeds <= set(DEED_WORDS)


def test_a_changed_audit_entry_is_found(stack: Any) -> None:
    _writer, _reporter, post = _reported()
    moderator = viewer_for(factories.a_member(role="moderator"))
    actions.hide_post(moderator, post.id, reason="Unkind")
    actions.show_post(moderator, post.id, reason="A mistake")
    first = audit.AuditEntry.select().order_by(audit.AuditEntry.id).first()
    audit.AuditWords.update(reason="Something else").where(audit.AuditWords.entry == first.id).execute()
    assert audit.first_broken_entry()[0] == first.id


def test_erased_reasons_leave_the_chain_whole(stack: Any) -> None:
    _writer, _reporter, post = _reported()
    actions.hide_post(viewer_for(factories.a_member(role="moderator")), post.id, reason="Names Mrs Jones")
    audit.erase_words("post", [post.id])
    assert not audit.AuditWords.select().exists()
    assert audit.first_broken_entry() == (None, 1)


def test_who_leaves_takes_along_the_reasons_given_about_them(new_client: Any) -> None:
    writer, _reporter, post = _reported()
    moderator = factories.a_member(role="moderator")
    by, other = viewer_for(moderator), factories.a_post()
    threads.close_thread(by, factories.a_thread(writer).id, "Marigold started it")
    actions.hide_post(by, post.id, reason="Marigold was unkind")
    actions.note_on_case(by, Case.get().id, "Marigold again")
    actions.close_case(by, Case.get().id, outcome="Hid what Marigold wrote")
    actions.suspend(by, writer.id, reason="Marigold, for a week", until=None)
    asked = actions.appeal(viewer_for(Member.fetch(writer.id)), words="Marigold is me", post_id=post.id)
    actions.answer_appeal(viewer_for(factories.a_member(role="admin")), asked.id, overturn=False, answer="No, Marigold")
    actions.notice_crisis(viewer_for(writer), "I want to end my life")
    actions.see_alert(by, CrisisAlert.get().id, done="Rang Marigold")
    actions.hide_post(by, other.id, reason="Somebody else's")
    erase_member(HOUSE, writer.id, reason="Asked us to")
    reasons = {words.reason for words in audit.AuditWords.select()} - {""}
    assert reasons == {"Somebody else's", "Asked us to"}
    assert audit.first_broken_entry()[0] is None
    staff = new_client(moderator)
    for path in ("/safety/audit", f"/safety/cases/{Case.get().id}", "/safety/decided"):
        page = staff.soup(path).get_text()
        assert "Marigold" not in page
    assert "hid a post" in staff.soup("/safety/audit").get_text()
    assert Report.get().reason == "unkind"
    assert not Suspension.select().where(Suspension.reason != "").exists()


def test_an_open_case_about_somebody_who_left_keeps_the_words_until_it_is_closed(new_client: Any) -> None:
    writer, _reporter, _post = _reported()
    moderator = factories.a_member(role="moderator")
    erase_member(HOUSE, writer.id, reason="Asked us to")
    path = f"/safety/cases/{Case.get().id}"
    assert "You are all useless." in new_client(moderator).soup(path).get_text()
    actions.close_case(viewer_for(moderator), Case.get().id, outcome="They have left")
    page = new_client(moderator).soup(path).get_text()
    assert "useless" not in page
    assert "They have left" in page


def test_a_suspended_member_reads_but_cannot_post_until_it_is_over(new_client: Any, clock: Any) -> None:
    member, moderator = factories.a_member(), viewer_for(factories.a_member(role="moderator"))
    thread = factories.a_thread()
    actions.suspend(moderator, member.id, reason="A day to cool off", until=clock.now() + timedelta(days=1))
    page = new_client(member).soup(f"/t/{thread.id}/{thread.slug}")
    assert "paused for now" in page.get_text()
    assert page.select_one(".banner a[href='/me/appeals']")
    clock.advance(hours=25)
    assert "Post my reply" in new_client(member).soup(f"/t/{thread.id}/{thread.slug}").get_text()


def test_the_letter_names_the_day_from_which_one_may_post_again(
    clock: Any, work: Any, outbox: Any, client: Any
) -> None:
    clock.set(datetime(2027, 7, 6, 12, tzinfo=UTC))
    member = factories.a_member()
    actions.report_member(viewer_for(factories.a_member()), member.id, reason="unkind")
    client.sign_in(factories.a_member(role="moderator"))
    client.fill(f"/safety/cases/{Case.get().id}", press="Suspend", span="1", reason="A day to cool off")
    work()
    assert "You can post again on Thursday 8 July" in outbox.words(outbox.last(member.email))


def test_nobody_suspends_themselves_and_only_an_administrator_a_moderator(stack: Any) -> None:
    one, two = factories.a_member(role="moderator"), factories.a_member(role="moderator")
    for who, whom in ((one, one), (one, two)):
        with pytest.raises(NotAllowed):
            actions.suspend(viewer_for(who), whom.id, reason="x", until=None)
    actions.suspend(viewer_for(factories.a_member(role="admin")), two.id, reason="x", until=None)


def test_an_appeal_is_answered_by_somebody_else_and_can_bring_the_post_back(new_client: Any) -> None:
    writer, _reporter, post = _reported()
    first, second = factories.a_member(role="moderator"), factories.a_member(role="moderator")
    actions.hide_post(viewer_for(first), post.id, reason="Unkind")
    theirs = new_client(writer)
    theirs.fill(f"/me/appeals/post/{post.id}", words="It was a joke among friends.")
    asked = Appeal.get()
    with pytest.raises(NotAllowed):
        actions.answer_appeal(viewer_for(first), asked.id, overturn=False, answer="No")
    page = new_client(first).soup(f"/safety/appeals/{asked.id}")
    assert "another moderator has to look at it" in page.get_text()
    assert not page.select("main textarea")
    new_client(second).fill(f"/safety/appeals/{asked.id}", outcome="overturned", answer="You're right. Sorry.")
    assert "We changed our decision." in theirs.soup("/me/appeals").get_text()
    assert "useless" in theirs.soup(f"/t/{post.thread_id}/{post.thread.slug}").get_text()


def test_many_decisions_and_appeals_take_no_more_statements_than_one(stack: Any) -> None:
    moderator, writer = viewer_for(factories.a_member(role="moderator")), factories.a_member()

    def decide_and_appeal() -> None:
        post = factories.a_post(author=writer)
        actions.hide_post(moderator, post.id, reason=f"Reason {post.id}")
        actions.appeal(viewer_for(writer), words="Why?", post_id=post.id)
        suspension = actions.suspend(moderator, writer.id, reason="Rest", until=None)
        actions.appeal(viewer_for(writer), words="Why that?", suspension_id=suspension.id)

    def statements() -> int:
        with counted() as seen:
            decisions, appeals = queries.decisions_about(viewer_for(writer)), queries.open_appeals(moderator)
        assert len(decisions) == len(appeals)
        assert {one.reason for one in decisions} == {one.reason for one in appeals}
        return len(seen)

    decide_and_appeal()
    for_one = statements()
    decide_and_appeal()
    decide_and_appeal()
    assert statements() == for_one


def test_one_decision_is_appealed_once(stack: Any) -> None:
    writer, _reporter, post = _reported()
    actions.hide_post(viewer_for(factories.a_member(role="moderator")), post.id, reason="Unkind")
    actions.appeal(viewer_for(writer), words="Why?", post_id=post.id)
    with pytest.raises(Conflict):
        actions.appeal(viewer_for(writer), words="Why, though?", post_id=post.id)


def test_overturning_a_suspension_lifts_it(stack: Any) -> None:
    member = factories.a_member()
    suspension = actions.suspend(viewer_for(factories.a_member(role="moderator")), member.id, reason="x", until=None)
    asked = actions.appeal(viewer_for(member), words="Why?", suspension_id=suspension.id)
    actions.answer_appeal(viewer_for(factories.a_member(role="admin")), asked.id, overturn=True, answer="Sorry.")
    assert Member.fetch(member.id).suspended_until is None


def test_who_leaves_takes_their_name_and_words_out_of_reports(stack: Any) -> None:
    _writer, reporter, _post = _reported()
    with transaction():
        actions.forget_member(reporter.id)
    assert Report.get().reporter_id is None
    assert Case.select().count() == 1


# ---- ideas, changes, names -----------------------------------------------------------------------------------------


def test_anybody_reports_an_idea_in_two_taps_and_the_case_shows_it_as_it_was(new_client: Any, work: Any) -> None:
    proposer, reporter, moderator = (
        factories.a_member("Rhys"),
        factories.a_member("Ada"),
        factories.a_member(role="admin"),
    )
    idea = propose_idea(viewer_for(proposer), title="Sack <b>Zebra</b>", words="She is useless.\n\nReally.")
    client = new_client(reporter)
    path = client.soup(idea_url(idea.id, idea.title)).select_one("a[href^='/report?']")["href"]
    answer = client.fill(path, reason="unkind")
    assert "Thank you for telling us" in answer.text
    client.fill(path, reason="unkind")
    work()
    assert Report.select().count() == 1
    erase_member(HOUSE, proposer.id, reason="Asked us to")
    staff = new_client(moderator)
    page = staff.soup(f"/safety/cases/{Case.get().id}").get_text()
    assert "Sack <b>Zebra</b>" in page
    assert "She is useless." in page
    assert "The idea" in staff.soup("/safety").get_text()
    actions.close_case(viewer_for(moderator), Case.get().id, outcome="They have left")
    assert "Zebra" not in staff.soup(f"/safety/cases/{Case.get().id}").get_text()


def test_whoever_proposed_a_reported_idea_can_be_given_a_time_away(new_client: Any) -> None:
    proposer, moderator = factories.a_member("Rhys"), factories.a_member(role="moderator")
    idea = propose_idea(viewer_for(proposer), title="Sack Zebra", words="She is useless.")
    actions.report_thing(viewer_for(factories.a_member()), "idea", idea.id, reason="unkind")
    path = f"/safety/cases/{Case.get().id}"
    answer = new_client(moderator).fill(path, press="Suspend Rhys", span="7", reason="Unkind to staff")
    assert answer.status_code == 303
    assert Member.fetch(proposer.id).suspended_until is not None


def test_a_visitor_reports_a_change(client: Any, new_client: Any) -> None:
    supporter = viewer_for(factories.a_member(role="supporter"))
    entry = Entry("Rings back now", "Nobody rang", "They ring", "", "", "done")
    change = publish_change(supporter, entry, nonce="c" * 9)
    path = client.soup(change_url(change.id, change.slug)).select_one("a[href^='/report?']")["href"]
    assert "Thank you for telling us" in client.fill(path, reason="private").text
    update_change(supporter, change.id, replace(entry, we_did="They may ring"))
    page = new_client(factories.a_member(role="moderator")).soup(f"/safety/cases/{Case.get().id}").get_text()
    assert "They ring" in page
    assert "They may ring" in page


def test_a_name_that_was_reported_is_kept_as_it_was(new_client: Any) -> None:
    person, reporter = factories.a_member("Rude Zebra", about="Still a zebra"), factories.a_member()
    client = new_client(reporter)
    path = client.soup("/m/Rude%20Zebra").select_one("a[href^='/report?']")["href"]
    assert "Thank you for telling us" in client.fill(path, reason="unkind").text
    with transaction():
        Member.update(name="Kind Horse", name_key="kind horse", about="").where(Member.id == person.id).execute()
    page = new_client(factories.a_member(role="moderator")).soup(f"/safety/cases/{Case.get().id}").get_text()
    assert "Rude Zebra" in page
    assert "Still a zebra" in page
    assert "Kind Horse" in page


@pytest.mark.parametrize("what", ["idea=999", "idea=x", "change=999", "change=-1", f"idea={10**30}"])
def test_what_is_not_there_cannot_be_reported(new_client: Any, what: str) -> None:
    assert new_client(factories.a_member()).get(f"/report?{what}").status_code == 404


def test_a_visitor_who_may_not_read_an_idea_signs_in_first(client: Any) -> None:
    idea = propose_idea(viewer_for(factories.a_member()), title="Sack Zebra", words="She is useless.")
    answer = client.get(f"/report?idea={idea.id}")
    assert answer.status_code == 303
    assert "/login" in answer.location
