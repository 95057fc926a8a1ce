"""A name for one thread only: nothing that anybody else sees leads to who it is."""

from typing import Any

import pytest

from forum.channels.models import Letter
from forum.errors import Conflict, Invalid, NotAllowed
from forum.members.actions import join, viewer_for
from forum.threads import actions, queries
from forum.threads.models import Post, PostRevision, Thread
from tests import factories

NAME = "Quiet Robin"


def _says(member: Any, thread: Any, source: str, **more: Any) -> Post:
    nonce = f"voice-{member.id}-{Post.select().count()}"
    return actions.reply(viewer_for(member), thread.id, source=source, nonce=nonce, **more)


def test_a_member_opens_a_thread_under_a_name_for_it(app: Any, client: Any) -> None:
    ann = factories.a_member("Ann")
    factories.a_category("Nights")
    client.sign_in(ann)
    client.fill(
        "/new", title="Can I say this?", source="I can't do this any more.", category="nights", thread_name=NAME,
        press="Open my thread",
    )  # fmt: skip
    thread = Thread.get()
    page = client.soup(f"/t/{thread.id}/{thread.slug}")
    main = page.find("main").get_text(" ")
    assert f"Started by {NAME}" in main
    assert f"You speak here as {NAME}" in main
    other = app.test_client().sign_in(factories.a_member("Bo"))
    for address in (f"/t/{thread.id}/{thread.slug}", "/", "/c/nights"):
        assert "Ann" not in other.get(address).text
        assert NAME in other.get(address).text


def test_what_was_said_before_changes_with_the_name(app: Any, new_client: Any) -> None:
    ann, bo = factories.a_member("Ann"), factories.a_member("Bo")
    thread = factories.a_thread(ann)
    elsewhere = factories.a_thread(bo)
    quotation = queries.quotation(viewer_for(bo), Post.get(Post.thread == thread.id).id)
    answer = _says(bo, thread, f"{quotation}\nThank you @Ann. Does `@ann` help?")
    carried = _says(bo, elsewhere, f"As somebody said:\n\n{quotation}")
    actions.edit_post(viewer_for(bo), answer.id, source=f"{quotation}\nThank you, @Ann!", revision=1)
    assert "Ann" in new_client(bo).get(f"/t/{thread.id}/{thread.slug}").text

    actions.take_name(viewer_for(ann), thread.id, name=NAME)

    reader = new_client(bo)
    for address in (
        f"/t/{thread.id}/{thread.slug}",
        f"/t/{elsewhere.id}/{elsewhere.slug}",
        f"/posts/{answer.id}/history",
    ):
        text = reader.get(address).text
        assert "Ann" not in text, address
        assert NAME in text, address
    assert f'href="/t/{thread.id}/-/1"' in Post.fetch(answer.id).html
    assert NAME in Post.fetch(carried.id).plain
    assert all("Ann" not in before.source for before in PostRevision.select())


def test_a_quote_carries_the_name_that_is_shown_when_it_is_posted(app: Any) -> None:
    ann, bo = factories.a_member("Ann"), factories.a_member("Bo")
    thread = factories.a_thread(ann)
    begun = queries.quotation(viewer_for(bo), Post.get(Post.thread == thread.id).id)
    actions.take_name(viewer_for(ann), thread.id, name=NAME)
    assert NAME in _says(bo, thread, begun).source
    hidden = factories.a_thread(factories.a_member(role="supporter"), factories.a_category(audience="staff"))
    asked = _says(bo, thread, f'[quote="Who, post:1, thread:{hidden.id}"]\nx\n[/quote]')
    assert "Who" in asked.source, "quoting does not tell who wrote where one may not read"


def test_words_that_were_on_their_way_are_put_right(app: Any, work: Any) -> None:
    from forum.database import transaction

    ann, bo = factories.a_member("Ann"), factories.a_member("Bo")
    thread = factories.a_thread(ann)
    late = _says(bo, thread, "Hello!")
    actions.take_name(viewer_for(ann), thread.id, name=NAME)
    with transaction():
        Post.update(source="Hello @Ann").where(Post.id == late.id).execute()
    from datetime import timedelta

    from forum import clock

    clock.set(clock.now() + timedelta(minutes=1))
    work()
    assert Post.fetch(late.id).source == f'Hello @"{NAME}"'


