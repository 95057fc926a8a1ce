"""Joining, and the link that confirms."""

from threading import Thread
from typing import Any

import pytest

from forum.access import may_post
from forum.database import close_connection
from forum.errors import Invalid
from forum.events import Event
from forum.listening.cuppas.queries import members_called
from forum.members import actions, queries
from forum.members.models import Member
from forum.members.sessions import actions as sessions
from tests import factories
from tests.members.letters import links_sent, newest_link, path_of

LONG = "three odd teaspoons"


def join(client: Any, name: str = "Maggie", email: str = "maggie@example.org", **more: Any) -> Any:
    return client.fill("/join", name=name, email=email, **more)


def errors(answer: Any) -> str:
    """The words of the error summary, or nothing."""
    from bs4 import BeautifulSoup

    wrong = BeautifulSoup(answer.text, "html.parser").select_one(".wrong")
    return wrong.get_text(" ", strip=True) if wrong else ""


def test_somebody_joins_follows_the_link_presses_the_button_and_is_in(client: Any) -> None:
    answer = join(client)
    assert answer.location == "/join/sent"
    assert "maggie@example.org" in client.soup("/join/sent").get_text()
    assert Event.get(Event.kind == "member.link_asked").extra == {"link": newest_link().id}

    answer = client.fill(path_of(), press="Come in")
    assert answer.location == "/"
    assert Member.get(Member.name == "Maggie").email_confirmed_at is not None
    assert "Hello, Maggie" in client.soup("/me").get_text()
    assert Event.select().where(Event.kind == "member.joined").count() == 1


def test_opening_the_link_uses_nothing_up_because_mail_scanners_open_links(client: Any, new_client: Any) -> None:
    join(client)
    for _ in range(3):
        assert new_client().get(path_of()).status_code == 200
    assert Member.get(Member.name == "Maggie").email_confirmed_at is None
    assert client.fill(path_of(), press="Come in").status_code == 303


def test_the_link_works_in_another_browser_and_leads_where_they_were_going(client: Any, new_client: Any) -> None:
    client.fill("/join?next=/t/7/forms", name="Maggie", email="maggie@example.org")
    assert new_client().fill(path_of(), press="Come in").location == "/t/7/forms"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:1", "/\t/[", "/a\rb"]
)
def test_nobody_is_sent_to_another_site(client: Any, elsewhere: str) -> None:
    client.fill("/join", name="Maggie", email="maggie@example.org", next=elsewhere)
    assert client.fill(path_of(), press="Come in").location == "/"


def test_joining_with_an_address_that_has_a_place_looks_the_same_and_the_letter_says_so(
    client: Any, new_client: Any
) -> None:
    known = factories.a_member(name="Joan", email="joan@example.org")
    unknown_answer, known_answer = join(client), join(new_client(), name="Somebody", email="JOAN@example.org ")
    assert known_answer.location == unknown_answer.location
    assert known_answer.get_data() == unknown_answer.get_data()
    assert newest_link().purpose == "already_here"
    assert newest_link().member_id == known.id
    assert not Member.select().where(Member.name == "Somebody").exists()
    assert new_client().fill(path_of(), press="Come in").location == "/me"


def test_a_taken_name_is_refused_even_with_its_own_address_so_that_nobody_learns_whose_it_is(client: Any) -> None:
    factories.a_member(name="Joan", email="joan@example.org")
    for email in ("joan@example.org", "somebody@example.org"):
        answer = join(client, name="Joan", email=email)
        assert answer.status_code == 422
        assert "taken" in errors(answer)
    assert links_sent() == 0


@pytest.mark.parametrize("name", ["joan", "JOAN", "Jоan", "J o a n", "Jóan", "Joan."])
def test_names_that_differ_only_in_look_alike_letters_are_one_name(client: Any, name: str) -> None:
    factories.a_member(name="Joan")
    assert "very close to one" in errors(join(client, name=name))


