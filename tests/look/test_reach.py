"""On a small phone nothing sticks out of a page, whatever people wrote, and everything to press can be hit with a thumb."""

from typing import Any

import pytest

from forum.members.actions import viewer_for
from forum.safety import actions as safety
from forum.safety.models import Case
from tests import factories
from tests.browser import visit

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
    faults = []
    for who, paths in pages.items():
        page = new_page(who, phone=True, viewport=SMALL)
        for path in paths.split():
            visit(page, path)
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            if out := page.evaluate(STICKS_OUT):
                faults.append(f"{path} is {out} pixels wider than the phone")
            faults += page.evaluate(TOO_SMALL)
    assert not faults, "\n".join(dict.fromkeys(faults))
