"""Reading ideas: what could change, where it stands, who is behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from forum.access import Viewer, may_listen, require
from forum.clock import site_now
from forum.errors import NotFound
from forum.listening.choices import IDEA_STATUSES, OPEN_STATUSES
from forum.listening.consent.queries import PART_OF_IT
from forum.listening.ideas.urls import idea_url
from forum.listening.models import Idea
from forum.members.names import NOBODY
from forum.rows import cursor, marks, moment, read_cursor, rows, stored
from forum.safety.queries import Reportable
from forum.text import _, as_typed, gettext

# Only names of columns and question marks are ever put together into SQL; values always travel beside it.
# ruff: noqa: S608

IDEAS_ON_A_PAGE = 20
_day = Idea.promised_for.python_value


@dataclass(frozen=True, slots=True)
class IdeaRow:
    """An idea in a list. *people* stand behind it through its theme; *owner* is for staff, never for the page of a
    member: promises are a team's."""

    id: int
    title: str
    status: str
    proposer: str
    proposer_id: int
    owner: str
    owner_id: int | None
    team: str
    promised_for: date | None
    made_at: datetime
    theme_id: int | None
    theme_title: str

    @property
    def url(self) -> str:
        return idea_url(self.id, self.title)

    @property
    def is_open(self) -> bool:
        """It still waits for its answer."""
        return self.status in OPEN_STATUSES

    @property
    def is_overdue(self) -> bool:
        """We promised an answer by a day that is over."""
        return self.is_open and self.promised_for is not None and self.promised_for < site_now().date()

    @property
    def cursor(self) -> str:
        return cursor(self.made_at, self.id)


@dataclass(frozen=True, slots=True)
class StepView:
    """What became of an idea on one day. *by* is for staff."""

    status: str
    words: str
    promised_for: date | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class IdeaView:
    """An idea with its history, the newest step first. *thread_url* is "" where the viewer may not read the thread."""

    row: IdeaRow
    words: str
    carers_decide: bool
    thread_id: int | None
    steps: Sequence[StepView] = field(default=())


_ROW = """
    SELECT d.id, d.title, d.status, p.name, p.left_at IS NOT NULL, d.proposer_id, o.name, d.owner_id, d.team,
           d.promised_for, d.made_at, d.theme_id, h.title
    FROM idea d JOIN member p ON p.id = d.proposer_id LEFT JOIN member o ON o.id = d.owner_id
    LEFT JOIN theme h ON h.id = d.theme_id"""


def _row(row: tuple[Any, ...], *, is_staff: bool) -> IdeaRow:
    return IdeaRow(
        id=row[0],
        title=row[1],
        status=row[2],
        proposer=str(NOBODY) if row[4] else row[3],
        proposer_id=row[5],
        owner=(row[6] or "") if is_staff else "",
        owner_id=row[7],
        team=row[8],
        promised_for=_day(row[9]) if row[9] is not None else None,
        made_at=moment(row[10]),
        theme_id=row[11] if is_staff else None,
        theme_title=(row[12] or "") if is_staff else "",
    )


def ideas(
    viewer: Viewer, *, status: str = "", before: str | None = None, mine: bool = False
) -> tuple[list[IdeaRow], str | None]:
    """Return a page of ideas, newest first, and the cursor of the next page or None. For members.

    *status* is one of IDEA_STATUSES or "" for all; *mine* gives those that *viewer* proposed."""
    require(viewer.is_member, _("Please sign in to read the ideas."))
    where: list[str] = ["1 = 1"]
    values: list[Any] = []
    if status in IDEA_STATUSES:
        where.append("d.status = ?")
        values.append(status)
    if mine:
        where.append("d.proposer_id = ?")
        values.append(viewer.id)
    if (at := read_cursor(before)) is not None:
        where.append("(d.made_at < ? OR (d.made_at = ? AND d.id < ?))")
        values += [stored(at[0]), stored(at[0]), at[1]]
    found = rows(
        f"{_ROW} WHERE {' AND '.join(where)} ORDER BY d.made_at DESC, d.id DESC LIMIT ?",
        [*values, IDEAS_ON_A_PAGE + 1],
    )
    page = [_row(row, is_staff=may_listen(viewer)) for row in found[:IDEAS_ON_A_PAGE]]
    return page, page[-1].cursor if len(found) > IDEAS_ON_A_PAGE else None


