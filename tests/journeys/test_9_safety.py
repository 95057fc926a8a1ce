"""Journey 9: anyone reports in two taps; moderators decide with a reason, another one looks again; a crisis word shows
help and blocks nothing; the reply box says when nobody is watching; a member takes everything with them, and leaves."""

from typing import Any

from playwright.sync_api import expect

from forum import audit
from forum.clock import now
from forum.members.actions import viewer_for
from forum.safety.actions import set_hours
from forum.threads.actions import edit_post
from tests import factories
from tests.browser import check, visit
from tests.listening.people import a_listening_thread, an_insight, said


def test_a_report_a_decision_and_a_second_look(live_site: Any, app: Any, page: Any, new_page: Any, walk: Any) -> None:
    place = factories.a_category("Talk", "public")
    writer = factories.a_member(name="Rhys")
    first, second = factories.a_member(role="moderator"), factories.a_member(role="moderator")
    thread = factories.a_thread(category=place)
    post = factories.a_post(thread, writer, source="You are all useless.")
    address = f"/t/{thread.id}/{thread.slug}"

    # Two taps: a reason, and send. No account is needed.
    reader = new_page(phone=True)
    visit(reader, address)
    reader.locator(f"#post-{post.number} summary", has_text="More").click()
    reader.locator(f"#post-{post.number}").get_by_role("link", name="Tell a moderator").click()
    reader.get_by_label("It's unkind or a personal attack").check()
    reader.get_by_role("button", name="Tell the moderators").click()
    expect(reader.get_by_role("heading", name="Thank you for telling us")).to_be_visible()
    check(reader)

    # A moderator sees it as it was, although it was changed since, and hides it with a reason.
    edit_post(viewer_for(writer), post.id, source="You are all lovely.", revision=1)
    staff = new_page(first, script=walk.script)
    visit(staff, "/safety")
    staff.get_by_role("link", name="A post by Rhys").click()
    as_it_was = staff.get_by_role("region", name="What we were told")
    expect(as_it_was).to_contain_text("You are all useless.")
    expect(as_it_was).to_contain_text("it was changed later")
    expect(staff.get_by_role("region", name="The post as it is now")).to_contain_text("You are all lovely.")
    check(staff)
    staff.get_by_label("Why? The writer will read this.").fill("Unkind to everybody here.")
    staff.get_by_role("button", name="Hide the post").click()
    expect(staff.get_by_text("The post is hidden.").first).to_be_visible()
    visit(page, address)
    expect(page.get_by_text("You are all lovely.")).to_have_count(0)

    # Its writer is told why, and asks us to look again.
    live_site.wait_until_quiet()
    theirs = new_page(writer, script=walk.script)
    visit(theirs, "/me/notifications")
    theirs.get_by_role("link", name="We hid your post").first.click()
    visit(theirs, "/me/appeals")
    expect(theirs.get_by_text("Unkind to everybody here.")).to_be_visible()
    theirs.get_by_role("link", name="Ask us to look again").click()
    theirs.get_by_label("Why should we look again?").fill("It was a joke among friends.")
    theirs.get_by_role("button", name="Ask us to look again").click()
    check(theirs)

    # Another moderator overturns it, and the post is back.
    other = new_page(second, script=walk.script)
    visit(other, "/safety")
    other.get_by_role("link", name="Rhys: A hidden post").click()
    other.get_by_label("Change it: undo the decision now").check()
    other.get_by_label("Your answer to Rhys").fill("You're right. We're sorry.")
    other.get_by_role("button", name="Send the answer").click()
    visit(page, address)
    expect(page.get_by_text("You are all lovely.")).to_be_visible()

    # Everything stands in the trail, and the chain holds.
    visit(other, "/safety/audit")
    expect(other.get_by_text("Unkind to everybody here.").first).to_be_visible()
    other.get_by_role("button", name="Check the chain").click()
    expect(other.get_by_text("entries fit together")).to_be_visible()
    assert audit.first_broken_entry()[0] is None


