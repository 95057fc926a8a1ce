"""The promise behind every "Post my reply": what was acknowledged is there, once, and everybody hears of it once.

Server and worker are killed with SIGKILL, children and all, while people post. The seed is printed; KETTLE_SEED repeats it.
"""

import http.client
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from forum import events
from forum.channels.models import Letter, Notice
from forum.clock import now
from forum.database import close_connection, db
from forum.threads.models import Follow, Post, Thread
from tests.factories import a_category, a_member, a_thread
from tests.live import LiveSite
from tests.stacks import Stack

WRITES, KILLS, WRITERS = 500, 20, 6
THREADS, AUTHORS_EACH, WITH_LETTERS = 10, 6, 3
LONGEST_SECONDS = 600

pytestmark = pytest.mark.network


class Author:
    """Somebody signed in, with a form in front of them."""

    def __init__(self, app: Any, thread: Thread, number: int) -> None:
        from flask_wtf.csrf import generate_csrf

        from forum.members.sessions.actions import start_session

        self.member = a_member(name=f"Writer {number}", mail_replies=False)
        self.thread = thread
        # Writers are not told of each other, so that the readers' notices are the ones that count.
        Follow.insert(member=self.member.id, thread=thread.id, since=now(), muted_at=now()).execute()
        with app.test_request_context("/"):
            from flask import session

            session["_user_id"], session["_fresh"] = start_session(self.member.id), True
            self.csrf = generate_csrf()
            self.cookie = app.session_interface.get_signing_serializer(app).dumps(dict(session))


class Pen:
    """Sends forms until they are acknowledged, as a person does who presses the button again."""

    def __init__(self, port: int, until: float) -> None:
        self._port = port
        self._until = until
        self._line: http.client.HTTPConnection | None = None
        self.tries = 0

    def post(self, author: Author, source: str, nonce: str) -> None:
        while not self._is_acknowledged(author, source, nonce):
            assert time.monotonic() < self._until, f"{nonce} was never acknowledged"
            time.sleep(0.25)

    def _is_acknowledged(self, author: Author, source: str, nonce: str) -> bool:
        self.tries += 1
        body = urlencode({"csrf_token": author.csrf, "nonce": nonce, "source": source})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"kettle={author.cookie}",
        }
        try:
            if self._line is None:
                self._line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
            self._line.request("POST", f"/t/{author.thread.id}/replies", body, headers)
            answer = self._line.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.put_down()
            return False
        if answer.status == 303:
            return True
        assert answer.status in (429, 503), f"{nonce} was answered {answer.status}"
        return False

    def put_down(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None


@pytest.fixture
def site(stack: Stack, tmp_path: Path) -> Iterator[LiveSite]:
    made = LiveSite(tmp_path / "instance", stack, empty=lambda: None)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def rng() -> random.Random:
    seed = int(os.environ.get("KETTLE_SEED") or random.SystemRandom().randrange(10**9))
    print(f"seed {seed}: KETTLE_SEED={seed} repeats this run")
    return random.Random(seed)


def test_every_acknowledged_post_is_there_once_and_everybody_is_told_once(
    app: Any, site: LiveSite, rng: random.Random
) -> None:
    readers = [a_member(name="Reader by page", mail_replies=False), a_member(name="Reader by letter")]
    category = a_category()
    threads = [a_thread(readers[0], category, title=f"Kettle on {number}") for number in range(THREADS)]
    for thread in threads[:WITH_LETTERS]:
        Follow.insert(member=readers[1].id, thread=thread.id, since=now()).execute()
    authors = [Author(app, threads[number % THREADS], number) for number in range(THREADS * AUTHORS_EACH)]
    until = time.monotonic() + LONGEST_SECONDS

    began = time.monotonic()
    acknowledged: list[str] = []
    pens = [Pen(site.port, until) for _ in range(WRITERS)]
    troubles = _write_and_kill(site, rng, authors, pens, acknowledged)
    assert not troubles
    assert sorted(acknowledged) == sorted(f"killed-{number:04}" for number in range(WRITES))
    written = time.monotonic()
    site.wait_until_quiet(seconds=90)
    print(
        f"{WRITES} posts were acknowledged in {sum(pen.tries for pen in pens)} tries and {written - began:.0f} seconds; "
        f"everybody was told {time.monotonic() - written:.0f} seconds later"
    )
    close_connection()
    _check_posts(threads)
    _check_telling(readers, threads)


def _write_and_kill(
    site: LiveSite, rng: random.Random, authors: list[Author], pens: list[Pen], acknowledged: list[str]
) -> list[BaseException]:
    numbers = iter(range(WRITES))
    lock, troubles = threading.Lock(), []

    def write(pen: Pen) -> None:
        while not troubles:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            nonce = f"killed-{number:04}"
            pen.post(authors[number % len(authors)], f"Words number {number}, said once.", nonce)
            acknowledged.append(nonce)
        pen.put_down()

    def noting_trouble(do: Callable[..., None], *args: Any) -> threading.Thread:
        def run() -> None:
            try:
                do(*args)
            except BaseException as trouble:  # noqa: BLE001 - told by the test itself
                troubles.append(trouble)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    running = [noting_trouble(write, pen) for pen in pens]
    # Each kill has its own stretch of posts to come in the middle of.
    stretch = WRITES // KILLS
    moments = [kill * stretch + rng.randrange(stretch) for kill in range(KILLS)]
    for moment in moments:
        while len(acknowledged) < moment and not troubles:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.02)
        _kill_some(site, rng)
    for thread in running:
        thread.join()
    return troubles


