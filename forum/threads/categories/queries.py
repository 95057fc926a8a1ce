"""Reading the places for threads."""

from dataclasses import dataclass

from forum.access import Viewer, may_read_place
from forum.errors import NotFound
from forum.rows import rows
from forum.threads.sight import require_reading


@dataclass(frozen=True, slots=True)
class CategoryView:
    """A place for threads, as a reader sees it."""

    id: int
    slug: str
    name: str
    description: str
    audience: str
    group_id: int | None


def categories(viewer: Viewer) -> list[CategoryView]:
    """Return the categories that *viewer* may read, in the order of the house."""
    found = rows("SELECT id, slug, name, description, audience, group_id FROM category ORDER BY position, name, id")
    return [CategoryView(*row) for row in found if may_read_place(viewer, row[4], row[5], None)]


def category(viewer: Viewer, slug: str) -> CategoryView:
    """Return the category at */c/slug*. Raises NotFound when *viewer* may not read it."""
    if "\x00" in slug:
        raise NotFound
    found = rows("SELECT id, slug, name, description, audience, group_id FROM category WHERE slug = ?", (slug,))
    if not found:
        raise NotFound
    place = CategoryView(*found[0])
    require_reading(viewer, may_read_place(viewer, place.audience, place.group_id, None))
    return place
