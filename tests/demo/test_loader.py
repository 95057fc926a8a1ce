"""The demo community arrives whole, by the product's own rules, and never where somebody is at home already."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forum import audit, events, jobs
from forum.channels.models import Letter, Notice
from forum.channels.queries import unread_notices
from forum.demo import crowd, cuppas, loader
from forum.demo.content import content
from forum.demo.story import Story
from forum.errors import Conflict
from forum.legacy.models import Change
from forum.listening.consent.queries import quotable_excerpts
from forum.listening.cuppas.models import Cuppa
from forum.listening.cuppas.times import MINIMUM_NOTICE
from forum.listening.models import Excerpt, Idea, Insight, ListeningMark, OfflineVoice, Theme
from forum.members.actions import viewer_for
from forum.members.models import Member
from forum.safety.models import Appeal, Case, Hours
from forum.search import SearchEntry
from forum.threads import queries as threads
from forum.threads.models import Draft, Post, Reaction, Thread
from tests.factories import a_category, a_member


@pytest.fixture
def demo(app: Any) -> Any:
    """The demo, in."""
    return loader.fill()


def who(key: str) -> Any:
    return viewer_for(Member.get(Member.email == f"{key}@demo.example"))


def test_everything_that_is_written_arrives(demo: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One telling, many promises: it takes some seconds, so it is told once."""
    everything_written_is_there(demo)
    everything_keeps_its_time()
    nothing_is_left_to_do_at_once()
    consent_is_what_everybody_answered()
    the_demo_people_have_something_to_come_back_to()
    every_page_opens(client)
    four_people_can_sign_in(client)
    monkeypatch.setitem(crowd.SIZES, "medium", (1700, 40))
    crowd.gather("medium")
    a_town_keeps_its_books(client)


def everything_written_is_there(report: loader.DemoReport) -> None:
    written = content()
    assert report.people == Member.select().count() == len(written.people)
    for thread in written.threads:
        row = Thread.get(Thread.title == thread["title"])
        hidden = sum(one["thread"] == thread["key"] for one in written.loop["hidden"])
        assert row.last_number == len(thread["post"])
        assert row.post_count == len(thread["post"]) - hidden
    rooms = Cuppa.select().where(Cuppa.thread.is_null(False)).count()
    assert report.threads == Thread.select().count() == len(written.threads) + rooms
    kind_words = sum(
        key != post["author"]
        for thread in written.threads
        for post in thread["post"]
        for key, _kind in post.get("reactions", ())
    )
    assert Reaction.select().count() == kind_words
    loop = written.loop
    assert Insight.select().count() == len(loop["insight"])
    assert Excerpt.select().count() == sum(len(one["excerpts"]) for one in loop["insight"])
    assert Theme.select().count() == len(loop["theme"])
    assert OfflineVoice.select().count() == len(loop["offline"])
    assert Change.select().count() == len(loop["change"])
    assert Cuppa.select().where(Cuppa.published_at.is_null(False)).count() == len(loop["cuppa"])
    assert Case.select().count() == len(loop["report"])
    assert Appeal.select().count() == len(loop["appeal"])
    assert Hours.select().count() == 7
    rooms_too = ListeningMark.select().count()
    assert rooms_too >= len(loop["listening"])
    statuses = {one["title"]: one["status"] for one in loop["idea"]}
    assert dict(Idea.select(Idea.title, Idea.status).tuples()) == statuses
    assert audit.first_broken_entry()[0] is None
    visible = Post.select().where(Post.withdrawn_at.is_null(), Post.hidden_at.is_null()).count()
    assert SearchEntry.select().where(SearchEntry.kind == "post").count() == visible


def everything_keeps_its_time() -> None:
    now = datetime.now(UTC)
    assert Post.select().where(Post.said_at > now).count() == 0
    assert events.Event.select().where(events.Event.at > now).count() == 0
    numbers = {}
    for thread_id, number, said_at in Post.select(Post.thread, Post.number, Post.said_at).order_by(Post.id).tuples():
        before = numbers.get(thread_id, (0, said_at))
        assert (number, said_at >= before[1]) == (before[0] + 1, True)
        numbers[thread_id] = (number, said_at)
    joined = dict(Member.select(Member.id, Member.joined_at).tuples())
    assert all(at >= joined[id] for id, at in Post.select(Post.author, Post.said_at).tuples())
    order = [at for (at,) in events.Event.select(events.Event.at).order_by(events.Event.id).tuples()]
    assert order == sorted(order)


def nothing_is_left_to_do_at_once() -> None:
    assert Letter.select().count() == 0
    assert events.Event.select().where(events.Event.spread_at.is_null()).count() == 0
    assert jobs.spread() == 0
    assert jobs.due_ids() == []
    # Reminders of cuppas to come, and their doors.
    assert jobs.Todo.select().where(jobs.Todo.done_at.is_null()).count() >= 4


