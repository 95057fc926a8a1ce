"""Opening a place for threads."""

from peewee import IntegrityError, fn

from forum import audit
from forum.access import Viewer, require
from forum.database import transaction
from forum.errors import Invalid
from forum.text import _, clean_line, slugify
from forum.threads.models import Category

LONGEST_NAME = 60
LONGEST_DESCRIPTION = 500
# Who a new category can be for. One for a circle is opened with the circle.
AUDIENCES = ("public", "members", "staff")


def open_category(by: Viewer, name: str, *, audience: str, description: str = "") -> Category:
    """Open a place for threads, after all others. Raises NotAllowed; Invalid for a name that is taken or will not do."""
    require(by.is_admin, _("Only an administrator opens categories."))
    name = clean_line(name, LONGEST_NAME)
    if not name:
        raise Invalid(errors={"name": _("Give the category a name.")})
    if audience not in AUDIENCES:
        raise Invalid(errors={"audience": _("Choose who it is for: %(who)s.", who=", ".join(AUDIENCES))})
    try:
        with transaction():
            category = Category.create(
                name=name,
                slug=slugify(name, fallback="category"),
                description=clean_line(description, LONGEST_DESCRIPTION),
                audience=audience,
                position=(Category.select(fn.MAX(Category.position)).scalar() or 0) + 1,
            )
            audit.note(by, "category.opened", subject=category)
    except IntegrityError as trouble:
        raise Invalid(errors={"name": _("There is a category of that name already.")}) from trouble
    return category
