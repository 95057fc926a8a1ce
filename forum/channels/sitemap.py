"""What search engines may know: a map of the pages that anybody may read, and where they have no business."""

from collections.abc import Iterable
from datetime import datetime
from xml.sax.saxutils import escape

from forum import settings
from forum.access import VISITOR
from forum.channels import queries
from forum.errors import NotFound
from forum.legacy.queries import changes
from forum.threads import queries as threads

# The protocol allows 50,000 addresses a file (https://www.sitemaps.org/protocol.html); smaller files are cheaper to make.
THREADS_IN_A_PART = 5_000
MOST_CHANGES = 1_000
PAGES = ("/", "/changes", "/changes/promises", "/cuppas", "/join")
HELP = ("/help/rules", "/help/privacy", "/help/complaints", "/help/accessibility", "/help/crisis")
_CLOSED = (
    "/me",
    "/new",
    "/search",
    "/live",
    "/listening",
    "/safety",
    "/m/",
    "/posts/",
    "/login",
    "/reset",
    "/mail",
    "/report",
)
_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def robots() -> str:
    """Return the file that tells search engines where to look (RFC 9309)."""
    closed = "".join(f"Disallow: {path}\n" for path in _CLOSED)
    return f"User-agent: *\n{closed}\nSitemap: {settings.chosen().site_url}/sitemap.xml\n"


def index() -> str:
    """Return the list of the parts of the map."""
    names = ["pages", "changes", *(f"threads-{number}" for number in queries.parts_of_map(THREADS_IN_A_PART))]
    lines = "".join(f"<sitemap><loc>{_whole(f'/sitemap/{name}.xml')}</loc></sitemap>\n" for name in names)
    return f'{_XML}\n<sitemapindex xmlns="{_SPACE}">\n{lines}</sitemapindex>\n'


def part(name: str) -> str:
    """Return one part of the map. Raises NotFound for one that there is not."""
    kind, _dash, number = name.partition("-")
    if name == "pages":
        places = [f"/c/{place.slug}" for place in threads.categories(VISITOR)]
        return _written((path, None) for path in (*PAGES, *places, *HELP))
    if name == "changes":
        found, _more = changes(limit=MOST_CHANGES)
        return _written((row.url, row.updated_at or row.published_at) for row in found)
    if kind == "threads" and number.isascii() and number.isdigit() and len(number) < 12:
        open_threads = queries.open_threads(int(number), THREADS_IN_A_PART)
        if open_threads:
            return _written(open_threads)
    raise NotFound


def _written(pages: Iterable[tuple[str, datetime | None]]) -> str:
    lines = "".join(f"<url><loc>{_whole(path)}</loc>{_said_last(at)}</url>\n" for path, at in pages)
    return f'{_XML}\n<urlset xmlns="{_SPACE}">\n{lines}</urlset>\n'


def _said_last(at: datetime | None) -> str:
    return f"<lastmod>{at.isoformat(timespec='seconds')}</lastmod>" if at else ""


def _whole(path: str) -> str:
    return escape(f"{settings.chosen().site_url}{path}")
