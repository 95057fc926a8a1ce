"""What a Discourse archive holds, as frozen records: checked, cleaned and safe to trust in shape (never in content).

Everything here takes whatever JSON happened to contain and gives a record or a plain reason why not. A value of the
wrong type is treated as absent: real archives disagree with Discourse's own description in many small ways.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

WORDS, ACTION = "words", "action"

REGULAR_POST, MODERATOR_POST, SMALL_ACTION, WHISPER = 1, 2, 3, 4
LIKE = 2
HIGHEST_ID = 2**53
HIGHEST_POST_NUMBER = 50_000
LONGEST_TITLE = 255
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class NotATopic(ValueError):
    """This JSON is not a topic with its posts."""


class PrivateMessage(ValueError):
    """This JSON is a conversation between a few people, which is nobody else's to read."""


@dataclass(frozen=True, slots=True)
class ArchivedPerson:
    """Somebody who wrote. *foreign_id* is their Discourse id, or their name where the archive has no id.

    Only the public username is read: full names and pictures stay behind, because nobody agreed to move them.
    """

    foreign_id: str
    username: str


@dataclass(frozen=True, slots=True)
class ArchivedPoll:
    """A poll inside a post: each option's label (HTML, not to be trusted) and votes. Who voted stays behind."""

    title: str
    options: tuple[tuple[str, int], ...]
    voters: int


@dataclass(frozen=True, slots=True)
class ArchivedPost:
    """One message. *person* is None where the archive does not say who wrote it.

    *markdown* is the writer's own source where it could be matched beyond doubt, otherwise None and *cooked* (HTML, not
    to be trusted) is all there is. A deleted post keeps its place and loses its words here already.
    *reply_to* is the number of an earlier post, so following it always ends. *kind* is WORDS or ACTION; an action's
    *deed* is Discourse's own code such as ``closed.enabled``.
    """

    foreign_id: str
    number: int
    kind: str
    deed: str
    person: ArchivedPerson | None
    created_at: datetime
    updated_at: datetime
    edits: int
    markdown: str | None
    cooked: str
    likes: int
    reply_to: int | None
    is_hidden: bool
    is_deleted: bool
    is_by_email: bool
    polls: tuple[ArchivedPoll, ...]

    @property
    def edited_at(self) -> datetime | None:
        return self.updated_at if self.edits else None


@dataclass(frozen=True, slots=True)
class ArchivedTopic:
    """A conversation with its posts in order of number. *path* says which file it came from, below the source."""

    foreign_id: int
    title: str
    slug: str
    category_id: int | None
    created_at: datetime
    last_posted_at: datetime
    is_closed: bool
    is_archived: bool
    is_listed: bool
    is_pinned: bool
    is_deleted: bool
    tags: tuple[str, ...]
    posts: tuple[ArchivedPost, ...]
    posts_promised: int
    staff_notes: int
    path: str


@dataclass(frozen=True, slots=True)
class ArchivedCategory:
    """*is_restricted* says that not every member of the old community could read it."""

    foreign_id: int
    name: str
    slug: str
    description: str
    parent_id: int | None
    is_restricted: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be read: *path* below the source, and a *sentence* saying why."""

    path: str
    sentence: str


def storable(value: Any) -> str:
    """*value* when it is text, without what no database takes (NUL, lone surrogates); otherwise an empty string."""
    if not isinstance(value, str):
        return ""
    try:
        value.encode()  # several times faster than looking for surrogates
    except UnicodeEncodeError:
        return UNSTORABLE.sub("\ufffd", value)
    return value.replace("\x00", "\ufffd") if "\x00" in value else value


def one_line(value: Any) -> str:
    """*value* as `storable` text on one line, every run of white space a single space."""
    return " ".join(storable(value).split())


def whole(value: Any, *, low: int = 0, high: int = HIGHEST_ID) -> int | None:
    """*value* as a whole number between *low* and *high*, whether JSON held it as a number or as digits; else None."""
    if isinstance(value, str):
        value = int(value) if len(value) < 20 and value.strip().lstrip("-").isdecimal() else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if low <= value <= high else None


def moment(value: Any) -> datetime | None:
    """An ISO 8601 *value* as an aware UTC datetime; None where it is absent, unreadable or out of all reason."""
    if not isinstance(value, str):
        return None
    try:
        then = datetime.fromisoformat(value)
        then = then.replace(tzinfo=UTC) if then.tzinfo is None else then.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return then if EARLIEST <= then <= LATEST else None


def mappings(value: Any) -> list[dict[str, Any]]:
    """The objects in a JSON list; nothing where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def category(found: dict[str, Any]) -> ArchivedCategory | None:
    """A category from Discourse's JSON of it; None without a usable id and name."""
    foreign_id, name = whole(found.get("id"), low=1), one_line(found.get("name"))
    if foreign_id is None or not name:
        return None
    return ArchivedCategory(
        foreign_id=foreign_id,
        name=name[:LONGEST_TITLE],
        slug=one_line(found.get("slug"))[:LONGEST_TITLE],
        description=one_line(found.get("description_text") or found.get("description_excerpt")),
        parent_id=whole(found.get("parent_category_id"), low=1),
        is_restricted=found.get("read_restricted") is True,
    )


def person(found: dict[str, Any]) -> ArchivedPerson | None:
    """Who wrote the post *found*; None where their account is gone."""
    username, user_id = one_line(found.get("username")), whole(found.get("user_id"), low=-HIGHEST_ID)
    if not username:
        return None
    return ArchivedPerson(str(user_id) if user_id is not None else f"name:{username.casefold()}", username)


