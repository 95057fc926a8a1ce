"""What search engines and feed readers may know: what anybody may read, at one address, and nothing else."""

from typing import Any

import pytest
from lxml import etree

from forum.members.actions import viewer_for
from forum.safety import actions as safety
from forum.threads import actions as threads
from tests.factories import a_category, a_group, a_member, a_post, a_thread

SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
SECRET = "marmalade-under-the-floor"


def _map(client: Any, path: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "application/xml; charset=utf-8"
    return etree.fromstring(answer.data).xpath("//s:loc/text()", namespaces=SITEMAP)


def test_the_map_leads_to_every_page_that_anybody_may_read(client: Any) -> None:
    place = a_category("Nights", "public")
    thread = a_thread(a_member(), place, title="Who is awake?")
    parts = _map(client, "/sitemap.xml")
    assert "http://localhost/sitemap/threads-0.xml" in parts
    found = [address for part in parts for address in _map(client, part.removeprefix("http://localhost"))]
    assert f"http://localhost/t/{thread.id}/{thread.slug}" in found
    assert f"http://localhost/c/{place.slug}" in found
    for address in found:
        assert client.get(address.removeprefix("http://localhost")).status_code == 200, address
    assert "Sitemap: http://localhost/sitemap.xml" in client.get("/robots.txt").text


@pytest.mark.parametrize("part", ["threads-7", "threads-x", "threads-99999999999999", "nothing", "threads--1"])
def test_a_part_that_there_is_not_is_not_found(client: Any, part: str) -> None:
    assert client.get(f"/sitemap/{part}.xml").status_code == 404


def test_a_public_thread_has_one_address_and_says_what_it_is(client: Any) -> None:
    thread = a_thread(a_member("Ann"), a_category("Nights", "public"), title="Who is awake?")
    for _number in range(24):
        a_post(thread)
    where = f"/t/{thread.id}/{thread.slug}"
    for path, one in (
        (where, where),
        (f"{where}/7", where),
        (f"{where}/21", f"{where}/21"),
        (f"{where}/25", f"{where}/21"),
    ):
        page = client.soup(path)
        assert page.select_one("link[rel=canonical]")["href"] == f"http://localhost{one}", path
        assert page.select_one("meta[property='og:title']")["content"] == "Who is awake?"
        assert page.select_one("meta[name=robots]") is None
    assert "Nights" in page.select_one("meta[name=description]")["content"]


def test_a_members_thread_is_not_for_search_engines(client: Any) -> None:
    thread = a_thread(a_member(), a_category("Between us", "members"))
    client.sign_in(a_member())
    page = client.soup(f"/t/{thread.id}/{thread.slug}")
    assert page.select_one("meta[name=robots]")["content"] == "noindex"
    assert page.select_one("link[rel=canonical]") is None
    assert page.select_one("meta[property='og:title']") is None


def test_a_thread_has_a_feed_of_its_own(client: Any) -> None:
    thread = a_thread(a_member("Ann"), a_category("Nights", "public"), title="Who is awake?")
    gone = a_post(thread, ben := a_member("Ben"), source="Not me any more.")
    a_post(thread, ben, source="Me.")
    threads.withdraw_post(viewer_for(ben), gone.id)
    page = client.soup(f"/t/{thread.id}/{thread.slug}")
    address = page.select_one("link[type='application/atom+xml']")["href"]
    answer = client.get(address)
    feed = etree.fromstring(answer.data)
    names = feed.xpath("a:entry/a:author/a:name/text()", namespaces={"a": "http://www.w3.org/2005/Atom"})
    assert names == ["Ben", "Ann"]
    assert "any more" not in answer.text
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_what_is_not_for_everybody_is_nowhere_outside(app: Any, client: Any) -> None:
    ann, admin = a_member("Ann"), a_member(role="admin")
    open_place = a_category("Nights", "public")
    open_thread = a_thread(ann, open_place, title="Open")
    closed = [
        a_thread(ann, a_category("Members", "members"), title=f"{SECRET} one", source=SECRET),
        a_thread(admin, a_category("Staff", "staff"), title=f"{SECRET} two", source=SECRET),
        a_thread(ann, a_category("Circle", group=a_group(ann)), title=f"{SECRET} three", source=SECRET),
        a_thread(ann, open_place, title=f"{SECRET} five", source=SECRET),
    ]
    threads.hide_thread(viewer_for(admin), closed[-1].id, "A test.")
    hidden = a_post(open_thread, ann, source=SECRET)
    safety.hide_post(viewer_for(admin), hidden.id, reason="A test.")
    withdrawn = a_post(open_thread, ann, source=SECRET)
    threads.withdraw_post(viewer_for(ann), withdrawn.id)
    addresses = [
        "/",
        "/robots.txt",
        "/sitemap.xml",
        "/sitemap/threads-0.xml",
        "/sitemap/pages.xml",
        "/sitemap/changes.xml",
    ]
    addresses += [
        "/feeds/latest.atom",
        "/feeds/changes.atom",
        f"/c/{open_place.slug}.atom",
        f"/c/{open_place.slug}",
        "/search?q=marmalade",
    ]
    for thread in (open_thread, *closed):
        addresses += [f"/t/{thread.id}", f"/t/{thread.id}/x", f"/t/{thread.id}/x.atom", f"/t/{thread.id}/x/jump?to=1"]
    for post in (hidden, withdrawn):
        addresses += [f"/posts/{post.id}", f"/posts/{post.id}/kind-words", f"/posts/{post.id}/history"]
    for address in addresses:
        answer = client.get(address, follow_redirects=True)
        said = answer.text.replace('value="marmalade"', "")
        assert SECRET not in said, address
        assert "marmalade-under" not in str(answer.request.url), address
