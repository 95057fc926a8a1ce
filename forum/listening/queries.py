"""Reading what staff heard. What the folders of this room read is named here too, so that other rooms find it in one
place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from forum.access import STAFF, Viewer, may_listen, require
from forum.clock import now
from forum.database import utc
from forum.errors import NotFound
from forum.listening.choices import INSIGHT_KINDS, MY_CONSENT_WORDS
from forum.listening.consent.queries import (
    NOT_YOURS,
    ExcerptView,
    MyExcerpt,
    Quotable,
    Use,
    excerpt,
    excerpts_of,
    is_cleared,
    is_team_of_one,
    my_excerpt,
    my_words,
    quotable_excerpts,
    uses,
    waiting_count,
)
from forum.listening.excerpts.queries import Pick, pick, takeable_posts
from forum.listening.ideas import queries as idea_queries
from forum.listening.ideas.queries import (
    Behind,
    IdeaRow,
    IdeaView,
    excerpts_behind_idea,
    idea,
    ideas,
    ideas_of_theme,
    people_behind_idea,
    promises,
)
from forum.listening.marks.queries import Banner, MarkView, banner, listening_among, mark_of
from forum.listening.themes.queries import ThemeView, codebook, people_behind, theme, theme_people, theme_titles, themes
from forum.members.models import Member
from forum.members.names import NOBODY
from forum.members.queries import Line, Shelf
from forum.rows import cursor, marks, moment, read_cursor, rows, stored
from forum.text import _, n_
from forum.threads import queries as threads
from forum.threads.queries import ThreadRow

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608

INSIGHTS_ON_A_PAGE = 20
LATELY = timedelta(days=7)


# ---- insights --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VoiceView:
    """What somebody said by phone, in a letter or in person. *words* are "" after they took them back."""

    id: int
    insight_id: int
    source: str
    said_by: str
    words: str
    consent: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class InsightView:
    """Something staff heard, with its words. *people* counts distinct people, whoever took their words back included."""

    id: int
    kind: str
    memo: str
    by: str
    by_id: int
    made_at: datetime
    excerpts: Sequence[ExcerptView] = field(default=())
    voices: Sequence[VoiceView] = field(default=())
    codes: Sequence[tuple[int, str]] = field(default=())
    themes: Sequence[tuple[int, str]] = field(default=())

    @property
    def people(self) -> int:
        """Each offline voice counts as a person of its own: we can't tell whether two of them are the same."""
        return len({one.voice for one in self.excerpts}) + len(self.voices)

    @property
    def may_drop(self) -> bool:
        """Nobody has said anything to it, so a mistake can be taken out."""
        return not self.voices and all(one.may_drop for one in self.excerpts)

    @property
    def url(self) -> str:
        return f"/listening/insights/{self.id}"

    @property
    def title(self) -> str:
        """The first words that may be read, for lists and page titles."""
        for words in (*(one.words for one in self.excerpts), *(one.words for one in self.voices)):
            if words:
                return words
        return "" if self.excerpts or self.voices else self.memo

    @property
    def untitled(self) -> object:
        """What stands where the title would be when no words may be read."""
        if any(one.consent == "asked" for one in self.excerpts):
            return _("Words we have asked about")
        return _("Words that are not ours any more")

    @property
    def cursor(self) -> str:
        return cursor(self.made_at, self.id)


_INSIGHT = """
    SELECT i.id, i.kind, i.memo, m.name, m.left_at IS NOT NULL, i.by_id, i.made_at
    FROM insight i JOIN member m ON m.id = i.by_id"""


def insights(
    viewer: Viewer, *, kind: str = "", theme_id: int | None = None, loose: bool = False, before: str | None = None
) -> tuple[list[InsightView], str | None]:
    """Return a page of insights, newest first, and the cursor of the next page or None. For staff.

    *kind* is one of INSIGHT_KINDS or "" for all; *theme_id* those in one theme; *loose* those in none yet."""
    require(may_listen(viewer), NOT_YOURS)
    where: list[str] = ["1 = 1"]
    values: list[Any] = []
    if kind in INSIGHT_KINDS:
        where.append("i.kind = ?")
        values.append(kind)
    if theme_id is not None:
        where.append("EXISTS (SELECT 1 FROM theme_insight h WHERE h.insight_id = i.id AND h.theme_id = ?)")
        values.append(theme_id)
    if loose:
        where.append("NOT EXISTS (SELECT 1 FROM theme_insight h WHERE h.insight_id = i.id)")
    if (at := read_cursor(before)) is not None:
        where.append("(i.made_at < ? OR (i.made_at = ? AND i.id < ?))")
        values += [stored(at[0]), stored(at[0]), at[1]]
    found = rows(
        f"{_INSIGHT} WHERE {' AND '.join(where)} ORDER BY i.made_at DESC, i.id DESC LIMIT ?",
        [*values, INSIGHTS_ON_A_PAGE + 1],
    )
    page = _filled(viewer, found[:INSIGHTS_ON_A_PAGE])
    return page, page[-1].cursor if len(found) > INSIGHTS_ON_A_PAGE else None


