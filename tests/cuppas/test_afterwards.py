"""What we ask of people after a cuppa, whose words stay whose, and who is checked on."""

from datetime import timedelta
from typing import Any

import pytest

from forum.asking.models import Ask
from forum.audit import AuditEntry
from forum.errors import Conflict, NotAllowed, NotFound
from forum.listening.cuppas import actions, queries
from forum.listening.models import Insight
from forum.members import actions as members
from forum.members.actions import viewer_for
from forum.threads import actions as conversations
from tests import factories
from tests.cuppas.people import a_host, a_plan, published, says

pytestmark = pytest.mark.usefixtures("app", "clock")


def _over(clock: Any, work: Any, *people: Any) -> tuple[Any, Any]:
    host = a_host("Marcia")
    cuppa = published(host, hours=48)
    for member in people:
        says(cuppa, member)
    clock.advance(hours=50)
    work()
    return host, cuppa


# ---- one rule for everything we ask ----------------------------------------------------------------------------------


def test_whoever_wants_a_pause_is_not_asked_about_the_summary_and_may_still_answer(
    clock: Any, work: Any, outbox: Any, new_client: Any
) -> None:
    ann, ben, cai = factories.a_member("Ann"), factories.a_member("Ben"), factories.a_member("Cai", asks_per_month=0)
    host, cuppa = _over(clock, work, ann, ben, cai)
    actions.pause_asks(viewer_for(ben), until=clock.now() + timedelta(days=30))
    outbox.clear()
    actions.send_summary(viewer_for(host), cuppa.id, source="You said **nights**.")
    work()
    assert [len(outbox.to(one.email)) for one in (ann, ben, cai)] == [1, 0, 0]
    assert "hear you right" not in new_client(ben).soup("/me/notifications").get_text()
    assert "Did we hear you right?" in new_client(ben).soup(f"/cuppas/{cuppa.id}/{cuppa.slug}").get_text()
    actions.answer_summary(viewer_for(ben), cuppa.id, heard_right=True)
    actions.answer_summary(viewer_for(ann), cuppa.id, heard_right=False, words="It's the mornings.")
    assert [(ask.member_id, ask.counts, ask.answer) for ask in Ask.select().where(Ask.kind == "heard_right")] == [
        (ann.id, True, "no")
    ]


def test_a_summary_that_is_sent_anew_is_another_ask(clock: Any, work: Any, outbox: Any) -> None:
    ann = factories.a_member("Ann", asks_per_month=1)
    host, cuppa = _over(clock, work, ann)
    actions.send_summary(viewer_for(host), cuppa.id, source="One")
    actions.send_summary(viewer_for(host), cuppa.id, source="One")
    work()
    outbox.clear()
    clock.advance(minutes=5)
    actions.send_summary(viewer_for(host), cuppa.id, source="Two")
    work()
    assert not outbox.to(ann.email)


# ---- whose words -----------------------------------------------------------------------------------------------------


def test_disagreement_stands_beside_the_insight_and_leaves_with_whoever_said_it(
    clock: Any, work: Any, new_client: Any
) -> None:
    ann, ben = factories.a_member("Ann"), factories.a_member("Ben")
    host, cuppa = _over(clock, work, ann, ben)
    actions.send_summary(viewer_for(host), cuppa.id, source="You said **nights**.")
    actions.answer_summary(viewer_for(ann), cuppa.id, heard_right=False, words="It's the xylophone mornings.")
    actions.answer_summary(viewer_for(ben), cuppa.id, heard_right=False, words="And the zebra evenings.")
    made = actions.take_to_workbench(viewer_for(host), cuppa.id, kind="worry", nonce="of-the-talk")
    page = new_client(host).soup(f"/listening/insights/{made}").get_text()
    assert "It's the xylophone mornings." in page
    assert "And the zebra evenings." in page
    assert "xylophone" not in Insight.fetch(made).memo
    assert actions.take_to_workbench(viewer_for(host), cuppa.id, kind="thanks", nonce="once-more") == made
    with pytest.raises(Conflict):
        actions.send_summary(viewer_for(host), cuppa.id, source="Something else")
    page = new_client(host).soup(f"/cuppas/{cuppa.id}/{cuppa.slug}")
    assert page.select(f"main a[href='/listening/insights/{made}']")
    assert not page.select("form[action$=summary], form[action$=insight]")
    members.erase_member(viewer_for(factories.a_member(role="admin")), ann.id, reason="They asked us to.")
    for path in (f"/listening/insights/{made}", f"/cuppas/{cuppa.id}/{cuppa.slug}"):
        page = new_client(host).soup(path).get_text()
        assert "xylophone" not in page
        assert "And the zebra evenings." in page


