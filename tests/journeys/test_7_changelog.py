"""Journey 7, and the end of journeys 5 and 6: an idea is answered by a published change; the member whose words those
were is asked, agrees, is told by one letter, sees it in *Your difference*, and can take the words back; a visitor reads
the changelog and follows an entry to the conversation only where nobody is unmasked by it."""

from typing import Any

from playwright.sync_api import expect

from forum.listening.consent import actions as consent
from forum.listening.ideas.actions import propose_idea, take_up_idea
from forum.members.actions import viewer_for
from tests.browser import check, visit
from tests.legacy.test_changes import Heard


def test_an_idea_is_answered_and_the_people_who_spoke_are_told(
    live_site: Any, app: Any, outbox: Any, page: Any, new_page: Any, walk: Any
) -> None:
    heard = Heard(audience="public")

    # A supporter answers the idea, and chooses whose words may stand on it.
    staff = new_page(heard.supporter, script=walk.script)
    visit(staff, f"/changes/new?idea={heard.idea.id}")
    check(staff)
    staff.get_by_label("What changed, in one line").fill("The respite line rings you back")
    staff.get_by_label("You said").fill("You wait for ages on the respite line.")
    staff.get_by_label("We did").fill("Leave your number and we ring back within the day.")
    staff.get_by_label("Done").check()
    staff.get_by_label("I waited forty minutes").check()
    staff.get_by_role("button", name="Publish and tell them").click()
    expect(staff.get_by_role("heading", name="The respite line rings you back")).to_be_visible()
    address = staff.url.removeprefix(live_site.url)

    # Nobody asked has answered, so a visitor sees no words of theirs.
    visit(page, address)
    expect(page.get_by_text("I waited forty minutes")).to_have_count(0)

    # The writer answers in one tap.
    live_site.wait_until_quiet()
    theirs = new_page(heard.writer, phone=True, script=walk.script)
    visit(theirs, "/me/words")
    check(theirs)
    theirs.get_by_role("button", name="Yes, with my name").first.click()
    visit(page, address)
    expect(page.get_by_text("I waited forty minutes")).to_be_visible()
    expect(page.get_by_text(heard.writer.name)).to_be_visible()

    # One letter, and the change in Your difference.
    letters = [one for one in outbox.to(heard.writer.email) if "Because you spoke" in one["Subject"]]
    assert len(letters) == 1
    assert f"{live_site.url}{address}" in outbox.words(letters[0])
    visit(theirs, "/me/difference")
    expect(theirs.get_by_role("link", name="The respite line rings you back")).to_be_visible()
    theirs.get_by_role("button", name="Yes, it helps").click()
    check(theirs)

    # A visitor follows the entry back to the conversation.
    visit(page, "/changes")
    page.get_by_role("link", name="The respite line rings you back").click()
    page.get_by_role("link", name=heard.thread.title).click()
    expect(page.get_by_role("heading", name=heard.thread.title)).to_be_visible()

    # The words are taken back, and gone everywhere at once; the insight keeps its count.
    consent.withdraw_consent(viewer_for(heard.writer), heard.excerpt.id)
    visit(page, address)
    expect(page.get_by_text("I waited forty minutes")).to_have_count(0)
    expect(page.get_by_role("link", name=heard.thread.title)).to_have_count(0)
    visit(staff, f"/listening/insights/{heard.insight.id}")
    expect(staff.get_by_text("forty minutes")).to_have_count(0)


def test_the_way_back_is_shut_where_somebody_wants_no_name(
    live_site: Any, app: Any, page: Any, new_page: Any, walk: Any
) -> None:
    heard = Heard(audience="public")
    change = heard.answer()
    heard.says("unnamed")
    visit(page, f"/changes/{change.id}/{change.slug}")
    expect(page.get_by_text("Somebody waited a long time on the phone")).to_be_visible()
    expect(page.get_by_text(heard.writer.name)).to_have_count(0)
    expect(page.get_by_role("link", name=heard.thread.title)).to_have_count(0)


def test_a_small_fix_is_told_on_one_page(
    live_site: Any, app: Any, outbox: Any, page: Any, new_page: Any, walk: Any
) -> None:
    heard = Heard(words="with_name", audience="public")
    staff = new_page(heard.supporter, script=walk.script)
    visit(staff, f"/changes/fix?post={heard.post.id}")
    staff.get_by_label("What changed, in one line").fill("The line has a queue now")
    staff.get_by_label("You said").fill("It rang out.")
    staff.get_by_role("button", name="Publish and tell them").click()
    expect(staff.get_by_role("alert")).to_contain_text("what you did")
    expect(staff.get_by_label("You said")).to_have_value("It rang out.")
    staff.get_by_label("We did").fill("We put in a queue.")
    staff.get_by_role("button", name="Publish and tell them").click()
    expect(staff.get_by_role("heading", name="The line has a queue now")).to_be_visible()
    live_site.wait_until_quiet()
    assert "The line has a queue now" in outbox.last(heard.writer.email)["Subject"]


def test_promises_are_public_and_the_feed_can_be_followed(live_site: Any, app: Any, page: Any) -> None:
    heard = Heard()
    proposed = propose_idea(viewer_for(heard.writer), title="A quiet room", words="With a door.", nonce="quietroom1")
    take_up_idea(
        heard.staff,
        proposed.id,
        team="Hospital team",
        owner_id=heard.supporter.id,
        promised_for=heard.day,
        carers_decide=False,
    )
    visit(page, "/changes/promises")
    expect(page.get_by_text("A quiet room")).to_be_visible()
    expect(page.get_by_text("Hospital team")).to_be_visible()
    expect(page.get_by_text(heard.supporter.name)).to_have_count(0)
    assert page.request.get(f"{live_site.url}/feeds/changes.atom").ok
    visit(page, "/changes")
