"""Journey 8: a supporter makes a cuppa of a thread, people say yes by site and by e-mail and think beforehand, talk, and
say whether they were heard right."""

from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar
from playwright.sync_api import Page, expect

from forum import clock
from forum.listening.cuppas import times
from forum.listening.cuppas.models import Cuppa, Invitation, Jotting
from forum.listening.models import Insight
from forum.listening.themes.actions import make_theme
from forum.members.actions import viewer_for
from tests.browser import check, visit
from tests.cuppas.people import published, says
from tests.factories import a_member, a_post, a_thread
from tests.listening.people import a_listening_thread, an_insight, said
from tests.live import wait_until

HOUSEKEEPING = {
    "Question 1": "What has nobody asked you yet?",
    "What can change because of it?": "When the night line opens.",
    "What can't?": "The money for this year.",
    "Who decides?": "The Nights team.",
    "When will they hear what came of it?": "In two weeks, here.",
}


def keep_plan(page: Page, starts: str) -> None:
    page.get_by_label("Day", exact=True).fill(starts[:10])
    page.get_by_label("Time", exact=True).fill(starts[11:])


def about_to_start(host: Any, *members: Any) -> Cuppa:
    """A cuppa that was on the board for two days, whose door is open by now, with *members* in it."""
    real = clock.now()
    try:
        clock.set(real - timedelta(hours=48))
        cuppa = published(host, hours=48.1)
        for member in members:
            says(cuppa, member)
    finally:
        clock.reset()
    return cuppa


def room(cuppa: Cuppa) -> str:
    return f"/t/{cuppa.thread_id}/{cuppa.slug}"


def home(cuppa: Cuppa) -> str:
    return f"/cuppas/{cuppa.id}/{cuppa.slug}"


def test_from_a_thread_to_a_yes(live_site: Any, app: Any, new_page: Any, walk: Any, outbox: Any) -> None:
    marcia = a_member("Marcia", role="supporter")
    gwen, tariq = a_member("Gwen", email="gwen@example.org"), a_member("Tariq", email="tariq@example.org")
    ben = a_member("Ben", asks_per_month=0)
    thread = a_thread(gwen, title="Up four times a night")
    for member in (tariq, ben):
        a_post(thread, member)

    # Marcia makes a cuppa of the thread. The page says what is missing and what is too soon.
    desk = new_page(marcia)
    visit(desk, f"/t/{thread.id}/{thread.slug}")
    desk.locator("summary", has_text="Look after this thread").click()
    desk.get_by_role("link", name="Make a cuppa of this").click()
    expect(desk.get_by_label("What is it about?")).to_have_value("Up four times a night")
    expect(desk.locator("input[name=kind][value=focus]")).to_be_checked()
    desk.get_by_label("Question 3").fill("What has nobody asked you yet?")
    keep_plan(desk, times.local_of(clock.now() + timedelta(hours=5), "Europe/London"))
    desk.locator("input[name=recognition][value=voucher]").check()
    desk.get_by_role("button", name="Keep the plan").click()
    expect(desk.locator("main")).to_contain_text("A plan that nobody else sees")
    desk.get_by_role("button", name="Put it on the notice board").click()
    expect(desk.get_by_role("alert")).to_contain_text("Say what can change because of it.")
    # The sentence leads to its box, which is on the same page.
    desk.get_by_role("link", name="Say what can change because of it.").click()
    desk.get_by_label("What can change because of it?").fill("When the night line opens.")
    desk.get_by_label("What can't?").fill("The money for this year.")
    desk.get_by_label("Who decides?").fill("The Nights team.")
    desk.get_by_label("When will they hear what came of it?").fill("In two weeks, here.")
    desk.get_by_role("button", name="Keep the changes").click()
    desk.get_by_role("button", name="Put it on the notice board").click()
    expect(desk.get_by_role("alert")).to_contain_text("The earliest time is")
    keep_plan(desk, times.local_of(clock.now() + timedelta(hours=30), "Europe/London"))
    desk.get_by_role("button", name="Keep the changes").click()
    desk.get_by_role("button", name="Put it on the notice board").click()

    # She invites the people of the thread. Ben wants to be left in peace.
    expect(desk.get_by_role("checkbox", name="The people in the thread 3 people")).to_be_checked()
    desk.get_by_role("button", name="Send the invitations").click()
    expect(desk.locator(".said")).to_contain_text("The invitations are on their way.")
    expect(desk.locator(".said")).to_contain_text("is left in peace")
    cuppa = Cuppa.get()

    # Gwen answers from her e-mail, without signing in; opening the link alone answers nothing.
    live_site.wait_until_quiet()
    assert not outbox.to(ben.email)
    letter = outbox.last(gwen.email)
    assert "What has nobody asked you yet?" in outbox.words(letter)
    phone = new_page(phone=True)
    visit(phone, next(link for link in outbox.links(letter) if "answer=may_vanish" in link))
    assert not Invitation.select().where(Invitation.answer.is_null(False)).exists()
    phone.get_by_role("button", name="I'll come, but may have to vanish").click()
    expect(phone.locator("main")).to_contain_text("Your seat is kept")
    live_site.wait_until_quiet()
    part = next(part for part in outbox.last(gwen.email).walk() if part.get_content_type() == "text/calendar")
    entry = Calendar.from_ical(part.get_content()).walk("VEVENT")[0]
    assert str(entry["attendee"]) == "mailto:gwen@example.org"

    # Tariq answers on the site, from Me; the calendar file stands beside the page.
    other = new_page(tariq, phone=True)
    visit(other, "/me")
    other.get_by_role("link", name="Up four times a night").first.click()
    other.get_by_role("button", name="I hope to come").click()
    expect(other.locator(".said")).to_contain_text("Your seat is kept")
    link = other.get_by_role("link", name="Put it in my calendar")
    file = other.request.get(str(link.get_attribute("href")))
    assert Calendar.from_ical(file.body()).walk("VEVENT")[0]["uid"] == entry["uid"]

    # He thinks beforehand. Nobody else reads it; the room opens later.
    other.get_by_label("Your think space").first.fill("The phone rings at four.")
    if walk.script:
        expect(other.locator("form.think").first).to_contain_text("Kept.")
    else:
        other.get_by_role("button", name="Keep my jotting").first.click()
        expect(other.locator(".said")).to_contain_text("Only you can read it")
    assert Jotting.get().words == "The phone rings at four."
    visit(desk, home(cuppa))
    expect(desk.locator("main")).not_to_contain_text("The phone rings at four.")
    visit(other, room(cuppa))
    expect(other.locator("#reply")).to_contain_text("You can write here from")

    # She steps back after all, and that costs nothing.
    visit(phone, next(link for link in outbox.links(letter) if "answer=not_this_time" in link))
    phone.get_by_role("button", name="Not this time").click()
    expect(phone.locator("main")).to_contain_text("costs nothing")
    wait_until(
        lambda: "You stepped back" in outbox.last(gwen.email)["Subject"], what="the letter that clears the calendar"
    )