def insight(viewer: Viewer, id: int) -> InsightView:
    """Return one insight with everything in it. For staff. Raises NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    found = rows(f"{_INSIGHT} WHERE i.id = ?", (id,))
    if not found:
        raise NotFound
    return _filled(viewer, found)[0]


def latest_insights_by(viewer: Viewer, *, limit: int = 5) -> list[InsightView]:
    """Return the insights *viewer* made last: what further words may belong to."""
    require(may_listen(viewer), NOT_YOURS)
    return _filled(viewer, rows(f"{_INSIGHT} WHERE i.by_id = ? ORDER BY i.id DESC LIMIT ?", (viewer.id, limit)))


def _filled(viewer: Viewer, found: Sequence[tuple[Any, ...]]) -> list[InsightView]:
    ids = [row[0] for row in found]
    if not ids:
        return []
    excerpts, voices = excerpts_of(viewer, ids), _voices(ids)
    codes = _pairs(
        f"""SELECT n.insight_id, c.id, c.name FROM insight_code n JOIN code c ON c.id = n.code_id
            WHERE n.insight_id IN ({marks(len(ids))}) ORDER BY c.name, c.id""",
        ids,
    )
    themed = _pairs(
        f"""SELECT h.insight_id, t.id, t.title FROM theme_insight h JOIN theme t ON t.id = h.theme_id
            WHERE h.insight_id IN ({marks(len(ids))}) ORDER BY t.title, t.id""",
        ids,
    )
    return [
        InsightView(
            id=row[0],
            kind=row[1],
            memo=row[2],
            by=str(NOBODY) if row[4] else row[3],
            by_id=row[5],
            made_at=moment(row[6]),
            excerpts=tuple(excerpts.get(row[0], ())),
            voices=tuple(voices.get(row[0], ())),
            codes=tuple(codes.get(row[0], ())),
            themes=tuple(themed.get(row[0], ())),
        )
        for row in found
    ]


def _pairs(sql: str, ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    for owner, id, name in rows(sql, ids):
        found.setdefault(owner, []).append((id, name))
    return found


def _voices(insight_ids: Sequence[int]) -> dict[int, list[VoiceView]]:
    found: dict[int, list[VoiceView]] = {}
    for row in rows(
        f"""SELECT v.id, v.insight_id, v.source, v.said_by, v.words, v.consent, v.at, m.name
            FROM offline_voice v JOIN member m ON m.id = v.by_id
            WHERE v.insight_id IN ({marks(len(insight_ids))}) ORDER BY v.id""",
        insight_ids,
    ):
        found.setdefault(row[1], []).append(_voice(row))
    return found


def _voice(row: tuple[Any, ...]) -> VoiceView:
    return VoiceView(row[0], row[1], row[2], row[3], row[4], row[5], moment(row[6]), row[7])


def voices(viewer: Viewer, *, before: str | None = None) -> tuple[list[VoiceView], str | None]:
    """Return a page of offline voices, the newest entry first, and the cursor of the next page or None. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    at = read_cursor(before)
    found = rows(
        f"""SELECT v.id, v.insight_id, v.source, v.said_by, v.words, v.consent, v.at, m.name
            FROM offline_voice v JOIN member m ON m.id = v.by_id
            {"WHERE v.id < ?" if at else ""} ORDER BY v.id DESC LIMIT ?""",
        [*([at[1]] if at else []), INSIGHTS_ON_A_PAGE + 1],
    )
    page = [_voice(row) for row in found[:INSIGHTS_ON_A_PAGE]]
    return page, cursor(page[-1].at, page[-1].id) if len(found) > INSIGHTS_ON_A_PAGE else None


# ---- today -----------------------------------------------------------------------------------------------------------

# What rooms above put on the workbench's first page, such as my cuppas; wiring fills this.
today_extras: dict[str, Callable[[Viewer], Shelf | None]] = {}


@dataclass(frozen=True, slots=True)
class Today:
    """What a supporter opens on: who waits, what we owe, what came in.

    *to_check* are excerpts with a yes that wait for a second pair of eyes; *loose* insights have no theme yet."""

    waiting: Sequence[ThreadRow]
    owed: Sequence[IdeaRow]
    unanswered: Sequence[IdeaRow]
    answered: Sequence[ExcerptView]
    to_check: Sequence[ExcerptView]
    loose: Sequence[InsightView]
    loose_count: int
    extras: Sequence[Shelf]


