"""Joining and the link that confirms."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from forum.events import Event
from forum.members import queries
from forum.members.models import Link, Member, Session
from tests import factories


def newest_link() -> Any:
    return Link.select().order_by(Link.id.desc()).first()


def path_in_letter(link: Any = None) -> str:
    """The path of the URL that the letter for *link* (the newest) holds."""
    return urlsplit(queries.link_address((link or newest_link()).id).url).path


def join(client: Any, name: str = "Maggie", email: str = "maggie@example.org", **more: Any) -> Any:
    return client.fill("/join", name=name, email=email, **more)


def test_somebody_joins_follows_the_link_presses_the_button_and_is_in(client: Any) -> None:
    answer = join(client)
    assert answer.location == "/join/sent"
    assert "maggie@example.org" in client.soup("/join/sent").get_text()
    assert Event.get(Event.kind == "member.link_asked").extra == {"link": newest_link().id}

    answer = client.fill(path_in_letter(), press="Come in")
    assert answer.location == "/"
    assert Member.get(Member.name == "Maggie").email_confirmed_at is not None
    assert "Hello, Maggie" in client.soup("/me").get_text()
    assert Event.select().where(Event.kind == "member.joined").count() == 1
