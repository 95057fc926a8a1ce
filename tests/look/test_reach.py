"""On a small phone nothing sticks out of a page, whatever people wrote, and everything to press can be hit with a thumb."""

from datetime import timedelta
from typing import Any

import pytest

from forum import clock
from forum.legacy import actions as legacy
from forum.legacy.entry import Entry
from forum.listening import actions as listening
from forum.listening.cuppas import actions as cuppas
from forum.listening.ideas.actions import propose_idea, take_up_idea
from forum.listening.models import Idea
from forum.members.actions import viewer_for
from forum.safety import actions as safety
from forum.safety.models import Case
from forum.text import slugify
from tests import factories
from tests.browser import visit
from tests.cuppas.people import planned, published, says
from tests.listening import people as hearing

SMALL = {"width": 320, "height": 568}
ONE_WORD = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2
CODE = f"# {ONE_WORD}\n\n{ONE_WORD}\n\n```\n{ONE_WORD} {ONE_WORD}\n```\n\n|a|b|\n|-|-|\n|{ONE_WORD}|{ONE_WORD}|\n\nhttps://example.org/{ONE_WORD}"

# What can be pressed and is smaller than a thumb. A link within a sentence is as high as its line.
TOO_SMALL = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
  .filter((one) => {
    const { width, height } = one.getBoundingClientRect();
    const words = one.closest("label");
    const inSentence = one.matches("a") && getComputedStyle(one).display.startsWith("inline")
      && [...one.parentElement.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    return width && height && !inSentence && !one.closest(".skip, .visually-hidden")
      && (width < 43.5 || height < 43.5) && !(words && words.getBoundingClientRect().height >= 44);
  }).map((one) => `${one.tagName} “${one.textContent.trim()}” of ${location.pathname}`)"""
HELP = "/help/crisis /help/rules /help/complaints"
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.walks("sqlite-script")
def test_nothing_sticks_out_and_everything_can_be_hit(live_site: Any, app: Any, new_page: Any) -> None:
    place = factories.a_category("Talk", "public")
    writer, reader = factories.a_member(name=ONE_WORD[:40]), factories.a_member(name="Ada")
    moderator = factories.a_member(role="moderator")
    thread = factories.a_thread(writer, place, title=ONE_WORD, source=CODE, ask="no_advice")
    mine = factories.a_post(thread, reader, source=f"@{writer.name} {ONE_WORD}")
    theirs = factories.a_post(thread, writer, source=ONE_WORD)
    safety.report_post(viewer_for(reader), theirs.id, reason="unkind", words=ONE_WORD)
    safety.hide_post(viewer_for(moderator), theirs.id, reason=ONE_WORD)
    safety.appeal(viewer_for(writer), words=ONE_WORD, post_id=theirs.id)
    safety.notice_crisis(viewer_for(writer), "I want to die")
    live_site.wait_until_quiet()
    here = f"/t/{thread.id}/{thread.slug}"
    pages = {
        None: f"/ /c/talk {here} /search?q=nothing /login /join /report {HELP}",
        reader: f"/ {here} {here}/reply?quote={mine.id} /new /posts/{mine.id}/edit /posts/{mine.id}/withdraw"
        f" /report?member={writer.name} /m/{writer.name} /me /me/settings /me/notifications /me/drafts /me/leave /logout",
        writer: "/me /me/notifications /me/appeals",
        moderator: f"/safety /safety/cases/{Case.get().id} /safety/audit /safety/hours /t/{thread.id}/moderate",
    }
    assert not (faults := _faults(new_page, pages)), "\n".join(faults)


@pytest.mark.walks("sqlite-script")
def test_nothing_sticks_out_of_what_is_heard_and_answered(live_site: Any, app: Any, new_page: Any) -> None:
    priya, writer = hearing.a_supporter(name="Priya"), factories.a_member(name=ONE_WORD[:40])
    staff, public = viewer_for(priya), factories.a_category("Talk", "public")
    thread = hearing.a_listening_thread(priya, factories.a_thread(category=public, title=ONE_WORD))
    first, second = (hearing.said(f"{ONE_WORD} {n}", by=writer, thread=thread) for n in "12")
    insight = hearing.an_insight(first, priya, memo=ONE_WORD)
    gone, asked = (hearing.an_excerpt(second, priya, exact=words) for words in (ONE_WORD, f"{ONE_WORD} 2"))
    listening.answer_consent(viewer_for(writer), gone.id, answer="refused")
    listening.ask_consent(staff, [asked.id])
    theme = listening.make_theme(staff, title=ONE_WORD, about=ONE_WORD, insight_ids=[insight.id])
    listening.add_code(staff, ONE_WORD[:80], description=ONE_WORD)
    late = clock.now().date() - timedelta(days=1)
    idea = propose_idea(viewer_for(writer), title=ONE_WORD, words=ONE_WORD, nonce="an-idea")
    take_up_idea(
        staff,
        idea.id,
        theme_id=theme.id,
        owner_id=priya.id,
        team=ONE_WORD[:80],
        carers_decide=True,
        promised_for=clock.now().date(),
    )
    Idea.update(promised_for=late).execute()
    entry = Entry(
        title=ONE_WORD, you_said=ONE_WORD, we_did=ONE_WORD, because=ONE_WORD, what_next=ONE_WORD, status="trying"
    )
    change = legacy.publish_change(staff, entry, nonce="a-change", idea_id=idea.id, excerpt_ids=[])
    coming, off, plan = (
        make(priya, title=ONE_WORD, why=ONE_WORD, prompts=(ONE_WORD,), can_change=ONE_WORD)
        for make in (published, published, planned)
    )
    cuppas.cancel_cuppa(staff, off.id, reason=ONE_WORD)
    says(coming, writer)
    live_site.wait_until_quiet()
    cuppa, answered = f"/cuppas/{coming.id}/{coming.slug}", f"/changes/{change.id}/{change.slug}"
    bench = "/listening"
    pages = {
        None: f"/changes {answered} /changes/promises /cuppas {cuppa} /cuppas/{off.id}/{off.slug}",
        writer: f"/me/words /me/difference /ideas /ideas/new /ideas/{idea.id}/{slugify(ONE_WORD)} {answered} {cuppa}"
        f" /t/{coming.thread_id}/{coming.slug} /t/{thread.id}/{thread.slug}",
        priya: f"{bench} {bench}/insights {bench}/insights/{insight.id} {bench}/insights/{gone.insight_id} {bench}/themes"
        f" {bench}/insights/new?post={first.id} {bench}/excerpts/{asked.id}/check {bench}/themes/{theme.id} {bench}/codebook"
        f" {bench}/ideas {bench}/ideas/{idea.id} {bench}/ideas/new?theme={theme.id} {bench}/offline {bench}/mark/{thread.id}"
        f" /changes /changes/new?idea={idea.id} /changes/fix?post={first.id} /changes/{change.id}/edit /cuppas {cuppa}"
        f" /cuppas/{plan.id}/{plan.slug} /cuppas/{plan.id}/edit /cuppas/{coming.id}/invite /cuppas/{coming.id}/cancel"
        f" /cuppas/{coming.id}/run-sheet /t/{thread.id}/{thread.slug}",
    }
    assert not (faults := _faults(new_page, pages)), "\n".join(faults)


def _faults(new_page: Any, pages: dict[Any, str]) -> list[str]:
    """Return what sticks out of *pages* (paths by who reads them) on a small phone, and what is too small to hit."""
    faults: list[str] = []
    for who, paths in pages.items():
        page = new_page(who, phone=True, viewport=SMALL)
        for path in paths.split():
            visit(page, path)
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            if out := page.evaluate(STICKS_OUT):
                faults.append(f"{path} is {out} pixels wider than the phone")
            faults += page.evaluate(TOO_SMALL)
    return list(dict.fromkeys(faults))
