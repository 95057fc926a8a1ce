"""Bringing a Discourse in: once whole, and again later for what is new.

Reading, rendering (in two processes of their own) and writing overlap; about one batch of posts at a time is in memory.
Nobody is told: one quiet event marks a batch.
"""

import gc
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from peewee import IntegrityError

from forum.clock import now
from forum.database import transaction
from forum.discourse import queries
from forum.discourse.archive import open_archive
from forum.discourse.arrival import Arrival
from forum.discourse.models import ImportRun
from forum.discourse.newcomers import Newcomers
from forum.discourse.records import ArchivedCategory, ArchivedTopic, Skipped
from forum.errors import Conflict
from forum.text import _

SAMPLE = 20


class Source(Protocol):
    """Where topics come from: an archive on disk, or a Discourse that answers."""

    files: int
    files_read: int

    @property
    def place(self) -> str: ...

    def categories(self) -> tuple[dict[int, ArchivedCategory], list[Skipped]]: ...

    def topics(self) -> Iterator[ArchivedTopic | Skipped]: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. *files* of the source are read up to *files_read*; the rest counts what was brought in."""

    files: int
    files_read: int
    topics: int
    posts: int
    skipped: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. *posts_here_already* came with an earlier run; *skips* tells of at most SKIPS_TOLD."""

    run_id: int
    topics: int
    posts: int
    people: int
    categories: int
    posts_here_already: int
    posts_taken_back: int
    quotes_linked: int
    skipped: int
    skips: tuple[Skipped, ...]
    seconds: float

    @property
    def posts_per_second(self) -> float:
        return self.posts / self.seconds if self.seconds else 0.0


def import_archive(source: str, *, progress: Callable[[Progress], None]) -> ImportReport:
    """Bring in the Discourse archive at *source*, a folder or file of JSON, and say what came.

    *progress* is called after every batch. Twice is fine: what is here already is left as it is, new posts join their
    threads, and posts that were deleted over there meanwhile are taken back here. Raises NotFound or Invalid for a
    source that cannot be used at all, Conflict when another import of the same Discourse gets in the way.
    """
    return bring_in(open_archive(source), progress=progress)


def import_discourse(
    address: str, *, api_key: str, api_username: str, progress: Callable[[Progress], None]
) -> ImportReport:
    """Bring in the Discourse that answers at *address*; otherwise as `import_archive`.

    Raises Invalid when nothing useful answers there, NotAllowed when the key does not open it.
    """
    from forum.discourse.remote import Remote  # with its web client, which an archive does not need

    return bring_in(Remote(address, api_key=api_key, api_username=api_username), progress=progress)


def bring_in(source: Source, *, progress: Callable[[Progress], None]) -> ImportReport:
    """Bring in everything that *source* gives; see `import_archive`."""
    with _collecting_rarely():
        return _bring_in(source, progress)


def _bring_in(source: Source, progress: Callable[[Progress], None]) -> ImportReport:
    began = time.monotonic()
    topics = source.topics()
    sample = list(itertools.islice(topics, SAMPLE))
    known = [(topic.foreign_id, topic.created_at) for topic in sample if isinstance(topic, ArchivedTopic)]
    categories, skipped = source.categories()
    name = queries.source_of(known, place=source.place)
    with transaction():
        run = ImportRun.create(source=name, started_at=now())
    arrival = Arrival(run, name, Newcomers(name, categories))

    def tell() -> None:
        progress(Progress(source.files, source.files_read, arrival.topics, arrival.posts, arrival.skipped))

    arrival.tell = tell
    for skip in skipped:
        arrival.skip(skip.path, skip.sentence)
    try:
        for batch in arrival.batches(itertools.chain(sample, topics)):
            arrival.write(batch)
            tell()
        linked = arrival.link_quotes()
        arrival.take_back()
        arrival.finish()
    except IntegrityError as clash:
        if "imported_thing" not in str(clash):
            raise
        raise Conflict(
            _("Something else is importing the same Discourse at this moment. Run this again when it has finished.")
        ) from clash
    tell()
    return ImportReport(
        run_id=run.id,
        topics=arrival.topics,
        posts=arrival.posts,
        people=arrival.newcomers.people,
        categories=arrival.newcomers.places,
        posts_here_already=arrival.here_already,
        posts_taken_back=arrival.taken_back,
        quotes_linked=linked,
        skipped=arrival.skipped,
        skips=tuple(arrival.skips_told),
        seconds=time.monotonic() - began,
    )


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Look for garbage less often: an import makes many small things that live for a batch, and no circles."""
    before = gc.get_threshold()
    gc.set_threshold(20_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
