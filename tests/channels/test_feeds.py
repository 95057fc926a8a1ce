"""Feeds hold what anybody may read, and nothing else."""

from typing import Any

import pytest
from lxml import etree

from forum.members.actions import viewer_for
from forum.threads import actions as threads
from tests.factories import a_category, a_group, a_member, a_post, a_thread

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def read(client: Any, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    return etree.fromstring(answer.data)


def titles(feed: Any) -> list[str]:
    return feed.xpath("a:entry/a:title/text()", namespaces=ATOM)


def test_the_newest_public_words_stand_first(client: Any, clock: Any) -> None:
    ann = a_member("Ann")
    thread = a_thread(ann, a_category("Tips", "public"), title="Night shifts")
    clock.advance(hours=1)
    a_post(thread, a_member("Ben"), source="See [this](/help/rules) & that.")
    feed = read(client, "/feeds/latest.atom")
    assert titles(feed) == ["Ben in “Night shifts”", "Night shifts"]
    entry = feed.xpath("a:entry[1]", namespaces=ATOM)[0]
    assert entry.xpath("a:link/@href", namespaces=ATOM) == [f"http://localhost/t/{thread.id}/night-shifts/2#post-2"]
    assert 'href="http://localhost/help/rules"' in entry.xpath("string(a:content)", namespaces=ATOM)
    assert entry.xpath("string(a:updated)", namespaces=ATOM) == "2026-11-02T11:00:00+00:00"
    assert len(set(feed.xpath("//a:id/text()", namespaces=ATOM))) == 3


def test_a_category_has_a_feed_of_its_own(client: Any) -> None:
    ann, tips = a_member(), a_category("Tips and know-how", "public")
    a_thread(ann, tips, title="In here")
    a_thread(ann, a_category("Other", "public"), title="Not in here")
    feed = read(client, f"/c/{tips.slug}.atom")
    assert titles(feed) == ["In here"]
    assert feed.xpath("string(a:link[@rel='self']/@href)", namespaces=ATOM) == f"http://localhost/c/{tips.slug}.atom"


@pytest.mark.parametrize("audience", ["members", "staff", "group"])
def test_what_is_not_for_everybody_is_in_no_feed_even_for_members(client: Any, audience: str) -> None:
    ann = a_member()
    place = a_category("Quiet", group=a_group(ann)) if audience == "group" else a_category("Quiet", audience)
    a_thread(a_member(role="admin"), place, title="Between us")
    client.sign_in(ann)
    assert client.get(f"/c/{place.slug}.atom").status_code == 404
    assert "Between us" not in client.get("/feeds/latest.atom").text


def test_a_circles_thread_in_a_public_category_stays_out(client: Any) -> None:
    ann = a_member()
    place = a_category("Open", "public")
    a_thread(a_member(role="admin"), place, title="Between us", group_id=a_group(ann).id)
    assert "Between us" not in client.get("/feeds/latest.atom").text
    assert "Between us" not in client.get(f"/c/{place.slug}.atom").text


def test_words_that_were_taken_down_leave_the_feed(client: Any) -> None:
    ann, mo = a_member("Ann"), a_member("Mo", "moderator")
    thread = a_thread(ann, a_category("Open", "public"))
    withdrawn, hidden = a_post(thread, ann, source="Take me back"), a_post(thread, ann, source="Hide me")
    threads.withdraw_post(viewer_for(ann), withdrawn.id)
    threads.hide_post(viewer_for(mo), hidden.id, "unkind")
    text = client.get("/feeds/latest.atom").text
    assert "Take me back" not in text
    assert "Hide me" not in text
    threads.hide_thread(viewer_for(mo), thread.id, "unkind")
    assert titles(read(client, "/feeds/latest.atom")) == []


def test_a_feed_that_did_not_change_is_not_sent_again(client: Any) -> None:
    a_thread(a_member(), a_category("Open", "public"))
    first = client.get("/feeds/latest.atom")
    assert client.get("/feeds/latest.atom", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_odd_characters_do_not_break_a_feed(client: Any) -> None:
    a_thread(a_member(), a_category("Open", "public"), title="🫖 \u202e olleh <b>", source="\x0b\x00 ]]> & \ud83e")
    assert len(titles(read(client, "/feeds/latest.atom"))) == 1


def test_pages_say_where_their_feed_is(client: Any) -> None:
    a_thread(a_member(), a_category("Tips", "public"))
    a_thread(a_member(), a_category("Quiet", "members"))

    def feeds_of(path: str) -> list[str]:
        return [link["href"] for link in client.soup(path).select("link[type='application/atom+xml']")]

    assert feeds_of("/c/tips") == ["/c/tips.atom"]
    assert feeds_of("/") == ["/feeds/latest.atom"]
    assert feeds_of("/changes") == ["/feeds/changes.atom"]
    client.sign_in(a_member())
    assert feeds_of("/c/quiet") == []


@pytest.mark.parametrize("feed", ["/feeds/latest.atom", "/c/nights.atom"])
def test_what_caches_may_keep_holds_nobody_s_cookie(client: Any, feed: str) -> None:
    a_category("Nights", audience="public")
    client.sign_in(a_member())
    with client.session_transaction() as session:
        session.permanent = True
    assert "Set-Cookie" in client.get("/").headers
    answer = client.get(feed)
    assert "public" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