def test_the_people_behind_a_theme_are_invited_and_reminded(
    live_site: Any, app: Any, new_page: Any, outbox: Any, walk: Any
) -> None:
    marcia = a_member("Marcia", role="supporter")
    gwen, tariq = a_member("Gwen", email="gwen@example.org"), a_member("Tariq", email="tariq@example.org")
    thread = a_listening_thread(marcia)
    heard = [an_insight(said(by=member, thread=thread), marcia) for member in (gwen, tariq)]
    theme = make_theme(viewer_for(marcia), title="The phone is the wall", insight_ids=[one.id for one in heard])

    # Marcia plans a cuppa about the theme, and invites the people behind it.
    desk = new_page(marcia)
    visit(desk, f"/listening/themes/{theme.id}")
    desk.get_by_role("link", name="Plan a cuppa about this").click()
    expect(desk.get_by_label("What is it about?")).to_have_value("The phone is the wall")
    for label, words in HOUSEKEEPING.items():
        desk.get_by_label(label).fill(words)
    keep_plan(desk, times.local_of(clock.now() + timedelta(hours=30), "Europe/London"))
    desk.locator("input[name=recognition][value=thanks]").check()
    desk.get_by_role("button", name="Keep the plan").click()
    expect(desk.locator("main")).to_contain_text("A plan that nobody else sees")
    desk.get_by_role("button", name="Put it on the notice board").click()
    expect(desk.get_by_label("The people behind the theme")).to_be_checked()
    expect(desk.locator("main form.form")).to_contain_text("2 people")
    desk.get_by_role("button", name="Send the invitations").click()
    expect(desk.locator(".said")).to_contain_text("The invitations are on their way.")

    # Gwen says no on the site, and nobody minds.
    live_site.wait_until_quiet()
    phone = new_page(gwen, phone=True)
    visit(phone, "/me")
    phone.get_by_role("link", name="The phone is the wall").first.click()
    phone.get_by_role("button", name="Not this time").click()
    expect(phone.locator(".said")).to_contain_text("costs nothing")

    # Tariq has said yes to one that is a day away: he is reminded, on the site and by a letter.
    now = clock.now()
    try:
        clock.set(now - timedelta(hours=36))
        cuppa = published(marcia, hours=59.5, title="Tomorrow at ten")
        says(cuppa, tariq)
    finally:
        clock.reset()
    live_site.wait_until_quiet()
    wait_until(lambda: any("Tomorrow at ten" in one["Subject"] for one in outbox.to(tariq.email)), what="the reminder")
    other = new_page(tariq)
    visit(other, "/me/notifications")
    expect(other.locator("main")).to_contain_text("Tomorrow at ten")


