"""Handing letters over: to files, and to a real mail server that is sometimes rude."""

import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from forum import jobs
from forum.channels import post_office
from forum.channels.letters import Written
from forum.channels.models import Letter
from forum.channels.queries import letters_waiting
from tests.channels.mail_server import CERTIFICATE, MailServer, only, server_context, wait_for
from tests.factories import a_member

pytestmark = pytest.mark.network


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def at(make_app: Callable[..., Any]) -> Callable[..., Any]:
    """Use this mail server: ``at(server.url)``."""
    return lambda url, **more: make_app(MAIL_URL=url, **more)


def write(key: str = "a", *, subject: str = "Hello", text: str = "Some words.\n", **more: Any) -> Letter:
    from forum.channels import actions

    member = more.pop("member", None) or a_member()
    assert actions.write_letter(key, member, "test", Written(subject, text, f"<p>{text}</p>"), **more)
    return Letter.get(Letter.key == key)


def test_a_letter_the_server_took_is_sent_once_and_its_words_are_forgotten(at: Any, server: MailServer) -> None:
    at(server.url)
    letter = write(subject="Grüße 🫖", text="Ŵyddfa\n.\nand a dot\n", to_address="ann@example.org")
    jobs.run_everything_due()
    jobs.run_everything_due()
    (taken,) = server.taken
    assert server.recipients == ["ann@example.org"]
    assert taken["Subject"] == "Grüße 🫖"
    assert taken["Message-ID"] == letter.message_id
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken.get_content_type() == "multipart/alternative"
    assert taken.get_body(("plain",)).get_content().split() == ["Ŵyddfa", ".", "and", "a", "dot"]
    assert taken.get_body(("html",)).get_content().startswith("<p>Ŵyddfa")
    kept = Letter.get()
    assert kept.sent_at is not None
    assert (kept.text, kept.html) == ("", "")


def test_a_server_that_asks_us_to_come_back_is_asked_again_with_the_same_message_id(
    at: Any, server: MailServer, clock: Any
) -> None:
    at(server.url)
    letter = write()
    server.answers = ["451 Not now", "421 Too busy"]
    jobs.run_everything_due()
    assert server.seen == [letter.message_id]
    clock.advance(seconds=30)
    jobs.run_everything_due()
    assert len(server.seen) == 2
    clock.advance(minutes=2)
    jobs.run_everything_due()
    clock.advance(days=2)
    jobs.run_everything_due()
    assert server.seen == [letter.message_id] * 3
    assert len(server.taken) == 1


def test_a_server_that_is_gone_for_a_day_gets_its_letters_afterwards(at: Any, server: MailServer, clock: Any) -> None:
    at("smtp://127.0.0.1:1")
    write()
    for _ in range(12):
        jobs.run_everything_due()
        clock.advance(hours=2)
    assert letters_waiting().count == 1
    at(server.url)
    clock.advance(hours=4)
    jobs.run_everything_due()
    assert len(server.taken) == 1
    assert letters_waiting().count == 0


def test_an_address_nobody_has_is_tried_once_and_its_words_are_forgotten(at: Any, server: MailServer) -> None:
    at(server.url)
    server.refused["gone@example.org"] = "550 Nobody of that name"
    write("a", to_address="gone@example.org")
    write("b", to_address="ann@example.org")
    jobs.run_everything_due()
    jobs.run_everything_due()
    assert server.recipients == ["ann@example.org"]
    waiting = letters_waiting()
    assert (waiting.count, waiting.refused) == (0, 1)
    assert Letter.get(Letter.key == "a").text == ""


def test_a_worker_killed_while_the_server_thinks_sends_it_again_under_the_same_message_id(
    at: Any, server: MailServer, make_settings: Callable[..., Any], tmp_path: Any
) -> None:
    import os

    app = at(server.url)
    chosen = app.config["KETTLE"]
    letter = write()
    jobs.spread()
    server.waits = [90]
    code = (
        "from forum import jobs, wiring; from forum.settings import Settings; "
        "wiring.start(Settings.from_env()); [jobs.do(id) for id in jobs.due_ids()]"
    )
    environ = {
        **os.environ,
        "DATABASE_URL": chosen.database_url,
        "MAIL_URL": chosen.mail_url,
        "SECRET_KEY": chosen.secret_key,
        "KETTLE_INSTANCE": str(chosen.instance),
        "SITE_URL": chosen.site_url,
    }
    sender = subprocess.Popen([sys.executable, "-c", code], env=environ)
    wait_for(lambda: server.seen)
    sender.send_signal(signal.SIGKILL)
    sender.wait()
    from forum import clock

    # Nobody else sends it while the claim holds.
    jobs.run_everything_due()
    assert len(server.seen) == 1
    clock.advance(seconds=60)
    jobs.run_everything_due()
    assert server.seen == [letter.message_id] * 2
    assert Letter.get().sent_at is not None