def consent_is_what_everybody_answered() -> None:
    wanted = Counter(excerpt["consent"] for insight in content().loop["insight"] for excerpt in insight["excerpts"])
    found = Counter(consent for (consent,) in Excerpt.select(Excerpt.consent).tuples())
    assert found == wanted
    never = Member.select(Member.id).where(Member.words == "please_dont")
    assert Excerpt.select().where(Excerpt.member.in_(never)).count() == 0
    yes = [id for (id,) in Excerpt.select(Excerpt.id).where(Excerpt.consent.in_(("named", "unnamed"))).tuples()]
    assert len(quotable_excerpts(yes)) == len(yes)


def the_demo_people_have_something_to_come_back_to() -> None:
    bronwen = who("bronwen")
    assert 3 <= unread_notices(bronwen) <= 40
    assert Notice.select().where(Notice.member == bronwen.id, Notice.read_at.is_null(False)).exists()
    assert any(row.new for row in threads.lively_threads(bronwen, limit=50))
    assert Draft.select().where(Draft.member == bronwen.id).count() == 1
    assert threads.waiting_threads(bronwen)


def every_page_opens(client: Any) -> None:
    for key in (None, "bronwen", "priya", "dafydd", "helen"):
        client.sign_out()
        if key:
            client.sign_in(Member.get(Member.email == f"{key}@demo.example"))
        for path in ("/", "/changes", "/cuppas", "/me/notifications", "/me", "/c/biscuit-tin", "/search?q=bread"):
            assert client.get(path).status_code in (200, 303), (key, path)


@pytest.mark.parametrize("hours", range(0, 24 * 7, 5))
def test_its_cuppas_suit_any_hour_at_which_it_is_told(hours: int) -> None:
    # Across a night in which the clocks change.
    now = datetime(2027, 3, 25, tzinfo=UTC) + timedelta(hours=hours)
    story = Story(content(), now)
    for cuppa in content().loop["cuppa"]:
        starts = cuppas.starts_at(story, cuppa)
        assert (starts > now) == (cuppa["starts_in_hours"] > 0)
        if starts > now:
            assert starts - now > timedelta(hours=1)
            assert cuppas.published_at(story, cuppa) <= starts - MINIMUM_NOTICE[cuppa["kind"]]


@pytest.mark.parametrize("what", ["somebody", "a category"])
def test_it_goes_into_an_empty_database_only(app: Any, what: str) -> None:
    a_member() if what == "somebody" else a_category()
    with pytest.raises(Conflict, match="only fills an empty one"):
        loader.fill()
    assert Post.select().count() == 0


def test_it_arrives_whole_or_not_at_all(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbles(_story: Any) -> None:
        raise RuntimeError("on the last step")

    monkeypatch.setattr(loader, "_settle", stumbles)
    monkeypatch.setattr(loader, "_plan", lambda _story: None)
    with pytest.raises(RuntimeError):
        loader.fill()
    assert loader.is_empty()


def four_people_can_sign_in(client: Any) -> None:
    assert [(one.role, one.email) for one in loader.sign_ins()] == [
        ("member", "bronwen@demo.example"),
        ("supporter", "priya@demo.example"),
        ("moderator", "dafydd@demo.example"),
        ("commissioner", "helen@demo.example"),
    ]
    client.sign_out()
    assert client.fill("/login", email="bronwen@demo.example", password=loader.PASSWORD).status_code == 303
    assert "Bronwen" in client.get("/me").text


def a_town_keeps_its_books(client: Any) -> None:
    assert 1500 < Post.select().count() < 1800
    assert Member.select().count() == len(content().people) + 40
    for thread in Thread.select():
        numbers = [
            number
            for (number,) in Post.select(Post.number).where(Post.thread == thread.id).order_by(Post.number).tuples()
        ]
        assert numbers == list(range(1, thread.last_number + 1))
    readable = Post.select().where(Post.withdrawn_at.is_null(), Post.hidden_at.is_null()).count()
    assert SearchEntry.select().where(SearchEntry.kind == "post").count() == readable
    titles = [row.title for row in threads.lively_threads(who("bronwen"), limit=5)]
    assert len(set(titles)) == 5
    client.sign_in(Member.get(Member.email == "bronwen@demo.example"))
    newest = Thread.select().order_by(Thread.id.desc()).first()
    assert client.get(f"/t/{newest.id}/{newest.slug}").status_code == 200
    assert len(client.soup("/search?q=bread").select("main a")) > 3


@pytest.mark.one_stack("sqlite")
def test_a_site_in_the_open_has_no_password_that_everybody_knows(make_app: Any) -> None:
    make_app(SITE_URL="https://carers.example.org")
    a_member("Bronwen", email="bronwen@demo.example", password_hash=loader.stored_password())
    assert loader.sign_ins() == []
    assert loader.sign_in_lines() == []
    make_app(SITE_URL="http://127.0.0.1:8000")
    assert loader.sign_ins() == []


def test_a_place_that_is_not_the_demo_has_nobody_to_tell_of(app: Any) -> None:
    assert loader.sign_in_lines() == []
    a_member("Ann")
    assert loader.sign_in_lines() == []
