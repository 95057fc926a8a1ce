"""Reading what staff heard. The workbench is for staff; consent and ideas have queries of their own, named here too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from forum.access import STAFF, Viewer, may_listen, require
from forum.clock import now
from forum.database import utc
from forum.errors import NotFound
from forum.listening.choices import INSIGHT_KINDS, MY_CONSENT_WORDS
from forum.listening.consent import queries as consent
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
from forum.listening.rows import cursor, marks, moment, read_cursor, rows, stored
from forum.members.models import Member
from forum.members.names import NOBODY
from forum.members.queries import Line, Shelf
from forum.text import _, n_, paragraphs, quoted_spans
from forum.threads import queries as threads
from forum.threads.queries import PostView, ThreadRow, ThreadView

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608

INSIGHTS_ON_A_PAGE = 20
LATELY = timedelta(days=7)


# ---- listening threads -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MarkView:
    """What a thread says about listening. *by* is who listens; *ended_at* is None while they do."""

    thread_id: int
    by: str
    purpose: str
    can_change: str
    cannot_change: str
    who_decides: str
    hear_by: str
    since: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Banner:
    """The mark, and what it means for the viewer. *setting* is how their words may be used, "" for visitors.

    *has_earlier* says that they spoke here before the mark, *agreed* that we may listen to that as well."""

    mark: MarkView
    setting: str
    has_earlier: bool
    agreed: bool


_MARK = """
    SELECT k.thread_id, m.name, m.left_at IS NOT NULL, k.purpose, k.can_change, k.cannot_change, k.who_decides,
           k.hear_by, k.since, k.ended_at
    FROM listening_mark k JOIN member m ON m.id = k.by_id WHERE k.thread_id = ?"""


def mark_of(viewer: Viewer, thread_id: int) -> MarkView | None:
    """Return what a thread says about listening, None when nobody ever listened there. Raises NotFound."""
    threads.thread(viewer, thread_id)
    return _mark(thread_id)


def _mark(thread_id: int) -> MarkView | None:
    found = rows(_MARK, (thread_id,))
    if not found:
        return None
    row = found[0]
    return MarkView(
        thread_id=row[0],
        by=str(NOBODY) if row[2] else row[1],
        purpose=row[3],
        can_change=row[4],
        cannot_change=row[5],
        who_decides=row[6],
        hear_by=row[7],
        since=moment(row[8]),
        ended_at=utc(row[9]),
    )


def banner(viewer: Viewer, thread: ThreadView) -> Banner | None:
    """Return what stands above the posts of a listening thread, None in any other. One query, two for members there."""
    mark = _mark(thread.id)
    if mark is None:
        return None
    if not viewer.is_member:
        return Banner(mark, "", has_earlier=False, agreed=False)
    setting, earlier, agreed = rows(
        """SELECT m.words,
                  EXISTS (SELECT 1 FROM post p WHERE p.thread_id = ? AND p.author_id = m.id AND p.said_at < ?
                          AND p.withdrawn_at IS NULL AND NOT p.is_event AND NOT p.inside_use_only),
                  EXISTS (SELECT 1 FROM earlier_words w WHERE w.thread_id = ? AND w.member_id = m.id)
           FROM member m WHERE m.id = ?""",
        (thread.id, stored(mark.since), thread.id, viewer.id),
    )[0]
    return Banner(mark, setting, has_earlier=bool(earlier), agreed=bool(agreed))


def listening_among(thread_ids: Sequence[int]) -> set[int]:
    """Return which of *thread_ids* are listening threads now."""
    if not thread_ids:
        return set()
    found = rows(
        f"SELECT thread_id FROM listening_mark WHERE ended_at IS NULL AND thread_id IN ({marks(len(thread_ids))})",
        thread_ids,
    )
    return {id for (id,) in found}


def takeable_posts(viewer: Viewer, posts: Sequence[PostView]) -> set[int]:
    """Return the ids of those *posts* that staff may make an insight of. Empty for anybody else."""
    if not may_listen(viewer):
        return set()
    open_posts = [post for post in posts if post.html is not None and not post.is_hidden and not post.is_event]
    writers = sorted({post.author_id for post in open_posts if not post.author_left})
    refused = rows(f"SELECT id FROM member WHERE words = 'please_dont' AND id IN ({marks(len(writers))})", writers)
    kept_out = {id for (id,) in refused}
    return {post.id for post in open_posts if post.author_id in writers and post.author_id not in kept_out}


@dataclass(frozen=True, slots=True)
class Pick:
    """A post to take words from. *paragraphs* are its own, without what it quotes; *why_not* says kindly why not.

    *is_covered* is False where its writer did not know that we listen: they will be asked first."""

    post: PostView
    paragraphs: Sequence[tuple[int, str]]
    is_covered: bool
    why_not: object


def pick(viewer: Viewer, post_id: int) -> Pick:
    """Return a post for making an insight of it without a script. For staff. Raises NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    post = threads.post(viewer, post_id)
    plain, setting, covered = rows(
        f"""SELECT p.plain, m.words, CASE WHEN {consent.COVERED} THEN 1 ELSE 0 END
            FROM post p JOIN member m ON m.id = p.author_id WHERE p.id = ?""",
        (post_id,),
    )[0]
    why_not: object = ""
    if setting == "please_dont" and not post.author_left:
        why_not = consent.please_dont(post.author_name)
    elif post.author_id and post.id not in takeable_posts(viewer, [post]):
        why_not = _("This post has been taken down, so let's leave it be.")
    quoted = quoted_spans(str(post.html or ""))
    own = [
        (start, words)
        for start, end, words in paragraphs(plain if not why_not else "")
        if not any(span.start < end and start < span.end for span in quoted)
    ]
    return Pick(post, own, bool(covered), why_not)


# ---- insights --------------------------------------------------------------------------------------------------------


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
        return len({one.member_id for one in self.excerpts}) + len(self.voices)

    @property
    def url(self) -> str:
        return f"/listening/insights/{self.id}"

    @property
    def title(self) -> str:
        """The first words that may be read, for lists and page titles."""
        for words in (*(one.words for one in self.excerpts), *(one.words for one in self.voices)):
            if words:
                return words
        return ""

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


# ---- codes -----------------------------------------------------------------------------------------------------------


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
            f"""SELECT h.theme_id, COUNT(DISTINCT e.member_id), COUNT(DISTINCT COALESCE(e.post_id, -e.id)),
                       MIN(COALESCE(p.said_at, e.made_at)), MAX(COALESCE(p.said_at, e.made_at))
                FROM theme t JOIN theme_insight h ON h.theme_id = t.id JOIN excerpt e ON e.insight_id = h.insight_id
                LEFT JOIN post p ON p.id = e.post_id {where} GROUP BY h.theme_id""",
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
            WHERE h.theme_id = ? AND {consent.PART_OF_IT} ORDER BY e.member_id""",
        (theme_id,),
    )
    return [id for (id,) in found]


def theme_titles(viewer: Viewer) -> list[tuple[int, str]]:
    """Return (id, title) of every theme, in order of titles: for choosing one. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    return sorted(rows("SELECT id, title FROM theme"), key=lambda row: row[1].casefold())


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
    "MyExcerpt",
    "Quotable",
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
    "people_behind_idea",
    "pick",
    "promises",
    "quotable_excerpts",
    "theme",
    "theme_people",
    "themes",
    "to_answer",
    "today",
    "today_extras",
    "uses",
    "voices",
]
