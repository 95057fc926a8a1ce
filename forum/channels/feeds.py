"""Atom feeds of what anybody may read: the newest posts, everywhere or in one category."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from feedgen.feed import FeedGenerator

from forum import settings
from forum.access import VISITOR
from forum.channels import queries
from forum.errors import NotAllowed, NotFound
from forum.text import _
from forum.threads import queries as threads

ENTRIES = 30
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a feed. *path* is on this site; *key* names the entry for good, also when its address changes."""

    key: str
    path: str
    title: str
    who: str
    html: str
    published: datetime
    updated: datetime


def latest() -> bytes:
    """Return the feed of the newest posts in all categories that are open to everybody."""
    title = str(_("What people are talking about"))
    return written(title, "/feeds/latest.atom", "/", _entries(queries.newest_public_posts(limit=ENTRIES)))


def of_category(slug: str) -> bytes:
    """Return the feed of one category. Raises NotFound unless a visitor may read it."""
    try:
        place = threads.category(VISITOR, slug)
    except NotAllowed as trouble:
        # Feed readers cannot sign in.
        raise NotFound from trouble
    posts = queries.newest_public_posts(category_id=place.id, limit=ENTRIES)
    return written(place.name, f"/c/{place.slug}.atom", f"/c/{place.slug}", _entries(posts))


def of_thread(id: int) -> bytes:
    """Return the feed of one thread: its newest posts. Raises NotFound unless a visitor may read it."""
    try:
        thread = threads.thread(VISITOR, id)
    except NotAllowed as trouble:
        raise NotFound from trouble
    posts = queries.newest_posts_of(thread.id, limit=ENTRIES)
    return written(thread.title, f"/t/{thread.id}/{thread.slug}.atom", thread.url, _entries(posts))


def _entries(posts: Sequence[queries.PublicPost]) -> list[Entry]:
    return [
        Entry(
            key=f"post-{post.id}",
            path=post.path,
            title=post.title if post.number == 1 else str(_("%(who)s in “%(title)s”", who=post.who, title=post.title)),
            who=post.who,
            html=str(post.html),
            published=post.said_at,
            updated=post.edited_at or post.said_at,
        )
        for post in posts
    ]


def written(title: str, feed_path: str, page_path: str, entries: Sequence[Entry]) -> bytes:
    """Return an Atom document (RFC 4287). *feed_path* is its own address, *page_path* the page it stands for.

    *entries* are newest first; the ids are tag addresses of this site and never change."""
    chosen = settings.chosen()
    host = urlsplit(chosen.site_url).hostname
    feed = FeedGenerator()
    feed.id(f"{chosen.site_url}{feed_path}")
    feed.title(f"{title} · {chosen.site_name}")
    feed.author({"name": chosen.site_name})
    feed.link(href=f"{chosen.site_url}{feed_path}", rel="self", type="application/atom+xml")
    feed.link(href=f"{chosen.site_url}{page_path}", rel="alternate", type="text/html")
    feed.language("en-GB")
    # An empty feed must have a moment too, and the same one each time.
    feed.updated(max((entry.updated for entry in entries), default=_BEGINNING))
    for entry in entries:
        line = feed.add_entry(order="append")
        line.id(f"tag:{host},2026:{entry.key}")
        line.title(entry.title)
        line.link(href=f"{chosen.site_url}{entry.path}", rel="alternate", type="text/html")
        line.author({"name": entry.who})
        line.published(entry.published)
        line.updated(entry.updated)
        line.content(_with_whole_addresses(entry.html, chosen.site_url), type="html")
    return bytes(feed.atom_str(pretty=True))


def _with_whole_addresses(html: str, site_url: str) -> str:
    """Readers know no site: make addresses that begin with a slash whole. The HTML is our own, one spelling."""
    return html.replace('href="/', f'href="{site_url}/').replace('src="/', f'src="{site_url}/')