def test_a_person_is_reported_and_suspended(live_site: Any, app: Any, new_page: Any) -> None:
    rhys, ada = factories.a_member(name="Rhys"), factories.a_member(name="Ada")
    thread = factories.a_thread(rhys)
    reader = new_page(ada, phone=True)
    visit(reader, f"/m/{rhys.name}")
    reader.get_by_role("link", name="Tell a moderator about Rhys").click()
    reader.get_by_label("It's unkind or a personal attack").check()
    reader.get_by_role("button", name="Tell the moderators").click()
    expect(reader.get_by_role("heading", name="Thank you for telling us")).to_be_visible()

    staff = new_page(factories.a_member(role="moderator"))
    visit(staff, "/safety")
    staff.get_by_role("region", name="Reports, oldest first").get_by_role("link", name="Rhys").click()
    staff.get_by_label("A week").check()
    staff.get_by_role("button", name="Suspend Rhys").click()
    expect(staff.get_by_role("alert")).to_contain_text("Write the reason.")
    staff.get_by_role("link", name="Write the reason.").click()
    expect(staff.get_by_label("Why? They will read this.")).to_be_focused()
    staff.get_by_label("Why? They will read this.").fill("Third time this month.")
    staff.get_by_role("button", name="Suspend Rhys").click()
    expect(staff.get_by_role("region", name="About Rhys")).to_contain_text("They can't post until")

    # He reads on, knows why and until when, and can ask us to look again.
    theirs = new_page(rhys)
    visit(theirs, f"/t/{thread.id}/{thread.slug}")
    expect(theirs.get_by_role("textbox", name="Your reply")).to_have_count(0)
    visit(theirs, "/me/appeals")
    expect(theirs.locator("main")).to_contain_text("Third time this month.")
    expect(theirs.get_by_role("link", name="Ask us to look again")).to_be_visible()
    visit(staff, "/safety/audit")
    expect(staff.get_by_text("Third time this month.").first).to_be_visible()


def test_help_is_shown_at_once_and_the_box_says_that_nobody_is_watching(
    live_site: Any, app: Any, new_page: Any, walk: Any
) -> None:
    later = now().weekday()
    set_hours(viewer_for(factories.a_member(role="moderator")), [((later + 3) % 7, 9 * 60, 17 * 60)])
    member, supporter = factories.a_member(name="Nia"), factories.a_member(role="supporter")
    thread = factories.a_thread(member)
    address = f"/t/{thread.id}/{thread.slug}"
    theirs = new_page(member, phone=True, script=walk.script)
    visit(theirs, address)
    expect(theirs.get_by_role("main").get_by_text("Nobody from our team is here just now.")).to_be_visible()
    box = theirs.get_by_role("textbox", name="Your reply")
    box.fill("I can't go on living like this")
    if walk.script:
        expect(theirs.get_by_role("link", name="Samaritans, 116 123").first).to_be_visible()
    theirs.get_by_role("button", name="Post my reply").click()
    expect(theirs.get_by_role("link", name="Samaritans, 116 123").first).to_be_visible()
    expect(theirs.get_by_text("I can't go on living like this").first).to_be_visible()
    check(theirs)

    live_site.wait_until_quiet()
    staff = new_page(supporter, script=walk.script)
    visit(staff, "/safety")
    expect(staff.get_by_role("heading", name="Nia,")).to_be_visible()
    staff.get_by_label("What did you do?").fill("Rang her. Her sister is there now.")
    staff.get_by_role("button", name="I've looked after this").click()
    expect(staff.get_by_text("Nobody has written anything that worries us.")).to_be_visible()


def test_a_member_takes_everything_with_them_and_leaves(live_site: Any, app: Any, new_page: Any, walk: Any) -> None:
    member = factories.a_member(name="Gwen")
    supporter = factories.a_member(role="supporter")
    thread = a_listening_thread(supporter, factories.a_thread(member, source="My neighbour helps us out."))
    factories.a_post(thread, source="That is good to hear.")
    insight = an_insight(said("She has a key.", by=member, thread=thread), supporter)
    theirs = new_page(member, script=walk.script)
    visit(theirs, "/me/export")
    with theirs.expect_download() as saved:
        theirs.get_by_role("button", name="Download it").click()
    assert "My neighbour helps us out." in saved.value.path().read_text()
    visit(theirs, "/me/leave")
    theirs.get_by_role("button", name="Leave and take my words with me").click()
    expect(theirs.get_by_role("heading").first).to_be_visible()
    live_site.wait_until_quiet()
    reader = new_page(factories.a_member(), script=walk.script)
    visit(reader, f"/t/{thread.id}/{thread.slug}")
    expect(reader.get_by_text("That is good to hear.")).to_be_visible()
    expect(reader.get_by_text("My neighbour helps us out.")).to_have_count(0)
    expect(reader.get_by_text("Gwen")).to_have_count(0)

    # What was heard still counts one person, whose words are gone.
    staff = new_page(supporter)
    visit(staff, f"/listening/insights/{insight.id}")
    expect(staff.locator("main")).to_contain_text("1 person")
    expect(staff.locator("main")).not_to_contain_text("She has a key.")
