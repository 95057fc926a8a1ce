"""What came from a Discourse already, and which of our rows it became."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from peewee import fn

from forum.access import visibility
from forum.database import utc
from forum.discourse.models import ImportedThing
from forum.members.models import Member
from forum.threads.models import Category, Post, Thread

AT_ONCE = 500
OUT_OF_SIGHT = "nobody"  # the search visibility of a hidden thread


def local_ids(source: str, kind: str, foreign_ids: Iterable[object]) -> dict[str, int]:
    """Which of *foreign_ids* came from *source* already, each with our id. *kind* as in `ImportedThing`."""
    wanted = [str(foreign_id) for foreign_id in foreign_ids]
    found: dict[str, int] = {}
    for start in range(0, len(wanted), AT_ONCE):
        rows = ImportedThing.select(ImportedThing.foreign_id, ImportedThing.local_id).where(
            ImportedThing.source == source,
            ImportedThing.kind == kind,
            ImportedThing.foreign_id.in_(wanted[start : start + AT_ONCE]),
        )
        found.update(rows.tuples())
    return found


def source_of(topics: Sequence[tuple[int, datetime]], *, place: str) -> str:
    """The name under which a Discourse's things are remembered, given some of its *topics* (id and when they began).

    The same Discourse keeps its name when its archive was moved or is read by another road: a topic of the same id
    that began in the same microsecond is the same topic. Otherwise it is called *place*, where it was found; with a
    number when another Discourse was found in that place before.
    """
    ids = [str(foreign_id) for foreign_id, _started in topics]
    began = {str(foreign_id): started for foreign_id, started in topics}
    rows = (
        ImportedThing.select(ImportedThing.source, ImportedThing.foreign_id, Thread.started_at)
        .join(Thread, on=(Thread.id == ImportedThing.local_id))
        .where(ImportedThing.kind == "topic", ImportedThing.foreign_id.in_(ids))
        .order_by(ImportedThing.id)
        .tuples()
    )
    others = set()
    for source, foreign_id, started in rows:
        if utc(started) == began[foreign_id]:
            return source
        others.add(source)
    name, number = place, 1
    while name in others:
        number += 1
        name = f"{place} ({number})"
    return name


def numbers_taken(thread_ids: Collection[int]) -> dict[int, set[int]]:
    """The numbers of all posts in these threads, by thread id."""
    taken: dict[int, set[int]] = {thread_id: set() for thread_id in thread_ids}
    for thread_id, number in Post.select(Post.thread, Post.number).where(Post.thread.in_(list(thread_ids))).tuples():
        taken[thread_id].add(number)
    return taken


def imported_posts(thread_ids: Collection[int]) -> list[tuple[int, int, int]]:
    """Those posts of these threads that were imported, as (thread id, number, post id)."""
    rows = Post.select(Post.thread, Post.number, Post.id).where(Post.thread.in_(list(thread_ids)), Post.via == "import")
    return list(rows.tuples())


def places_of(thread_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Title and search visibility of these threads."""
    rows = (
        Thread.select(Thread.id, Thread.title, Thread.hidden_at, Thread.group, Category.audience, Category.group)
        .join(Category)
        .where(Thread.id.in_(list(thread_ids)))
    )
    return {
        id: (title, OUT_OF_SIGHT if hidden_at is not None else visibility(audience, category_group, group))
        for id, title, hidden_at, group, audience, category_group in rows.tuples()
    }


def posts_with_unknown_topics(source: str, *, after: int, limit: int) -> list[tuple[int, str]]:
    """Posts from *source* with an id above *after* that quote from a topic we did not know when they came: (id, words)."""
    rows = (
        Post.select(Post.id, Post.source)
        .join(
            ImportedThing,
            on=(
                (ImportedThing.local_id == Post.id) & (ImportedThing.kind == "post") & (ImportedThing.source == source)
            ),
        )
        .where(Post.id > after, Post.via == "import", Post.source.contains("topic:"))
        .order_by(Post.id)
        .limit(limit)
    )
    return list(rows.tuples())


def last_position() -> int:
    """The place of the category that is listed last; 0 when there is none."""
    return Category.select(fn.COALESCE(fn.MAX(Category.position), 0)).scalar()


def name_keys_taken(keys: Iterable[str]) -> list[str]:
    """Those of *keys* under which somebody has a name already."""
    wanted = list(keys)
    taken: list[str] = []
    for start in range(0, len(wanted), AT_ONCE):
        some = Member.select(Member.name_key).where(Member.name_key.in_(wanted[start : start + AT_ONCE]))
        taken.extend(key for (key,) in some.tuples())
    return taken
