"""Taking another name: when one may, what stays, and who learns of it."""

import json
from typing import Any

import pytest

from forum.errors import Invalid, NotAllowed
from forum.members import actions as members
from forum.members.actions import viewer_for
from forum.members.models import Member
from forum.members.renames import actions, queries
from forum.members.renames.models import NameChange
from tests import factories
from tests.members.test_joining import errors


@pytest.fixture
def joan(app: Any) -> Any:
    return factories.a_member(name="Joan", email="joan@example.org")


def test_from_one_day_on_everything_shows_the_new_name(client: Any, new_client: Any, work: Any, joan: Any) -> None:
    thread = factories.a_thread(joan)
    sam = factories.a_member(name="Sam")
    factories.a_post(thread, sam, source="Thank you, @Joan.")
    factories.a_post(factories.a_thread(sam), joan, source="You're welcome, @Sam.")
    work()
    client.sign_in(joan)
    assert client.fill("/me/name", name="Joan of Leeds").location == "/me/profile"

    reader = new_client(sam)
    page = reader.soup(f"/t/{thread.id}/{thread.slug}/1")
    assert page.select_one("#said-1 .post-name").get_text(strip=True) == "Joan of Leeds"
    mention = page.select_one("#said-2 .prose a")
    assert mention.get_text() == "@Joan"
    assert reader.get(mention["href"]).location == "/m/Joan%20of%20Leeds"
    assert "Joan of Leeds mentioned you" in reader.soup("/me/notifications").get_text()
    assert new_client().get("/m/Joan").location.startswith("/login?next=")


@pytest.mark.parametrize(
    ("name", "word"),
    [("Sam", "taken"), ("S a m", "taken"), ("Admin", "people who run this place"), ("", "Tell us a name")],
)
def test_a_name_that_will_not_do_says_why_and_changes_nothing(client: Any, joan: Any, name: str, word: str) -> None:
    factories.a_member(name="Sam")
    client.sign_in(joan)
    answer = client.fill("/me/name", name=name)
    assert answer.status_code == 422
    assert word in errors(answer)
    assert Member.get_by_id(joan.id).name == "Joan"


def test_a_name_lasts_thirty_days(client: Any, joan: Any, clock: Any) -> None:
    client.sign_in(joan)
    client.fill("/me/name", name="Joan of Leeds")
    page = client.soup("/me/name")
    assert page.select_one("main form") is None
    assert "Wednesday 2 December" in page.get_text()
    clock.advance(days=29)
    with pytest.raises(Invalid) as refused:
        actions.change_name(viewer_for(joan), "Joan")
    assert "again from Wednesday 2 December" in refused.value.errors["name"]
    clock.advance(days=1)
    actions.change_name(viewer_for(joan), "Joan")
    assert Member.get_by_id(joan.id).name == "Joan"


def test_the_name_one_has_is_no_change(client: Any, joan: Any) -> None:
    client.sign_in(members.create_member("sam@example.org", "Sam (Kettle staff)", "supporter"))
    assert client.fill("/me/name", name="Sam (Kettle staff)").status_code == 303
    assert not NameChange.select().exists()


def test_a_name_somebody_had_is_kept_for_them(app: Any, joan: Any, clock: Any) -> None:
    actions.change_name(viewer_for(joan), "Joan of Leeds")
    with pytest.raises(Invalid):
        members.join("J0an", "new@example.org")
    with pytest.raises(Invalid):
        members.create_member("new@example.org", "Joan")
    with pytest.raises(Invalid):
        actions.change_name(viewer_for(factories.a_member()), "Jo an")
    clock.advance(days=30)
    actions.change_name(viewer_for(joan), "Joan")
    members.erase_member(members.HOUSE, joan.id, reason="asked")
    members.join("Joan", "new@example.org")
    assert Member.get(Member.email == "new@example.org").name == "Joan"


def test_only_moderators_see_what_somebody_was_called(new_client: Any, joan: Any) -> None:
    actions.change_name(viewer_for(joan), "Jo")
    for role, sees in (("member", False), ("supporter", False), ("moderator", True), ("admin", True)):
        words = new_client(factories.a_member(role=role)).soup("/m/Jo").select_one("main").get_text()
        assert ("Joan (until" in words) is sees, role
    with pytest.raises(NotAllowed):
        queries.earlier_names(viewer_for(factories.a_member(role="supporter")), joan.id)


def test_earlier_names_are_in_the_export_and_go_with_their_owner(client: Any, joan: Any, clock: Any) -> None:
    client.sign_in(joan)
    for name in ("Jo", "Joanna"):
        client.fill("/me/name", name=name)
        clock.advance(days=31)
        client.sign_in(joan)
    held = json.loads(client.fill("/me/export", press="Download it").text)["you"]
    assert [one["name"] for one in held["earlier_names"]] == ["Joan", "Jo"]
    assert queries.may_change_from(viewer_for(joan)) is None
    client.fill("/me/leave", press="Leave and take my words with me")
    assert not NameChange.select().exists()
