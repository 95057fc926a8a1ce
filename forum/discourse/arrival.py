"""One import while it runs: from topics to rendered posts, from rendered posts to rows.

A batch of posts is one transaction with everything that belongs to it, so an import that was killed goes on where it
stood. Ids are given out before anything is written, so that quotes and replies can point at what is still to come.
"""

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from forum import audit, events, search
from forum.clock import now
from forum.database import insert_rows, reserved_ids, transaction
from forum.discourse import queries, words
from forum.discourse.models import ImportRun, ImportSkip
from forum.discourse.newcomers import Newcomers, remember
from forum.discourse.records import ACTION, ArchivedPerson, ArchivedPost, ArchivedTopic, Skipped
from forum.text import RENDERER, Rendered, _, clean_line, mentions_in, render_many, slugify, tidy, to_html, to_plain
from forum.threads.actions import LONGEST_TITLE
from forum.threads.models import Post, PostRevision, Thread

BATCH = 500
TOPICS_AT_ONCE = 50
SMALL = 20_000
FEW = 40  # so few posts are rendered sooner than a process starts
SKIPS_TOLD = 1000
CLOSING = frozenset({"closed.enabled", "autoclosed.enabled", "archived.enabled"})


@dataclass(frozen=True, slots=True)
class Coming:
    """A post between reading and writing, without its words."""

    id: int
    thread_id: int
    path: str
    post: ArchivedPost
    author_id: int


