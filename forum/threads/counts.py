"""Deriving again what threads keep count of, for `kettle repair`."""

from collections.abc import Callable

from peewee import JOIN, Case, fn

from forum.database import transaction
from forum.threads.models import Post, Thread

BATCH = 200


def repair_counts(*, progress: Callable[[int], None] = lambda _done: None) -> tuple[int, int]:
    """Compare every thread's stored numbers with its posts and put right what differs, a few threads at a time.

    The last number is never lowered, because a post's number is not given out twice.
    *progress* is told how many threads were looked at. Return (threads looked at, threads put right)."""
    last, looked_at, put_right = 0, 0, 0
    while True:
        rows = _numbers(Thread.id > last)
        if not rows:
            return looked_at, put_right
        for id, *numbers in rows:
            if numbers[:2] != numbers[2:]:
                put_right += _put_right(id)
        last = rows[-1][0]
        looked_at += len(rows)
        progress(looked_at)


def _numbers(which: object) -> list[tuple[int, int, int, int, int]]:
    """Return (id, stored count, stored last number, derived count, derived last number) of some threads."""
    is_readable = Post.withdrawn_at.is_null() & Post.hidden_at.is_null() & ~Post.is_event
    query = (
        Thread.select(
            Thread.id,
            Thread.post_count,
            Thread.last_number,
            fn.COALESCE(fn.SUM(Case(None, [(is_readable, 1)], 0)), 0),
            Case(None, [(fn.MAX(Post.number) > Thread.last_number, fn.MAX(Post.number))], Thread.last_number),
        )
        .join(Post, JOIN.LEFT_OUTER, on=(Post.thread == Thread.id))
        .where(which)
        .group_by(Thread.id)
        .order_by(Thread.id)
        .limit(BATCH)
    )
    return list(query.tuples())


def _put_right(id: int) -> int:
    with transaction():
        Thread.locked(id)
        ((_, count, number, derived_count, derived_number),) = _numbers(Thread.id == id)
        if (count, number) == (derived_count, derived_number):
            return 0
        Thread.update(post_count=derived_count, last_number=derived_number).where(Thread.id == id).execute()
        return 1
