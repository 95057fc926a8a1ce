"""Open pages in real browsers: what others say appears, without moving what is read, and whatever happens to the line."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from forum.members.actions import viewer_for
from forum.members.sessions.actions import sign_out_elsewhere
from forum.threads import actions
from tests.browser import visit
from tests.factories import a_category, a_member, a_post, a_thread
from tests.live import LiveSite

pytestmark = pytest.mark.needs_script


def path_of(thread: Any) -> str:
    return f"/t/{thread.id}/{thread.slug}"


def test_what_somebody_says_appears_on_the_page_of_everybody_who_has_it_open(new_page: Any, app: Any) -> None:
    thread = a_thread(category=a_category(audience="public"))
    sam, mo = a_member(), a_member()
    one, two, visitor = new_page(sam), new_page(mo, phone=True), new_page()
    for page in (one, two, visitor):
        visit(page, path_of(thread))
    one.get_by_label(re.compile("Your (reply|words)")).fill("We put the kettle on first.")
    one.get_by_role("button", name="Post my reply").click()
    for page in (two, visitor, one):
        expect(page.get_by_text("We put the kettle on first.")).to_have_count(1)
    expect(two.locator(".live-said")).to_have_text("A new reply")


def test_an_edit_and_a_withdrawal_show_at_once(new_page: Any, app: Any) -> None:
    author = a_member()
    post = a_post(author=author, source="The first words.")
    page = visit(new_page(a_member()), path_of(post.thread))
    expect(page.get_by_text("The first words.")).to_be_visible()
    who = viewer_for(author)
    actions.edit_post(who, post.id, source="Better words.", revision=1)
    expect(page.get_by_text("Better words.")).to_be_visible()
    expect(page.get_by_text("The first words.")).to_have_count(0)
    actions.withdraw_post(who, post.id)
    expect(page.get_by_text("Better words.")).to_have_count(0)


def test_what_is_being_read_stays_where_it_is(new_page: Any, app: Any) -> None:
    thread = a_thread()
    for number in range(12):
        a_post(thread, source=f"Post {number}. " + "Long words. " * 60)
    page = visit(new_page(a_member()), path_of(thread))
    page.evaluate("scrollTo(0, 1500)")
    before = page.evaluate("[scrollY, document.querySelectorAll('#posts > li')[4].getBoundingClientRect().top]")
    a_post(thread, source="Something new.")
    a_post(thread, source="And something else.")
    said = page.locator(".live-said")
    expect(said).to_have_text("2 new replies")
    assert page.evaluate("[scrollY, document.querySelectorAll('#posts > li')[4].getBoundingClientRect().top]") == before
    said.get_by_role("link").click()
    expect(page.get_by_text("Something new.")).to_be_in_viewport()
    expect(said).to_be_empty()


def test_a_page_catches_up_after_the_server_was_gone(new_page: Any, app: Any, live_site: LiveSite, seen: Any) -> None:
    seen.expected.append("ERR_CONNECTION_REFUSED")
    thread = a_thread()
    page = visit(new_page(a_member()), path_of(thread))
    a_post(thread, source="Before it stopped.")
    expect(page.get_by_text("Before it stopped.")).to_be_visible()
    live_site.kill("serve")
    a_post(thread, source="While it was away.")
    live_site.start_server()
    expect(page.get_by_text("While it was away.")).to_have_count(1)
    a_post(thread, source="And after.")
    expect(page.get_by_text("And after.")).to_have_count(1)
    expect(page.get_by_text("Before it stopped.")).to_have_count(1)


def test_a_hidden_page_closes_its_line_and_catches_up_when_it_is_seen_again(new_page: Any, app: Any) -> None:
    thread = a_thread()
    page = new_page(a_member())
    page.add_init_script(
        "let hidden = false; Object.defineProperty(document, 'hidden', { get: () => hidden });"
        "window.hide = (is) => { hidden = is; document.dispatchEvent(new Event('visibilitychange')); };"
    )
    visit(page, path_of(thread))
    a_post(thread, source="Seen.")
    expect(page.get_by_text("Seen.")).to_be_visible()
    page.evaluate("hide(true)")
    a_post(thread, source="Said meanwhile.")
    page.wait_for_timeout(800)
    expect(page.get_by_text("Said meanwhile.")).to_have_count(0)
    page.evaluate("hide(false)")
    expect(page.get_by_text("Said meanwhile.")).to_have_count(1)


def test_an_expired_ticket_is_renewed_without_a_word(new_page: Any, app: Any) -> None:
    thread = a_thread()
    page = new_page(a_member())
    first = {"is": True}

    def old(route: Any) -> None:
        """Answer the page's first stream as a ticket that ran out is answered."""
        if first.pop("is", False):
            body = f"event: renew\nid: {position}\ndata: \n\n"
            route.fulfill(status=200, content_type="text/event-stream", body=body)
        else:
            route.fallback()

    from forum import events

    position = events.position()
    page.route("**/live/**", old)
    visit(page, path_of(thread))
    a_post(thread, source="Said between two tickets.")
    expect(page.get_by_text("Said between two tickets.")).to_have_count(1)


def test_signing_out_elsewhere_ends_the_page_s_line_at_once(new_page: Any, app: Any) -> None:
    thread = a_thread()
    member = a_member()
    page = visit(new_page(member), path_of(thread))
    a_post(thread, source="Before.")
    expect(page.get_by_text("Before.")).to_be_visible()
    sign_out_elsewhere(viewer_for(member))
    expect(page.locator(".live-said")).to_contain_text("You have signed out.")
    a_post(thread, source="Not for them any more.")
    page.wait_for_timeout(800)
    expect(page.get_by_text("Not for them any more.")).to_have_count(0)
