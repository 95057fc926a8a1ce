"""Whose words may be used, and how. Everything that shows a quotation reads it here, each time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from forum.access import STAFF, Viewer, may_listen, require
from forum.clock import now
from forum.database import utc
from forum.errors import NotFound
from forum.listening.models import Excerpt
from forum.members.models import Member
from forum.rows import cursor, marks, moment, read_cursor, rows
from forum.text import _, anchor
from forum.threads.urls import thread_url
from forum.threads.voices.joins import shown, thread_name, voice

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608

# In a team of one nobody else can look, so a day between writing and publishing stands in for the second person.
A_NIGHT = timedelta(days=1)
WORDS_ON_A_PAGE = 20

NOT_YOURS = _("This page is for the people who listen here.")

# Said before the thread became a listening thread, after that ended, or in another thread: then only with a yes.
COVERED = """(EXISTS (SELECT 1 FROM listening_mark k WHERE k.thread_id = p.thread_id AND p.said_at >= k.since
        AND (k.ended_at IS NULL OR p.said_at <= k.ended_at))
    OR EXISTS (SELECT 1 FROM earlier_words w WHERE w.thread_id = p.thread_id AND w.member_id = p.author_id))"""

# Whose words these are agreed to be listened to, or has not been in a place to say: whom we may tell, and invite.
PART_OF_IT = f"""(e.consent IN ('named', 'unnamed') OR (e.consent IN ('not_asked', 'asked', 'refused') AND {COVERED}))
    AND m.left_at IS NULL AND m.words <> 'please_dont'"""

# The words stand where everybody of the thread can read them, and their writer has not said "please don't".
STANDING = """e.words IS NOT NULL AND p.withdrawn_at IS NULL AND p.hidden_at IS NULL AND t.hidden_at IS NULL
    AND m.left_at IS NULL AND m.words <> 'please_dont'"""


def please_dont(name: str) -> object:
    """Return the sentence for staff about somebody whose words are not to be taken down."""
    return _(
        "%(name)s has asked us not to note down or pass on what they say. You can still answer them in the thread.",
        name=name,
    )


# ---- what may stand in public ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quotable:
    """Words that may stand in public now. *words* are exact with a *name*, in other words without one.

    *thread_id*, *post_id* and *member_id* are for rules, never for the page. *url* leads to the words, and is None for
    an unnamed quotation: a link would tell whose they are. *correction* is what the writer says to how we understood
    them; it travels with the words, but only under their name.
    """

    excerpt_id: int
    insight_id: int
    words: str
    is_named: bool
    name: str
    correction: str
    thread_id: int
    post_id: int
    member_id: int
    url: str | None


def quotable_excerpts(excerpt_ids: Iterable[int]) -> dict[int, Quotable]:
    """Return those of *excerpt_ids* that may stand in public at this moment, by id, in the order given.

    Asked at every showing, so that a withdrawal, a hidden post or a changed setting counts at once. An excerpt is left
    out unless its writer said yes, its post stands and still says these words, and somebody has checked that it gives
    nobody away (`is_cleared`).
    """
    ids = list(dict.fromkeys(excerpt_ids))
    if not ids:
        return {}
    found = rows(
        f"""SELECT e.id, e.insight_id, e.words, e.paraphrase, e.consent, e.correction, m.id, {shown("m.name")}, t.id, t.slug,
                   p.id, p.number, CASE WHEN p.revision = e.revision THEN NULL ELSE p.plain END,
                   e.checked_at, e.checked_by_id, e.by_id
            FROM excerpt e JOIN member m ON m.id = e.member_id JOIN post p ON p.id = e.post_id
            JOIN thread t ON t.id = p.thread_id {thread_name("p.thread_id", "m.id")}
            WHERE e.id IN ({marks(len(ids))}) AND e.consent IN ('named', 'unnamed') AND e.drifted_at IS NULL
              AND NOT p.inside_use_only AND {STANDING}""",
        ids,
    )
    alone = is_team_of_one() if found else False
    may: dict[int, Quotable] = {}
    for row in found:
        is_named = row[4] == "named"
        # An edit counts from the moment it is saved, not from when the worker has looked at it.
        if row[12] is not None and anchor(row[12], row[2]) is None:
            continue
        if not is_cleared(Checked(row[15], row[14], utc(row[13]), row[3]), now(), alone):
            continue
        may[row[0]] = Quotable(
            excerpt_id=row[0],
            insight_id=row[1],
            words=row[2] if is_named else row[3],
            is_named=is_named,
            name=row[7] if is_named else "",
            correction=row[5] if is_named else "",
            thread_id=row[8],
            post_id=row[10],
            member_id=row[6],
            url=thread_url(row[8], row[9], row[11]) if is_named else None,
        )
    return {id: may[id] for id in ids if id in may}


@dataclass(frozen=True, slots=True)
class Checked:
    """Who took words down, who looked at them last, when, and how they read in other words."""

    by_id: int
    checked_by_id: int | None
    checked_at: datetime | None
    paraphrase: str


def is_cleared(excerpt: "Checked | Excerpt", moment: datetime, team_of_one: bool) -> bool:
    """Say whether an excerpt has been checked for giving somebody away.

    Another person than the one who took the words down has looked; in a team of one, a day has passed since they did.
    There must be a paraphrase, which is what stands in public for those who say "without my name"."""
    checked_at: datetime | None = excerpt.checked_at
    if checked_at is None or not excerpt.paraphrase.strip():
        return False
    if excerpt.checked_by_id != excerpt.by_id:
        return True
    return team_of_one and moment >= checked_at + A_NIGHT


def is_team_of_one() -> bool:
    """Say whether there is only one person here who listens."""
    staff = Member.select(Member.id).where(Member.role.in_(STAFF), Member.left_at.is_null()).limit(2)
    return len(list(staff.tuples())) < 2


# ---- excerpts as staff see them --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExcerptView:
    """An excerpt in the workbench. *words* is "" where staff may not see them; *gone* then says why.

    *may_ask*: we could ask its writer now. *may_drop*: its writer has not answered, so a mistake can be taken out.
    *is_cleared*: checked, so with a yes it may stand in public. *is_inside*: it came with an import whose words stay
    inside, whatever anybody answers. *voice* is the same for all that one voice said: who speaks under a name for one
    thread only is somebody else there. *member_id* is for rules, never for the page.
    """

    id: int
    insight_id: int
    words: str
    gone: object
    who: str
    member_id: int
    where: str
    url: str
    said_at: datetime | None
    consent: str
    consent_at: datetime | None
    paraphrase: str
    correction: str
    is_drifted: bool
    is_cleared: bool
    is_checked: bool
    checked_by: str
    by_id: int
    is_inside: bool
    may_ask: bool
    may_drop: bool
    voice: int

    @property
    def is_usable(self) -> bool:
        """With its consent and its check, it may stand in public."""
        return self.consent in ("named", "unnamed") and self.is_cleared and not self.gone and not self.is_drifted


_EXCERPT = f"""
    SELECT e.id, e.insight_id, e.words, {shown("m.name")}, m.left_at IS NOT NULL, m.id, m.words,
           t.title, t.id, t.slug, p.number,
           p.said_at, e.consent, e.consent_at, e.paraphrase, e.correction, e.drifted_at, e.checked_at, e.checked_by_id,
           c.name, e.by_id, p.inside_use_only, p.withdrawn_at IS NOT NULL, p.hidden_at IS NOT NULL,
           t.hidden_at IS NOT NULL, p.id IS NULL, CASE WHEN {COVERED} THEN 1 ELSE 0 END, e.by_setting, {voice("e.member_id")}
    FROM excerpt e JOIN member m ON m.id = e.member_id LEFT JOIN post p ON p.id = e.post_id
    LEFT JOIN thread t ON t.id = p.thread_id LEFT JOIN member c ON c.id = e.checked_by_id
    {thread_name("p.thread_id", "e.member_id")}"""


def excerpts_of(viewer: Viewer, insight_ids: Sequence[int]) -> dict[int, list[ExcerptView]]:
    """Return the excerpts of insights, in the order they were taken, by insight. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    if not insight_ids:
        return {}
    alone = is_team_of_one()
    found: dict[int, list[ExcerptView]] = {}
    for row in rows(f"{_EXCERPT} WHERE e.insight_id IN ({marks(len(insight_ids))}) ORDER BY e.id", insight_ids):
        found.setdefault(row[1], []).append(_excerpt_view(viewer, row, alone))
    return found


