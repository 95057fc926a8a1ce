"""What must happen after an action, written down as rows and done by the worker: at least once, twice is fine.

An event is *spread* into one `Todo` per reaction. Workers claim todos by a conditional update; a claim runs out, so
that a killed worker's work is done by the next one. huey only executes: losing its queue loses nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import ForeignKeyField, IntegerField, TextField

from forum.clock import now
from forum.database import BaseModel, UtcField, is_postgres, transaction
from forum.events import Event

log = logging.getLogger(__name__)

# A claim is renewed while its work goes on (`renew_claims`), so that it can be short: what a killed worker had begun is
# begun again this soon.
CLAIM = timedelta(seconds=30)
RENEW = timedelta(seconds=10)
# Work that takes longer than this is stuck: its claim is no longer renewed.
LONGEST = timedelta(hours=1)
TRIES = 8
SPREAD_BATCH = 100
PRUNE_BATCH = 500
# A chore that failed, or whose worker was killed, is tried again after this long.
CHORE_CLAIM = timedelta(minutes=5)


class Todo(BaseModel):
    """One reaction owed to one event."""

    event = ForeignKeyField(Event, backref="todos", on_delete="CASCADE")
    reaction = TextField()
    due_at = UtcField()
    claimed_until = UtcField(null=True)
    attempts = IntegerField(default=0)
    cursor = TextField(default="")
    done_at = UtcField(null=True)
    trouble = TextField(default="")

    class Meta:
        indexes = ((("event", "reaction"), True),)


Todo.add_index(Todo.index(Todo.due_at, name="todo_due", where=Todo.done_at.is_null()))


class Chore(BaseModel):
    """Something done every so often. Being due is a row, so that two workers never do it twice."""

    name = TextField(unique=True)
    due_at = UtcField()


@dataclass(frozen=True, slots=True)
class Again:
    """What a reaction returns when it is not finished: go on from *cursor*, *later* seconds from now."""

    cursor: str = ""
    later: float = 0.0


@dataclass(frozen=True, slots=True)
class Reaction:
    """What follows an event. *run* takes the event and the cursor (empty at first); *due* may put it off."""

    name: str
    run: Callable[[Event, str], Again | None]
    due: Callable[[Event], datetime | None] | None = None


@dataclass(frozen=True, slots=True)
class Periodic:
    """A chore: *run* is called when *every* has passed since the last time."""

    name: str
    run: Callable[[], object]
    every: timedelta


_table: dict[str, tuple[Reaction, ...]] = {}
_by_name: dict[str, Reaction] = {}
_chores: dict[str, Periodic] = {}


def use_reactions(table: Mapping[str, Sequence[Reaction]], chores: Sequence[Periodic] = ()) -> None:
    """Take the product's table: kind of event -> reactions, and what is done every so often."""
    _table.clear()
    _by_name.clear()
    _chores.clear()
    for kind, reactions in table.items():
        _table[kind] = tuple(reactions)
        for reaction in reactions:
            _by_name[reaction.name] = reaction
    _chores.update({chore.name: chore for chore in chores})


def spread() -> int:
    """Turn events nobody has looked at into todos. Return how many events were spread."""
    if not Event.select(Event.id).where(Event.spread_at.is_null()).exists():
        return 0
    with transaction():
        query = Event.select().where(Event.spread_at.is_null()).order_by(Event.id).limit(SPREAD_BATCH)
        if is_postgres():
            query = query.for_update("FOR UPDATE SKIP LOCKED")
        events = list(query)
        if not events:
            return 0
        moment = now()
        rows = []
        for event in events:
            for reaction in _table.get(event.kind, ()):
                due = reaction.due(event) if reaction.due else moment
                if due is not None:
                    rows.append({"event": event.id, "reaction": reaction.name, "due_at": due})
        if rows:
            Todo.insert_many(rows).on_conflict_ignore().execute()
        Event.update(spread_at=moment).where(Event.id.in_([event.id for event in events])).execute()
    return len(events)


