"""Reading who speaks in a thread."""

import random
from collections.abc import Iterable

from forum.access import Viewer
from forum.members.models import Member
from forum.members.names import shown_name
from forum.rows import marks, rows
from forum.text import Quote, _, attributed, name_key
from forum.threads.models import ThreadName
from forum.threads.posts.quotes import quoted_in
from forum.threads.sight import titles
from forum.threads.urls import post_address
from forum.threads.voices.joins import shown, thread_name

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608


def own_name(viewer: Viewer, thread_id: int) -> str:
    """Return the name that *viewer* has in a thread only, or ""."""
    if not viewer.is_member:
        return ""
    found = rows("SELECT name FROM thread_name WHERE thread_id = ? AND member_id = ?", (thread_id, viewer.id))
    return found[0][0] if found else ""


# Two words that anybody might be called by make a name that leads to nobody.
_FIRST = (
    _("Quiet"), _("Early"), _("Little"), _("Silver"), _("Steady"), _("Gentle"), _("Amber"), _("Northern"), _("Garden"), _("Rainy"),
)  # fmt: skip
_SECOND = (
    _("Robin"), _("Kettle"), _("Willow"), _("Otter"), _("Lantern"), _("Heron"), _("Bramble"), _("Teapot"), _("Wren"), _("Harbour"),
)  # fmt: skip


def name_ideas(thread_id: int, *, count: int = 3) -> list[str]:
    """Return names that are free in a thread, drawn by lot, for those who cannot think of one."""
    ideas: list[str] = []
    for number in random.SystemRandom().sample(range(len(_FIRST) * len(_SECOND)), 4 * count):
        first, second = divmod(number, len(_SECOND))
        idea = f"{_FIRST[first]} {_SECOND[second]}"
        if not is_in_use(name_key(idea)) and not Member.select().where(Member.name_key == name_key(idea)).exists():
            ideas.append(idea)
        if len(ideas) == count:
            break
    return ideas


def shown_in(thread_id: int, member_id: int) -> str:
    """Return what a member is called in a thread: for letters and other rooms."""
    found = rows(
        f"SELECT {shown('m.name')}, m.left_at IS NOT NULL FROM member m {thread_name('?', 'm.id')} WHERE m.id = ?",
        (thread_id, member_id),
    )
    return shown_name(found[0][0], has_left=bool(found[0][1])) if found else ""


def names_in(thread_id: int) -> dict[int, str]:
    """Return the names that members have in a thread only: member's id -> name."""
    return dict(rows("SELECT member_id, name FROM thread_name WHERE thread_id = ?", (thread_id,)))


def is_in_use(key: str) -> bool:
    """Say whether somebody speaks under a name with this `name_key` in any thread: nobody else may join with it."""
    return ThreadName.select().where(ThreadName.name_key == key).exists()


def called_here(thread_id: int, names: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Return who is called in a thread by a name for it only: as typed -> (member's id, where their first post stands)."""
    typed = {name: name_key(name) for name in names}
    if not typed:
        return {}
    found = rows(
        f"""SELECT v.name_key, v.member_id, (SELECT MIN(p.number) FROM post p
                WHERE p.thread_id = v.thread_id AND p.author_id = v.member_id)
            FROM thread_name v WHERE v.thread_id = ? AND v.name_key IN ({marks(len(typed))})""",
        (thread_id, *typed.values()),
    )
    by_key = {key: (member_id, post_address(thread_id, number or 1)) for key, member_id, number in found}
    return {name: by_key[key] for name, key in typed.items() if key in by_key}


def with_shown_names(viewer: Viewer, source: str) -> str:
    """Return *source* with every quote of a post that *viewer* may read under the name which that post shows now."""
    addresses = quoted_in(source)
    readable = titles(viewer, sorted({thread for thread, _number in addresses}))
    names = _names_on(address for address in addresses if address[0] in readable)

    def name_of(quote: Quote) -> str | None:
        return names.get((quote.thread, quote.post or 1)) if quote.thread is not None else None

    return attributed(source, name_of) if names else source


def _names_on(addresses: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
    names: dict[tuple[int, int], str] = {}
    by_thread: dict[int, list[int]] = {}
    for thread_id, number in addresses:
        by_thread.setdefault(thread_id, []).append(number)
    for thread_id, numbers in by_thread.items():
        found = rows(
            f"""SELECT p.number, {shown("m.name")}, m.left_at IS NOT NULL FROM post p
                JOIN member m ON m.id = p.author_id {thread_name("p.thread_id", "p.author_id")}
                WHERE p.thread_id = ? AND p.number IN ({marks(len(numbers))})""",
            (thread_id, *numbers),
        )
        names.update({(thread_id, row[0]): shown_name(row[1], has_left=bool(row[2])) for row in found})
    return names


def posts_that_may_name(thread_id: int) -> list[tuple[int, int, int, str]]:
    """Return posts that may call somebody of a thread by name, the lowest id first: (id, thread, revision, source).

    Those of the thread that quote or call anybody, and those elsewhere that quote it."""
    return rows(
        """SELECT id, thread_id, revision, source FROM post
           WHERE (thread_id = ? AND (source LIKE ? OR source LIKE ?)) OR source LIKE ? ORDER BY id""",
        (thread_id, "%@%", "%[/quote]%", f"%thread:{thread_id}%"),
    )


def numbers_of(thread_id: int, member_id: int) -> set[int]:
    """Return the numbers of a member's posts in a thread."""
    return {
        number
        for (number,) in rows("SELECT number FROM post WHERE thread_id = ? AND author_id = ?", (thread_id, member_id))
    }
