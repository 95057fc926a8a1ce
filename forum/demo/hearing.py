"""Listening in the demo: marked threads, the codebook, insights with everybody's consent, themes, offline voices."""

from datetime import datetime, timedelta

from forum.demo.content import Entry
from forum.demo.story import Story
from forum.listening import actions as listening
from forum.listening.consent import actions as consent
from forum.listening.models import Excerpt

_SOURCES = {"phone": "phone", "letter": "letter", "in_person": "person"}
# Whoever did not take the words down looks whether they give somebody away.
_CHECKERS = ("priya", "marcia")


def plan_hearing(story: Story) -> None:
    """Plan everything staff do with what they hear, up to themes."""
    loop = story.content.loop
    for mark in loop["listening"]:
        story.plan(marked_at(story, mark["thread"]), lambda mark=mark: _mark(story, mark))
    story.plan(story.ago(200), lambda: _make_codebook(story))
    for insight in loop["insight"]:
        story.heard[insight["key"]] = _heard_at(story, insight)
        _plan_insight(story, insight)
    for theme in loop["theme"]:
        story.begun[theme["key"]] = min(story.heard[key] for key in theme["insights"]) + timedelta(hours=5)
        _plan_theme(story, theme)
    for voice in loop["offline"]:
        moment = story.later(story.heard[voice["insight"]], (40, 400))
        story.plan(moment, lambda voice=voice: _enter_voice(story, voice))


# ---- marks and codes -----------------------------------------------------------------------------------------------


def marked_at(story: Story, thread: str) -> datetime:
    """Return when a thread was marked; the end of time for one that never was."""
    mark = next((mark for mark in story.content.loop["listening"] if mark["thread"] == thread), None)
    if mark is None:
        return datetime.max.replace(tzinfo=story.now.tzinfo)
    return story.not_later(story.started(thread) + timedelta(hours=mark["hours_after"]))


def _mark(story: Story, mark: Entry) -> None:
    listening.mark(
        story.who(mark["by"]),
        story.threads[mark["thread"]],
        purpose=mark["purpose"],
        can_change=mark["can_change"],
        cannot_change=mark["cannot_change"],
        who_decides=mark["who_decides"],
        hear_by=mark["hear_by"],
    )


def _make_codebook(story: Story) -> None:
    for code in story.content.loop["code"]:
        above, _slash, name = code["path"].rpartition("/")
        made = listening.add_code(
            story.who("priya"), name, description=code["description"], parent_id=story.codes[above] if above else None
        )
        story.codes[code["path"]] = made.id


# ---- insights ------------------------------------------------------------------------------------------------------


def _heard_at(story: Story, insight: Entry) -> datetime:
    """Return when staff took an insight down: some hours after the last of its words, and after the mark."""
    moments = [story.said(one["thread"], one["post"]) for one in insight["excerpts"]]
    marks = [marked_at(story, one["thread"]) for one in insight["excerpts"]]
    return story.later(max(moments + [mark for mark in marks if mark < story.now]), (2, 5))


def _plan_insight(story: Story, insight: Entry) -> None:
    moment = story.heard[insight["key"]]
    for excerpt in insight["excerpts"]:
        if _is_earlier(story, excerpt) and excerpt["consent"] in ("named", "unnamed"):
            story.plan(moment - timedelta(hours=1), lambda excerpt=excerpt: _agree(story, excerpt))
    story.plan(moment, lambda: _take_down(story, insight))
    story.plan(story.later(moment, (1, 2)), lambda: _check(story, insight))
    story.plan(story.later(moment, (2, 3)), lambda: _ask(story, insight))
    for number, excerpt in enumerate(insight["excerpts"], start=1):
        place = (insight["key"], number)
        if excerpt["consent"] not in ("asked", "not_asked"):
            when = story.later(moment, (4, 20))
            story.plan(when, lambda place=place, excerpt=excerpt: _answer(story, place, excerpt))


def _is_earlier(story: Story, excerpt: Entry) -> bool:
    """Say whether words stand in a marked thread, but from before the mark."""
    mark = marked_at(story, excerpt["thread"])
    return mark < story.now and story.said(excerpt["thread"], excerpt["post"]) < mark


def _writer(story: Story, excerpt: Entry) -> str:
    return story.thread(excerpt["thread"])["post"][excerpt["post"] - 1]["author"]


def _agree(story: Story, excerpt: Entry) -> None:
    consent.agree_to_earlier(story.who(_writer(story, excerpt)), story.threads[excerpt["thread"]])


def _take_down(story: Story, insight: Entry) -> None:
    who, key = story.who(insight["by"]), insight["key"]
    first, *more = insight["excerpts"]
    made = listening.make_insight(
        who,
        post_id=story.posts[first["thread"], first["post"]],
        exact=first["words"],
        kind=insight["kind"],
        codes=[story.codes[path] for path in insight["codes"]],
        memo=insight["memo"],
        nonce=f"demo-{key}",
    )
    story.insights[key] = made.id
    story.excerpts[key, 1] = made.excerpts.get().id
    for number, excerpt in enumerate(more, start=2):
        post_id = story.posts[excerpt["thread"], excerpt["post"]]
        story.excerpts[key, number] = listening.add_excerpt(who, made.id, post_id=post_id, exact=excerpt["words"]).id


def _check(story: Story, insight: Entry) -> None:
    checker = next(key for key in _CHECKERS if key != insight["by"])
    for number, excerpt in enumerate(insight["excerpts"], start=1):
        if excerpt.get("paraphrase"):
            consent.check_excerpt(story.who(checker), story.excerpts[insight["key"], number], excerpt["paraphrase"])


def _ask(story: Story, insight: Entry) -> None:
    open_ones = [
        story.excerpts[insight["key"], number]
        for number, excerpt in enumerate(insight["excerpts"], start=1)
        if excerpt["consent"] != "not_asked"
    ]
    consent.ask_consent(story.who(insight["by"]), open_ones)


def _answer(story: Story, place: tuple[str, int], excerpt: Entry) -> None:
    excerpt_id = story.excerpts[place]
    if Excerpt.fetch(excerpt_id).consent != excerpt["consent"]:
        consent.answer_consent(story.who(_writer(story, excerpt)), excerpt_id, answer=excerpt["consent"])


# ---- themes and voices ---------------------------------------------------------------------------------------------


def _plan_theme(story: Story, theme: Entry) -> None:
    begun, heard = story.begun[theme["key"]], story.heard
    by = {insight["key"]: insight["by"] for insight in story.content.loop["insight"]}
    starters = [key for key in theme["insights"] if heard[key] < begun]
    story.plan(begun, lambda: _begin_theme(story, theme, starters, by[starters[0]]))
    for key in theme["insights"]:
        if key not in starters:
            story.plan(
                story.later(heard[key], (0.5, 1)),
                lambda key=key: listening.put_in_theme(
                    story.who(by[key]), story.themes[theme["key"]], [story.insights[key]]
                ),
            )


def _begin_theme(story: Story, theme: Entry, starters: list[str], by: str) -> None:
    made = listening.make_theme(
        story.who(by),
        title=theme["title"],
        about=theme["about"],
        insight_ids=[story.insights[key] for key in starters],
    )
    story.themes[theme["key"]] = made.id


def _enter_voice(story: Story, voice: Entry) -> None:
    listening.enter_voice(
        story.who(voice["by"]),
        source=_SOURCES[voice["source"]],
        said_by=voice["who"],
        words=voice["words"],
        consent=voice["consent"],
        insight_id=story.insights[voice["insight"]],
    )