def today(viewer: Viewer) -> Today:
    """Return what *viewer* should look at today. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    loose, _more = insights(viewer, loose=True)
    made = [make(viewer) for make in today_extras.values()]
    return Today(
        waiting=threads.waiting_threads(viewer, limit=5),
        owed=promises(limit=8),
        unanswered=idea_queries.unanswered_ideas(viewer, limit=5),
        answered=_answered_lately(viewer),
        to_check=_to_check(viewer),
        loose=loose[:3],
        loose_count=_loose_count(),
        extras=[shelf for shelf in made if shelf is not None],
    )


def _loose_count() -> int:
    sql = "SELECT COUNT(*) FROM insight i WHERE NOT EXISTS (SELECT 1 FROM theme_insight h WHERE h.insight_id = i.id)"
    return rows(sql)[0][0]


def _answered_lately(viewer: Viewer, *, limit: int = 6) -> list[ExcerptView]:
    """Return excerpts that *viewer* took down and whose writers answered this week, the newest answer first."""
    found = rows(
        """SELECT id, insight_id FROM excerpt WHERE by_id = ? AND consent_at > ? AND NOT by_setting
           AND consent IN ('named', 'unnamed', 'refused', 'withdrawn') ORDER BY consent_at DESC, id DESC LIMIT ?""",
        (viewer.id, stored(now() - LATELY), limit),
    )
    return _excerpts_in_order(viewer, found)


def _to_check(viewer: Viewer, *, limit: int = 6) -> list[ExcerptView]:
    """Return excerpts with a yes that *viewer* can clear: nobody else than who took them down has looked yet."""
    by_whom = "" if is_team_of_one() else "AND e.by_id <> ?"
    found = rows(
        f"""SELECT e.id, e.insight_id FROM excerpt e WHERE e.consent IN ('named', 'unnamed') AND e.words IS NOT NULL
            AND (e.checked_at IS NULL OR (e.checked_by_id = e.by_id AND e.by_id <> ?)) {by_whom}
            ORDER BY e.consent_at, e.id LIMIT ?""",
        (viewer.id, *([viewer.id] if by_whom else []), limit),
    )
    return [one for one in _excerpts_in_order(viewer, found) if not one.gone]


def _excerpts_in_order(viewer: Viewer, found: Sequence[tuple[int, int]]) -> list[ExcerptView]:
    by_insight = excerpts_of(viewer, sorted({insight_id for _id, insight_id in found}))
    by_id = {one.id: one for some in by_insight.values() for one in some}
    return [by_id[id] for id, _insight in found if id in by_id]


def colleagues(viewer: Viewer) -> list[tuple[int, str]]:
    """Return (id, name) of everybody who listens here, in order of names: who may own an idea. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    query = Member.select(Member.id, Member.name).where(Member.role.in_(STAFF), Member.left_at.is_null())
    return sorted(query.tuples(), key=lambda row: row[1].casefold())


# ---- for the member --------------------------------------------------------------------------------------------------


def to_answer(viewer: Viewer) -> Shelf | None:
    """Return what Me shows of words we ask *viewer* about; None when there are none."""
    count = waiting_count(viewer)
    if not count:
        return None
    words = n_("May we use something you said?", "May we use %(n)s things you said?", count)
    return Shelf(
        heading=str(_("One thing to answer")),
        lines=(Line(words=str(words), url="/me/words", note=str(_("One tap: yes, yes without your name, or no."))),),
        link_words=str(_("All your words")),
        link_url="/me/words",
    )


def about_member(member_id: int) -> dict[str, Any]:
    """Return everything this room holds about a member, ready for JSON."""
    return {
        "your_words_we_took_down": [
            {
                "words": row[0],
                "thread": row[1],
                "post": row[2],
                "what_we_heard": row[3],
                "in_other_words": row[4],
                "what_you_said_to_it": row[5],
                "consent": str(MY_CONSENT_WORDS[row[6]]),
                "answered_at": _said(row[7]),
                "taken_down_at": _said(row[8]),
            }
            for row in rows(
                """SELECT e.words, p.thread_id, p.number, i.kind, e.paraphrase, e.correction, e.consent, e.consent_at,
                          e.made_at
                   FROM excerpt e JOIN insight i ON i.id = e.insight_id LEFT JOIN post p ON p.id = e.post_id
                   WHERE e.member_id = ? ORDER BY e.id""",
                (member_id,),
            )
        ],
        "earlier_words_we_may_listen_to": [
            {"thread": thread_id, "agreed_at": _said(at)}
            for thread_id, at in rows(
                "SELECT thread_id, agreed_at FROM earlier_words WHERE member_id = ? ORDER BY id", (member_id,)
            )
        ],
        "ideas": idea_queries.about_member(member_id),
    }


def _said(value: Any) -> str | None:
    at = utc(value)
    return at.isoformat() if at is not None else None


__all__ = [
    "Banner",
    "Behind",
    "ExcerptView",
    "IdeaView",
    "MarkView",
    "MyExcerpt",
    "Pick",
    "Quotable",
    "ThemeView",
    "Use",
    "about_member",
    "banner",
    "codebook",
    "colleagues",
    "excerpt",
    "excerpts_behind_idea",
    "idea",
    "ideas",
    "ideas_of_theme",
    "insight",
    "insights",
    "is_cleared",
    "listening_among",
    "mark_of",
    "my_excerpt",
    "my_words",
    "people_behind",
    "people_behind_idea",
    "pick",
    "promises",
    "quotable_excerpts",
    "takeable_posts",
    "theme",
    "theme_people",
    "theme_titles",
    "themes",
    "to_answer",
    "today",
    "today_extras",
    "uses",
    "voices",
]
