"""What must happen after an action, written down as rows and done by the worker: at least once, twice is fine.

An event is *spread* into one `Todo` per reaction. Workers claim todos by a conditional update; a claim runs out, so that
a killed worker's work is done by the next one. huey only executes: losing its queue loses nothing.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import ForeignKeyField, IntegerField, TextField

from forum.clock import now
from forum.database import BaseModel, UtcField, db, is_postgres, transaction
from forum.events import Event

log = logging.getLogger(__name__)

CLAIM = timedelta(minutes=5)
TRIES = 8
SPREAD_BATCH = 100


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


def _claim(todo_id: int) -> Todo | None:
    moment = now()
    with transaction():
        claimed = (
            Todo.update(claimed_until=moment + CLAIM, attempts=Todo.attempts + 1)
            .where(
                Todo.id == todo_id,
                Todo.done_at.is_null(),
                Todo.due_at <= moment,
                Todo.claimed_until.is_null() | (Todo.claimed_until < moment),
            )
            .execute()
        )
    if not claimed:
        return None
    return Todo.select(Todo, Event).join(Event).where(Todo.id == todo_id).first()


def do(todo_id: int) -> bool:
    """Claim one todo and do it. Return False when somebody else has it or it failed and waits for another try."""
    todo = _claim(todo_id)
    if todo is None:
        return False
    reaction = _by_name.get(todo.reaction)
    if reaction is None:
        _settle(todo, done=True, trouble="no such reaction any more")
        return True
    try:
        again = reaction.run(todo.event, todo.cursor)
    except Exception as trouble:
        log.exception("%s for event %s failed (try %s of %s)", todo.reaction, todo.event_id, todo.attempts, TRIES)
        _settle(todo, due_at=now() + timedelta(seconds=min(2**todo.attempts, 600)), trouble=repr(trouble)[:500])
        return False
    if again is None:
        _settle(todo, done=True)
    else:
        _settle(todo, due_at=now() + timedelta(seconds=again.later), cursor=again.cursor, attempts=0)
    return True


def _settle(todo: Todo, *, done: bool = False, **facts: object) -> None:
    with transaction():
        Todo.update(claimed_until=None, done_at=now() if done else None, **facts).where(Todo.id == todo.id).execute()


def due_chores() -> list[str]:
    """Claim and return the names of chores that are due; each is handed to one caller only."""
    moment, mine = now(), []
    known = {row.name: row.due_at for row in Chore.select()}
    for chore in _chores.values():
        due_at = known.get(chore.name)
        if due_at is not None and due_at > moment:
            continue
        with transaction():
            if due_at is None:
                won = (
                    Chore.insert(name=chore.name, due_at=moment + chore.every)
                    .on_conflict_ignore()
                    .as_rowcount()
                    .execute()
                )
            else:
                won = (
                    Chore.update(due_at=moment + chore.every)
                    .where(Chore.name == chore.name, Chore.due_at == due_at)
                    .execute()
                )
        if won:
            mine.append(chore.name)
    return mine


def do_chore(name: str) -> None:
    """Run one chore now."""
    chore = _chores.get(name)
    if chore is not None:
        chore.run()


def run_everything_due(*, rounds: int = 200) -> int:
    """Do everything that is due, here and now, until nothing is. Return how many todos were done."""
    done = 0
    for _ in range(rounds):
        spread_now = spread()
        ids = due_ids()
        finished = sum(do(todo_id) for todo_id in ids)
        done += finished
        if not spread_now and not finished:
            break
    for name in due_chores():
        do_chore(name)
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


def prune(days: int = 90) -> int:
    """Take away events, with their finished todos, that are older than *days*. Return how many went."""
    before = now() - timedelta(days=days)
    open_events = Todo.select(Todo.event).where(Todo.done_at.is_null())
    with transaction():
        return (
            Event.delete()
            .where(Event.at < before, Event.spread_at.is_null(False), Event.id.not_in(open_events))
            .execute()
        )


def connection_alive() -> bool:
    """Ask the database a question that costs nothing."""
    return bool(db.execute_sql("SELECT 1").fetchone())