def _kill_some(site: LiveSite, rng: random.Random) -> None:
    killed = rng.choice([{"serve"}, {"worker"}, {"serve", "worker"}, {"serve", "worker"}])
    for command in sorted(killed):
        site.kill(command)
    if "worker" in killed:
        site.start_worker()
    if "serve" in killed:
        site.start_server()


def _check_posts(threads: list[Thread]) -> None:
    replies = Post.select(Post.author, Post.nonce, Post.source).where(Post.number > 1).tuples()
    found = Counter((nonce, source) for _, nonce, source in replies)
    assert found == Counter((f"killed-{number:04}", f"Words number {number}, said once.") for number in range(WRITES))
    for thread in threads:
        rows = Post.select(Post.number).where(Post.thread == thread.id).order_by(Post.number).tuples()
        numbers = [number for (number,) in rows]
        stored = Thread.fetch(thread.id)
        assert numbers == list(range(1, len(numbers) + 1))
        assert (stored.post_count, stored.last_number) == (len(numbers), len(numbers))


def _check_telling(readers: list[Any], threads: list[Thread]) -> None:
    told = events.Event.select(events.Event.id, events.Event.subject_id).where(events.Event.kind == "post.published")
    event_of = {post_id: event_id for event_id, post_id in told.tuples()}
    assert len(event_of) == told.count() == WRITES + THREADS

    doubled = "SELECT member_id, event_id FROM notice GROUP BY member_id, event_id HAVING COUNT(*) > 1"
    assert db.execute_sql(doubled).fetchall() == []
    for reader, followed in zip(readers, (threads, threads[:WITH_LETTERS]), strict=True):
        replies = Post.select(Post.id).where(Post.number > 1, Post.thread.in_([thread.id for thread in followed]))
        heard = Notice.select(Notice.event_id).where(Notice.member == reader.id).tuples()
        assert sorted(id for (id,) in heard) == sorted(event_of[id] for (id,) in replies.tuples())

    letters = Letter.select().where(Letter.member == readers[1].id)
    assert letters.count() == WRITES * WITH_LETTERS // THREADS
    assert letters.where(Letter.sent_at.is_null()).count() == 0