@dataclass(slots=True)
class Arrival:
    """One import while it runs."""

    run: ImportRun
    source: str
    newcomers: Newcomers
    tell: Callable[[], None] = lambda: None
    topics: int = 0
    posts: int = 0
    here_already: int = 0
    taken_back: int = 0
    skipped: int = 0
    skips_told: list[Skipped] = field(default_factory=list)
    _skips_unwritten: list[Skipped] = field(default_factory=list)
    _threads: dict[int, int] = field(default_factory=dict)
    _unopened: dict[int, dict[str, Any]] = field(default_factory=dict)
    _on_its_way: set[str] = field(default_factory=set)
    _deleted_there: list[int] = field(default_factory=list)
    _called: words.Called = field(default_factory=words.Called)

    def skip(self, path: str, sentence: object) -> None:
        """Remember that something at *path* was left out, and why."""
        self.skipped += 1
        skip = Skipped(path, str(sentence))
        self._skips_unwritten.append(skip)
        if len(self.skips_told) < SKIPS_TOLD:
            self.skips_told.append(skip)

    # -- from topics to posts with a place, an author and a source

    def batches(self, found: Iterable[ArchivedTopic | Skipped]) -> Iterator[list[tuple[Coming, Rendered]]]:
        """Every post that is not here yet, a batch at a time, in order, its words rendered by other processes."""
        with closing(self._rendered(found)) as ready:
            while batch := list(itertools.islice(ready, BATCH)):
                yield batch

    def _rendered(self, found: Iterable[ArchivedTopic | Skipped]) -> Generator[tuple[Coming, Rendered], None, None]:
        waiting: deque[Coming] = deque()

        def letters() -> Iterator[words.Letter]:
            for post, letter in self._posts_of(found):
                waiting.append(post)
                yield letter

        coming = letters()
        few = list(itertools.islice(coming, FEW))
        if len(few) < FEW:
            for letter in few:
                yield waiting.popleft(), self._rendered_here(letter)
            return
        every = itertools.chain(few, coming)
        with closing(render_many(every, prepare=words.source_of, mentions=self._called)) as ready:  # type: ignore[type-var]
            for each in ready:
                yield waiting.popleft(), each

    def _rendered_here(self, letter: words.Letter) -> Rendered:
        source = tidy(words.source_of(letter))
        html = to_html(source, mentions=self._called)
        return Rendered(source, html, to_plain(html))

    def _posts_of(self, found: Iterable[ArchivedTopic | Skipped]) -> Iterator[tuple[Coming, words.Letter]]:
        for some in _some_at_a_time(self._wanted(found)):
            yield from self._arriving(some)
            self.tell()

    def _wanted(self, found: Iterable[ArchivedTopic | Skipped]) -> Iterator[ArchivedTopic]:
        for each in found:
            if isinstance(each, Skipped):
                self.skip(each.path, each.sentence)
            elif each.is_deleted:
                self.skip(each.path, _("This topic was deleted there, so its words stay there."))
            elif not each.posts:
                self.skip(each.path, _("This topic has no posts."))
            else:
                yield each

    def _arriving(self, some: list[ArchivedTopic]) -> Iterator[tuple[Coming, words.Letter]]:
        here = queries.local_ids(self.source, "post", (post.foreign_id for topic in some for post in topic.posts))
        self.here_already += len(here)
        self._deleted_there += [
            here[post.foreign_id]
            for topic in some
            for post in topic.posts
            if post.is_deleted and post.foreign_id in here
        ]
        fresh = [(topic, [post for post in topic.posts if self._is_new(post, here)]) for topic in some]
        fresh = [(topic, posts) for topic, posts in fresh if posts]
        if not fresh:
            return
        self._welcome(fresh)
        named = (words.topics_named_in(post) for _topic, posts in fresh for post in posts)
        self._look_up_threads({topic.foreign_id for topic, _posts in fresh}.union(*named))
        self._plan_threads({topic.foreign_id: topic for topic, _posts in reversed(fresh)})
        ids = iter(reserved_ids(Post, sum(len(posts) for _topic, posts in fresh)))
        for topic, posts in fresh:
            for post in posts:
                yield self._coming(next(ids), topic, post)

    def _is_new(self, post: ArchivedPost, here: Mapping[str, int]) -> bool:
        """Whether *post* is neither here nor on its way: one that was moved may stand in two topics of an archive."""
        if post.foreign_id in here or post.foreign_id in self._on_its_way:
            return False
        self._on_its_way.add(post.foreign_id)
        return True

    def _welcome(self, fresh: list[tuple[ArchivedTopic, list[ArchivedPost]]]) -> None:
        people: dict[ArchivedPerson | None, datetime] = {}
        for _topic, posts in fresh:
            for post in posts:
                people[post.person] = min(people.get(post.person, post.created_at), post.created_at)
        self.newcomers.welcome(people)
        self.newcomers.open_places(dict.fromkeys(topic.category_id for topic, _posts in fresh))

    def _look_up_threads(self, topic_ids: Iterable[int]) -> None:
        unknown = [topic_id for topic_id in topic_ids if topic_id not in self._threads]
        for foreign_id, thread_id in queries.local_ids(self.source, "topic", unknown).items():
            self._threads[int(foreign_id)] = thread_id

    def _plan_threads(self, topics: Mapping[int, ArchivedTopic]) -> None:
        """Give every topic that has no thread yet the id of one, so that quotes can lead there before it is written."""
        new = sorted(foreign_id for foreign_id in topics if foreign_id not in self._threads)
        for foreign_id, thread_id in zip(new, reserved_ids(Thread, len(new)), strict=True):
            self._threads[foreign_id] = thread_id
            self._unopened[thread_id] = self._thread_row(thread_id, topics[foreign_id])

    def _thread_row(self, thread_id: int, topic: ArchivedTopic) -> dict[str, Any]:
        title = clean_line(topic.title, LONGEST_TITLE) or str(_("A thread from the old forum"))
        closing = [post for post in topic.posts if post.deed in CLOSING]
        is_closed = topic.is_closed or topic.is_archived
        return {
            "foreign_id": topic.foreign_id,
            "id": thread_id,
            "category": self.newcomers.place_of(topic.category_id)[0],
            "author": self.newcomers.member_of(topic.posts[0].person),
            "title": title,
            "slug": slugify(title),
            "started_at": topic.created_at,
            "closed_at": (closing[-1].created_at if closing else topic.last_posted_at) if is_closed else None,
            "closed_by": self.newcomers.member_of(closing[-1].person if closing else None) if is_closed else None,
            "hidden_at": None if topic.is_listed else topic.last_posted_at,
            "hidden_by": None if topic.is_listed else self.newcomers.nobody,
        }

    def _coming(self, id: int, topic: ArchivedTopic, post: ArchivedPost) -> tuple[Coming, words.Letter]:
        if self.newcomers.has_left(post.person):
            post = replace(post, is_deleted=True, markdown=None, cooked="", polls=())
        threads = {number: self._threads[number] for number in words.topics_named_in(post) if number in self._threads}
        renamed = {}
        for typed in words.names_called_in(post):
            name = self.newcomers.name_of(typed)
            if name is not None:
                self._called.learn(typed, name)
                if name.casefold() != typed.casefold():
                    renamed[typed.casefold()] = name
        coming = Coming(
            id=id,
            thread_id=self._threads[topic.foreign_id],
            path=topic.path,
            post=_without_bulk(post),
            author_id=self.newcomers.member_of(post.person),
        )
        return coming, words.Letter(post if _needs_cooked(post) else replace(post, cooked=""), threads, renamed)

    # -- from rendered posts to rows

    def write(self, batch: list[tuple[Coming, Rendered]]) -> None:
        """Write a batch, all or nothing."""
        for coming, said in batch:
            if len(said.source) >= words.LONGEST_SOURCE:
                self._tell_of_cut(coming)
        thread_ids = sorted({coming.thread_id for coming, _said in batch})
        opening = {id: self._unopened[id] for id in thread_ids if id in self._unopened}
        with transaction():
            going_on = {id: Thread.locked(id) for id in thread_ids if id not in opening}
            rows = self._post_rows(batch, going_on)
            self._open_threads(opening, rows)
            insert_rows(Post, rows)
            remember(self.source, "post", [(coming.post.foreign_id, coming.id) for coming, _said in batch])
            for thread_id, thread in going_on.items():
                _count_more(thread, [row for row in rows if row["thread"] == thread_id])
            self._make_findable(rows, thread_ids)
            self._write_skips()
            ImportRun.update(
                topics=ImportRun.topics + len(opening), posts=ImportRun.posts + len(rows), skipped=self.skipped
            ).where(ImportRun.id == self.run.id).execute()
            events.record("posts.imported", subject=self.run, first=rows[0]["id"], last=rows[-1]["id"])
        for thread_id in opening:
            del self._unopened[thread_id]
        self._on_its_way.difference_update(coming.post.foreign_id for coming, _said in batch)
        self.topics += len(opening)
        self.posts += len(rows)

    def _tell_of_cut(self, coming: Coming) -> None:
        self.skip(
            coming.path,
            _(
                "Post %(number)s is longer than %(most)s letters; what comes after them was left out.",
                number=coming.post.number,
                most=f"{words.LONGEST_SOURCE:,}",
            ),
        )

    def _post_rows(self, batch: list[tuple[Coming, Rendered]], going_on: Mapping[int, Thread]) -> list[dict[str, Any]]:
        taken = queries.numbers_taken(going_on)
        answerable = {(thread, number): id for thread, number, id in queries.imported_posts(going_on)}
        last = {id: thread.last_number for id, thread in going_on.items()}
        rows = []
        for coming, said in batch:
            number, thread_id = coming.post.number, coming.thread_id
            if number in taken.get(thread_id, ()):
                number = last[thread_id] = max(last[thread_id], *taken[thread_id]) + 1
            taken.setdefault(thread_id, set()).add(number)
            answerable[thread_id, coming.post.number] = coming.id
            rows.append(self._post_row(coming, said, number, answerable))
        return rows

    def _post_row(
        self, coming: Coming, said: Rendered, number: int, answerable: Mapping[tuple[int, int], int]
    ) -> dict[str, Any]:
        post = coming.post
        reply_to = answerable.get((coming.thread_id, post.reply_to)) if post.reply_to is not None else None
        return {
            "id": coming.id,
            "thread": coming.thread_id,
            "number": number,
            "author": coming.author_id,
            "reply_to": reply_to,
            "source": said.source,
            "html": said.html,
            "plain": said.plain,
            "renderer": RENDERER,
            "revision": post.edits + 1,
            "said_at": post.created_at,
            "edited_at": post.edited_at,
            "withdrawn_at": post.updated_at if post.is_deleted else None,
            "hidden_at": post.updated_at if post.is_hidden else None,
            "hidden_by": self.newcomers.nobody if post.is_hidden else None,
            "is_event": post.kind == ACTION,
            "inside_use_only": True,
            "imported_likes": post.likes,
            "via": "import",
        }

    def _open_threads(self, opening: Mapping[int, dict[str, Any]], rows: list[dict[str, Any]]) -> None:
        if not opening:
            return
        spoken: dict[int, list[dict[str, Any]]] = {thread_id: [] for thread_id in opening}
        for row in rows:
            if row["thread"] in spoken:
                spoken[row["thread"]].append(row)
        planned = [{**row, **_counted(spoken[thread_id], row)} for thread_id, row in opening.items()]
        remember(self.source, "topic", [(str(row.pop("foreign_id")), row["id"]) for row in planned])
        insert_rows(Thread, planned)

    def _make_findable(self, rows: list[dict[str, Any]], thread_ids: list[int]) -> None:
        places = queries.places_of(thread_ids)
        search.put_many(
            [
                {
                    "kind": "post",
                    "ref": row["id"],
                    "thread_id": row["thread"],
                    "visibility": places[row["thread"]][1],
                    "title": places[row["thread"]][0],
                    "body": row["plain"],
                    "at": row["said_at"],
                }
                for row in rows
                if _is_readable(row)
            ]
        )

    def _write_skips(self) -> None:
        if self._skips_unwritten:
            insert_rows(
                ImportSkip,
                [{"run": self.run.id, "path": skip.path, "reason": skip.sentence} for skip in self._skips_unwritten],
            )
            self._skips_unwritten.clear()

    # -- afterwards

    def link_quotes(self) -> int:
        """Lead quotes to threads that came after the quoting post. Returns how many posts were changed."""
        changed = 0
        last = 0
        while some := queries.posts_with_unknown_topics(self.source, after=last, limit=BATCH):
            last = some[-1][0]
            numbers = {number for _id, source in some for number in words.quoted_topics(source)}
            threads = queries.local_ids(self.source, "topic", numbers)
            known = {int(foreign_id): thread_id for foreign_id, thread_id in threads.items()}
            for post_id, source in some:
                linked = words.with_threads(source, known.get)
                if linked != source:
                    changed += self._say_again(post_id, source, linked)
        return changed

    def _say_again(self, post_id: int, source: str, linked: str) -> int:
        called = {name: self.newcomers.name_of(name) for name in mentions_in(linked)}
        html = to_html(linked, mentions={typed: name for typed, name in called.items() if name})
        plain = to_plain(html)
        with transaction():
            post = Post.locked(post_id)
            if post.source != source:
                return 0
            Post.update(source=linked, html=html, plain=plain, renderer=RENDERER).where(Post.id == post_id).execute()
            search.SearchEntry.update(body=plain).where(
                search.SearchEntry.kind == "post", search.SearchEntry.ref == post_id
            ).execute()
        return 1

    def take_back(self) -> None:
        """Posts that came earlier and were deleted over there since lose their words here too."""
        gone = to_html("")
        for post_id in self._deleted_there:
            with transaction():
                post = Post.locked(post_id)
                if post.withdrawn_at is not None:
                    continue
                thread = Thread.locked(post.thread_id)
                Post.update(withdrawn_at=now(), source="", html=gone, plain="").where(Post.id == post_id).execute()
                PostRevision.delete().where(PostRevision.post == post_id).execute()
                search.remove("post", post_id)
                if post.hidden_at is None and not post.is_event:
                    Thread.update(post_count=Thread.post_count - 1).where(Thread.id == thread.id).execute()
                events.record(
                    "post.withdrawn",
                    subject=post,
                    actor=post.author_id,
                    channel=f"thread:{thread.id}",
                    thread=thread.id,
                    number=post.number,
                )
            self.taken_back += 1

    def finish(self) -> None:
        """Close the run and leave a line in the audit trail."""
        with transaction():
            self._write_skips()
            ImportRun.update(finished_at=now(), skipped=self.skipped).where(ImportRun.id == self.run.id).execute()
            audit.note(None, "discourse.imported", subject=self.run, reason=self.source)


