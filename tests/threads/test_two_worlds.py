"""Two worlds that differ only in who stands behind a name for one thread look the same to everybody else.

In one it is Ann, in the other Ben. Both say something elsewhere under their own names, and everybody does the same things.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from forum import jobs, live
from forum.events import Event
from forum.legacy import actions as legacy
from forum.legacy.entry import Entry
from forum.listening import actions as listening
from forum.listening.cuppas import actions as cuppas
from forum.listening.cuppas import times
from forum.listening.queries import theme_people
from forum.members.actions import start_session, viewer_for
from forum.members.queries import everything_about
from forum.safety import actions as safety
from forum.threads import actions, queries
from forum.threads.models import Post
from tests import factories
from tests.cuppas.people import PLAN
from tests.listening.people import HOUSEKEEPING
from tests.outbox import Outbox
from tests.routes import ROUTES
from tests.stacks import migrate

NAME = "Quiet Robin"
SECRET = "I am so tired of being cheerful about the night shifts."
# What is different in every answer, or for every browser.
_RANDOM = (
    (re.compile(r'(name="csrf_token" value=|name="nonce" value=)"[^"]*"'), r"\1"),
    (re.compile(r"data-hx-headers='[^']*'"), ""),
    (re.compile(r"/live/[\w.\-]+"), "/live/"),
    (re.compile(r"csrf_token=[\w.\-]+"), ""),
    (re.compile(r"(mail/stop|cuppas/answer)/[\w.\-]+"), r"\1/"),
    (re.compile(r"={5,}\d+=="), ""),
    (re.compile(r"(?:Quiet|Early|Little|Silver|Steady|Gentle|Amber|Northern|Garden|Rainy) \w+, [^<]*?(?=\.)"), "ideas"),
)


def _settled(text: str) -> str:
    for pattern, instead in _RANDOM:
        text = pattern.sub(instead, text)
    return text


@dataclass
class World:
    """What somebody could compare: where it was seen -> what it said."""

    seen: dict[str, str] = field(default_factory=dict)


def _build(behind: str, clock: Any, outbox: Outbox) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let everything happen in the same order, with Ann or Ben behind the name. Return people and addresses' facts."""
    roles = {"cat": "member", "val": "volunteer", "com": "commissioner", "sam": "supporter", "sue": "supporter"}
    people = {name: factories.a_member(name.title(), email=f"{name}@example.org") for name in ("ann", "ben")}
    people |= {
        name: factories.a_member(name.title(), role=role, email=f"{name}@example.org") for name, role in roles.items()
    }
    people |= {
        name: factories.a_member(name.title(), role="moderator", email=f"{name}@example.org") for name in ("mo", "mia")
    }
    robin, cat, sam, sue = people[behind], people["cat"], people["sam"], people["sue"]
    place = factories.a_category("Nights", audience="public")
    thread = factories.a_thread(cat, place, title="Who is awake?", source="Anybody else up at four?")
    elsewhere = factories.a_thread(cat, place, title="Days", source="How are your days?")
    own = [factories.a_post(elsewhere, people[name], source=f"Days are long, says {name}.") for name in ("ann", "ben")]
    listening.mark(viewer_for(sam), thread.id, **HOUSEKEEPING)
    listening.mark(viewer_for(sam), elsewhere.id, **HOUSEKEEPING)
    first = factories.a_post(thread, robin, source="Me. Every night.")
    quoted = queries.quotation(viewer_for(cat), first.id)
    factories.a_post(thread, cat, source=f"{quoted}\nSame here, @{robin.name}!")
    factories.a_post(elsewhere, cat, source=f"As somebody said at night:\n\n{quoted}")
    said = factories.a_post(thread, robin, source=SECRET, reply_to=first.id)
    _settle(clock)
    # What was sent before cannot be called back, and the page says so.
    outbox.clear()
    actions.take_name(viewer_for(robin), thread.id, name=NAME)
    actions.react(viewer_for(robin), Post.get(Post.thread == thread.id, Post.number == 1).id, "hug")
    actions.react(viewer_for(cat), said.id, "thank_you")
    factories.a_post(thread, robin, source='@Cat thank you. @"Val" too.')
    robins = viewer_for(robin)
    started = actions.start_thread(
        robins,
        place.id,
        title="One more thing",
        source="I want to die",
        nonce="started-by-robin",
        thread_name="Early Wren",
    )
    factories.a_post(started, cat, source="We're here.")
    _settle(clock)
    heard = [
        listening.make_insight(viewer_for(sam), post_id=post.id, exact=post.plain, kind="struggle", nonce=f"heard-{number}-of")
        for number, post in enumerate((said, *own))
    ]  # fmt: skip
    theme = listening.make_theme(viewer_for(sam), title="Tired", insight_ids=[insight.id for insight in heard])
    excerpts = [insight.excerpts.get() for insight in heard]
    listening.ask_consent(viewer_for(sam), [excerpt.id for excerpt in excerpts])
    for excerpt, member in zip(excerpts, (robin, people["ann"], people["ben"]), strict=True):
        listening.answer_consent(viewer_for(member), excerpt.id, answer="named")
        listening.check_excerpt(viewer_for(sue), excerpt.id, "Somebody is tired.")
    change = legacy.publish_change(
        viewer_for(sam),
        Entry("A night line", "You are tired", "There is a night line", "", "", "done"),
        nonce="a-change-for-nights",
        excerpt_ids=[excerpt.id for excerpt in excerpts],
    )
    cuppa = cuppas.plan_cuppa(viewer_for(sam), _plan(), nonce="a-cuppa-at-night", theme_id=theme.id)
    cuppas.publish_cuppa(viewer_for(sam), cuppa.id)
    cuppas.invite(viewer_for(sam), cuppa.id, theme_people(theme.id))
    safety.report_post(viewer_for(cat), said.id, reason="worried")
    _settle(clock)
    facts = {
        "public_category": place.slug,
        "public_thread": thread.id,
        "public_slug": thread.slug,
        "public_post": said.id,
        "thread": thread.id,
        "slug": thread.slug,
        "post": said.id,
        "owner_name": "Cat",
        "insight": heard[0].id,
        "excerpt": excerpts[0].id,
        "theme": theme.id,
        "change": change.id,
        "change_slug": change.slug,
        "cuppa": cuppa.id,
        "cuppa_slug": cuppa.slug,
    }
    return people, facts


