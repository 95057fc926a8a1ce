"""Fills an empty database with the demo community, by the same actions that people use, each at its own moment."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from forum import clock, settings
from forum.channels.models import Letter, Notice
from forum.database import transaction
from forum.demo import answering, crowd, cuppas, hearing, safety, talk
from forum.demo.content import content
from forum.demo.story import Story
from forum.errors import Conflict
from forum.events import Event
from forum.jobs import Reaction, Todo
from forum.members.models import Member
from forum.members.sessions import passwords
from forum.reactions import TABLE
from forum.threads.models import Category, Post, Thread

PASSWORD = "cup-of-tea-please"  # noqa: S105 - the demo's, and only on this machine
# Who can sign in, in the order in which they are told.
LOG_INS = ("bronwen", "priya", "dafydd", "helen")
# What happened in these last days has left notices; what is older everybody has seen.
TOLD_DAYS = 10
SEEN_DAYS = 1

NOT_EMPTY = "This database has people or categories in it; the demo only fills an empty one."


@dataclass(frozen=True, slots=True)
class SignIn:
    """How one of the demo's people comes in."""

    role: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo brought, and how long that took in *seconds*."""

    people: int
    threads: int
    posts: int
    seconds: float


def fill(scale: str = "small", *, told: Callable[[float], None] | None = None) -> DemoReport:
    """Fill the database, all or nothing. *scale* is small (as written), medium or large (20,000 or 200,000 posts).

    *told* hears how much is done, from 0 to 1. Raises Conflict when there is somebody or something here already.
    No letter is sent; recent events leave their notices."""
    began = time.perf_counter()
    if not is_empty():
        raise Conflict(NOT_EMPTY)
    story = Story(content(), clock.now().replace(second=0, microsecond=0))
    with transaction():
        talk.make_categories(story)
        _plan(story)
        story.tell(lambda moment: _spread(story, moment), told)
        _settle(story)
    if scale != "small":
        crowd.gather(scale, told=told)
    return DemoReport(
        people=Member.select().count(),
        threads=Thread.select().count(),
        posts=Post.select().count(),
        seconds=time.perf_counter() - began,
    )


def is_empty() -> bool:
    """Say whether nobody and nothing is here yet."""
    return not Member.select().exists() and not Category.select().exists()


def _plan(story: Story) -> None:
    talk.plan_people(story, dict.fromkeys(LOG_INS, stored_password()))
    talk.plan_threads(story)
    talk.plan_reading(story, list(LOG_INS))
    talk.plan_draft(story, LOG_INS[0])
    safety.plan_safety(story)
    hearing.plan_hearing(story)
    answering.plan_answering(story)
    cuppas.plan_cuppas(story)


# ---- what follows what happened ------------------------------------------------------------------------------------


def _spread(story: Story, moment: datetime) -> None:
    """Let what has just happened be followed by what follows it; long ago everybody has seen it."""
    if moment <= story.now - timedelta(days=TOLD_DAYS):
        return
    for event in list(Event.select().where(Event.spread_at.is_null()).order_by(Event.id)):
        is_lately = event.at > story.now - timedelta(days=TOLD_DAYS)
        for reaction in TABLE.get(event.kind, ()):
            due = reaction.due(event) if reaction.due else None
            if due is not None and due > story.now:
                _leave(event, reaction, due)
            elif reaction.due is None and is_lately and event.kind != "letter.written":
                _follow(story, event, reaction)
    Event.update(spread_at=moment).where(Event.spread_at.is_null()).execute()


def _follow(story: Story, event: Event, reaction: Reaction, cursor: str = "") -> None:
    """Run a reaction now; what it wants to do later is planned, or left to the worker when that is still to come."""
    again = reaction.run(event, cursor)
    if again is None:
        return
    due = clock.now() + timedelta(seconds=again.later)
    if due > story.now:
        _leave(event, reaction, due, again.cursor)
    else:
        story.plan(due, lambda: _follow(story, event, reaction, again.cursor))


def _leave(event: Event, reaction: Reaction, due: datetime, cursor: str = "") -> None:
    Todo.insert(event=event.id, reaction=reaction.name, due_at=due, cursor=cursor).execute()


def _settle(story: Story) -> None:
    """Throw away what would be sent, and let people have seen what is not quite new."""
    Letter.delete().execute()
    Member.update(mail_replies=True, mail_mentions=True, mail_asks=True).execute()
    Event.update(spread_at=story.now).where(Event.spread_at.is_null()).execute()
    seen = story.now - timedelta(days=SEEN_DAYS)
    Notice.update(read_at=seen).where(Notice.at < seen).execute()


# ---- signing in ----------------------------------------------------------------------------------------------------


def _is_on_this_machine() -> bool:
    return urlsplit(settings.chosen().site_url).hostname in {"127.0.0.1", "localhost", "::1"}


def stored_password() -> str:
    """Return what is kept of the demo's password; on a site that others can reach, of one that nobody knows."""
    return passwords.hashed(PASSWORD if _is_on_this_machine() else secrets.token_urlsafe(32))


def sign_ins() -> list[SignIn]:
    """Return who can sign in with the demo's password; nobody when this is not the demo, or not on this machine."""
    if not _is_on_this_machine():
        return []
    addresses = {talk.address_of(key): key for key in LOG_INS}
    found = list(Member.select().where(Member.email.in_(list(addresses))))
    if len({member.password_hash for member in found}) != 1 or not passwords.fits(found[0].password_hash, PASSWORD):
        found = [member for member in found if passwords.fits(member.password_hash, PASSWORD)]
    order = list(addresses)
    return [
        SignIn(member.role, member.name, member.email)
        for member in sorted(found, key=lambda member: order.index(member.email))
    ]


def sign_in_lines() -> list[str]:
    """Return the same as lines for the terminal."""
    people = sign_ins()
    if not people:
        return []
    widest = max(len(person.email) for person in people)
    lines = [f"{person.email.ljust(widest)}   {person.role}" for person in people]
    return ["Sign in as one of these, with the password " + PASSWORD, *lines]
