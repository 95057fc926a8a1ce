"""The notices page, the count beside Me, and the links that stop letters."""

from typing import Any

import pytest

from forum.channels import actions, queries
from forum.channels.letters import stop_token, stop_url
from forum.channels.models import Notice
from forum.clock import now
from forum.database import transaction
from forum.members.actions import viewer_for
from forum.members.models import Member
from forum.threads import actions as threads
from tests.factories import a_member, a_post, a_thread


def note(member: Any, event_id: int, kind: str = "reply", **more: Any) -> bool:
    facts = {"about": "Night shifts", "path": "/t/1/night-shifts/2#post-2", "actor_id": None, **more}
    return bool(actions.tell(event_id, [actions.Line(member.id, kind, **facts)]))


def test_a_visitor_is_asked_to_sign_in_first(client: Any) -> None:
    assert client.get("/me/notifications").status_code == 303
    assert client.get("/me/notifications").location.startswith("/login")


def test_the_page_says_who_did_what_and_where(client: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    note(ann, 1, actor_id=ben.id)
    page = client.sign_in(ann).soup("/me/notifications")
    link = page.select_one("main .list a")
    assert link.get_text() == "Ben wrote in “Night shifts”"
    assert link["href"] == "/t/1/night-shifts/2#post-2"


def test_an_empty_page_says_what_will_stand_there(client: Any) -> None:
    assert "Nothing here yet" in client.sign_in(a_member()).soup("/me/notifications").main.get_text()


def test_the_count_beside_me_goes_when_they_are_seen(client: Any) -> None:
    ann = a_member("Ann")
    note(ann, 1)
    note(ann, 2)
    client.sign_in(ann)
    assert "2" in client.soup("/me/notifications").select_one("#unread-notices").get_text()
    assert client.fill("/me/notifications", press="I've seen these").status_code == 303
    assert client.soup("/me/notifications").select_one("#unread-notices").has_attr("hidden")
    assert Notice.select().where(Notice.read_at.is_null()).count() == 0


def test_what_came_after_the_page_was_read_stays_new(client: Any) -> None:
    ann = a_member("Ann")
    note(ann, 1)
    client.sign_in(ann)
    page = client.soup("/me/notifications")
    note(ann, 2)
    client.send("/me/notifications", page.select_one("main form[method=post]"))
    assert queries.unread_notices(viewer_for(ann)) == 1


def test_nobody_sees_or_settles_the_notices_of_others(client: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    note(ann, 1, about="Something private")
    client.sign_in(ben)
    assert "Something private" not in client.get("/me/notifications").text
    client.post("/me/notifications/seen", data={"csrf_token": _token(client)})
    assert queries.unread_notices(viewer_for(ann)) == 1


def _token(client: Any) -> str:
    return client.soup("/me/settings").select_one("[name=csrf_token]")["value"]


def test_kind_words_for_one_post_are_one_line(client: Any) -> None:
    ann = a_member("Ann")
    for number, name in enumerate(("Ben", "Cat", "Dev", "Eve")):
        note(ann, number + 1, "reaction", actor_id=a_member(name).id)
    lines = client.sign_in(ann).soup("/me/notifications").select("main .list a")
    assert [line.get_text() for line in lines] == [
        "Eve, Dev and 2 others had a kind word for what you said in “Night shifts”"
    ]


def test_many_notices_come_in_pages_and_none_is_missed(client: Any) -> None:
    ann = a_member("Ann")
    for number in range(120):
        note(ann, number + 1, path=f"/t/1/x/{number + 1}")
    client.sign_in(ann)
    seen, address = [], "/me/notifications"
    for _ in range(5):
        page = client.soup(address)
        seen += [link["href"] for link in page.select("main .list a")]
        older = page.select_one(".pager [rel=next]")
        if older is None:
            break
        address = older["href"]
    assert len(seen) == len(set(seen)) == 120


def test_the_count_stops_at_a_hundred(client: Any) -> None:
    ann = a_member("Ann")
    with transaction():
        Notice.insert_many(
            [{"member": ann.id, "event_id": n, "kind": "reply", "path": "/", "at": now()} for n in range(150)]
        ).execute()
    assert "99+" in client.sign_in(ann).soup("/me/notifications").select_one("#unread-notices").get_text()


def test_the_count_costs_one_query(stack: Any, queries: Any) -> None:
    from forum.channels.queries import unread_notices

    ann = a_member("Ann")
    note(ann, 1)
    viewer = viewer_for(ann)
    with queries(exactly=1):
        assert unread_notices(viewer) == 1


def test_something_mangled_in_the_address_shows_the_first_page_or_nothing_there(client: Any) -> None:
    client.sign_in(a_member())
    assert client.get("/me/notifications?before=x").status_code == 200
    assert client.get("/me/notifications?before=99999999999999999999").status_code == 200


def test_me_opens_on_what_is_new(client: Any, work: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread = a_thread(ann, title="Night shifts")
    a_post(thread, ben)
    work()
    assert "Ben wrote in “Night shifts”" in client.sign_in(ann).soup("/me").main.get_text()


# ---- stopping letters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "column"), [("replies", "mail_replies"), ("mentions", "mail_mentions"), ("asks", "mail_asks")]
)
def test_one_press_stops_that_kind_of_letter_and_no_other(client: Any, what: str, column: str) -> None:
    ann = a_member("Ann")
    client.fill(f"/mail/stop/{stop_token(ann.id, what)}")
    ann = Member.fetch(ann.id)
    wanted = {name: getattr(ann, name) for name in ("mail_replies", "mail_mentions", "mail_asks")}
    assert wanted == {name: name != column for name in wanted}


def test_opening_the_link_stops_nothing_because_scanners_open_links(client: Any) -> None:
    ann = a_member("Ann")
    page = client.soup(f"/mail/stop/{stop_token(ann.id, 'replies')}")
    assert len(page.select("main button")) == 1
    assert Member.fetch(ann.id).mail_replies


def test_a_mail_program_presses_the_button_without_a_cookie_or_token(client: Any) -> None:
    ann = a_member("Ann")
    answer = client.post(
        f"/mail/stop/{stop_token(ann.id, 'replies')}",
        data="List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
    assert not Member.fetch(ann.id).mail_replies


def test_the_link_in_a_letter_is_the_one_in_its_header(work: Any, outbox: Any, client: Any) -> None:
    ann = a_member("Ann")
    a_post(a_thread(ann))
    work()
    letter = outbox.last(ann.email)
    address = letter["List-Unsubscribe"].strip("<>")
    assert address == stop_url(ann.id, "replies")
    assert address in outbox.links(letter)
    assert client.post(address).status_code == 200
    a_post(a_thread(ann))
    work()
    assert len(outbox.to(ann.email)) == 1


def test_hearing_no_more_of_one_conversation_leaves_the_others(work: Any, outbox: Any, client: Any) -> None:
    ann = a_member("Ann")
    loud, other = a_thread(ann), a_thread(ann)
    client.fill(f"/mail/stop/{stop_token(ann.id, f'thread:{loud.id}')}")
    a_post(loud)
    a_post(other)
    work()
    assert len(outbox.to(ann.email)) == 1


@pytest.mark.parametrize("token", ["x", "WzEsInJlcGxpZXMiXQ.AAAA", "%00", "a" * 5000])
def test_a_foreign_link_is_a_page_that_says_so(client: Any, token: str) -> None:
    assert client.get(f"/mail/stop/{token}").status_code == 404
    assert client.post(f"/mail/stop/{token}").status_code == 404


def test_a_link_works_for_somebody_who_left_and_for_a_thread_that_is_gone(client: Any) -> None:
    ann = a_member("Ann")
    assert client.post(f"/mail/stop/{stop_token(99999, 'replies')}").status_code == 200
    assert client.post(f"/mail/stop/{stop_token(ann.id, 'thread:99999')}").status_code == 200


# ---- data rights ---------------------------------------------------------------------------------------------------


def test_an_export_holds_notices_and_letters(work: Any) -> None:
    import json

    ann, ben = a_member("Ann"), a_member("Ben")
    a_post(a_thread(ann, title="Night shifts"), ben)
    work()
    held = json.loads(json.dumps(queries.about_member(ann.id)))
    assert held["notices"][0]["words"] == "Ben wrote in “Night shifts”"
    assert held["letters"][0]["subject"] == "Re: Night shifts"
    assert held["letters"][0]["to"] == ann.email


def test_leaving_takes_notices_and_letters_along(work: Any, app: Any) -> None:
    from forum.channels.models import Letter
    from forum.members.actions import erase_member

    admin, ann, ben = a_member("Ada", "admin"), a_member("Ann"), a_member("Ben")
    thread = a_thread(ann)
    a_post(thread, ben)
    work()
    erase_member(viewer_for(admin), ben.id, reason="they asked")
    assert Notice.select().where((Notice.member == ann.id) & (Notice.actor == ben.id)).count() == 0
    erase_member(viewer_for(admin), ann.id, reason="they asked")
    assert Notice.select().count() == 0
    assert Letter.select().where(Letter.member == ann.id).count() == 0
    _ = threads


def test_an_open_page_is_sent_the_new_count_and_nothing_about_anybody(app: Any, work: Any) -> None:
    from forum import events, live
    from forum.members.actions import start_session

    ann, ben = a_member("Ann"), a_member("Ben")
    start_session(ann.id)
    a_post(a_thread(ann, title="Something private"), ben)
    work()
    (row,) = [row for row in events.after(0) if row[1] == "notice.added"]
    heard = live.Heard(*row[:5], {})
    with app.test_request_context():
        html = live.frames.makers["notice.added"](heard)
    assert 'id="unread-notices" data-how="replace">' in html
    assert "</span>1<span" in html
    assert "private" not in html
