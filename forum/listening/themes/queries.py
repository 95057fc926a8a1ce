"""Insights put together: themes, which count people, and the codebook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from forum.access import Viewer, may_listen, require
from forum.database import utc
from forum.errors import NotFound
from forum.listening.consent.queries import NOT_YOURS, PART_OF_IT
from forum.members.names import NOBODY
from forum.rows import moment, rows
from forum.threads.voices.joins import thread_name, voice

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608


# ---- themes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ThemeView:
    """Insights that say the same thing. *people* comes first: distinct people, offline voices among them.

    *kinds* is how many insights are of each kind, the commonest first."""

    id: int
    title: str
    about: str
    by: str
    made_at: datetime
    people: int
    posts: int
    insights: int
    voices: int
    first_heard: datetime | None
    last_heard: datetime | None
    kinds: Sequence[tuple[str, int]] = field(default=())

    @property
    def url(self) -> str:
        return f"/listening/themes/{self.id}"


def themes(viewer: Viewer) -> list[ThemeView]:
    """Return all themes, those with most people behind them first. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    found = _themes("")
    return sorted(found, key=lambda theme: (-theme.people, theme.title.casefold()))


def theme(viewer: Viewer, id: int) -> ThemeView:
    """Return one theme. For staff. Raises NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    found = _themes("WHERE t.id = ?", (id,))
    if not found:
        raise NotFound
    return found[0]


def _themes(where: str, values: Sequence[Any] = ()) -> list[ThemeView]:
    # A post that went with its writer still counts as one; whoever took words back counts as a person all the same.
    said = {
        row[0]: row[1:]
        for row in rows(
            f"""SELECT h.theme_id, COUNT(DISTINCT {voice("e.member_id")}), COUNT(DISTINCT COALESCE(e.post_id, -e.id)),
                       MIN(COALESCE(p.said_at, e.made_at)), MAX(COALESCE(p.said_at, e.made_at))
                FROM theme t JOIN theme_insight h ON h.theme_id = t.id JOIN excerpt e ON e.insight_id = h.insight_id
                LEFT JOIN post p ON p.id = e.post_id {thread_name("p.thread_id", "e.member_id")}
                {where} GROUP BY h.theme_id""",
            values,
        )
    }
    offline = {
        row[0]: row[1:]
        for row in rows(
            f"""SELECT h.theme_id, COUNT(*), MIN(v.at), MAX(v.at)
                FROM theme t JOIN theme_insight h ON h.theme_id = t.id
                JOIN offline_voice v ON v.insight_id = h.insight_id {where} GROUP BY h.theme_id""",
            values,
        )
    }
    kinds: dict[int, list[tuple[str, int]]] = {}
    for theme_id, kind, count in rows(
        f"""SELECT h.theme_id, i.kind, COUNT(*) FROM theme t JOIN theme_insight h ON h.theme_id = t.id
            JOIN insight i ON i.id = h.insight_id {where} GROUP BY h.theme_id, i.kind ORDER BY COUNT(*) DESC, i.kind""",
        values,
    ):
        kinds.setdefault(theme_id, []).append((kind, count))
    found = []
    for row in rows(
        f"""SELECT t.id, t.title, t.about, m.name, m.left_at IS NOT NULL, t.made_at
            FROM theme t JOIN member m ON m.id = t.by_id {where} ORDER BY t.id""",
        values,
    ):
        people, posts, first, last = said.get(row[0], (0, 0, None, None))
        voices_here, first_voice, last_voice = offline.get(row[0], (0, None, None))
        heard = [one for one in (utc(first), utc(first_voice)) if one is not None]
        heard_last = [one for one in (utc(last), utc(last_voice)) if one is not None]
        found.append(
            ThemeView(
                id=row[0],
                title=row[1],
                about=row[2],
                by=str(NOBODY) if row[4] else row[3],
                made_at=moment(row[5]),
                people=people + voices_here,
                posts=posts,
                insights=sum(count for _kind, count in kinds.get(row[0], ())),
                voices=voices_here,
                first_heard=min(heard, default=None),
                last_heard=max(heard_last, default=None),
                kinds=tuple(kinds.get(row[0], ())),
            )
        )
    return found


def theme_people(theme_id: int) -> list[int]:
    """Return the ids of members who are behind a theme, ascending: whom to invite or tell.

    Whoever took their words back, or never agreed that we listen, is left out."""
    found = rows(
        f"""SELECT DISTINCT e.member_id FROM theme_insight h JOIN excerpt e ON e.insight_id = h.insight_id
            JOIN member m ON m.id = e.member_id JOIN post p ON p.id = e.post_id
            WHERE h.theme_id = ? AND {PART_OF_IT} ORDER BY e.member_id""",
        (theme_id,),
    )
    return [id for (id,) in found]


def people_behind(theme_id: int) -> int:
    """Return how many people `theme_people` are to everybody else: one who speaks under two names is two."""
    return rows(
        f"""SELECT COUNT(DISTINCT {voice("e.member_id")}) FROM theme_insight h JOIN excerpt e ON e.insight_id = h.insight_id
            JOIN member m ON m.id = e.member_id JOIN post p ON p.id = e.post_id
            {thread_name("p.thread_id", "e.member_id")} WHERE h.theme_id = ? AND {PART_OF_IT}""",
        (theme_id,),
    )[0][0]


def theme_titles(viewer: Viewer) -> list[tuple[int, str]]:
    """Return (id, title) of every theme, in order of titles: for choosing one. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    return sorted(rows("SELECT id, title FROM theme"), key=lambda row: row[1].casefold())


# ---- the codebook ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CodeView:
    """A code. *path* is its name with those above it; *uses* counts insights, *depth* is 0 at the top."""

    id: int
    name: str
    path: str
    description: str
    parent_id: int | None
    depth: int
    uses: int


def codebook(viewer: Viewer) -> list[CodeView]:
    """Return the whole codebook, each code below the one it belongs to, in order of names. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    found = rows(
        """SELECT c.id, c.name, c.description, c.parent_id, COUNT(n.id) FROM code c
           LEFT JOIN insight_code n ON n.code_id = c.id GROUP BY c.id, c.name, c.description, c.parent_id"""
    )
    below: dict[int | None, list[tuple[Any, ...]]] = {}
    for row in sorted(found, key=lambda row: (row[1].casefold(), row[0])):
        below.setdefault(row[3], []).append(row)
    return _codes_below(None, below, path="", depth=0)


def _codes_below(
    parent_id: int | None, below: Mapping[int | None, list[tuple[Any, ...]]], *, path: str, depth: int
) -> list[CodeView]:
    found = []
    for id, name, description, _parent, count in below.get(parent_id, ()):
        whole = f"{path} / {name}" if path else name
        found.append(CodeView(id, name, whole, description, parent_id, depth, count))
        found += _codes_below(id, below, path=whole, depth=depth + 1)
    return found
