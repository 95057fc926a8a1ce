"""Journey 6, the part about consent: the member whose words those were is asked, answers in one tap, and takes them
back. Somebody who said "please don't" is never taken down."""

from typing import Any

from playwright.sync_api import expect

from forum.listening import actions, queries
from forum.listening.models import Excerpt, Insight
from forum.members.actions import viewer_for
from tests.browser import check, visit
from tests.factories import a_member, a_post, a_thread
from tests.journeys.test_5_listen import OTHERS, WORDS, select

HOUSEKEEPING = {
    "purpose": "To learn what stops people.",
    "can_change": "The booking line.",
    "cannot_change": "The money.",
    "who_decides": "The Breaks team.",
    "hear_by": "In two weeks.",
}


def test_words_are_asked_for_answered_and_taken_back(live_site: Any, app: Any, new_page: Any, outbox: Any) -> None:
    marcia, owen = a_member("Marcia", role="supporter"), a_member("Owen", role="supporter")
    gwen = a_member("Gwen")
    thread = a_thread(title="Two hours on the phone")
    actions.mark(viewer_for(marcia), thread.id, **HOUSEKEEPING)
    post = a_post(thread, gwen, source=f"{WORDS} Frank is 82 and lives in Cardiff.")
    insight = actions.make_insight(viewer_for(marcia), post_id=post.id, exact=post.plain, kind="struggle")
    other = a_post(thread, gwen, source=OTHERS)
    second = actions.make_insight(viewer_for(marcia), post_id=other.id, exact=OTHERS, kind="worry")
    excerpt = Excerpt.get(Excerpt.insight == insight.id)

    # Marcia asks.
    desk = new_page(marcia)
    visit(desk, f"/listening/insights/{insight.id}")
    expect(desk.locator("main")).to_contain_text("Not asked yet")
    desk.get_by_role("button", name="Ask if we may use these words").click()
    expect(desk.locator("main")).to_contain_text("Asked, no answer yet")
    actions.ask_consent(viewer_for(marcia), [Excerpt.get(Excerpt.insight == second.id).id])

    # Gwen is told on the site, and answers with one tap; to the other she says no.
    live_site.wait_until_quiet()
    phone = new_page(gwen, phone=True)
    visit(phone, "/me")
    phone.get_by_role("link", name="May we use 2 things you said?").click()
    expect(phone.get_by_role("heading", name="May we use these?")).to_be_visible()
    check(phone)
    card = phone.locator(".asked-card", has_text=WORDS)
    card.get_by_text("Have we understood you right?").click()
    card.get_by_label("What we should know").fill("It's the waiting that I can't do.")
    card.get_by_role("button", name="Yes, with my name").click()
    expect(phone.locator("main")).to_contain_text("You said yes, with your name.")
    phone.locator(".asked-card", has_text=OTHERS).get_by_role("button", name="No", exact=True).click()
    expect(phone.locator("main")).not_to_contain_text(OTHERS)
    assert Excerpt.get(Excerpt.insight == second.id).words is None

    # A second person looks whether anybody could be recognised.
    visit(desk, f"/listening/excerpts/{excerpt.id}/check")
    expect(desk.locator("main")).to_contain_text("somebody else has to look as well")
    other_desk = new_page(owen)
    visit(other_desk, "/listening")
    other_desk.get_by_role("link", name="Check these words").click()
    for pointed_out in ("is 82", "Cardiff"):
        expect(other_desk.locator(".pointers")).to_contain_text(pointed_out)
    other_desk.get_by_label("The same, said by us").fill("Waiting on the line is harder than picking up.")
    other_desk.get_by_role("button", name="Keep this check").click()
    expect(other_desk.get_by_role("alert")).to_contain_text("Tick this once")
    other_desk.get_by_label("I've asked myself").check()
    other_desk.get_by_role("button", name="Keep this check").click()
    expect(other_desk.locator("main")).to_contain_text("It may stand in public.")
    expect(other_desk.locator("main")).to_contain_text("It's the waiting that I can't do.")
    assert list(queries.quotable_excerpts([excerpt.id])) == [excerpt.id]

    # She takes her words back: they are gone at once, and the insight keeps its count.
    visit(phone, "/me/words")
    phone.get_by_role("button", name="Take these words back").click()
    expect(phone.locator(".said")).to_contain_text("They're gone, from every page")
    assert queries.quotable_excerpts([excerpt.id]) == {}
    desk.goto(f"/listening/insights/{insight.id}")
    expect(desk.locator("main")).to_contain_text("They took these words back.")
    expect(desk.locator("main")).to_contain_text("1 person")
    expect(desk.locator("main")).not_to_contain_text(WORDS)
    assert not outbox.to(gwen.email), "the outcome is e-mailed, the steps in between are not"


def test_please_dont_is_never_taken_down(live_site: Any, app: Any, new_page: Any, walk: Any, seen: Any) -> None:
    marcia, gwen = a_member("Marcia", role="supporter"), a_member("Gwen", words="please_dont")
    thread = a_thread(title="Two hours on the phone")
    actions.mark(viewer_for(marcia), thread.id, **HOUSEKEEPING)
    post = a_post(thread, gwen, source=WORDS)
    phone = new_page(gwen, phone=True)
    visit(phone, f"/t/{thread.id}/{thread.slug}/1")
    expect(phone.locator(".listening")).to_contain_text("We never use what you say.")

    desk = new_page(marcia)
    visit(desk, f"/t/{thread.id}/{thread.slug}/1")
    if walk.script:
        select(desk, 2, WORDS)
        desk.keyboard.press("i")
        desk.keyboard.press("1")
        desk.keyboard.press("Enter")
        expect(desk.locator("#take")).to_contain_text("Gwen has asked us not to note down")
    visit(desk, f"/listening/insights/new?post={post.id}")
    expect(desk.locator("main")).to_contain_text("Gwen has asked us not to note down")
    expect(desk.locator("main form")).to_have_count(0)
    assert not Insight.select().exists()


def test_changing_ones_mind_for_good(live_site: Any, app: Any, new_page: Any) -> None:
    marcia, owen = a_member("Marcia", role="supporter"), a_member("Owen", role="supporter")
    gwen = a_member("Gwen", words="with_name")
    thread = a_thread()
    actions.mark(viewer_for(marcia), thread.id, **HOUSEKEEPING)
    post = a_post(thread, gwen, source=WORDS)
    insight = actions.make_insight(viewer_for(marcia), post_id=post.id, exact=WORDS, kind="idea")
    excerpt = Excerpt.get(Excerpt.insight == insight.id)
    actions.check_excerpt(viewer_for(owen), excerpt.id, "Waiting is the hard part.")
    assert queries.quotable_excerpts([excerpt.id])[excerpt.id].words == WORDS

    phone = new_page(gwen, phone=True)
    visit(phone, "/me/settings")
    phone.get_by_label("Fine without my name").check()
    phone.get_by_role("button", name="Keep these settings").click()
    expect(phone.locator(".said")).not_to_be_empty()
    assert queries.quotable_excerpts([excerpt.id])[excerpt.id].words == "Waiting is the hard part."
    phone.goto("/me/settings")
    phone.get_by_label("Please don't").check()
    phone.get_by_role("button", name="Keep these settings").click()
    expect(phone.locator(".said")).not_to_be_empty()
    assert queries.quotable_excerpts([excerpt.id]) == {}
    visit(phone, "/me/words")
    expect(phone.locator("main")).not_to_contain_text(WORDS)