def excerpt(viewer: Viewer, id: int) -> ExcerptView:
    """Return one excerpt. For staff. Raises NotFound."""
    require(may_listen(viewer), NOT_YOURS)
    found = excerpts(viewer, [id])
    if not found:
        raise NotFound
    return found[0]


def excerpts(viewer: Viewer, ids: Sequence[int]) -> list[ExcerptView]:
    """Return these excerpts, oldest first, without those that are gone. For staff."""
    require(may_listen(viewer), NOT_YOURS)
    if not ids:
        return []
    alone = is_team_of_one()
    found = rows(f"{_EXCERPT} WHERE e.id IN ({marks(len(ids))}) ORDER BY e.id", ids)
    return [_excerpt_view(viewer, row, alone) for row in found]


def _excerpt_view(viewer: Viewer, row: tuple[Any, ...], alone: bool) -> ExcerptView:
    gone = _why_gone(viewer, row)
    is_hidden_thread = bool(row[24]) and not viewer.is_moderator
    has_left, consent = bool(row[4]), row[12]
    is_inside = bool(row[21])
    return ExcerptView(
        id=row[0],
        insight_id=row[1],
        words="" if gone else row[2],
        gone=gone,
        who=str(_("Someone who left")) if has_left else row[3],
        member_id=row[5],
        where="" if row[25] or is_hidden_thread else row[7],
        url="" if row[25] or is_hidden_thread else thread_url(row[8], row[9], row[10]),
        said_at=utc(row[11]),
        consent=consent,
        consent_at=utc(row[13]),
        paraphrase="" if gone else row[14],
        correction="" if gone else row[15],
        is_drifted=row[16] is not None,
        is_cleared=is_cleared(Checked(row[20], row[18], utc(row[17]), row[14]), now(), alone),
        is_checked=row[17] is not None,
        checked_by=row[19] or "",
        by_id=row[20],
        is_inside=is_inside,
        may_ask=consent == "not_asked" and not gone and not is_inside,
        may_drop=consent in ("not_asked", "asked") or bool(row[27]),
        voice=row[28],
    )


