"""Not wanting to meet somebody: what is folded away, what is kept back, and that nobody learns of it."""

import json
from typing import Any

import pytest

from forum.access import Viewer
from forum.channels.models import Letter, Notice
from forum.errors import Conflict, NotFound
from forum.members.actions import viewer_for
from forum.members.blocks import actions
from forum.members.blocks.models import Block
from forum.members.blocks.queries import unmet_by
from forum.members.models import Member
from forum.threads.posts.actions import edit_post, react
from tests import factories


@pytest.fixture
def joan(app: Any) -> Any:
    return factories.a_member(name="Joan")


@pytest.fixture
def rude(app: Any) -> Any:
    return factories.a_member(name="Rude & Loud")


def block(member: Any, other: Any) -> None:
    actions.block(viewer_for(member), other.id)


def told(member: Any) -> list[str]:
    return [notice.kind for notice in Notice.select().where(Notice.member == member.id).order_by(Notice.id)]


def test_from_under_a_post_to_not_meeting_its_writer_and_back(client: Any, joan: Any, rude: Any) -> None:
    thread = factories.a_thread(joan)
    factories.a_post(thread, rude, source="You are doing it all wrong.")
    client.sign_in(joan)
    page = client.soup(f"/t/{thread.id}/{thread.slug}/2")
    link = page.select_one('#said-2 a[href^="/me/blocks/new"]')
    answer = client.fill(link["href"], press="Don't let me meet Rude & Loud")
    assert answer.location == f"/t/{thread.id}/{thread.slug}/2#post-2"
    folded = client.soup(f"/t/{thread.id}/{thread.slug}/2").select_one("#said-2 > details.unmet:not([open])")
    assert folded.summary.get_text() == "Somebody you don't want to meet"
    assert "Rude" not in folded.summary.get_text()
    assert "You are doing it all wrong." in folded.get_text()
    assert client.soup(f"/t/{thread.id}/{thread.slug}/1").select_one("#said-1 > .post") is not None
    client.fill("/me/blocks", press="Meet again Rude & Loud")
    assert client.soup(f"/t/{thread.id}/{thread.slug}/2").select_one(".unmet") is None


def test_a_page_of_somebody_blocked_says_so_and_offers_the_way_back(client: Any, joan: Any, rude: Any) -> None:
    client.sign_in(joan)
    link = client.soup("/m/Rude%20%26%20Loud").select_one('main a[href^="/me/blocks/new"]')
    assert client.fill(link["href"], press="Don't let me meet").location == "/m/Rude%20%26%20Loud"
    assert "They don't know" in client.soup("/m/Rude%20%26%20Loud").get_text()
    client.fill("/m/Rude%20%26%20Loud", press="Meet again")
    assert not Block.select().exists()


def test_the_blocked_person_sees_everything_as_before(new_client: Any, joan: Any, rude: Any) -> None:
    thread = factories.a_thread(joan)
    theirs = new_client(rude)
    pages = (f"/t/{thread.id}/{thread.slug}/1", "/m/Joan", "/me/blocks", "/me/notifications")
    before = [theirs.soup(path).select_one("main").get_text() for path in pages]
    block(joan, rude)
    assert [theirs.soup(path).select_one("main").get_text() for path in pages] == before
    assert "Joan" not in theirs.fill("/me/export", press="Download it").text


def test_no_reply_mention_or_kind_word_of_theirs_is_told_or_sent(app: Any, work: Any, joan: Any, rude: Any) -> None:
    other = factories.a_member(name="Other")
    thread = factories.a_thread(joan)
    block(joan, rude)
    reply = factories.a_post(thread, rude, source="You, @Joan, and you, @Other, are wrong.")
    react(viewer_for(rude), thread.posts.get().id, "hug")
    edit_post(viewer_for(rude), reply.id, source="@Joan @Other again", revision=1)
    work()
    assert told(joan) == []
    assert not Letter.select().where(Letter.member == joan.id).exists()
    assert told(other) == ["mention"]
    factories.a_post(thread, other, source="Never mind them.")
    work()
    assert told(joan) == ["reply"]