def topic(found: Any, *, path: str, otherwise_at: datetime) -> ArchivedTopic:
    """The topic in one piece of JSON, its posts without Markdown yet.

    *otherwise_at* stands in where no time at all can be read. Raises NotATopic or PrivateMessage.
    """
    stream = found.get("post_stream") if isinstance(found, dict) else None
    foreign_id = whole(found.get("id"), low=1) if isinstance(found, dict) else None
    if not isinstance(stream, dict) or not isinstance(stream.get("posts"), list) or foreign_id is None:
        raise NotATopic
    if found.get("archetype") == "private_message":
        raise PrivateMessage
    created_at = moment(found.get("created_at"))
    written = mappings(stream["posts"])
    posts = _posts(written, topic_id=foreign_id, otherwise_at=created_at or otherwise_at)
    promised = stream.get("stream")
    return ArchivedTopic(
        foreign_id=foreign_id,
        title=_title(found, foreign_id),
        slug=one_line(found.get("slug"))[:LONGEST_TITLE],
        category_id=whole(found.get("category_id"), low=1),
        created_at=created_at or (posts[0].created_at if posts else otherwise_at),
        last_posted_at=max((post.created_at for post in posts), default=created_at or otherwise_at),
        is_closed=found.get("closed") is True,
        is_archived=found.get("archived") is True,
        is_listed=found.get("visible") is not False,
        is_pinned=found.get("pinned") is True or bool(found.get("pinned_at")),
        is_deleted=bool(found.get("deleted_at")),
        tags=tuple(_tags(found.get("tags"))),
        posts=posts,
        posts_promised=len(set(map(repr, promised))) if isinstance(promised, list) else 0,
        staff_notes=sum(1 for post in written if whole(post.get("post_type")) == WHISPER),
        path=path,
    )


def _title(found: dict[str, Any], foreign_id: int) -> str:
    title = one_line(found.get("unicode_title")) or one_line(found.get("title"))
    return title[:LONGEST_TITLE] or f"Topic {foreign_id}"


def _tags(found: Any) -> list[str]:
    names = [tag.get("name") if isinstance(tag, dict) else tag for tag in found] if isinstance(found, list) else []
    return [one_line(name) for name in names if one_line(name)]


def _posts(written: list[dict[str, Any]], *, topic_id: int, otherwise_at: datetime) -> tuple[ArchivedPost, ...]:
    """Posts in order of number, each number once: original where it is usable, else the next free one at the end."""
    numbered: dict[int, dict[str, Any]] = {}
    homeless: list[dict[str, Any]] = []
    ids: set[int] = set()
    for post in written:
        if whole(post.get("post_type")) == WHISPER:
            continue
        post_id = whole(post.get("id"), low=1)
        if post_id is not None and post_id in ids:
            continue
        if post_id is not None:
            ids.add(post_id)
        number = whole(post.get("post_number"), low=1, high=HIGHEST_POST_NUMBER)
        if number is None or number in numbered:
            homeless.append(post)
        else:
            numbered[number] = post
    numbered.update(enumerate(homeless, start=max(numbered, default=0) + 1))
    posts, earlier = [], otherwise_at
    for number in sorted(numbered):
        posts.append(_post(numbered[number], number, topic_id=topic_id, otherwise_at=earlier))
        earlier = posts[-1].created_at
    return tuple(posts)


def _post(found: dict[str, Any], number: int, *, topic_id: int, otherwise_at: datetime) -> ArchivedPost:
    post_id = whole(found.get("id"), low=1)
    created_at = moment(found.get("created_at")) or moment(found.get("updated_at")) or otherwise_at
    is_action = whole(found.get("post_type")) == SMALL_ACTION
    is_deleted = bool(found.get("deleted_at")) or found.get("user_deleted") is True
    reply_to = whole(found.get("reply_to_post_number"), low=1, high=number - 1)
    return ArchivedPost(
        foreign_id=str(post_id) if post_id is not None else f"{topic_id}#{number}",
        number=number,
        kind=ACTION if is_action else WORDS,
        deed=one_line(found.get("action_code"))[:60] if is_action else "",
        person=person(found),
        created_at=created_at,
        updated_at=moment(found.get("updated_at")) or created_at,
        edits=(whole(found.get("version"), low=1, high=100_000) or 1) - 1,
        markdown=None if is_deleted else storable(found.get("raw")) or None,
        cooked="" if is_deleted else storable(found.get("cooked")),
        likes=_likes(found.get("actions_summary")),
        reply_to=reply_to,
        is_hidden=found.get("hidden") is True,
        is_deleted=is_deleted,
        is_by_email=found.get("via_email") is True,
        polls=() if is_deleted else tuple(_polls(found.get("polls"))),
    )


def _likes(found: Any) -> int:
    return sum(
        whole(deed.get("count"), high=1_000_000) or 0 for deed in mappings(found) if whole(deed.get("id")) == LIKE
    )


def _polls(found: Any) -> list[ArchivedPoll]:
    return [
        ArchivedPoll(
            title=one_line(poll.get("title")),
            options=tuple(
                (storable(option.get("html")), whole(option.get("votes")) or 0)
                for option in mappings(poll.get("options"))
            ),
            voters=whole(poll.get("voters")) or 0,
        )
        for poll in mappings(found)
    ]
