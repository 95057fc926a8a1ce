"""The pages of the rooms for talking, as a browser without script meets them."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup

from forum.access import VISITOR
from forum.members.actions import viewer_for
from forum.threads import actions, queries
from forum.threads.drafts import queries as drafts
from forum.threads.models import Draft, Post, Thread
from tests.factories import a_category, a_group, a_member, a_post, a_thread


@pytest.fixture
def mary(app: Any) -> Any:
    return a_member("Mary")


@pytest.fixture
def as_mary(client: Any, mary: Any) -> Any:
    return client.sign_in(mary)


def url(thread: Any) -> str:
    return f"/t/{thread.id}/{thread.slug}"


def long_thread(author: Any = None, *, posts: int = 45) -> Thread:
    thread, other = a_thread(author), a_member()
    for number in range(2, posts + 1):
        a_post(thread, other, source=f"This is number {number}.")
    return thread


def numbers(page: Any) -> list[int]:
    return [int(article["data-number"]) for article in page.select("article.post")]


# ---- home and places -------------------------------------------------------------------------------------------------


def test_home_shows_what_is_lively_and_who_waits(as_mary: Any, new_client: Callable[..., Any], clock: Any) -> None:
    open_room, members_room = a_category("Tips", "public"), a_category("Nights")
    answered = a_thread(category=open_room, title="A label maker")
    a_post(answered)
    clock.advance(minutes=5)
    first = a_thread(category=members_room, title="Nobody has answered me")
    clock.advance(minutes=5)
    second = a_thread(category=members_room, title="Nor me")
    page = as_mary.soup("/")
    waiting = [link.get_text() for link in page.select(".waiting .thread-row-title a")]
    assert waiting == [first.title, second.title]
    assert "A label maker" in page.select_one("section[aria-labelledby=lively]").get_text()
    assert {link["href"] for link in page.select(".place a")} == {"/c/tips", "/c/nights"}
    visitor = new_client().soup("/")
    assert "Nobody has answered me" not in visitor.get_text()
    assert {link["href"] for link in visitor.select(".place a")} == {"/c/tips"}


def test_a_thread_waits_until_somebody_else_says_a_word(as_mary: Any, mary: Any, clock: Any) -> None:
    thread = a_thread(mary)
    a_post(thread, mary)
    viewer = viewer_for(a_member())
    assert [row.id for row in queries.waiting_threads(viewer)] == [thread.id]
    assert not queries.waiting_threads(viewer_for(mary))
    answer = a_post(thread)
    assert not queries.waiting_threads(viewer)
    actions.withdraw_post(viewer_for(answer.author), answer.id)
    clock.advance(days=31)
    assert not queries.waiting_threads(viewer)


def test_a_category_pages_by_key_and_shrugs_at_mangled_links(as_mary: Any, clock: Any) -> None:
    place, author = a_category("Nights"), a_member()
    for number in range(70):
        clock.advance(minutes=1)
        a_thread(author, place, title=f"Night {number}")
    seen: list[str] = []
    path = "/c/nights"
    while path:
        page = as_mary.soup(path)
        seen += [link.get_text() for link in page.select(".thread-row-title a")]
        older = page.select_one("a[rel=next]")
        path = older["href"] if older else ""
    assert seen == [f"Night {number}" for number in reversed(range(70))]
    for word in ("rubbish", "1", "9" * 40, "99999999999999999.99", "-1.5", "%00", "1.2.3"):
        assert len(as_mary.soup(f"/c/nights?before={word}").select(".thread-row")) in (0, 30)


@pytest.mark.parametrize("path", ["/c/nowhere", "/c/%00", "/c/..", "/t/0/x", "/t/999/x", f"/t/{10**40}/x", "/posts/77"])
def test_what_is_not_there_says_so_kindly(as_mary: Any, path: str) -> None:
    as_mary.soup(path, status=404)


def test_a_visitor_with_a_link_to_members_talk_is_asked_to_sign_in_and_brought_back(client: Any) -> None:
    thread = a_thread()
    answer = client.get(url(thread))
    assert answer.status_code == 303
    assert answer.location == f"/login?next={url(thread)}"


def test_a_circles_talk_is_not_there_for_other_members(as_mary: Any) -> None:
    friend = a_member()
    room = a_category("Our circle", group=a_group(friend))
    thread = a_thread(friend, room)
    as_mary.soup("/c/our-circle", status=404)
    as_mary.soup(url(thread), status=404)
    as_mary.soup(f"/new?category={room.slug}")
    answer = as_mary.post(f"/t/{thread.id}/read", data={"number": 1, "csrf_token": token(as_mary)})
    assert answer.status_code == 404


def token(client: Any, path: str = "/me/drafts") -> str:
    import json

    return json.loads(client.soup(path).body["data-hx-headers"])["X-CSRFToken"]


# ---- reading ---------------------------------------------------------------------------------------------------------


def test_a_thread_is_read_in_pages_of_twenty(as_mary: Any) -> None:
    thread = long_thread()
    assert numbers(as_mary.soup(url(thread))) == list(range(1, 21))
    assert numbers(as_mary.soup(f"{url(thread)}/27")) == list(range(21, 41))
    for far in ("45", "999", "9" * 30):
        assert numbers(as_mary.soup(f"{url(thread)}/{far}")) == list(range(41, 46))
    assert numbers(as_mary.soup(f"{url(thread)}/0")) == list(range(1, 21))


def test_a_wrong_name_in_the_address_leads_to_the_right_one(as_mary: Any) -> None:
    thread = long_thread(posts=3)
    assert as_mary.get(f"/t/{thread.id}").location == url(thread)
    assert as_mary.get(f"/t/{thread.id}/-/2").location == f"{url(thread)}/2#post-2"
    post = Post.get(Post.thread == thread.id, Post.number == 3)
    assert as_mary.get(f"/posts/{post.id}").location == f"{url(thread)}/3#post-3"


def test_a_thread_opens_where_its_reader_stopped(as_mary: Any, mary: Any) -> None:
    thread = long_thread()
    actions.mark_read(viewer_for(mary), thread.id, 22)
    page = as_mary.soup(url(thread))
    assert numbers(page)[0] == 21
    assert page.select_one("a[href='#post-23']") is not None
    new = [int(article["data-number"]) for article in page.select(".post-new")]
    assert new == list(range(23, 41))
    lists = as_mary.soup(f"/c/{thread.category.slug}")
    assert lists.select_one(f"a[href='{url(thread)}/23#post-23']") is not None
    assert "23 new for you" in lists.get_text()


def test_reading_writes_nothing_and_the_button_remembers(as_mary: Any, mary: Any) -> None:
    thread = long_thread()
    as_mary.soup(url(thread))
    assert queries.thread(viewer_for(mary), thread.id).mark == 0
    as_mary.fill(url(thread), form="form[data-read]")
    assert queries.thread(viewer_for(mary), thread.id).mark == 20
    answer = as_mary.post(f"/t/{thread.id}/read", data={"number": 31, "by": "script", "csrf_token": token(as_mary)})
    assert answer.status_code == 204
    assert numbers(as_mary.soup(url(thread)))[0] == 21


def test_what_was_taken_down_leaves_a_line(as_mary: Any, mary: Any, new_client: Callable[..., Any]) -> None:
    thread = a_thread(mary)
    gone, hidden = a_post(thread, source="Xylophone"), a_post(thread, source="Saxophone")
    actions.withdraw_post(viewer_for(gone.author), gone.id)
    moderator = a_member(role="moderator")
    actions.hide_post(viewer_for(moderator), hidden.id, "Unkind")
    words = as_mary.soup(url(thread)).get_text()
    assert "Withdrawn by its writer" in words
    assert "A moderator hid this post" in words
    assert "Xylophone" not in words
    assert "Saxophone" not in words
    seen_by_moderator = new_client(moderator).soup(url(thread)).get_text()
    assert "Saxophone" in seen_by_moderator
    assert "Xylophone" not in seen_by_moderator


def test_pages_ask_the_database_as_often_for_many_posts_as_for_few(
    as_mary: Any, mary: Any, queries: Callable[..., Any]
) -> None:
    counts: dict[str, list[int]] = {}
    for size in (2, 30):
        place = a_category("Room for counting" + "s" * size)
        for _ in range(size):
            thread = a_thread(category=place)
        for number in range(size):
            post = a_post(thread, reply_to=Post.get(Post.thread == thread.id).id)
            actions.react(viewer_for(mary), post.id, ("hug", "helpful")[number % 2])
        for name, path in (("home", "/"), ("category", f"/c/{place.slug}"), ("thread", url(thread))):
            as_mary.get(path)
            with queries() as seen:
                as_mary.get(path)
            counts.setdefault(name, []).append(len(seen))
    for name, (few, many) in counts.items():
        assert few == many, name
        assert many <= 18, name


# ---- writing ---------------------------------------------------------------------------------------------------------


def test_a_member_starts_a_thread(as_mary: Any) -> None:
    a_category("Nights")
    answer = as_mary.fill(
        "/new",
        title="Four times a night",
        source="**What** helps?",
        category="nights",
        ask="no_advice",
        press="Open my thread",
    )
    assert answer.status_code == 303
    page = as_mary.soup(answer.location)
    assert page.h1.get_text() == "Four times a night"
    assert "No advice, please" in page.select_one(".thread-head").get_text()
    assert "No advice, please" in page.select_one(".composer").get_text()
    assert page.select_one(".post strong").get_text() == "What"


def test_what_cannot_be_posted_comes_back_in_the_box(as_mary: Any) -> None:
    a_category("Nights")
    answer = as_mary.fill("/new", title="", source="I wrote all this.", category="", press="Open my thread")
    assert answer.status_code == 422
    assert "I wrote all this." in answer.text
    assert "Choose where your thread belongs" in answer.text
    assert "Give your thread a title" in answer.text
    thread = a_thread()
    long = "word " * 40_000
    for words in ("", "  \n ", long, "\x00", ">" * 1_000_000):
        answer = as_mary.fill(url(thread), form="form.composer", source=words, press="Post my reply")
        assert answer.status_code == 422
        if len(words) > 10:
            assert "Your words are still in the box" in answer.text
            assert words[:1000].replace(">", "&gt;") in answer.text
    assert Post.select().count() == 1


def test_more_than_any_form_holds_is_refused_with_a_page(as_mary: Any) -> None:
    thread = a_thread()
    answer = as_mary.fill(url(thread), form="form.composer", source="x" * 4_500_000, press="Post my reply")
    assert answer.status_code == 413


def test_a_foreign_category_is_no_place_to_start(as_mary: Any) -> None:
    a_category("Nights")
    a_category("Staff room", "staff")
    answer = as_mary.fill("/new", title="Hello", source="Hello", category="staff-room", press="Open my thread")
    assert answer.status_code == 422
    assert not Thread.select().exists()


def test_an_impatient_thumb_makes_one_reply(as_mary: Any) -> None:
    thread = a_thread()
    form = as_mary.soup(url(thread)).select_one("form.composer")
    first = as_mary.send(url(thread), form, source="Only once", press="Post my reply")
    again = as_mary.send(url(thread), form, source="Only once", press="Post my reply")
    assert first.location == again.location == f"{url(thread)}/2#post-2"
    assert Post.select().where(Post.thread == thread.id).count() == 2


@pytest.mark.parametrize("button", ["Post my reply", "Show me how it looks"])
def test_a_long_text_that_comes_among_many_stays_in_the_box(
    as_mary: Any, button: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forum.text.door._places", threading.Semaphore(0))
    thread, words = a_thread(), "A long night.\n\n" * 700
    answer = as_mary.fill(url(thread), form="form.composer", source=words, press=button)
    page = BeautifulSoup(answer.text, "html.parser")
    assert "send it again in a minute" in page.get_text()
    assert page.select_one("textarea[name=source]").get_text().strip() == words.strip()
    assert answer.status_code == (429 if button == "Post my reply" else 200)
    assert as_mary.fill(url(thread), form="form.composer", source="A short one.", press=button).status_code in (
        303,
        200,
    )


def test_a_preview_posts_nothing_and_keeps_the_words(as_mary: Any, mary: Any) -> None:
    thread = a_thread()
    answer = as_mary.fill(url(thread), form="form.composer", source="It is **hard**.", press="Show me how it looks")
    assert answer.status_code == 200
    assert "<strong>hard</strong>" in answer.text
    assert "It is **hard**." in answer.text
    assert Post.select().count() == 1
    assert drafts.draft(viewer_for(mary), f"thread:{thread.id}").source == "It is **hard**."
    a_category("Nights")
    started = as_mary.fill("/new", title="Nights", source="Is it _you_?", press="Show me how it looks")
    assert "<em>you</em>" in started.text
    assert drafts.draft(viewer_for(mary), "new").title == "Nights"


def test_quoting_puts_the_words_in_the_reply_box(as_mary: Any) -> None:
    thread = a_thread(a_member("Gwen"), source="We label every drawer.")
    quote = as_mary.soup(url(thread)).select_one("a[href*='reply?quote=']")["href"]
    box = as_mary.soup(quote).select_one("textarea[name=source]").get_text()
    assert '[quote="Gwen, post:1' in box
    answer = as_mary.fill(quote, form="form.composer", source=box.lstrip("\n") + "\nSo do we.", press="Post my reply")
    page = as_mary.soup(answer.location)
    quoted = page.select_one("#post-2 blockquote")
    assert "We label every drawer." in quoted.get_text()
    assert quoted.a["href"] == f"/t/{thread.id}/-/1"


def test_answering_one_post_says_whom(as_mary: Any) -> None:
    thread = a_thread(a_member("Gwen"))
    a_post(thread, a_member("Tariq"))
    link = as_mary.soup(url(thread)).select_one("#post-1 a[href*='reply?to=']")["href"]
    answer = as_mary.fill(link, form="form.composer", source="Same here.", press="Post my reply")
    assert "In reply to Gwen" in as_mary.soup(answer.location).select_one("#post-3").get_text()


@pytest.mark.parametrize("question", ["quote=x", "quote=-1", f"quote={10**25}", "quote=999", "to=999", "to=%00"])
def test_a_reply_to_nothing_is_not_found(as_mary: Any, question: str) -> None:
    as_mary.soup(f"{url(a_thread())}/reply?{question}", status=404)


def test_a_post_of_another_thread_cannot_be_answered_here(as_mary: Any) -> None:
    elsewhere = a_post()
    as_mary.soup(f"{url(a_thread())}/reply?to={elsewhere.id}", status=404)


def test_those_who_may_not_post_are_told_why(client: Any, clock: Any) -> None:
    thread = a_thread(category=a_category(audience="public"))
    assert "Please sign in to join the conversation" in client.soup(url(thread)).get_text()
    client.sign_in(a_member(confirmed=False))
    assert "Confirm your e-mail address first" in client.soup(url(thread)).get_text()
    assert client.get("/new").status_code == 403
    client.sign_in(a_member(suspended_until=clock.now().replace(year=2099)))
    assert "paused" in client.soup(url(thread)).get_text()
    actions.close_thread(viewer_for(a_member(role="moderator")), thread.id, "Done")
    client.sign_in(a_member())
    page = client.soup(url(thread))
    assert "This thread is closed" in page.get_text()
    assert page.select_one("form.composer") is None
    answer = client.post(f"/t/{thread.id}/replies", data={"source": "Hello", "csrf_token": token(client)})
    assert answer.status_code == 403


# ---- changing and taking back ----------------------------------------------------------------------------------------


def test_a_member_changes_their_words_and_everybody_can_see_what_they_were(
    as_mary: Any, mary: Any, new_client: Callable[..., Any]
) -> None:
    post = a_post(author=mary, source="We use a bell.")
    answer = as_mary.fill(
        f"/posts/{post.id}/edit", form="form.composer", source="We use a doorbell.", press="Save my changes"
    )
    page = as_mary.soup(answer.location.split("#")[0])
    assert "We use a doorbell." in page.select_one("#post-2").get_text()
    history = new_client(a_member()).soup(f"/posts/{post.id}/history").get_text()
    assert "We use a bell." in history


def test_two_edits_at_once_lose_nothing(as_mary: Any, mary: Any) -> None:
    post = a_post(author=mary, source="One")
    path = f"/posts/{post.id}/edit"
    stale = as_mary.soup(path).select_one("form.composer")
    as_mary.fill(path, form="form.composer", source="From the phone", press="Save my changes")
    answer = as_mary.send(path, stale, source="From the desk", press="Save my changes")
    assert answer.status_code == 409
    assert "From the phone" in answer.text
    assert "From the desk" in answer.text
    from bs4 import BeautifulSoup

    form = BeautifulSoup(answer.text, "html.parser").select_one("form.composer")
    merged = as_mary.send(path, form, press="Put both in the box")
    form = BeautifulSoup(merged.text, "html.parser").select_one("form.composer")
    assert form.textarea.get_text().lstrip("\n") == "From the phone\n\nFrom the desk"
    as_mary.send(path, form, press="Save my changes")
    assert Post.fetch(post.id).source == "From the phone\n\nFrom the desk"


def test_other_peoples_posts_cannot_be_changed_or_taken_back(as_mary: Any) -> None:
    post = a_post()
    for page in ("edit", "withdraw"):
        as_mary.soup(f"/posts/{post.id}/{page}", status=403)
        assert as_mary.post(f"/posts/{post.id}/{page}", data={"csrf_token": token(as_mary)}).status_code == 403
    assert Post.fetch(post.id).withdrawn_at is None


def test_a_member_takes_a_post_back(as_mary: Any, mary: Any) -> None:
    post = a_post(author=mary, source="Too much said")
    answer = as_mary.fill(f"/posts/{post.id}/withdraw", press="Take my post back", follow=True)
    assert "Withdrawn by its writer" in answer.text
    assert "Too much said" not in answer.text


# ---- support, following, drafts --------------------------------------------------------------------------------------


def test_a_word_of_support_works_without_script_and_with(as_mary: Any) -> None:
    post = a_post()
    thread = Thread.fetch(post.thread_id)
    page = as_mary.soup(url(thread))
    form = page.select_one("#post-2 form.reacting")
    as_mary.send(url(thread), form, press="Been there")
    pressed = as_mary.soup(url(thread)).select_one("#post-2 button[aria-pressed=true]")
    assert pressed.get_text(" ", strip=True) == "Been there 1"
    answer = as_mary.post(
        f"/posts/{post.id}/react",
        data={"take_back": "been_there"},
        headers={"HX-Request": "true", "X-CSRFToken": token(as_mary)},
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Been there" in answer.text
    assert 'aria-pressed="true"' not in answer.text


def test_following_and_leaving_be(as_mary: Any, mary: Any) -> None:
    thread = a_thread()
    as_mary.fill(url(thread), press="Tell me about replies", form="main form")
    assert mary.id in queries.followers(thread.id)
    as_mary.fill(url(thread), press="Stop telling me", form="main form")
    assert mary.id not in queries.followers(thread.id)


def test_a_draft_is_found_again_on_another_device(as_mary: Any, mary: Any, new_client: Callable[..., Any]) -> None:
    thread = a_thread(title="Nights")
    place = f"thread:{thread.id}"
    send = {"place": place, "source": "I was go", "version": "0", "csrf_token": token(as_mary)}
    answer = as_mary.post("/me/drafts", data=send)
    assert answer.json["version"] == 1
    other = new_client(mary)
    assert other.soup(url(thread)).select_one("textarea").get_text().strip() == "I was go"
    assert "A reply in “Nights”" in other.soup("/me/drafts").get_text()
    conflict = other.post("/me/drafts", data={**send, "source": "Else", "csrf_token": token(other)})
    assert conflict.status_code == 409
    assert conflict.json["source"] == "I was go"
    other.fill("/me/drafts", press="Throw it away")
    assert not Draft.select().exists()
    refused = as_mary.post("/me/drafts", data={**send, "place": "moon:1"})
    assert refused.status_code == 422


def test_a_draft_that_arrives_after_its_post_is_not_kept(as_mary: Any, mary: Any) -> None:
    thread = a_thread()
    form = as_mary.soup(url(thread)).select_one("form.composer")
    nonce = form.select_one("[name=nonce]")["value"]
    as_mary.send(url(thread), form, source="All said", press="Post my reply")
    late = {"place": f"thread:{thread.id}", "source": "All sai", "nonce": nonce, "csrf_token": token(as_mary)}
    assert as_mary.post("/me/drafts", data=late).json["version"] == 0
    assert not Draft.select().exists()
    assert as_mary.post("/me/drafts/posted", data=late).json == {"posted": True}
    assert as_mary.post("/me/drafts/posted", data={**late, "nonce": "other"}).json == {"posted": False}


# ---- finding, looking after ------------------------------------------------------------------------------------------


def test_words_are_found_in_titles_and_posts(as_mary: Any) -> None:
    thread = a_thread(title="Zebra crossings", source="They frighten him.")
    a_post(thread, source="Ours has a button with a cone underneath.")
    page = as_mary.soup("/search?q=zebra")
    assert page.select_one(f"a[href='{url(thread)}/1#post-1']").get_text() == "Zebra crossings"
    assert as_mary.soup("/search?q=cone+button").select_one(f"a[href='{url(thread)}/2#post-2']") is not None
    assert "We found nothing" in as_mary.soup("/search?q=giraffe").get_text()


@pytest.mark.parametrize(
    "query", ["", "%00", '"', "' OR 1=1 --", "AND NOT (", "%F0%9F%AB%96", "*", "a" * 5000, "q&from=-1"]
)
def test_anything_may_be_searched_for(as_mary: Any, query: str) -> None:
    as_mary.soup(f"/search?q={query}")


def test_a_moderator_closes_and_hides_a_thread_with_a_reason(as_mary: Any, new_client: Callable[..., Any]) -> None:
    thread = a_thread()
    path = f"/t/{thread.id}/moderate"
    as_mary.soup(path, status=403)
    moderator = new_client(a_member(role="moderator"))
    assert moderator.fill(path, deed="close").status_code == 422
    moderator.fill(path, deed="close", reason="It went round in circles.")
    assert queries.thread(VISITOR if False else viewer_for(a_member()), thread.id).is_closed
    moderator.fill(path, deed="hide", reason="And became unkind.")
    as_mary.soup(url(thread), status=404)
    assert "only moderators can read this" in moderator.soup(url(thread)).get_text()


def test_visitors_get_no_cookie_and_no_forms_that_write(client: Any) -> None:
    thread = a_thread(category=a_category(audience="public"))
    page = client.soup(url(thread))
    assert not page.select("main form[method=post]")
    assert not client._cookies


def test_posts_drawn_once_are_right_for_everybody(
    as_mary: Any, mary: Any, new_client: Callable[..., Any], clock: Any
) -> None:
    post = a_post(author=mary, source="We take turns.")
    path = url(Thread.fetch(post.thread_id))
    other = new_client(a_member())

    def seen_by(client: Any) -> Any:
        return client.soup(path).select_one("#post-2")

    assert seen_by(as_mary).select_one("a[href$='/edit']") is not None
    assert seen_by(other).select_one("a[href$='/edit']") is None
    tokens = {seen_by(one).select_one("[name=csrf_token]")["value"] for one in (other, new_client(a_member()))}
    assert len(tokens) == 2
    assert "just now" in seen_by(other).get_text()
    clock.advance(minutes=5)
    assert "5 minutes ago" in seen_by(other).get_text()
    clock.advance(hours=15)
    assert "yesterday at" in seen_by(other).get_text()
    actions.react(viewer_for(a_member()), post.id, "hug")
    assert "Hug 1" in seen_by(other).get_text(" ", strip=True)
    actions.edit_post(viewer_for(mary), post.id, source="We take turns now.", revision=1)
    assert "turns now" in seen_by(other).get_text()
    actions.hide_post(viewer_for(a_member(role="moderator")), post.id, "Unkind")
    assert "turns" not in seen_by(other).get_text()


# ---- what nobody would type ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["9223372036854775808", "9" * 40, "9" * 5000])
@pytest.mark.parametrize("place", ["/t/", "/posts/", "/changes/", "/cuppas/", "/ideas/"])
def test_a_number_that_no_database_holds_leads_nowhere(as_mary: Any, place: str, number: str) -> None:
    assert as_mary.get(place + number).status_code == 404


def test_who_is_asked_to_sign_in_may_come_from_anywhere(client: Any) -> None:
    token = client.soup("/login").select_one("input[name=csrf_token]")["value"]
    for referrer in ("http://[", "http://evil.example//evil.example/", "nonsense"):
        answer = client.post("/me/devices", data={"csrf_token": token}, headers={"Referer": referrer})
        assert (answer.status_code, answer.location) == (303, "/login?next=/")
