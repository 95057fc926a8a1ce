"""A member says who they are, to whom they choose; locks their door twice; and is left in peace by somebody rude."""

from typing import Any

import pytest
from playwright.sync_api import expect

from forum.members.actions import viewer_for
from forum.members.blocks import actions as blocks
from forum.members.sessions import passwords
from tests import factories
from tests.browser import check, visit
from tests.members.phone import code_of

LONG = "three odd teaspoons"


def sign_in(page: Any) -> None:
    visit(page, "/login")
    page.get_by_label("Your e-mail address").fill("joan@example.org")
    page.get_by_label("Your password", exact=True).fill(LONG)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_member_tells_of_themselves_as_far_as_they_like(live_site: Any, app: Any, new_page: Any) -> None:
    phone = new_page(factories.a_member(name="Joan"), phone=True)
    visit(phone, "/me")
    phone.get_by_role("link", name="How others see you").click()
    phone.get_by_role("link", name="Change this").click()
    phone.get_by_label("About you").fill("Two cats. *No* sleep.")
    phone.get_by_label("What I can offer").fill("An ear at night")
    phone.get_by_label("You and caring").select_option("I care for somebody")
    phone.get_by_role("button", name="Keep my page").click()
    expect(phone.get_by_role("status").filter(has_text="This is how members see you")).to_be_visible()

    # The situation, by keyboard alone.
    visit(phone, "/me/situation")
    check(phone)
    question = phone.get_by_text("Whom do you care for?")
    question.focus()
    phone.keyboard.press("Enter")
    phone.get_by_role("checkbox", name="A parent or grandparent").focus()
    phone.keyboard.press("Space")
    phone.locator("[name=whom_audience]").select_option("members")
    phone.get_by_text("What do they live with?").click()
    phone.get_by_role("checkbox", name="Dementia").check()
    phone.locator("[name=condition_audience]").select_option("counted")
    check(phone)
    phone.get_by_role("button", name="Keep my answers").click()
    expect(phone.get_by_role("status").filter(has_text="Kept.")).to_be_visible()

    desk = new_page(factories.a_member(name="Reader"))
    visit(desk, "/m/Joan")
    main = desk.get_by_role("main")
    expect(main).to_contain_text("An ear at night")
    expect(main).to_contain_text("A parent or grandparent")
    expect(main).not_to_contain_text("Dementia")
    visitor = new_page()
    visit(visitor, "/m/Joan")
    expect(visitor.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_a_member_locks_their_door_twice(live_site: Any, app: Any, phone: Any, page: Any) -> None:
    joan = factories.a_member(name="Joan", email="joan@example.org", password_hash=passwords.hashed(LONG))
    sign_in(page)
    visit(page, "/me/settings")
    page.get_by_role("link", name="How I come in").click()
    page.get_by_role("link", name="Set up codes").click()
    page.get_by_role("button", name="Set up codes").click()
    expect(page.get_by_role("img", name="A square to point your app at")).to_be_visible()
    page.get_by_label("The six digits").fill("12 34")
    page.get_by_role("button", name="Turn codes on").click()
    expect(page.get_by_role("alert")).to_contain_text("doesn't fit")
    page.get_by_label("The six digits").fill(code_of(joan))
    page.get_by_role("button", name="Turn codes on").click()
    expect(page.get_by_role("heading", name="Now write these down")).to_be_visible()
    check(page)
    codes = page.locator(".recovery code").all_text_contents()
    page.get_by_role("link", name="I've kept them safe").click()
    expect(page.get_by_text("You have 10 recovery codes left.")).to_be_visible()

    # Another device: the password alone does not do any more.
    sign_in(phone)
    expect(phone.get_by_role("heading", name="One more step: your code")).to_be_visible()
    phone.get_by_label("Your code").fill(code_of(joan, later=1))
    phone.get_by_role("button", name="Come in").click()
    expect(phone.get_by_role("heading", name="Hello, Joan")).to_be_visible()
    visit(phone, "/logout")
    phone.get_by_role("button", name="Sign out").click()

    # The phone is lost: a code on paper does.
    sign_in(phone)
    phone.get_by_label("Your code").fill(codes[0])
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", name="Hello, Joan")).to_be_visible()
    visit(phone, "/me/signing-in")
    expect(phone.locator("#devices li")).to_have_count(2)
    phone.get_by_role("button", name="Sign out everywhere else").click()
    visit(page, "/me")
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


@pytest.mark.needs_script
def test_words_that_come_in_live_are_folded_too(live_site: Any, app: Any, new_page: Any) -> None:
    joan, rude = factories.a_member(name="Joan"), factories.a_member(name="Rude & Loud")
    thread = factories.a_thread(joan)
    blocks.block(viewer_for(joan), rude.id)
    page = new_page(joan)
    visit(page, f"/t/{thread.id}/{thread.slug}")
    factories.a_post(thread, rude, source="You are doing it all wrong.")
    factories.a_post(thread, source="You are doing fine.")
    expect(page.get_by_text("You are doing fine.")).to_be_visible()
    expect(page.get_by_text("You are doing it all wrong.")).to_be_hidden()
    check(page)
    page.get_by_text("Somebody you don't want to meet").click()
    expect(page.get_by_text("You are doing it all wrong.")).to_be_visible()