@pytest.mark.needs_script
def test_words_appear_at_once_for_everybody_present(live_site: Any, app: Any, new_page: Any) -> None:
    marcia, gwen, tariq = a_member("Marcia", role="supporter"), a_member("Gwen"), a_member("Tariq")
    cuppa = about_to_start(marcia, gwen, tariq)
    live_site.wait_until_quiet()
    desk, phone, other = new_page(marcia), new_page(gwen, phone=True), new_page(tariq)
    visit(phone, home(cuppa))
    phone.get_by_label("Your think space").first.fill("We take turns, one night each.")
    expect(phone.locator("form.think").first).to_contain_text("Kept.")
    for page in (desk, other):
        visit(page, room(cuppa))
    expect(desk.locator("main")).to_contain_text("The door is open.")

    # What Gwen thought beforehand is posted because she says so, and stands in both other browsers at once.
    phone.reload()
    phone.get_by_role("button", name="Post this in the cuppa").click()
    for page in (desk, other, phone):
        expect(page.locator("#post-2")).to_contain_text("We take turns, one night each.")
    other.get_by_label("Your reply").fill("A flask by the bed.")
    other.get_by_role("button", name="Post my reply").click()
    for page in (desk, phone):
        expect(page.locator("#post-3")).to_contain_text("A flask by the bed.")
    desk.get_by_text("For the host: put a question to everybody").click()
    desk.get_by_role("button", name="What would make it a little better by next month?").click()
    for page in (phone, other):
        expect(page.locator("#post-4")).to_contain_text("What would make it a little better")
    check(phone)


def test_did_we_hear_you_right(live_site: Any, app: Any, new_page: Any, outbox: Any) -> None:
    marcia = a_member("Marcia", role="supporter")
    gwen, tariq, ben = a_member("Gwen", email="gwen@example.org"), a_member("Tariq"), a_member("Ben")
    cuppa = about_to_start(marcia, gwen, tariq)
    live_site.wait_until_quiet()
    a_post(cuppa.thread, gwen, source="We take turns, one night each.")
    # The hour has gone by.
    starts = clock.now() - timedelta(hours=2)
    Cuppa.update(starts_at=starts, local_start=times.local_of(starts, "Europe/London")).execute()

    desk = new_page(marcia)
    visit(desk, home(cuppa))
    desk.get_by_label("What did you hear?").fill("Nights are **shared** where they can be.")
    desk.get_by_role("button", name="Ask them: did I hear you right?").click()
    expect(desk.locator("main")).to_contain_text("We're asking the people who took part")
    expect(desk.get_by_role("button", name="Make an insight of this")).to_have_count(0)
    live_site.wait_until_quiet()
    assert "Did we hear you right?" in outbox.last(gwen.email)["Subject"]

    # Ben was not there: he reads it once those who were have had their say.
    reader = new_page(ben)
    visit(reader, home(cuppa))
    expect(reader.locator("main")).not_to_contain_text("Nights are shared")

    phone, other = new_page(gwen, phone=True), new_page(tariq)
    visit(phone, home(cuppa))
    phone.get_by_role("button", name="Yes, you heard us").click()
    expect(phone.locator("main")).to_contain_text("You said yes.")
    visit(other, home(cuppa))
    other.get_by_role("button", name="Not quite").click()
    expect(other.get_by_role("alert")).to_contain_text("Tell us in a line what we got wrong.")
    other.get_by_label("Not quite? What did we miss?").fill("Some of us are alone at night.")
    other.get_by_role("button", name="Not quite").click()
    expect(other.locator("main")).to_contain_text("Some of us are alone at night.")
    reader.reload()
    expect(reader.locator("main")).to_contain_text("Nights are shared where they can be.")
    expect(reader.locator("main")).to_contain_text("Some of us are alone at night.")

    # Now it feeds insights, disagreement included.
    visit(desk, home(cuppa))
    desk.get_by_label("Take it to the workbench as").select_option("struggle")
    desk.get_by_role("button", name="Make an insight of this").click()
    expect(desk.locator(".said")).to_contain_text("on the workbench")
    expect(desk.locator("main")).to_contain_text("Some of us are alone at night.")
    assert "Nights are **shared**" in Insight.get().memo


def test_calling_it_off(live_site: Any, app: Any, new_page: Any, outbox: Any) -> None:
    marcia, gwen = a_member("Marcia", role="supporter"), a_member("Gwen", email="gwen@example.org")
    cuppa = published(marcia)
    says(cuppa, gwen)
    desk = new_page(marcia)
    visit(desk, f"/cuppas/{cuppa.id}/run-sheet")
    visit(desk, home(cuppa))
    desk.get_by_role("link", name="Call it off").click()
    desk.get_by_label("Why?").fill("I am ill.")
    desk.get_by_label("A new date, if you know one").fill("Thursday 10 December at 2pm")
    desk.get_by_role("button", name="Call it off").click()
    expect(desk.locator("main")).to_contain_text("We had to call this off, and we're sorry.")
    desk.get_by_role("link", name="Plan it for a new date").click()
    expect(desk.get_by_label("What is it about?")).to_have_value(cuppa.title)
    live_site.wait_until_quiet()
    wait_until(lambda: "Called off" in outbox.last(gwen.email)["Subject"], what="the apology")
    visitor = new_page(phone=True)
    visit(visitor, "/cuppas")
    expect(visitor.locator("main")).to_contain_text("we called off 1 cuppa")