def idea(viewer: Viewer, id: int) -> IdeaView:
    """Return one idea with its history. For members. Raises NotFound."""
    require(viewer.is_member, _("Please sign in to read this idea."))
    is_staff = may_listen(viewer)
    found = rows(f"{_ROW} WHERE d.id = ?", (id,))
    if not found:
        raise NotFound
    words, carers_decide, thread_id = rows("SELECT words, carers_decide, thread_id FROM idea WHERE id = ?", (id,))[0]
    steps = rows(
        "SELECT s.status, s.words, s.promised_for, s.at, m.name FROM idea_step s LEFT JOIN member m ON m.id = s.by_id "
        "WHERE s.idea_id = ? ORDER BY s.at DESC, s.id DESC",
        (id,),
    )
    return IdeaView(
        row=_row(found[0], is_staff=is_staff),
        words=words,
        carers_decide=bool(carers_decide),
        thread_id=thread_id,
        steps=[
            StepView(
                status=step[0],
                words=step[1],
                promised_for=_day(step[2]) if step[2] is not None else None,
                at=moment(step[3]),
                by=(step[4] or "") if is_staff else "",
            )
            for step in steps
        ],
    )


def reported_idea(viewer: Viewer, id: int) -> Reportable:
    """Return an idea as moderators see it when it is reported. For members. Raises NotFound."""
    found = idea(viewer, id)
    about = gettext("The idea “%(title)s”") % {"title": found.row.title}
    words = as_typed(f"{found.row.title}\n\n{found.words}")
    return Reportable("idea", id, about, words, found.row.url, found.row.proposer_id)


def ideas_of_theme(viewer: Viewer, theme_id: int) -> list[IdeaRow]:
    """Return the ideas that came out of a theme, newest first. For staff."""
    require(may_listen(viewer))
    return [
        _row(row, is_staff=True)
        for row in rows(f"{_ROW} WHERE d.theme_id = ? ORDER BY d.made_at DESC, d.id", (theme_id,))
    ]


def promises(*, limit: int = 200) -> list[IdeaRow]:
    """Return the open ideas with a promise date, the soonest first: what we owe. Without anybody's name but the team's."""
    found = rows(
        f"{_ROW} WHERE d.promised_for IS NOT NULL AND d.status IN ({marks(len(OPEN_STATUSES))}) "
        "ORDER BY d.promised_for, d.id LIMIT ?",
        (*OPEN_STATUSES, limit),
    )
    return [_row(row, is_staff=False) for row in found]


def overdue_count() -> int:
    """Return how many promises are late."""
    is_open = Idea.status.in_(OPEN_STATUSES)
    return Idea.select().where(is_open, Idea.promised_for < site_now().date()).count()


def unanswered_ideas(viewer: Viewer, *, limit: int = 10) -> list[IdeaRow]:
    """Return ideas of members that nobody owns yet, the longest waiting first. For staff."""
    require(may_listen(viewer))
    found = rows(
        f"{_ROW} WHERE d.owner_id IS NULL AND d.status = 'heard' ORDER BY d.made_at, d.id LIMIT ?",
        (limit,),
    )
    return [_row(row, is_staff=True) for row in found]


@dataclass(frozen=True, slots=True)
class Behind:
    """Somebody whose words or idea an idea rests on. *because* is ``idea`` for its proposer, else ``words``."""

    member_id: int
    because: str


def people_behind_idea(idea_id: int) -> list[Behind]:
    """Return who is behind an idea, in the order of their ids, each once: its proposer, and whose words are in its theme.

    Who said no to being quoted still hears what came of it. Those who took their words back are left out, and those
    who have left: nobody is told of what they no longer want to be part of. An offline voice has no place here."""
    found = rows(
        f"""SELECT DISTINCT e.member_id FROM idea d JOIN theme_insight h ON h.theme_id = d.theme_id
            JOIN excerpt e ON e.insight_id = h.insight_id JOIN member m ON m.id = e.member_id
            JOIN post p ON p.id = e.post_id WHERE d.id = ? AND {PART_OF_IT}""",
        (idea_id,),
    )
    behind = {member_id: "words" for (member_id,) in found}
    proposer = rows(
        "SELECT d.proposer_id FROM idea d JOIN member m ON m.id = d.proposer_id WHERE d.id = ? AND m.left_at IS NULL",
        (idea_id,),
    )
    for (member_id,) in proposer:
        behind[member_id] = "idea"
    return [Behind(member_id, because) for member_id, because in sorted(behind.items())]


def excerpts_behind_idea(idea_id: int) -> list[int]:
    """Return the ids of the excerpts in an idea's theme, oldest first: what a change may choose its quotes from."""
    found = rows(
        """SELECT e.id FROM idea d JOIN theme_insight h ON h.theme_id = d.theme_id
           JOIN excerpt e ON e.insight_id = h.insight_id WHERE d.id = ? AND e.words IS NOT NULL ORDER BY e.id""",
        (idea_id,),
    )
    return [id for (id,) in found]


def about_member(member_id: int) -> list[dict[str, Any]]:
    """Return the ideas a member proposed, for their export."""
    found = rows(
        "SELECT id, title, words, status, thread_id, made_at FROM idea WHERE proposer_id = ? ORDER BY id", (member_id,)
    )
    return [
        {"idea": id, "title": title, "words": words, "status": status, "thread": thread, "made_at": str(made_at)}
        for id, title, words, status, thread, made_at in found
    ]