def test_calling_somebody_by_their_name_here_reaches_them(app: Any, work: Any, new_client: Any) -> None:
    ann, bo = factories.a_member("Ann"), factories.a_member("Bo")
    thread = factories.a_thread(bo)
    _says(ann, thread, "Same here.", thread_name=NAME)
    _says(bo, thread, f'Thank you @"{NAME}"')
    work()
    assert "Bo mentioned you" in new_client(ann).get("/me/notifications").text


def test_notices_and_letters_say_the_name_for_the_thread(app: Any, work: Any, outbox: Any, new_client: Any) -> None:
    ann, bo = factories.a_member("Ann", email="ann@example.org"), factories.a_member("Bo", email="bo@example.org")
    thread = factories.a_thread(bo)
    said = _says(ann, thread, "Same here.")
    work()
    assert "Ann wrote" in new_client(bo).get("/me/notifications").text
    actions.take_name(viewer_for(ann), thread.id, name=NAME)
    actions.react(viewer_for(ann), Post.get(Post.thread == thread.id, Post.number == 1).id, "hug")
    _says(ann, thread, f'@Bo, [quote="{NAME}, post:{said.number}, thread:{thread.id}"]\nSame here.\n[/quote]\nStill.')
    work()
    page = new_client(bo).get("/me/notifications").text
    assert "Ann" not in page
    assert f"{NAME} wrote" in page
    assert f"{NAME} had a kind word" in page
    letter = outbox.last("bo@example.org")
    assert NAME in outbox.words(letter)
    assert "Ann" not in letter.as_string()


def test_letters_on_their_way_are_not_sent_under_the_old_name(app: Any) -> None:
    from forum import jobs
    from forum.events import Event

    ann, bo = factories.a_member("Ann"), factories.a_member("Bo", email="bo@example.org")
    thread = factories.a_thread(bo)
    said = _says(ann, thread, "Same here.")
    from forum.channels import post_letters

    post_letters.tell_of_post(Event.get(Event.kind == "post.published", Event.subject_id == said.id), "")
    assert Letter.select().where(Letter.sent_at.is_null()).count() == 1
    actions.take_name(viewer_for(ann), thread.id, name=NAME)
    assert Letter.select().where(Letter.sent_at.is_null()).count() == 0
    assert jobs.run_everything_due() > 0


@pytest.mark.parametrize("name", ["", "a", "Bo", "B0", "Admin", "x" * 41, "Ann"])
def test_a_name_that_will_not_do_is_refused_with_a_sentence(app: Any, client: Any, name: str) -> None:
    ann, _bo = factories.a_member("Ann"), factories.a_member("Bo")
    thread = factories.a_thread(ann)
    client.sign_in(ann)
    answer = client.fill(f"/t/{thread.id}/name", thread_name=name, press="Use this name here")
    assert answer.status_code == 422
    assert "f-thread_name-error" in answer.text
    assert queries.thread(viewer_for(ann), thread.id).author_name == "Ann"


def test_nobody_else_takes_the_name(app: Any) -> None:
    ann, bo = factories.a_member("Ann"), factories.a_member("Bo")
    thread = factories.a_thread(ann)
    actions.take_name(viewer_for(ann), thread.id, name=NAME)
    actions.take_name(viewer_for(ann), thread.id, name="quiet  robin")
    with pytest.raises(Invalid):
        actions.take_name(viewer_for(bo), thread.id, name="Quiet Rob1n".replace("1", "i"))
    with pytest.raises(Conflict):
        actions.take_name(viewer_for(ann), thread.id, name="Early Wren")
    with pytest.raises(Invalid):
        join("Quiet Robin", "new@example.org")
    actions.take_name(viewer_for(bo), factories.a_thread(bo).id, name=NAME)


def test_whoever_works_here_speaks_as_themselves(app: Any) -> None:
    sam = factories.a_member("Sam", role="supporter")
    thread = factories.a_thread()
    with pytest.raises(NotAllowed):
        actions.take_name(viewer_for(sam), thread.id, name=NAME)
    with pytest.raises(NotAllowed):
        _says(sam, thread, "Hello", thread_name=NAME)
    assert Post.select().where(Post.thread == thread.id).count() == 1