def _why_gone(viewer: Viewer, row: tuple[Any, ...]) -> object:
    """Return the sentence that stands where the words were, or "" while they may be read in the workbench."""
    words, has_left, setting, consent = row[2], bool(row[4]), row[6], row[12]
    if has_left or row[25]:
        return _("Whoever said this has left. Their words went with them.")
    if consent == "refused":
        return _("They said no, so we don't keep their words.")
    if words is None or consent == "withdrawn" or setting == "please_dont":
        return _("They took these words back.")
    if row[22]:
        return _("They took their post back, and these words with it.")
    if (row[23] or row[24]) and not viewer.is_moderator:
        return _("A moderator hid the post these words stand in.")
    if consent == "asked" and not row[26]:
        # They were said where nobody knew that we listen: until the writer agrees they are not ours to read here.
        return _("We've asked whether we may listen to these words. You'll see them here after a yes.")
    return ""


# ---- my own words ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """A place where words are used: *words* name it, *url* leads there."""

    words: str
    url: str


# What rooms above use excerpts for: ids of excerpts -> where each is used. Wiring fills this.
uses: list[Callable[[Sequence[int]], Mapping[int, Sequence[Use]]]] = []


@dataclass(frozen=True, slots=True)
class MyExcerpt:
    """Words of the viewer's own that staff took down. *where* and *url* say where they stand.

    *state* is the consent, or ``drifted`` when the post no longer says this, ``gone`` when the post is taken down.
    *is_earlier*: they were said where we had not said that we listen. *may_restore*: a "no" can still become a yes.
    """

    id: int
    words: str
    kind: str
    paraphrase: str
    correction: str
    where: str
    url: str
    said_at: datetime | None
    consent: str
    state: str
    is_inside: bool
    is_earlier: bool
    may_restore: bool
    made_at: datetime
    uses: Sequence[Use] = field(default=())

    @property
    def cursor(self) -> str:
        return cursor(self.made_at, self.id)


_MINE = f"""
    SELECT e.id, e.words, i.kind, e.paraphrase, e.correction, t.title, t.id, t.slug, p.number, p.said_at, e.consent,
           e.drifted_at IS NOT NULL, p.inside_use_only, p.id IS NULL OR p.withdrawn_at IS NOT NULL,
           p.hidden_at IS NOT NULL OR t.hidden_at IS NOT NULL, CASE WHEN {COVERED} THEN 1 ELSE 0 END,
           e.revision = p.revision AND e."end" > e.start, e.made_at
    FROM excerpt e JOIN insight i ON i.id = e.insight_id LEFT JOIN post p ON p.id = e.post_id
    LEFT JOIN thread t ON t.id = p.thread_id
    WHERE e.member_id = ?"""


