"""Reads the links that members are sent, as the letters hold them."""

from typing import Any
from urllib.parse import urlsplit

from forum.members.models import Link
from forum.members.sessions import queries


def newest_link(purpose: str = "") -> Any:
    """Return the row of the newest link (for *purpose*)."""
    query = Link.select().order_by(Link.id.desc())
    return (query.where(Link.purpose == purpose) if purpose else query).first()


def path_of(link: Any = None) -> str:
    """Return the path of the address that the letter for *link* (the newest) holds."""
    return urlsplit(queries.link_address((link or newest_link()).id).url).path


def links_sent() -> int:
    """Return how many links were sent so far."""
    return Link.select().count()