# ---- checking on somebody --------------------------------------------------------------------------------------------


def test_whoever_asked_for_it_and_does_not_appear_is_checked_on_and_nobody_else_is_listed(
    clock: Any, work: Any, new_client: Any
) -> None:
    asked, came, spoke, quiet = (factories.a_member(name) for name in ("Ann", "Ben", "Cai", "Dee"))
    host = a_host("Marcia")
    cuppa = published(host, hours=48)
    path = f"/cuppas/{cuppa.id}/{cuppa.slug}"
    for member in (asked, came, spoke):
        answer = new_client(member).fill(
            path, form="main form[action$=answer]", press="I hope to come", check_on_me="yes"
        )
        assert answer.status_code == 303
    says(cuppa, quiet)
    assert new_client(asked).soup(path).select_one("input[name=check_on_me]").has_attr("checked")
    assert "asked you to check on them" not in new_client(host).soup(path).get_text()
    clock.advance(hours=48.2)
    work()
    conversations.reply(viewer_for(spoke), cuppa.thread_id, source="Hello", nonce="hello-there")
    conversations.mark_read(viewer_for(came), cuppa.thread_id, 1)
    for other in (asked, quiet):
        assert "asked you to check on them" not in new_client(other).soup(path).get_text()
    page = new_client(host)
    listed = [link.get_text() for link in page.soup(path).select("#check-on ~ ul a[href^='/m/']")]
    assert listed == ["Ann"]
    for _twice in range(2):
        actions.check_on(viewer_for(host), cuppa.id, asked.id)
    assert AuditEntry.select().where(AuditEntry.deed == "cuppa.checked_on").count() == 1
    assert "Checked on" in page.soup(path).get_text()
    with pytest.raises(NotFound):
        actions.check_on(viewer_for(host), cuppa.id, quiet.id)
    with pytest.raises(NotAllowed):
        actions.check_on(viewer_for(quiet), cuppa.id, asked.id)


def test_the_tick_works_without_a_script(clock: Any, work: Any, new_client: Any) -> None:
    asked, host = factories.a_member("Ann"), a_host()
    cuppa = published(host, hours=48)
    actions.answer_invitation(viewer_for(asked), cuppa.id, answer="hope_to", check_on_me=True)
    clock.advance(hours=49)
    client = new_client(host)
    answer = client.fill(f"/cuppas/{cuppa.id}/{cuppa.slug}", form="form[action*=check-on]")
    assert answer.status_code == 303
    assert [one.checked_at for one in queries.to_check_on(viewer_for(host), cuppa.id)] == [clock.now()]


def test_who_says_not_this_time_asks_for_nothing() -> None:
    cuppa, ann = published(), factories.a_member()
    row = actions.answer_invitation(viewer_for(ann), cuppa.id, answer="not_this_time", check_on_me=True)
    assert not row.check_on_me


# ---- its thread ------------------------------------------------------------------------------------------------------


def test_the_room_bears_the_name_of_its_cuppa(new_client: Any) -> None:
    host, member = a_host(), factories.a_member()
    cuppa = published(host, title="A night's sleep")
    says(cuppa, member)
    changed = actions.change_cuppa(viewer_for(host), cuppa.id, a_plan(title="Zebra dreams"))
    assert changed.sequence == 0
    client = new_client(member)
    assert client.get(f"/t/{cuppa.thread_id}/{cuppa.slug}").location.endswith("/zebra-dreams")
    assert client.soup(f"/t/{cuppa.thread_id}/zebra-dreams").h1.get_text(strip=True) == "Zebra dreams"
    assert client.soup("/search?q=zebra").select(f"main a[href*='/t/{cuppa.thread_id}/']")


# ---- links in letters ------------------------------------------------------------------------------------------------


def test_a_link_to_answer_ends_with_the_cuppa_and_says_so_kindly(clock: Any, client: Any) -> None:
    from forum.listening.cuppas.views import answer_token

    cuppa, ann = published(), factories.a_member()
    path = f"/cuppas/answer/{answer_token(cuppa.id, ann.id)}"
    form = client.soup(path).select_one("main form")
    clock.advance(hours=48 + 1 + 48 + 1)
    page = client.soup(path)
    assert not page.select("main form")
    assert "This cuppa is over." in page.get_text()
    assert page.select("main a[href='/cuppas']")
    late = client.send(path, form, press="I hope to come")
    assert late.status_code == 409
    assert "This cuppa is over." in late.text
    pause = client.send(path, form, press="No invitations for a while")
    assert pause.status_code == 409
