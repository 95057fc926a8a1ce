"""The demo as a story: what everybody does, and when. Sections plan deeds; then they are done in the order of time."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from forum import clock
from forum.access import Viewer
from forum.demo.content import Content, Entry
from forum.members.actions import viewer_for
from forum.members.models import Member

Deed = Callable[[], object]


@dataclass(slots=True)
class Story:
    """What was planned and what came of it so far. The ids are filled in while the story is told."""

    content: Content
    now: datetime
    chance: random.Random = field(default_factory=lambda: random.Random("the kettle is on"))  # noqa: S311
    people: dict[str, Member] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    threads: dict[str, int] = field(default_factory=dict)
    posts: dict[tuple[str, int], int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    insights: dict[str, int] = field(default_factory=dict)
    excerpts: dict[tuple[str, int], int] = field(default_factory=dict)
    themes: dict[str, int] = field(default_factory=dict)
    ideas: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    cuppas: dict[str, int] = field(default_factory=dict)
    # When staff took an insight down, and when a theme was begun.
    heard: dict[str, datetime] = field(default_factory=dict)
    begun: dict[str, datetime] = field(default_factory=dict)
    _viewers: dict[str, Viewer] = field(default_factory=dict)
    _plan: list[tuple[datetime, int, Deed]] = field(default_factory=list)
    _planned: int = 0

    # ---- when

    def ago(self, days: float) -> datetime:
        """Return the moment *days* before now; what should just have happened is a minute ago at the latest."""
        return self.not_later(self.now - timedelta(days=days))

    def not_later(self, moment: datetime) -> datetime:
        """Return *moment*, or a minute ago when that is still to come."""
        return min(moment, self.now - timedelta(minutes=1))

    def started(self, thread: str) -> datetime:
        """Return when a thread began."""
        return self.ago(self.thread(thread)["days_ago"])

    def said(self, thread: str, post: int) -> datetime:
        """Return when post number *post* of a thread was said."""
        hours = self.thread(thread)["post"][post - 1]["hours_after"]
        return self.not_later(self.started(thread) + timedelta(hours=hours))

    def later(self, moment: datetime, hours: tuple[float, float]) -> datetime:
        """Return a moment between so many hours after *moment*: chance decides, the same way at each telling."""
        return self.not_later(moment + timedelta(hours=self.chance.uniform(*hours)))

    def once_here(self, key: str, moment: datetime) -> datetime:
        """Return *moment*, or the first hour of somebody who joined after it."""
        joined = self.ago(self.person(key)["joined_days_ago"])
        return self.not_later(max(moment, joined + timedelta(hours=1)))

    # ---- who and what

    def thread(self, key: str) -> Entry:
        """Return what the files say about a thread."""
        return next(thread for thread in self.content.threads if thread["key"] == key)

    def person(self, key: str) -> Entry:
        """Return what the files say about somebody."""
        return next(person for person in self.content.people if person["key"] == key)

    def who(self, key: str, *, fresh: bool = False) -> Viewer:
        """Return somebody as the product sees them; *fresh* looks again, because circles change."""
        if fresh or key not in self._viewers:
            self._viewers[key] = viewer_for(Member.fetch(self.people[key].id))
        return self._viewers[key]

    # ---- telling

    def plan(self, moment: datetime, deed: Deed) -> None:
        """Have *deed* done at *moment*. What is planned for one moment is done in the order of planning.

        A deed may plan further ones, for later."""
        self._planned += 1
        heapq.heappush(self._plan, (moment, self._planned, deed))

    def tell(self, after_each: Callable[[datetime], object], told: Callable[[float], None] | None = None) -> None:
        """Do everything that was planned, each at its moment, and call *after_each* then.

        *told* hears how much is done, from 0 to 1."""
        done = 0
        while self._plan:
            moment, _number, deed = heapq.heappop(self._plan)
            with clock.at(moment):
                deed()
                after_each(moment)
            done += 1
            if told is not None and done % 50 == 0:
                told(done / self._planned)