# ---- small steps ---------------------------------------------------------------------------------------------------


def _is_readable(row: Mapping[str, Any]) -> bool:
    return row["withdrawn_at"] is None and row["hidden_at"] is None and not row["is_event"]


def _counted(rows: list[dict[str, Any]], thread: Mapping[str, Any]) -> dict[str, Any]:
    """What a new thread's row says about its posts. What moderators did to the thread is no news."""
    counted = {
        "last_number": max(row["number"] for row in rows),
        "post_count": sum(map(_is_readable, rows)),
        "last_post_at": thread["started_at"],
        "last_author": thread["author"],
    }
    said = [row for row in rows if not row["is_event"]]
    if said:
        latest = max(said, key=lambda row: (row["said_at"], row["number"]))
        counted["last_post_at"] = max(latest["said_at"], thread["started_at"])
        counted["last_author"] = latest["author"]
    return counted


def _count_more(thread: Thread, rows: list[dict[str, Any]]) -> None:
    """Bring a thread's row up to date with *rows* that were added to it."""
    more = _counted(rows, {"started_at": thread.started_at, "author": thread.author_id})
    change: dict[Any, Any] = {
        Thread.last_number: max(thread.last_number, more["last_number"]),
        Thread.post_count: Thread.post_count + more["post_count"],
    }
    if more["last_post_at"] >= thread.last_post_at and not all(row["is_event"] for row in rows):
        change |= {Thread.last_post_at: more["last_post_at"], Thread.last_author: more["last_author"]}
    Thread.update(change).where(Thread.id == thread.id).execute()


def _some_at_a_time(topics: Iterator[ArchivedTopic]) -> Iterator[list[ArchivedTopic]]:
    """Topics in handfuls: enough to look many things up at once, few enough to stay small."""
    some: list[ArchivedTopic] = []
    posts = 0
    for topic in topics:
        some.append(topic)
        posts += len(topic.posts)
        if len(some) >= TOPICS_AT_ONCE or posts >= BATCH:
            yield some
            some, posts = [], 0
    if some:
        yield some


def _without_bulk(post: ArchivedPost) -> ArchivedPost:
    """*post* as it may wait in memory: its words are on their way through another process."""
    small = len(post.cooked) + len(post.markdown or "") < SMALL
    return post if small else replace(post, markdown=None, cooked="", polls=())


def _needs_cooked(post: ArchivedPost) -> bool:
    """Whether the cooked HTML says anything that the Markdown does not: above all where pictures are."""
    return post.markdown is None or post.kind == ACTION or "upload://" in post.markdown
