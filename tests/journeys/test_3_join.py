"""Journey 3: a visitor reads without an account, joins, confirms by the link in a real letter, signs in, forgets the
password, chooses a new one, and comes in by an e-mailed link alone."""

from typing import Any

from playwright.sync_api import expect

from tests import factories
from tests.browser import check, visit

LONG = "three odd teaspoons"
OTHER = "five cold saucers"
ADDRESS = "maggie@example.org"


def link_from_letter(live_site: Any, outbox: Any, subject: str) -> str:
    """Wait for the worker, and return the address that the newest letter holds."""
    live_site.wait_until_quiet()
    letter = outbox.last(ADDRESS)
    assert subject in letter["Subject"]
    links = [link for link in outbox.links(letter) if link.startswith(live_site.url)]
    assert links[0] in outbox.words(letter, "html")
    return links[0]


def sign_in(page: Any, password: str) -> None:
    page.get_by_label("Your e-mail address").fill(ADDRESS)
    page.get_by_label("Your password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_visitor_reads_joins_comes_in_and_finds_the_way_back(
    live_site: Any, app: Any, outbox: Any, page: Any, new_page: Any, walk: Any
) -> None:
    place = factories.a_category("Caring at night", "public")
    thread = factories.a_thread(category=place, title="How do you get a night's sleep?")

    # Reads without an account.
    visit(page, f"/t/{thread.id}/{thread.slug}")
    expect(page.get_by_text("He is up four times a night.")).to_be_visible()

    # Joins. What will not do is said, and stays where it was typed.
    visit(page, "/join")
    page.get_by_label("A name to call you").fill("Admin")
    page.get_by_label("Your e-mail address").fill("maggie")
    page.get_by_role("button", name="Join us").click()
    expect(page.get_by_role("alert")).to_contain_text("people who run this place")
    expect(page.get_by_role("alert")).to_contain_text("name@example.org")
    if walk.script:
        check(page)
    page.get_by_role("link", name="Check your e-mail address").click()
    expect(page.get_by_label("Your e-mail address")).to_be_focused()
    expect(page.get_by_label("Your e-mail address")).to_have_value("maggie")
    page.get_by_label("A name to call you").fill("Maggie")
    page.get_by_label("Your e-mail address").fill(ADDRESS)
    page.get_by_label("A password").fill(LONG)
    if walk.script:
        page.get_by_role("button", name="Show password").click()
        expect(page.get_by_label("A password")).to_have_attribute("type", "text")
        page.get_by_role("button", name="Hide password").click()
    page.get_by_role("button", name="Join us").click()
    expect(page.get_by_role("heading", name="Now look in your e-mail")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(ADDRESS)

    # Confirms by the link in the letter, on another device; opening it alone does nothing.
    link = link_from_letter(live_site, outbox, "Your link to join Kettle")
    phone = new_page(phone=True)
    visit(phone, link)
    visit(phone, link)
    phone.get_by_label("Keep me signed in on this device").check()
    phone.get_by_role("button", name="Come in").click()
    expect(phone.get_by_role("status").filter(has_text="You're in, Maggie.")).to_be_visible()
    visit(phone, "/me")
    expect(phone.get_by_role("heading", name="Hello, Maggie")).to_be_visible()

    # The link has had its day, and the page offers the way out.
    visit(page, link, status=410)
    expect(page.get_by_role("heading", name="This link has been used")).to_be_visible()
    expect(page.get_by_role("button", name="Send me a new link")).to_be_visible()

    # A password typed on one device opens nothing once the letter was opened on another: it could be a stranger's.
    visit(page, "/me/settings")
    expect(page.get_by_role("status").filter(has_text="Please sign in first")).to_be_visible()
    sign_in(page, LONG)
    expect(page.get_by_role("alert")).to_contain_text("don't fit together")

    # Chooses a new one by a link; the phone is signed out.
    visit(page, "/login")
    page.get_by_role("link", name="I've forgotten my password").click()
    page.get_by_label("Your e-mail address").fill(ADDRESS)
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("heading", name="Now look in your e-mail")).to_be_visible()
    visit(page, link_from_letter(live_site, outbox, "new password"))
    page.get_by_label("Your new password").fill(OTHER)
    page.get_by_role("button", name="Keep this password").click()
    expect(page.get_by_role("status").filter(has_text="Your new password is kept")).to_be_visible()
    visit(phone, "/me")
    expect(phone.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()

    # Signs out, and in again with the password, on the way to a page for members.
    visit(page, "/logout")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status").filter(has_text="You are signed out")).to_be_visible()
    visit(page, "/me/settings")
    sign_in(page, OTHER)
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()

    # Comes in by an e-mailed link alone.
    phone.get_by_label("Your e-mail address").fill(ADDRESS)
    phone.get_by_role("button", name="Send me a link").click()
    expect(phone.get_by_role("heading", name="Now look in your e-mail")).to_be_visible()
    visit(phone, link_from_letter(live_site, outbox, "come in"))
    phone.get_by_role("button", name="Come in").click()
    expect(phone.get_by_role("heading", name="Hello, Maggie")).to_be_visible()


def test_joining_again_sends_a_letter_that_says_so(live_site: Any, app: Any, outbox: Any, phone: Any) -> None:
    factories.a_member(name="Maggie", email=ADDRESS)
    visit(phone, "/join")
    phone.get_by_label("A name to call you").fill("Somebody new")
    phone.get_by_label("Your e-mail address").fill(ADDRESS)
    phone.get_by_role("button", name="Join us").click()
    expect(phone.get_by_role("heading", name="Now look in your e-mail")).to_be_visible()
    visit(phone, link_from_letter(live_site, outbox, "You already have a place"))
    phone.get_by_role("button", name="Come in").click()
    expect(phone.get_by_role("heading", name="Hello, Maggie")).to_be_visible()


def test_a_member_sets_things_up_fetches_everything_and_leaves(live_site: Any, app: Any, new_page: Any) -> None:
    joan = factories.a_member(name="Joan", email="joan@example.org")
    thread = factories.a_thread(joan, source="My very own sentence.")
    page = new_page(joan, phone=True)
    visit(page, "/me")
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Please don't").check()
    page.get_by_role("button", name="Keep these settings").click()
    expect(page.get_by_role("status").filter(has_text="Kept.")).to_be_visible()

    visit(page, "/me/export")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it").click()
    assert "My very own sentence." in download.value.path().read_text(encoding="utf-8")

    visit(page, "/me/leave")
    page.get_by_role("button", name="Leave and take my words with me").click()
    expect(page.get_by_role("heading", name="Goodbye, and thank you")).to_be_visible()
    reader = new_page(factories.a_member(name="Reader"))
    visit(reader, f"/t/{thread.id}/{thread.slug}")
    expect(reader.get_by_role("main")).to_contain_text("Someone who left")
    expect(reader.get_by_role("main")).not_to_contain_text("My very own sentence")
