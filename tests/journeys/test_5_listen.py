"""Journey 5: a supporter hears in the open. Marks a thread, takes words down in twenty seconds, puts them together,
and makes an idea of them that has an owner and a day. A member proposes an idea too."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from forum.clock import now
from forum.listening.models import Excerpt, Idea, Insight, Theme
from forum.threads.models import Thread
from tests.browser import check, visit
from tests.factories import a_category, a_member, a_post, a_thread
from tests.listening.people import a_listening_thread

HOUSEKEEPING = {
    "What do you want to learn?": "What stops people from booking a break.",
    "What can change because of it?": "How you can reach the booking line.",
    "What can't change?": "How many people answer the phones this year.",
    "Who decides?": "The Breaks team, every second Tuesday.",
    "When will people hear what came of it?": "In two weeks, in this thread.",
}
WORDS = "I cannot sit by a phone but I can answer one."
OTHERS = "We gave up ringing altogether."


def select(page: Page, number: int, words: str) -> None:
    """Select words in a post with the mouse, as a hand does: press, drag, let go."""
    box = page.evaluate(
        """([number, words]) => {
            const post = document.querySelector(`#post-${number} [data-words]`);
            post.scrollIntoView({block: "center"});
            const walker = document.createTreeWalker(post, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const at = node.data.indexOf(words);
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(node, at); range.setEnd(node, at + words.length);
                const rows = [...range.getClientRects()], first = rows[0], last = rows[rows.length - 1];
                return [first.left, first.top + first.height / 2, last.right, last.top + last.height / 2];
            }
        }""",
        [number, words],
    )
    left, top, right, bottom = box
    page.mouse.move(left + 1, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=4)
    page.mouse.up()


def take_down(page: Page, number: int, words: str, kind: str, *, script: bool) -> None:
    """Make an insight of words in a post: select, one key, one key for the kind, Enter. Without script: pick them."""
    if script:
        select(page, number, words)
        expect(page.get_by_role("button", name="Make an insight")).to_be_visible()
        page.keyboard.press("i")
        expect(page.get_by_role("group", name="What did you hear?")).to_be_visible()
        check(page)
        page.keyboard.press({"Worry": "1", "Struggle": "2", "Solution": "3", "Idea": "4", "Thanks": "5"}[kind])
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name=f"Kept as: {kind}.")).to_be_visible()
        return
    post = page.locator(f"#post-{number}")
    post.locator("summary", has_text="More").click()
    post.get_by_role("link", name="Make an insight").click()
    page.get_by_label(words).check()
    page.get_by_label(kind).check()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words[:20])


def test_a_supporter_listens_and_makes_sense_of_it(live_site: Any, app: Any, new_page: Any, walk: Any) -> None:
    marcia = a_member("Marcia", role="supporter")
    gwen, tariq = a_member("Gwen"), a_member("Tariq")
    thread = a_thread(gwen, a_category("Breaks"), title="Two hours on the phone")
    address = f"/t/{thread.id}/{thread.slug}"

    # Marcia marks the thread.
    desk = new_page(marcia)
    visit(desk, address)
    desk.get_by_text("Look after this thread").click()
    desk.get_by_role("link", name="Listen in this thread").click()
    desk.get_by_label("What do you want to learn?").fill("What stops people from booking a break.")
    desk.get_by_role("button", name="Start listening here").click()
    expect(desk.get_by_role("alert")).to_contain_text("Say who decides.")
    for label, words in HOUSEKEEPING.items():
        desk.get_by_label(label).fill(words)
    desk.get_by_role("button", name="Start listening here").click()
    expect(desk.get_by_role("heading", name="Marcia is listening here")).to_be_visible()

    # Everybody in it sees who listens, why, and what can and cannot change.
    phone = new_page(tariq, phone=True)
    visit(phone, address)
    banner = phone.locator(".listening")
    for words in ("Marcia is listening here", *HOUSEKEEPING.values(), "Ask me first"):
        expect(banner).to_contain_text(words)

    # Two people say what it is like.
    a_post(thread, tariq, source=f"I'm up with him all morning.\n\n{WORDS}")
    a_post(thread, gwen, source=OTHERS)

    # Marcia takes it down.
    visit(desk, address)
    take_down(desk, 2, WORDS, "Struggle", script=walk.script)
    visit(desk, address)
    take_down(desk, 3, OTHERS, "Worry", script=walk.script)
    kept = Excerpt.select().order_by(Excerpt.id)
    assert [row.words for row in kept] == [WORDS, OTHERS]
    assert [row.kind for row in Insight.select().order_by(Insight.id)] == ["struggle", "worry"]

    # They say the same, so they become a theme, which counts people.
    visit(desk, "/listening")
    expect(desk.locator("main")).to_contain_text("2 insights wait to be put with others.")
    desk.get_by_role("link", name="Themes").click()
    desk.get_by_label("What are people telling us?").fill("The phone is the wall")
    desk.get_by_role("button", name="Begin this theme").click()
    expect(desk.get_by_role("heading", level=1, name="The phone is the wall")).to_be_visible()
    desk.get_by_label(WORDS).check()
    desk.get_by_label(OTHERS).check()
    desk.get_by_role("button", name="Put them into this theme").click()
    expect(desk.locator(".theme-people")).to_contain_text("2 people")

    # The theme becomes an idea with an owner and a day.
    desk.get_by_role("link", name="Turn it into an idea").click()
    desk.get_by_label("The idea in a few words").fill("Ring us back, at a time we choose")
    desk.get_by_label("A bit more").fill("Leave a number and a time, and we ring you.")
    desk.get_by_label("Which team?").fill("Breaks team")
    day = (now() + timedelta(days=14)).date()
    desk.get_by_label("By which day will people hear?").fill(day.isoformat())
    desk.get_by_role("button", name="Make it an idea").click()
    expect(desk.locator("main")).to_contain_text("Looking into it")
    expect(desk.locator("main")).to_contain_text("3 people will be told")
    idea = Idea.get()
    assert (idea.theme_id, idea.owner_id, idea.promised_for) == (Theme.get().id, marcia.id, day)

    # Members read the promise: the team's, never a person's.
    visit(phone, f"/ideas/{idea.id}/ring-us-back-at-a-time-we-choose")
    expect(phone.locator("main")).to_contain_text("You'll hear by")
    expect(phone.locator("main")).to_contain_text("Breaks team")
    expect(phone.locator("main")).not_to_contain_text("looks after")


@pytest.mark.walks("sqlite-script")
def test_words_are_taken_down_by_touch_and_by_keyboard(live_site: Any, app: Any, new_page: Any) -> None:
    marcia, tariq = a_member("Marcia", role="supporter"), a_member("Tariq")
    thread = a_listening_thread(marcia)
    a_post(thread, tariq, source=f"I'm up with him all morning. {WORDS}")
    a_post(thread, tariq, source=OTHERS)
    address = f"/t/{thread.id}/{thread.slug}/1"

    # A finger leaves words selected; what follows are taps.
    phone = new_page(marcia, phone=True)
    visit(phone, address)
    phone.locator("#post-2").scroll_into_view_if_needed()
    phone.evaluate(
        """(words) => {
            const text = document.querySelector("#post-2 [data-words] p").firstChild;
            const start = text.data.indexOf(words);
            document.getSelection().setBaseAndExtent(text, start, text, start + words.length);
        }""",
        WORDS,
    )
    phone.get_by_role("button", name="Make an insight").tap()
    phone.locator(".take-kind", has_text="Struggle").tap()
    phone.get_by_role("button", name="Keep it").tap()
    expect(phone.get_by_role("link", name="Kept as: Struggle.")).to_be_visible()

    # Without a mouse, words are picked by the paragraph.
    desk = new_page(marcia)
    visit(desk, address)
    desk.locator("#post-3 summary", has_text="More").focus()
    desk.keyboard.press("Enter")
    link = desk.locator("#post-3").get_by_role("link", name="Make an insight")
    for _ in range(10):
        desk.keyboard.press("Tab")
        if link.evaluate("one => one === document.activeElement"):
            break
    desk.keyboard.press("Enter")
    desk.get_by_label(OTHERS).focus()
    desk.keyboard.press("Space")
    desk.get_by_label("Worry").focus()
    desk.keyboard.press("Space")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_contain_text(OTHERS[:20])
    assert [row.words for row in Excerpt.select().order_by(Excerpt.id)] == [WORDS, OTHERS]


def test_a_member_proposes_an_idea_and_sees_it_move(live_site: Any, app: Any, new_page: Any) -> None:
    marcia, gwen = a_member("Marcia", role="supporter"), a_member("Gwen")
    thread = a_thread(gwen, title="Nights")
    phone = new_page(gwen, phone=True)
    visit(phone, f"/t/{thread.id}/{thread.slug}")
    phone.locator(".thread-head summary", has_text="More").click()
    phone.get_by_role("link", name="Propose an idea from this").click()
    phone.get_by_label("Your idea in a few words").fill("A break that covers the night")
    phone.get_by_role("button", name="Propose my idea").click()
    expect(phone.get_by_role("alert")).to_contain_text("Tell us a bit more")
    phone.get_by_label("Tell us a bit more").fill("Somebody listens out, so that I can sleep.")
    phone.get_by_role("button", name="Propose my idea").click()
    expect(phone.get_by_role("heading", level=1, name="A break that covers the night")).to_be_visible()
    expect(phone.locator("main")).to_contain_text("Heard")

    # Marcia sees that nobody looks after it, and takes it up.
    desk = new_page(marcia)
    visit(desk, "/listening")
    desk.get_by_role("link", name="A break that covers the night").click()
    desk.get_by_label("Which team?").fill("Breaks team")
    desk.get_by_label("By which day will people hear?").fill((now() + timedelta(days=30)).date().isoformat())
    desk.get_by_label("Carers help decide this").check()
    desk.get_by_role("button", name="Keep this").click()
    desk.get_by_label("Trying it").check()
    desk.get_by_label("In a sentence or two").fill("Two nights a week, from Monday.")
    desk.get_by_role("button", name="Put it into its history").click()
    expect(desk.locator(".steps")).to_contain_text("Two nights a week, from Monday.")

    # Gwen is told, and reads each step.
    live_site.wait_until_quiet()
    visit(phone, "/me/notifications")
    expect(phone.locator("main")).to_contain_text("A break that covers the night")
    phone.get_by_role("link", name="A break that covers the night").first.click()
    expect(phone.locator("main")).to_contain_text("Trying it")
    expect(phone.locator("main")).to_contain_text("Carers help decide this.")
    assert Thread.select().count() == 1