def due_ids(limit: int = 50) -> list[int]:
    """Return ids of todos that can be done now, the longest due first."""
    moment = now()
    query = (
        Todo.select(Todo.id)
        .where(
            Todo.done_at.is_null(),
            Todo.due_at <= moment,
            Todo.attempts < TRIES,
            Todo.claimed_until.is_null() | (Todo.claimed_until < moment),
        )
        .order_by(Todo.due_at, Todo.id)
        .limit(limit)
    )
    return [row[0] for row in query.tuples()]


@dataclass(slots=True)
class _Held:
    """A claim of this process: the row says so with *until*, which changes when the claim is renewed."""

    until: datetime
    since: datetime


_held_todos: dict[int, _Held] = {}
_held_chores: dict[str, _Held] = {}
_held_lock = threading.Lock()


def _claim(todo_id: int) -> Todo | None:
    moment = now()
    until = moment + CLAIM
    with transaction():
        claimed = (
            Todo.update(claimed_until=until, attempts=Todo.attempts + 1)
            .where(
                Todo.id == todo_id,
                Todo.done_at.is_null(),
                Todo.due_at <= moment,
                Todo.attempts < TRIES,
                Todo.claimed_until.is_null() | (Todo.claimed_until < moment),
            )
            .execute()
        )
    if not claimed:
        return None
    with _held_lock:
        _held_todos[todo_id] = _Held(until, moment)
    return Todo.select(Todo, Event).join(Event).where(Todo.id == todo_id).first()


def do(todo_id: int) -> bool:
    """Claim one todo and do it. Return False when somebody else has it or it failed and waits for another try."""
    todo = _claim(todo_id)
    if todo is None:
        return False
    try:
        return _do_claimed(todo)
    finally:
        with _held_lock:
            _held_todos.pop(todo_id, None)


def _do_claimed(todo: Todo) -> bool:
    try:
        # A reaction we do not know may be one that a newer version brought: it is not ours to drop.
        again = _by_name[todo.reaction].run(todo.event, todo.cursor)
    except Exception as trouble:
        if not Todo.select().where(Todo.id == todo.id).exists():
            log.info("%s for event %s is not wanted any more", todo.reaction, todo.event_id)
            return False
        log.exception("%s for event %s failed (try %s of %s)", todo.reaction, todo.event_id, todo.attempts, TRIES)
        _settle(todo, due_at=now() + timedelta(seconds=min(2**todo.attempts, 600)), trouble=repr(trouble)[:500])
        return False
    if again is None:
        _settle(todo, done=True, trouble="")
    else:
        _settle(todo, due_at=now() + timedelta(seconds=again.later), cursor=again.cursor, attempts=0, trouble="")
    return True


def _settle(todo: Todo, *, done: bool = False, **facts: object) -> None:
    # Whoever's claim ran out has nothing to say any more: somebody else has begun again.
    with _held_lock, transaction():
        Todo.update(claimed_until=None, done_at=now() if done else None, **facts).where(
            Todo.id == todo.id, Todo.claimed_until == _held_todos[todo.id].until
        ).execute()


def renew_claims() -> None:
    """Hold on to what this process is busy with. The worker calls it every `RENEW`."""
    moment = now()
    with _held_lock:
        if not _held_todos and not _held_chores:
            return
        with transaction():
            for id, held in _held_todos.items():
                if moment - held.since < LONGEST:
                    mine = (Todo.id == id) & (Todo.claimed_until == held.until)
                    if Todo.update(claimed_until=moment + CLAIM).where(mine).execute():
                        held.until = moment + CLAIM
            for name, held in _held_chores.items():
                if moment - held.since < LONGEST:
                    mine = (Chore.name == name) & (Chore.due_at == held.until)
                    if Chore.update(due_at=moment + CHORE_CLAIM).where(mine).execute():
                        held.until = moment + CHORE_CLAIM