def test_what_will_not_do_is_said_at_once_and_what_was_typed_stays(client: Any) -> None:
    answer = join(client, name="Admin", email="joan@", password="password123")
    assert answer.status_code == 422
    assert errors(answer).count("Please choose another") == 1
    assert "name@example.org" in errors(answer)
    assert "tried first" in errors(answer)
    assert 'value="joan@"' in answer.text
    assert "password123" not in answer.text


def test_a_nul_byte_or_a_huge_field_breaks_nothing(client: Any) -> None:
    assert join(client, name="Mag\x00gie", email="mag\x00gie@example.org").status_code == 422
    assert join(client, name="x" * 200_000, email="y" * 200_000).status_code == 422
    assert join(client, name="Mag\x00gie").status_code == 303
    assert Member.get().name == "Maggie"


def test_an_impatient_thumb_gets_one_letter(client: Any) -> None:
    join(client, password=LONG)
    join(client, password=LONG)
    assert links_sent() == 1
    assert client.fill(path_of(), press="Come in").status_code == 303


def test_joining_again_before_confirming_counts_and_the_older_letter_no_longer_opens(client: Any, clock: Any) -> None:
    join(client, name="Magie", password="somebody else's words")
    older = newest_link()
    clock.advance(minutes=5)
    join(client, name="Maggie", password=LONG)
    assert [member.name for member in Member.select()] == ["Maggie"]
    assert client.get(path_of(older)).status_code == 410
    client.fill(path_of(), press="Come in")
    assert sessions.sign_in("maggie@example.org", LONG)


def test_a_mistyped_address_does_not_lock_the_name(client: Any, clock: Any) -> None:
    join(client, email="magie@exmaple.org")
    clock.advance(minutes=5)
    assert join(client, email="maggie@example.org").status_code == 303
    assert [member.email for member in Member.select()] == ["maggie@example.org"]


def _visitor(client: Any) -> Any:
    return client.application.test_client()


def test_a_password_opens_nothing_before_its_address_is_confirmed(client: Any) -> None:
    """Else whoever joins with somebody's address could find out whether it had a place already."""
    joan = factories.a_member(name="Joan", email="joan@example.org")
    said = []
    for name, email in (("Maggie", "maggie@example.org"), ("Margaret", joan.email)):
        actions.join(name, email, password=LONG)
        answer = client.fill("/login", email=email, password=LONG)
        said.append((answer.status_code, errors(answer)))
    assert said[0] == said[1]
    assert said[0][0] == 422
    assert "open the link in our letter first" in said[0][1]

    actions.join("Mary", "mary@example.org", password=LONG)
    client.fill(path_of(), press="Come in")
    assert may_post(actions.viewer_for(Member.get(Member.email == "mary@example.org")))


def test_a_name_that_somebody_asked_for_shows_nowhere_until_they_come(client: Any, new_client: Any) -> None:
    """Else a name typed with somebody's address would tell whether that address has a place."""
    joan = factories.a_member(name="Joan")
    actions.join("Zebedee", "stranger@example.org")
    actions.join("Ermintrude", factories.a_member().email)
    client.sign_in(joan)
    assert client.get("/m/Zebedee").status_code == client.get("/m/Ermintrude").status_code == 404
    thread = factories.a_thread(joan, source="Are you here, @Zebedee?")
    assert not client.soup(f"/t/{thread.id}/{thread.slug}").select("a.mention")
    assert members_called(["Zebedee", "Ermintrude"]) == ([], ["Zebedee", "Ermintrude"])
    for name in ("Zebedee", "Ermintrude"):
        other = factories.a_member()
        assert new_client(other).fill("/me/name", name=name).status_code == 303
        assert Member.get_by_id(other.id).name == name


def test_who_opens_the_mailbox_first_keeps_nobody_elses_password(client: Any) -> None:
    """Somebody may have joined with another person's address and a password of their own."""
    actions.join("Maggie", "maggie@example.org", password="not maggie's words")
    stranger = _visitor(client)
    stranger.fill("/login", email="maggie@example.org", password="not maggie's words")
    client.fill("/login/link", email="maggie@example.org")
    client.fill(path_of(newest_link("sign_in")), press="Come in")
    assert "Hello, Maggie" in client.soup("/me").get_text()
    assert stranger.get("/me").status_code == 303
    assert Member.get().password_hash is None


