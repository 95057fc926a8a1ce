"""Putting insights together: themes and codes."""

from collections.abc import Sequence

from forum import events
from forum.access import Viewer, may_listen, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Invalid
from forum.listening.consent.queries import NOT_YOURS
from forum.listening.models import Code, Insight, Theme, ThemeInsight
from forum.text import _, clean_line, tidy

LONGEST_TITLE = 150
LONGEST_ABOUT = 5_000
LONGEST_CODE = 80
LONGEST_DESCRIPTION = 600
DEEPEST_CODE = 4


# ---- themes ----------------------------------------------------------------------------------------------------------


def make_theme(viewer: Viewer, *, title: str, about: str = "", insight_ids: Sequence[int] = ()) -> Theme:
    """Begin a theme, with the insights that say the same thing. Return it. Raises Invalid without a title."""
    require(may_listen(viewer), NOT_YOURS)
    title, about = _theme_words(title, about)
    with transaction():
        theme = Theme.create(title=title, about=about, by=viewer.id, made_at=now())
        _put_in(theme.id, insight_ids)
        events.record("theme.made", subject=theme, actor=viewer)
    return theme


def change_theme(viewer: Viewer, theme_id: int, *, title: str, about: str) -> None:
    """Call a theme something else. Raises Invalid without a title, NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    title, about = _theme_words(title, about)
    with transaction():
        Theme.update(title=title, about=about).where(Theme.id == Theme.locked(theme_id).id).execute()


def _theme_words(title: str, about: str) -> tuple[str, str]:
    title = clean_line(title, LONGEST_TITLE)
    if not title:
        raise Invalid(errors={"title": _("Say in a few words what people are telling us.")})
    return title, tidy(about).strip()[:LONGEST_ABOUT]


def put_in_theme(viewer: Viewer, theme_id: int, insight_ids: Sequence[int]) -> int:
    """Put insights into a theme and return how many are new there. Twice is fine. Raises NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    with transaction():
        Theme.locked(theme_id)
        return _put_in(theme_id, insight_ids)


def _put_in(theme_id: int, insight_ids: Sequence[int]) -> int:
    known = [id for (id,) in Insight.select(Insight.id).where(Insight.id.in_(list(insight_ids) or [0])).tuples()]
    if not known:
        return 0
    there = {id for (id,) in ThemeInsight.select(ThemeInsight.insight).where(ThemeInsight.theme == theme_id).tuples()}
    rows = [{"theme": theme_id, "insight": id, "at": now()} for id in sorted(known) if id not in there]
    if rows:
        ThemeInsight.insert_many(rows).on_conflict_ignore().execute()
    return len(rows)


def take_out_of_theme(viewer: Viewer, theme_id: int, insight_id: int) -> None:
    """Take an insight out of a theme. Twice is fine."""
    require(may_listen(viewer), NOT_YOURS)
    with transaction():
        ThemeInsight.delete().where(ThemeInsight.theme == theme_id, ThemeInsight.insight == insight_id).execute()


# ---- the codebook ----------------------------------------------------------------------------------------------------


def add_code(viewer: Viewer, name: str, *, description: str = "", parent_id: int | None = None) -> Code:
    """Add a code under another one, or at the top, and return it. Raises Invalid when it is there already."""
    require(may_listen(viewer), NOT_YOURS)
    name = _code_name(name)
    with transaction():
        if parent_id is not None:
            _require_shallow(Code.locked(parent_id))
        _require_free(name, parent_id)
        return Code.create(parent=parent_id, name=name, description=tidy(description).strip()[:LONGEST_DESCRIPTION])


def change_code(viewer: Viewer, code_id: int, *, name: str, description: str) -> None:
    """Call a code something else; everything coded with it follows. Raises Invalid when that name is taken."""
    require(may_listen(viewer), NOT_YOURS)
    name = _code_name(name)
    with transaction():
        code = Code.locked(code_id)
        _require_free(name, code.parent_id, but=code.id)
        description = tidy(description).strip()[:LONGEST_DESCRIPTION]
        Code.update(name=name, description=description).where(Code.id == code.id).execute()


def _code_name(name: str) -> str:
    name = clean_line(name.replace("/", " "), LONGEST_CODE)
    if not name:
        raise Invalid(errors={"name": _("Give the code a name.")})
    return name


def _require_free(name: str, parent_id: int | None, *, but: int = 0) -> None:
    # The unique index cannot say it for codes at the top: no parent is like no other.
    same = Code.parent.is_null() if parent_id is None else (Code.parent == parent_id)
    taken = [other.casefold() for (other,) in Code.select(Code.name).where(same, Code.id != but).tuples()]
    if name.casefold() in taken:
        raise Invalid(errors={"name": _("There is a code of that name here already.")})


def _require_shallow(parent: Code) -> None:
    depth, above = 1, parent.parent_id
    while above is not None and depth < DEEPEST_CODE:
        depth, above = depth + 1, Code.select(Code.parent).where(Code.id == above).scalar()
    if depth >= DEEPEST_CODE:
        raise Invalid(errors={"parent": _("Codes go four steps deep at most. Put it one step higher.")})