def due_chores() -> list[tuple[str, datetime]]:
    """Claim the chores that are due and return their names, each with its claim; each is handed to one caller only."""
    moment = now()
    claim, mine = moment + CHORE_CLAIM, []
    known = {row.name: row.due_at for row in Chore.select()} if _chores else {}
    for chore in _chores.values():
        due_at = known.get(chore.name)
        if due_at is not None and due_at > moment:
            continue
        with transaction():
            if due_at is None:
                won = Chore.insert(name=chore.name, due_at=claim).on_conflict_ignore().as_rowcount().execute()
            else:
                won = Chore.update(due_at=claim).where(Chore.name == chore.name, Chore.due_at == due_at).execute()
        if won:
            mine.append((chore.name, claim))
    return mine


def do_chore(name: str, claim: datetime) -> bool:
    """Do one chore that `due_chores` claimed, and put it off until it is due again.

    Return False when the claim ran out meanwhile. What the chore raises is raised; it is then due again soon."""
    chore = _chores.get(name)
    if chore is None or not Chore.select().where(Chore.name == name, Chore.due_at == claim).exists():
        return False
    started = now()
    with _held_lock:
        held = _held_chores[name] = _Held(claim, started)
    try:
        chore.run()
        with _held_lock, transaction():
            Chore.update(due_at=started + chore.every).where(Chore.name == name, Chore.due_at == held.until).execute()
    finally:
        with _held_lock:
            _held_chores.pop(name, None)
    return True


def run_everything_due(*, rounds: int = 200) -> int:
    """Do everything that is due, here and now, until nothing is. Return how many todos were done."""
    done = 0
    for _ in range(rounds):
        spread_now = spread()
        finished = sum(do(todo_id) for todo_id in due_ids())
        chores = due_chores()
        for name, claim in chores:
            do_chore(name, claim)
        done += finished
        if not (spread_now or finished or chores):
            break
    return done


def backlog() -> tuple[int, int, datetime | None]:
    """Return (todos waiting, todos that were given up, due moment of the oldest that waits)."""
    waiting = Todo.select().where(Todo.done_at.is_null(), Todo.attempts < TRIES).count()
    given_up = Todo.select().where(Todo.done_at.is_null(), Todo.attempts >= TRIES).count()
    oldest = (
        Todo.select(Todo.due_at)
        .where(Todo.done_at.is_null(), Todo.attempts < TRIES)
        .order_by(Todo.due_at)
        .limit(1)
        .scalar()
    )
    return waiting, given_up, oldest


def given_up(limit: int = 20) -> list[tuple[int, str, str]]:
    """Return todos that failed too often: (id, reaction, what went wrong the last time), the newest first."""
    query = (
        Todo.select(Todo.id, Todo.reaction, Todo.trouble)
        .where(Todo.done_at.is_null(), Todo.attempts >= TRIES)
        .order_by(Todo.id.desc())
        .limit(limit)
    )
    return list(query.tuples())


def try_again() -> int:
    """Give todos that were given up another eight tries, from now. Return how many there were."""
    with transaction():
        return (
            Todo.update(attempts=0, due_at=now(), claimed_until=None)
            .where(Todo.done_at.is_null(), Todo.attempts >= TRIES)
            .execute()
        )


def prune(days: int = 90, *, pause: float = 0.05) -> int:
    """Take away events, with their finished todos, that are older than *days*, in batches with a *pause* in seconds.

    Return how many went."""
    before = now() - timedelta(days=days)
    gone = 0
    while True:
        open_events = Todo.select(Todo.event).where(Todo.done_at.is_null())
        old = (
            Event.select(Event.id)
            .where(Event.at < before, Event.spread_at.is_null(False), Event.id.not_in(open_events))
            .order_by(Event.id)
            .limit(PRUNE_BATCH)
        )
        ids = [row[0] for row in old.tuples()]
        if ids:
            with transaction():
                gone += Event.delete().where(Event.id.in_(ids)).execute()
        if len(ids) < PRUNE_BATCH:
            return gone
        time.sleep(pause)