def test_the_blocked_person_goes_on_hearing_of_the_one_who_blocked_them(
    app: Any, work: Any, joan: Any, rude: Any
) -> None:
    block(joan, rude)
    factories.a_post(factories.a_thread(rude), joan, source="I wish you well, @Rude & Loud.")
    work()
    assert len(told(rude)) == 1


def test_what_they_say_is_not_found_by_search(client: Any, joan: Any, rude: Any) -> None:
    thread = factories.a_thread(joan, source="The teapot is warm.")
    factories.a_post(thread, rude, source="Your teapot is ugly.")
    client.sign_in(joan)
    assert len(client.soup("/search?q=teapot").select(".hit")) == 2
    block(joan, rude)
    assert "ugly" not in client.soup("/search?q=teapot").get_text()
    assert len(client.soup("/search?q=teapot").select(".hit")) == 1


def test_whoever_works_here_cannot_be_kept_away(client: Any, work: Any, joan: Any, rude: Any) -> None:
    moderator = factories.a_member(name="Helen", role="moderator")
    client.sign_in(joan)
    assert client.soup("/m/Helen").select_one('main a[href^="/me/blocks/new"]') is None
    answer = client.fill("/me/blocks/new?member=Helen", press="Don't let me meet")
    assert answer.status_code == 409
    assert "look after this place" in answer.text

    # Nor when they come to work here afterwards.
    block(joan, rude)
    Member.update(role="supporter").where(Member.id == rude.id).execute()
    thread = factories.a_thread(joan)
    factories.a_post(thread, rude, source="How can we help?")
    factories.a_post(thread, moderator, source="And I?")
    work()
    assert client.soup(f"/t/{thread.id}/{thread.slug}/2").select_one(".unmet") is None
    assert told(joan) == ["reply", "reply"]
    assert "You see what they say" in client.soup("/me/blocks").get_text()


def test_nobody_blocks_themselves_or_somebody_who_left(app: Any, joan: Any, rude: Any) -> None:
    with pytest.raises(Conflict):
        block(joan, joan)
    block(joan, rude)
    block(joan, rude)
    assert Block.select().count() == 1
    gone = factories.a_member(name="Gone away", left_at=joan.joined_at, email=None)
    with pytest.raises(NotFound):
        block(joan, gone)


def test_blocks_are_in_the_export_of_the_one_who_made_them_and_go_with_either(
    client: Any, new_client: Any, joan: Any, rude: Any
) -> None:
    block(joan, rude)
    block(rude, joan)
    client.sign_in(joan)
    held = json.loads(client.fill("/me/export", press="Download it").text)["you"]
    assert [one["name"] for one in held["does_not_want_to_meet"]] == ["Rude & Loud"]
    client.fill("/me/leave", press="Leave and take my words with me")
    assert not Block.select().exists()


def test_folding_costs_a_thread_page_one_query(app: Any, joan: Any, rude: Any, queries: Any) -> None:
    block(joan, rude)
    with queries(exactly=1):
        assert unmet_by(Viewer(id=joan.id, role="member")) == {rude.id: "Rude & Loud"}
    with queries(exactly=0):
        assert unmet_by(Viewer()) == {}


def test_a_block_never_tells_who_is_behind_a_name_for_one_thread(client: Any, work: Any, joan: Any, rude: Any) -> None:
    block(joan, rude)
    thread = factories.a_thread(joan, source="The teapot is warm.")
    factories.a_post(thread, rude, source="Mine is a quiet teapot.", thread_name="Quiet Robin")
    react(viewer_for(rude), thread.posts.get().id, "hug")
    work()
    assert told(joan) == ["reply", "reaction"]
    client.sign_in(joan)
    page = client.soup(f"/t/{thread.id}/{thread.slug}/2")
    assert page.select_one("#said-2 > .post") is not None
    assert page.select_one("#said-2 a[href^='/me/blocks/new']") is None
    assert len(client.soup("/search?q=teapot").select(".hit")) == 2
