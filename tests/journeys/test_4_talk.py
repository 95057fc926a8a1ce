"""Journey 4: a member talks. Starts, replies, quotes, changes, previews, gives a kind word, is called away and finds
everything again, hears of answers, and returns to where they stopped."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from forum.members.actions import viewer_for
from forum.threads import actions, queries
from forum.threads.models import Post, Thread
from tests.browser import check, visit
from tests.factories import a_category, a_member, a_post, a_thread
from tests.live import wait_until


def post(page: Page, number: int) -> Any:
    return page.locator(f"#post-{number}")


def more(page: Page, number: int, words: str) -> None:
    """Press a line behind "More" on a post."""
    post(page, number).locator("summary", has_text="More").click()
    post(page, number).get_by_role("link", name=words).click()


def test_a_member_talks(live_site: Any, app: Any, new_page: Any, walk: Any, outbox: Any) -> None:
    a_category("Nights and sleep")
    mary, gwen = a_member("Mary", email="mary@example.org"), a_member("Gwen", email="gwen@example.org")
    tariq = a_member("Tariq", email="tariq@example.org")

    # Mary looks how it will look, then opens her thread.
    desk = new_page(mary)
    visit(desk, "/new")
    desk.get_by_label("What is it about?").fill("Up four times a night")
    desk.get_by_label("Your words").fill("He is up **four times** a night.")
    desk.get_by_label("Which room?").select_option("Nights and sleep")
    desk.get_by_role("button", name="Show me how it looks").click()
    expect(desk.locator(".preview strong", has_text="four times")).to_be_visible()
    assert not Post.select().exists()
    desk.get_by_role("button", name="Open my thread").click()
    expect(desk.get_by_role("heading", level=1, name="Up four times a night")).to_be_visible()
    thread = Thread.get()

    # Gwen finds it waiting, answers on her phone and leaves a kind word.
    phone = new_page(gwen, phone=True)
    visit(phone, "/")
    expect(phone.locator(".waiting")).to_contain_text("Up four times a night")
    phone.locator(".waiting").get_by_role("link", name="Up four times a night").click()
    post(phone, 1).locator("summary", has_text="A kind word").click()
    post(phone, 1).get_by_role("button", name="Been there").click()
    expect(post(phone, 1).get_by_role("button", name="Been there 1")).to_have_attribute("aria-pressed", "true")
    post(phone, 1).get_by_role("link", name="Reply to Mary").click()
    phone.get_by_label("Your reply").fill("We take turns, one night each. A flask by the bed, @Mary.")
    phone.get_by_role("button", name="Post my reply").click()
    expect(post(phone, 2)).to_contain_text("We take turns")

    # It appears on Mary's open page; without script she loads it again.
    if not walk.script:
        desk.reload()
    expect(post(desk, 2)).to_contain_text("We take turns")

    # She is told, here and by e-mail.
    live_site.wait_until_quiet()
    letters = wait_until(lambda: outbox.to("mary@example.org"), what="a letter to Mary")
    assert len(letters) == 1
    assert "We take turns" in outbox.words(letters[0])
    assert any(f"/t/{thread.id}/" in link for link in outbox.links(letters[0]))
    visit(desk, "/me/notifications")
    expect(desk.locator("main")).to_contain_text("Gwen")

    # She quotes Gwen.
    visit(desk, f"/t/{thread.id}/{thread.slug}")
    post(desk, 2).get_by_role("link", name="Quote").click()
    box = desk.get_by_label("Your reply")
    expect(box).to_have_value(
        f'[quote="Gwen, post:2, thread:{thread.id}"]\n'
        "We take turns, one night each. A flask by the bed, @Mary.\n[/quote]\n\n"
        if walk.script
        else f'[quote="Gwen, post:2, thread:{thread.id}"]\n'
        "We take turns, one night each. A flask by the bed, @Mary.\n[/quote]\n"
    )
    box.fill(box.input_value() + "\nA flask! Of corse. How do you do it, @Tariq?")
    desk.get_by_role("button", name="Post my reply").click()
    expect(post(desk, 3).locator("blockquote")).to_contain_text("We take turns")

    # A slip of the finger is put right, and everybody can see what it was.
    more(desk, 3, "Change my words")
    words = desk.get_by_label("Your words")
    words.fill(words.input_value().replace("corse", "course"))
    desk.get_by_role("button", name="Save my changes").click()
    expect(post(desk, 3)).to_contain_text("Of course.")
    post(desk, 3).get_by_role("link", name="Changed").click()
    expect(desk.locator("main")).to_contain_text("Of corse.")

    # Tariq has not said a word here, and is told that he is called.
    live_site.wait_until_quiet()
    letters = wait_until(lambda: outbox.to("tariq@example.org"), what="a letter to Tariq")
    assert len(letters) == 1
    assert "How do you do it" in outbox.words(letters[0])
    other = new_page(tariq, phone=True)
    visit(other, "/me/notifications")
    other.get_by_role("link", name="Mary").first.click()
    expect(post(other, 3)).to_be_in_viewport()

    # Words are found.
    visit(desk, "/search?q=flask")
    expect(desk.locator(".hit")).to_have_count(2)
    desk.get_by_label("What are you looking for?").fill("four times a night")
    desk.locator("main").get_by_role("button", name="Search").click()
    desk.locator(".hit").get_by_role("link", name="Up four times a night").first.click()
    expect(desk.get_by_role("heading", level=1, name="Up four times a night")).to_be_visible()


def test_words_somebody_was_called_away_from_are_found_on_another_device(
    live_site: Any, app: Any, new_page: Any, walk: Any
) -> None:
    thread = a_thread(title="Label makers")
    mary = a_member("Mary")
    phone = new_page(mary, phone=True)
    visit(phone, f"/t/{thread.id}/{thread.slug}")
    phone.get_by_label("Your reply").fill("I was going to say that la")
    if walk.script:
        expect(phone.locator("[data-draft-state]")).to_contain_text("Kept")
    else:
        phone.get_by_role("button", name="Show me how it looks").click()
    desk = new_page(mary)
    visit(desk, "/me/drafts")
    expect(desk.locator("main")).to_contain_text("I was going to say that la")
    desk.get_by_role("link", name="Go on writing").click()
    box = desk.get_by_label("Your reply")
    expect(box).to_have_value("I was going to say that la")
    box.fill("I was going to say that labels help.")
    desk.get_by_role("button", name="Post my reply").click()
    expect(post(desk, 2)).to_contain_text("labels help")
    visit(desk, "/me/drafts")
    expect(desk.locator("main")).not_to_contain_text("I was going to say")


def test_a_thread_opens_where_its_reader_stopped(live_site: Any, app: Any, new_page: Any, walk: Any) -> None:
    thread, mary, other = a_thread(title="A long talk"), a_member("Mary"), a_member("Gwen")
    for number in range(2, 19):
        a_post(thread, other, source=f"This is number {number}.\n\nAnd a little more of it.")
    path = f"/t/{thread.id}/{thread.slug}"
    phone = new_page(mary, phone=True)
    visit(phone, path)
    if walk.script:
        expect(phone.get_by_role("button", name="I've read this far")).to_be_hidden()
        post(phone, 18).scroll_into_view_if_needed()
        phone.locator("#reply").scroll_into_view_if_needed()
    else:
        phone.get_by_role("button", name="I've read this far").click()
    wait_until(lambda: queries.thread(viewer_for(mary), thread.id).mark == 18, what="remembering how far Mary has read")
    visit(phone, "/")
    for number in range(19, 31):
        a_post(thread, other, source=f"This is number {number}.")

    desk = new_page(mary)
    visit(desk, "/")
    desk.get_by_role("link", name="12 new for you").first.click()
    expect(post(desk, 19)).to_be_in_viewport()
    expect(post(desk, 19).get_by_text("New", exact=True)).to_be_visible()

    # Without the number in the address it opens there as well.
    tariq = a_member("Tariq")
    actions.mark_read(viewer_for(tariq), thread.id, 9)
    visitor = new_page(tariq, phone=True)
    visit(visitor, path)
    if not walk.script:
        visitor.get_by_role("link", name="Go to what's new").click()
    expect(post(visitor, 10)).to_be_in_viewport()
    expect(post(visitor, 1)).not_to_be_in_viewport()


@pytest.mark.needs_script
def test_chosen_words_are_quoted_and_one_post_is_answered(live_site: Any, app: Any, new_page: Any) -> None:
    thread = a_thread(a_member("Gwen"), source="We label every drawer. It saves my temper.")
    a_post(thread, a_member("Tariq"))
    page = new_page(a_member("Mary"))
    visit(page, f"/t/{thread.id}/{thread.slug}")
    page.evaluate("""() => {
        const text = document.querySelector("#post-1 [data-words] p").firstChild;
        const range = document.createRange();
        range.setStart(text, 0);
        range.setEnd(text, "We label every drawer.".length);
        window.getSelection().removeAllRanges();
        window.getSelection().addRange(range);
    }""")
    post(page, 1).get_by_role("link", name="Quote").click()
    box = page.get_by_label("Your reply")
    expect(box).to_have_value(f'[quote="Gwen, post:1, thread:{thread.id}"]\nWe label every drawer.\n[/quote]\n\n')
    post(page, 1).get_by_role("link", name="Reply to Gwen").click()
    expect(page.locator("[data-replying]")).to_contain_text("In reply to Gwen")
    check(page)
    box.press("End")
    box.press_sequentially("So do we.")
    page.get_by_role("button", name="Post my reply").click()
    expect(post(page, 3)).to_contain_text("In reply to Gwen")
    expect(post(page, 3).locator("blockquote")).to_have_text("Gwen We label every drawer.")


@pytest.mark.needs_script
def test_what_happens_meanwhile_is_seen_on_an_open_page(live_site: Any, app: Any, new_page: Any) -> None:
    thread, gwen = a_thread(title="Tonight"), a_member("Gwen")
    mary = a_member("Mary")
    page, visitor = new_page(mary), new_page(a_member("Tariq"), phone=True)
    for one in (page, visitor):
        visit(one, f"/t/{thread.id}/{thread.slug}")
    said = a_post(thread, gwen, source="Is anybody up?")
    for one in (page, visitor):
        expect(post(one, 2)).to_contain_text("Is anybody up?")
    post(page, 2).locator("summary", has_text="A kind word").click()
    post(page, 2).get_by_role("button", name="Hug").click()
    expect(post(page, 2).get_by_role("button", name="Hug 1")).to_have_attribute("aria-pressed", "true")
    check(page)
    actions.edit_post(viewer_for(gwen), said.id, source="Is anybody up still?", revision=1)
    expect(post(visitor, 2)).to_contain_text("up still?")
    actions.withdraw_post(viewer_for(gwen), said.id)
    expect(post(visitor, 2)).to_contain_text("Withdrawn by its writer")


@pytest.mark.needs_script
def test_a_line_that_breaks_loses_no_words(live_site: Any, app: Any, new_page: Any, seen: Any) -> None:
    thread, mary = a_thread(), a_member("Mary")
    page = new_page(mary)
    visit(page, f"/t/{thread.id}/{thread.slug}")
    seen.expected.append("failed|ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.get_by_label("Your reply").fill("Written in the tunnel")
    expect(page.locator("[data-draft-state]")).to_contain_text("kept on this device")
    page.context.set_offline(False)
    expect(page.locator("[data-draft-state]")).to_contain_text("on any device")
    wait_until(lambda: Thread.get().id and _draft(mary, thread) == "Written in the tunnel", what="the draft")


@pytest.mark.needs_script
def test_two_devices_writing_at_once_keep_both(live_site: Any, app: Any, new_page: Any, seen: Any) -> None:
    thread, mary = a_thread(), a_member("Mary")
    path = f"/t/{thread.id}/{thread.slug}"
    phone, desk = new_page(mary, phone=True), new_page(mary)
    visit(phone, path)
    visit(desk, path)
    phone.get_by_label("Your reply").fill("On the phone.")
    expect(phone.locator("[data-draft-state]")).to_contain_text("Kept")
    desk.get_by_label("Your reply").fill("On the desk.")
    desk.get_by_role("button", name="Put both in the box").click()
    expect(desk.get_by_label("Your reply")).to_have_value("On the phone.\n\nOn the desk.")
    wait_until(lambda: _draft(mary, thread) == "On the phone.\n\nOn the desk.", what="keeping both")


def _draft(member: Any, thread: Any) -> str:
    from forum.threads.drafts.queries import draft

    kept = draft(viewer_for(member), f"thread:{thread.id}")
    return kept.source if kept else ""
