"""The demo grown to the size of a town, for trying how it holds: the same words many times over, in bulk."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from forum import search
from forum.access import visibility
from forum.clock import now
from forum.database import insert_rows, reserved_ids, transaction
from forum.members.models import Member
from forum.text import name_key
from forum.threads.models import Category, Follow, Post, Reaction, Thread

# Posts and people, about.
SIZES = {"medium": (20_000, 300), "large": (200_000, 1500)}
# Each telling of the same threads lies so much further back.
FURTHER_BACK = timedelta(days=3, hours=1)

_FIRST = (
    "Ada Alys Amir Anwen Bashir Beth Bill Carys Cath Cerys Clive Dot Elin Emrys Fay Fergus Gwen Hamid Hannah Huw Ifor Ines "
    "Iris Ivor Jade Joan Kath Ken Lara Len Lloyd Mair Malik Meg Mo Nerys Nia Nuala Olwen Oscar Pat Pearl Ray Rhodri Rita Rob "
    "Sheila Sian Sunita Tam Tegan Tilly Una Vera Viv Wendy Win Yusuf Zara Zoe"
).split()
_PLACES = (
    "Abergele Barmouth Brecon Builth Conwy Cwmbran Denbigh Dolgellau Fishguard Gower Harlech Kidwelly Lampeter Llanelli "
    "Machynlleth Mold Neath Newtown Pwllheli Rhyl Ruthin Swansea Tenby Tywyn Usk"
).split()


@dataclass(frozen=True, slots=True)
class _Model:
    """What is repeated: the rows of the threads that were written, with their posts and kind words."""

    threads: list[dict[str, Any]]
    posts: dict[int, list[dict[str, Any]]]
    kind_words: dict[int, list[str]]


def gather(scale: str, *, told: Callable[[float], None] | None = None) -> None:
    """Repeat the demo's conversations until there are as many posts as *scale* says; *told* hears 0 to 1."""
    posts_wanted, people_wanted = SIZES[scale]
    chance = random.Random(scale)  # noqa: S311 - the same crowd each time
    people = _invite_people(chance, people_wanted)
    model = _model()
    each = sum(len(posts) for posts in model.posts.values())
    times = max(1, (posts_wanted - Post.select().count()) // each)
    for number in range(1, times + 1):
        with transaction():
            _tell_again(model, people, chance, number * FURTHER_BACK)
        if told is not None:
            told(number / times)


def _invite_people(chance: random.Random, wanted: int) -> list[int]:
    names = [f"{first} from {place}" for first in _FIRST for place in _PLACES]
    chance.shuffle(names)
    keys = {name_key(name): name for name in names[:wanted]}
    since = now() - timedelta(days=1400)
    ids = reserved_ids(Member, len(keys))
    with transaction():
        insert_rows(
            Member,
            [
                {"id": id, "name": name, "name_key": key, "care": "care", "joined_at": since}
                for id, (key, name) in zip(ids, keys.items(), strict=True)
            ],
        )
    return ids


def _model() -> _Model:
    """Return what was written, without circles' threads, the house's own lines and what is hidden or taken back."""
    columns = (Thread.id, Thread.category, Thread.title, Thread.slug, Thread.ask, Category.audience, Category.group)
    threads = [
        {
            "id": row[0],
            "category": row[1],
            "title": row[2],
            "slug": row[3],
            "ask": row[4],
            "audience": row[5],
            "group": row[6],
        }
        for row in Thread.select(*columns).join(Category).where(Thread.group.is_null()).order_by(Thread.id).tuples()
    ]
    said = Post.select(Post.id, Post.thread, Post.source, Post.html, Post.plain, Post.renderer, Post.said_at).where(
        Post.withdrawn_at.is_null(), Post.hidden_at.is_null(), ~Post.is_event
    )
    posts: dict[int, list[dict[str, Any]]] = {thread["id"]: [] for thread in threads}
    for id, thread_id, source, html, plain, renderer, said_at in said.order_by(Post.thread, Post.number).tuples():
        if thread_id in posts:
            words = {"source": source, "html": html, "plain": plain, "renderer": renderer}
            posts[thread_id].append({"id": id, "said_at": said_at, "words": words})
    kind_words: dict[int, list[str]] = {}
    for post_id, kind in Reaction.select(Reaction.post, Reaction.kind).order_by(Reaction.id).tuples():
        kind_words.setdefault(post_id, []).append(kind)
    return _Model(threads, posts, kind_words)


def _tell_again(model: _Model, people: Sequence[int], chance: random.Random, back: timedelta) -> None:
    thread_ids = reserved_ids(Thread, len(model.threads))
    post_ids = iter(reserved_ids(Post, sum(len(posts) for posts in model.posts.values())))
    threads: list[dict[str, Any]] = []
    posts: list[dict[str, Any]] = []
    found: list[dict[str, object]] = []
    kind_words: list[dict[str, Any]] = []
    follows: list[dict[str, Any]] = []
    for thread_id, thread in zip(thread_ids, model.threads, strict=True):
        said = model.posts[thread["id"]]
        speakers = chance.sample(people, k=min(len(people), max(2, len(said))))
        authors = [speakers[0], *(chance.choice(speakers) for _ in said[1:])]
        threads.append(_thread_row(thread_id, thread, said, authors, back))
        seen = visibility(thread["audience"], thread["group"], None)
        for number, (post, author) in enumerate(zip(said, authors, strict=True), start=1):
            id, at = next(post_ids), post["said_at"] - back
            posts.append(
                {"id": id, "thread": thread_id, "number": number, "author": author, "said_at": at, **post["words"]}
            )
            found.append(_findable(id, thread_id, thread["title"], post["words"]["plain"], seen, at))
            kind_words += _kind_words(model.kind_words.get(post["id"], []), id, author, people, chance, at)
        follows += [
            {"member": id, "thread": thread_id, "since": said[0]["said_at"] - back} for id in sorted(set(authors))
        ]
    insert_rows(Thread, threads)
    insert_rows(Post, posts)
    search.put_many(found)
    insert_rows(Reaction, kind_words)
    insert_rows(Follow, follows)


def _thread_row(
    id: int, thread: dict[str, Any], said: list[dict[str, Any]], authors: list[int], back: timedelta
) -> dict[str, Any]:
    return {
        "id": id,
        "category": thread["category"],
        "author": authors[0],
        "title": thread["title"],
        "slug": thread["slug"],
        "ask": thread["ask"],
        "started_at": said[0]["said_at"] - back,
        "last_post_at": said[-1]["said_at"] - back,
        "last_author": authors[-1],
        "last_number": len(said),
        "post_count": len(said),
    }


def _findable(id: int, thread_id: int, title: str, body: str, seen: str, at: datetime) -> dict[str, object]:
    return {
        "kind": "post",
        "ref": id,
        "thread_id": thread_id,
        "visibility": seen,
        "title": title,
        "body": body,
        "at": at,
    }


def _kind_words(
    kinds: list[str], post_id: int, author: int, people: Sequence[int], chance: random.Random, at: datetime
) -> list[dict[str, Any]]:
    givers = [id for id in chance.sample(people, k=min(len(people), len(kinds) + 1)) if id != author]
    return [
        {"post": post_id, "member": giver, "kind": kind, "at": at + timedelta(hours=2)}
        for giver, kind in zip(givers, kinds, strict=False)
    ]