def test_a_goodbye_that_goes_wrong_does_not_send_the_letter_again(at: Any, server: MailServer) -> None:
    at(server.url)
    write()

    async def rude(_server: Any, _session: Any, _envelope: Any) -> str:
        return "421 Go away"

    server.handle_QUIT = rude  # type: ignore[attr-defined]
    jobs.run_everything_due()
    assert len(server.taken) == 1
    assert Letter.get().sent_at is not None


def test_starttls_is_used_when_the_server_offers_it(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with MailServer(
        tls_context=server_context(), authenticator=only("kettle", "s3 cret/%@"), auth_required=True
    ) as server:
        at(f"smtp://kettle:s3%20cret%2F%25%40@127.0.0.1:{server.port}")
        write()
        jobs.run_everything_due()
        assert server.was_secret == [True]


def test_a_server_that_cannot_show_who_it_is_gets_nothing(at: Any) -> None:
    with MailServer(tls_context=server_context()) as server:
        app = at(server.url)
        write()
        jobs.run_everything_due()
        assert server.seen == []
        assert "could not show who it is" in post_office.trouble_with(app.config["KETTLE"])


def test_a_password_is_never_said_where_others_could_hear_it(at: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = MailServer(authenticator=only("kettle", "secret"), auth_require_tls=False)
    with server:
        app = at(f"smtp://kettle:secret@127.0.0.1:{server.port}")
        write()
        jobs.run_everything_due()
        assert server.seen == []
        assert "in the open" in post_office.trouble_with(app.config["KETTLE"])
        app = at(f"smtp://kettle:secret@127.0.0.1:{server.port}?starttls=no")
        assert post_office.trouble_with(app.config["KETTLE"]) == ""


@pytest.mark.one_stack("sqlite")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_the_doctor_says_in_one_sentence_what_is_wrong(make_settings: Any, scheme: str) -> None:
    sentence = post_office.trouble_with(make_settings(MAIL_URL=f"{scheme}://127.0.0.1:1"))
    assert "No mail server answers at 127.0.0.1:1" in sentence
    assert sentence.endswith(".")


@pytest.mark.one_stack("sqlite")
def test_the_doctor_never_repeats_the_password(make_settings: Any, server: MailServer) -> None:
    url = f"smtp://kettle:hush-hush@127.0.0.1:{server.port}?starttls=no"
    sentence = post_office.trouble_with(make_settings(MAIL_URL=url))
    assert sentence
    assert "hush" not in sentence


@pytest.mark.one_stack("sqlite")
def test_the_doctor_is_content_when_all_is_well(make_settings: Any, server: MailServer) -> None:
    assert post_office.trouble_with(make_settings(MAIL_URL=server.url)) == ""
    assert post_office.trouble_with(make_settings()) == ""


@pytest.mark.one_stack("sqlite")
def test_addresses_in_headers_stay_whole_however_long(at: Any, server: MailServer) -> None:
    site = "https://carers.a-rather-long-name-of-a-council.and-its-region.example.org"
    at(server.url, SITE_URL=site, MAIL_DOMAIN="mail.a-rather-long-name-of-a-council.and-its-region.example.org")
    letter = write(stoppable="replies", thread_ref="<" + "x" * 90 + "@example.org>")
    raw = post_office.message_of(letter, at(server.url, SITE_URL=site).config["KETTLE"]).as_bytes().decode("ascii")
    assert f"\r\nList-Unsubscribe: <{site}/mail/stop/" in raw
    assert f"\r\nReferences: {letter.thread_ref}\r\n" in raw
    assert f"\r\nMessage-ID: {letter.message_id}\r\n" in raw
    jobs.run_everything_due()
    assert server.taken[0]["List-Unsubscribe"] == f"<{letter.unsubscribe.strip('<>')}>"


@pytest.mark.one_stack("sqlite")
def test_an_invitation_shows_its_answer_buttons(at: Any, server: MailServer) -> None:
    at(server.url)
    write(calendar="BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n", calendar_method="REQUEST")
    jobs.run_everything_due()
    part = next(part for part in server.taken[0].walk() if part.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"