def _plan() -> Any:
    from dataclasses import replace

    return replace(PLAN, starts=times.local_of(times.first_offer("focus"), "Europe/London"))


def _settle(clock: Any) -> None:
    clock.advance(minutes=2)
    jobs.run_everything_due()


def _addresses(facts: dict[str, Any]) -> Iterator[str]:
    for _least, address in ROUTES.values():
        try:
            yield address.format(**facts)
        except KeyError:
            continue
    for thread in (1, 2, 3):
        yield f"/t/{thread}/x"
    for number in range(1, 10):
        yield f"/posts/{number}/history"
        yield f"/report?post={number}"
        yield f"/listening/insights/new?post={number}"
    yield from (
        "/search?q=tired",
        "/search?q=Robin",
        "/search?q=Ann",
        "/search?q=Ben",
        "/feeds/latest.atom",
        "/c/nights.atom",
    )
    yield from ("/m/Ann", "/m/Ben", f"/m/{NAME}", "/cuppas/new?theme=1", "/changes/new?theme=1")


def _look(app: Any, behind: str, clock: Any, outbox: Outbox) -> World:
    people, facts = _build(behind, clock, outbox)
    world = World()
    readers: dict[str, Any] = {"visitor": None} | {name: people[name] for name in ("cat", "com", "sam")}
    for name, member in readers.items():
        client = app.test_client()
        if member is not None:
            with client.session_transaction() as session:
                session["_user_id"] = start_session(member.id)
        for address in sorted(set(_addresses(facts))):
            if address.startswith(("/me/export", "/logout", "/mail/stop", "/static")):
                continue
            answer = client.get(address, follow_redirects=True)
            assert answer.status_code < 500, address
            headers = "\n".join(
                f"{key}: {value}"
                for key, value in answer.headers
                if key not in {"Set-Cookie", "Content-Length", "Date"}
            )
            world.seen[f"{name} {address}"] = _settled(f"{answer.status_code}\n{headers}\n{answer.text}")
        if member is not None:
            world.seen[f"{name} export"] = _settled(json.dumps(everything_about(member.id), default=str, indent=1))
    for letter in sorted(outbox.letters, key=lambda letter: str(letter["Message-ID"])):
        if str(letter["To"]) not in {"ann@example.org", "ben@example.org"}:
            world.seen[f"letter {letter['Message-ID']}"] = _settled(letter.as_string())
    with app.test_request_context():
        for event in Event.select().where(Event.channel.startswith("thread:")).order_by(Event.id):
            make = live.frames.makers.get(event.kind)
            heard = live.frames.Heard(
                event.id, event.kind, event.subject_kind, event.subject_id, event.channel, event.extra
            )
            world.seen[f"frame {event.id} {event.kind}"] = str(make(heard)) if make else ""
    return world


@pytest.mark.one_stack("sqlite")
def test_nobody_else_can_tell_who_stands_behind_a_name(make_app: Any, clock: Any, tmp_path: Path) -> None:
    worlds = {}
    for behind in ("ann", "ben"):
        folder = tmp_path / behind
        folder.mkdir()
        url = f"sqlite:///{folder}/kettle.db"
        migrate(url)
        clock.set(clock.now().replace(year=2026, month=11, day=2, hour=10, minute=0, second=0, microsecond=0))
        app = make_app(DATABASE_URL=url, KETTLE_INSTANCE=folder, MAIL_URL=f"file:{folder}/outbox")
        app.config["WTF_CSRF_ENABLED"] = False
        from forum import web

        web.limiter.enabled = False
        try:
            worlds[behind] = _look(app, behind, clock, Outbox(folder / "outbox"))
        finally:
            web.limiter.enabled = True
    one, other = worlds["ann"].seen, worlds["ben"].seen
    assert sorted(one) == sorted(other)
    different = [place for place in one if one[place] != other[place]]
    assert not different, "\n\n".join(f"{place}\n{_difference(one[place], other[place])}" for place in different)
    shown = [place for place in one if SECRET in one[place] and NAME in one[place]]
    assert len(shown) > 10, "the name and the words are there to be seen"
    assert any(place.startswith("letter") for place in one)
    assert any(place.startswith("frame") and NAME in one[place] for place in one)


def _difference(one: str, other: str) -> str:
    import difflib

    return "\n".join(list(difflib.unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=0))[:12])
