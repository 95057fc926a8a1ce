"""A member says who they are, to whom they choose, and is left in peace by somebody rude."""

from typing import Any

import pytest
from playwright.sync_api import expect

from forum.members.actions import viewer_for
from forum.members.blocks import actions as blocks
from tests import factories
from tests.browser import check, visit


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