def my_words(
    viewer: Viewer, *, waiting: bool | None = None, before: str | None = None
) -> tuple[list[MyExcerpt], str | None]:
    """Return words of *viewer*'s own that staff took down, newest first, and the cursor of the next page or None.

    *waiting* True gives only those that wait for their answer, False only the others. *before* is such a cursor.
    """
    require(viewer.is_member, _("Please sign in to see your words."))
    values: list[Any] = [viewer.id]
    where = ""
    if waiting is not None:
        where += f" AND e.consent {'=' if waiting else '<>'} 'asked'"
    if (at := read_cursor(before)) is not None:
        where += " AND e.id < ?"
        values.append(at[1])
    found = rows(f"{_MINE}{where} ORDER BY e.id DESC LIMIT ?", [*values, WORDS_ON_A_PAGE + 1])
    page = _with_uses([_my_excerpt(row) for row in found[:WORDS_ON_A_PAGE]])
    return page, page[-1].cursor if len(found) > WORDS_ON_A_PAGE else None


def my_excerpt(viewer: Viewer, id: int) -> MyExcerpt:
    """Return one of *viewer*'s own excerpts. Raises NotFound when it is somebody else's."""
    require(viewer.is_member, _("Please sign in to see your words."))
    found = rows(f"{_MINE} AND e.id = ?", (viewer.id, id))
    if not found:
        raise NotFound
    return _with_uses([_my_excerpt(found[0])])[0]


def _my_excerpt(row: tuple[Any, ...]) -> MyExcerpt:
    consent, is_gone = row[10], bool(row[13])
    state = consent
    if is_gone:
        state = "gone"
    elif row[11] and consent in ("named", "unnamed", "asked", "not_asked"):
        state = "drifted" if consent in ("named", "unnamed") else consent
    return MyExcerpt(
        id=row[0],
        words=row[1] or "",
        kind=row[2],
        paraphrase=row[3],
        correction=row[4],
        where=row[5] or "",
        url=thread_url(row[6], row[7], row[8]) if row[6] and not row[14] else "",
        said_at=utc(row[9]),
        consent=consent,
        state=state,
        is_inside=bool(row[12]),
        is_earlier=not row[15],
        may_restore=row[1] is None and bool(row[16]) and not is_gone and not row[14],
        made_at=moment(row[17]),
    )


def _with_uses(mine: list[MyExcerpt]) -> list[MyExcerpt]:
    ids = [one.id for one in mine if one.words]
    found: dict[int, list[Use]] = {}
    for ask in (_ideas_with, *uses):
        for id, places in ask(ids).items() if ids else ():
            found.setdefault(id, []).extend(places)
    return [replace(one, uses=tuple(found[one.id])) if one.id in found else one for one in mine]


def _ideas_with(excerpt_ids: Sequence[int]) -> dict[int, list[Use]]:
    """Return the ideas that words helped to make: by way of a theme."""
    from forum.listening.ideas.urls import idea_url

    found = rows(
        f"""SELECT DISTINCT e.id, d.id, d.title FROM excerpt e
            JOIN theme_insight h ON h.insight_id = e.insight_id JOIN idea d ON d.theme_id = h.theme_id
            WHERE e.id IN ({marks(len(excerpt_ids))}) ORDER BY e.id, d.id""",
        excerpt_ids,
    )
    uses_by_id: dict[int, list[Use]] = {}
    for excerpt_id, idea_id, title in found:
        uses_by_id.setdefault(excerpt_id, []).append(Use(title, idea_url(idea_id, title)))
    return uses_by_id


def waiting_count(viewer: Viewer) -> int:
    """Return how many of *viewer*'s words wait for their answer."""
    if not viewer.is_member:
        return 0
    return rows(
        "SELECT COUNT(*) FROM excerpt e JOIN post p ON p.id = e.post_id "
        "WHERE e.member_id = ? AND e.consent = 'asked' AND p.withdrawn_at IS NULL",
        (viewer.id,),
    )[0][0]


__all__ = [
    "A_NIGHT",
    "COVERED",
    "PART_OF_IT",
    "Checked",
    "ExcerptView",
    "MyExcerpt",
    "Quotable",
    "Use",
    "excerpt",
    "excerpts_of",
    "is_cleared",
    "is_team_of_one",
    "my_excerpt",
    "my_words",
    "quotable_excerpts",
    "uses",
    "waiting_count",
]
