"""Finding one's place in a long thread: what is new, a number, a day; and who had a kind word."""

from typing import Any

import pytest

from forum.members.actions import viewer_for
from forum.threads import actions
from tests import factories


@pytest.fixture
def long_thread(app: Any, clock: Any) -> Any:
    """Thirty posts, one a day from Monday 2 November 2026 on."""
    thread = factories.a_thread(factories.a_member("Ann"))
    for _number in range(29):
        clock.advance(days=1)
        factories.a_post(thread, source="One more day.")
    return thread


def test_a_line_shows_where_the_new_posts_begin(client: Any, long_thread: Any) -> None:
    ben = factories.a_member("Ben")
    client.sign_in(ben)
    page = client.soup(f"/t/{long_thread.id}/{long_thread.slug}")
    assert page.select_one("#new") is None, "on a first visit everything is new"
    actions.mark_read(viewer_for(ben), long_thread.id, 25)
    page = client.soup(f"/t/{long_thread.id}/{long_thread.slug}")
    line = page.select_one("#new")
    assert line.get_text() == "New since you were here"
    assert line.parent["id"] == "said-26"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12", 12),
        ("0", 1),
        ("999", 30),
        ("2026-11-02", 1),
        ("5 November 2026", 4),
        ("5th nov 2026", 4),
        ("30/11/2026", 29),
        ("2026-12-24", 30),
        ("1 January 2020", 1),
    ],
)
def test_one_jumps_to_a_number_or_a_day(client: Any, long_thread: Any, typed: str, number: int) -> None:
    client.sign_in(factories.a_member())
    where = f"/t/{long_thread.id}/{long_thread.slug}"
    answer = client.fill(where, form="form.jump-form", to=typed)
    assert answer.status_code == 302
    assert answer.location == f"{where}/{number}#post-{number}"


@pytest.mark.parametrize("typed", ["", "soon", "2026-13-40", "99999999999", "31 February 2026", "<b>", "\x00"])
def test_what_is_neither_gets_a_sentence(client: Any, long_thread: Any, typed: str) -> None:
    client.sign_in(factories.a_member())
    answer = client.get(f"/t/{long_thread.id}/{long_thread.slug}/jump", query_string={"to": typed})
    assert answer.status_code == 422
    assert "Type the number of a post, or a day" in answer.text


def test_everybody_in_the_thread_sees_who_had_a_kind_word(new_client: Any, app: Any) -> None:
    ann, ben, cat = (factories.a_member(name) for name in ("Ann", "Ben", "Cat"))
    thread = factories.a_thread(ann)
    first = thread.posts.get()
    actions.react(viewer_for(ben), first.id, "hug")
    actions.react(viewer_for(cat), first.id, "hug")
    actions.react(viewer_for(cat), first.id, "helpful")
    reader = new_client(ann)
    page = reader.soup(f"/t/{thread.id}/{thread.slug}")
    address = page.select_one("a[href$=kind-words]")["href"]
    names = [item.get_text() for item in reader.soup(address).select("main li")]
    assert names == ["Ben", "Cat", "Cat"]
    assert new_client().get(address).status_code in {303, 401}
    actions.take_name(viewer_for(cat), thread.id, name="Quiet Robin")
    assert "Cat" not in reader.get(address).text