def test_two_people_who_ask_for_one_name_at_the_same_moment_break_nothing(app: Any) -> None:
    troubles: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            actions.join("Maggie", f"maggie{number}@example.org")
        except Invalid:
            pass
        except Exception as trouble:  # noqa: BLE001 - told by the test
            troubles.append(trouble)
        finally:
            close_connection()

    threads = [Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles
    assert [member.name for member in Member.select()] == ["Maggie"]


def test_who_is_here_already_is_not_asked_to_join(client: Any) -> None:
    client.sign_in(factories.a_member())
    assert client.get("/join").location == "/me"


def test_too_many_letters_to_one_address_stop_kindly_and_the_newest_link_still_works(client: Any) -> None:
    answers = [client.fill("/login/link", email="joan@example.org") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429] * 2
    assert "The newest one works" in errors(answers[-1])
    assert int(answers[-1].headers["Retry-After"]) > 0
    actions.join("Joan", "joan@example.org")
    assert client.fill(path_of(), press="Come in").status_code == 303


def test_an_operator_makes_a_place_that_signs_in_at_once(client: Any) -> None:
    made = actions.create_member("Sam@Example.org", "Sam of Kettle Admin", "supporter", LONG)
    assert (made.email, made.role) == ("sam@example.org", "supporter")
    assert client.fill("/login", email="sam@example.org", password=LONG).location == "/me"
    with pytest.raises(Exception, match="already"):
        actions.create_member("sam@example.org", "Other", "member")
    with pytest.raises(Exception, match="role"):
        actions.create_member("other@example.org", "Other", "king")


def test_places_nobody_ever_came_to_are_cleared_out(app: Any, clock: Any) -> None:
    kept = factories.a_member(name="Kept")
    actions.join("Never came", "never@example.org")
    clock.advance(days=13)
    assert actions.clear_out() == 0
    clock.advance(days=40)
    assert actions.clear_out() == 1
    assert [member.id for member in Member.select()] == [kept.id]
    assert actions.clear_out() == 0


def test_everything_about_a_place_is_told_without_digests(app: Any) -> None:
    actions.join("Maggie", "maggie@example.org", password=LONG)
    member = Member.get()
    told = str(queries.everything_about(member.id))
    assert "maggie@example.org" in told
    assert "argon2" not in told


def test_whoever_typed_the_address_first_cannot_come_in_after_its_owner_confirmed(
    client: Any, new_client: Any, work: Any, outbox: Any
) -> None:
    stranger = client
    stranger.fill("/join", name="Olwen", email="olwen@example.org", password="a stranger's spoons")
    stranger.fill("/login", email="olwen@example.org", password="a stranger's spoons")
    work()
    link = outbox.links(outbox.last("olwen@example.org"))[0]
    owner = new_client()
    owner.fill(link.removeprefix("http://127.0.0.1:8000"))
    assert "Olwen" in owner.soup("/me").get_text()
    assert stranger.get("/me").status_code == 303, "the stranger is signed out"
    again = stranger.fill("/login", email="olwen@example.org", password="a stranger's spoons")
    assert again.status_code == 422, "and the stranger's password opens nothing"


def test_a_password_stays_when_the_letter_is_opened_where_one_joined(
    client: Any, new_client: Any, work: Any, outbox: Any
) -> None:
    client.fill("/join", name="Olwen", email="olwen@example.org", password="three odd teaspoons")
    work()
    link = outbox.links(outbox.last("olwen@example.org"))[0]
    client.fill(link.removeprefix("http://127.0.0.1:8000"))
    answer = new_client().fill("/login", email="olwen@example.org", password="three odd teaspoons")
    assert answer.status_code == 303
