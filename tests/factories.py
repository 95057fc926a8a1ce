"""Makes members, threads and the rest for tests, by the same actions that the product uses.
Each function returns the row it made; every argument has a believable default."""

import itertools
from typing import Any

from forum.clock import now
from forum.database import transaction
from forum.members.models import Group, GroupMember, Member
from forum.text import name_key, slugify
from forum.threads.models import Category, Post, Thread

_count = itertools.count(1)


def a_member(name: str = "", role: str = "member", *, confirmed: bool = True, **more: Any) -> Member:
    """A member with a confirmed address. *more* are columns: ``words="please_dont"``, ``suspended_until=…``."""
    number = next(_count)
    name = name or f"Person {_letters(number)}"
    email = more.pop("email", f"person{number}@example.org")
    with transaction():
        return Member.create(
            name=name,
            name_key=name_key(name),
            email=email,
            email_confirmed_at=now() if confirmed else None,
            role=role,
            joined_at=now(),
            **more,
        )


def a_group(*members: Any, name: str = "") -> Group:
    """A circle with *members* in it."""
    with transaction():
        group = Group.create(name=name or f"Circle {next(_count)}")
        for member in members:
            GroupMember.create(group=group.id, member=member.id, joined_at=now())
    return group


def a_category(name: str = "", audience: str = "members", *, group: Any = None, description: str = "") -> Category:
    """A category; with *group* only that circle reads it."""
    number = next(_count)
    name = name or f"Place {number}"
    with transaction():
        return Category.create(
            slug=slugify(name) or f"place-{number}",
            name=name,
            description=description,
            audience="group" if group is not None else audience,
            group=group.id if group is not None else None,
            position=number,
        )


def a_thread(
    author: Any = None,
    category: Any = None,
    *,
    title: str = "How do you get a night's sleep?",
    source: str = "He is up four times a night. What helps?",
    ask: str = "",
    group_id: int | None = None,
) -> Thread:
    """A thread with its first post, started by *author* (a member)."""
    from forum.members.actions import viewer_for
    from forum.threads import actions

    author = author or a_member()
    category = category or a_category()
    return actions.start_thread(
        viewer_for(author),
        category.id,
        title=title,
        source=source,
        ask=ask,
        nonce=f"factory-{next(_count)}",
        group_id=group_id,
    )


def a_post(
    thread: Any = None, author: Any = None, *, source: str = "We take turns, one night each.", **more: Any
) -> Post:
    """A reply in *thread* by *author* (a member). *more* as for ``threads.actions.reply``."""
    from forum.members.actions import viewer_for
    from forum.threads import actions

    thread = thread or a_thread()
    author = author or a_member()
    return actions.reply(viewer_for(author), thread.id, source=source, nonce=f"factory-{next(_count)}", **more)


def _letters(number: int) -> str:
    """A different word for every number, so that no two names look alike."""
    word = ""
    while number:
        number, rest = divmod(number - 1, 20)
        word = "ABCDEFGHJKMNPQRTUVWX"[rest] + word
    return word
