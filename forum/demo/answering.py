"""Answering in the demo: ideas, who took them up and what was promised, and the changelog."""

from datetime import datetime, timedelta

from forum.clock import now
from forum.demo.content import Entry
from forum.demo.story import Story
from forum.legacy import actions as legacy
from forum.legacy.actions import Entry as ChangeEntry
from forum.legacy.models import Told
from forum.listening.ideas import actions as ideas
from forum.listening.models import Idea
from forum.members.models import Member

# An idea that only a commissioner could look after is looked after by a supporter here.
_STAND_IN = "priya"


def plan_answering(story: Story) -> None:
    """Plan ideas and what became of them. Comes after `plan_hearing`, which says when themes began."""
    for idea in story.content.loop["idea"]:
        change = next((one for one in story.content.loop["change"] if one["idea"] == idea["key"]), None)
        proposed = _proposed_at(story, idea, change)
        story.plan(proposed, lambda idea=idea: _propose(story, idea))
        if idea.get("owner"):
            taken_up = proposed + timedelta(hours=26)
            story.plan(taken_up, lambda idea=idea, change=change: _take_up(story, idea, change))
        if change is not None:
            story.plan(story.ago(change["days_ago"]), lambda change=change: _publish(story, change))
            story.plan(story.ago(change["days_ago"] - 0.1), lambda change=change: _tell(story, change))
            story.plan(story.ago(change["days_ago"] / 3), lambda change=change: _say_whether_it_helped(story, change))
    # The demo's member has been here since most of it, and has yet to see the newest.
    story.plan(story.ago(11.5), lambda: legacy.see_difference(story.who("bronwen")))


def _proposed_at(story: Story, idea: Entry, change: Entry | None) -> datetime:
    """Return a moment after what people said about it and before its answer."""
    theme = idea.get("theme")
    if change is None:
        of_theme = next((one for one in story.content.loop["theme"] if one["key"] == theme), None)
        since = max(story.heard[key] for key in of_theme["insights"]) if of_theme else story.ago(5.5)
        return since + (story.now - since) * 0.1
    answered = story.ago(change["days_ago"])
    since = story.begun[theme] if theme else answered - timedelta(days=14)
    return since + (answered - since) * 0.4


def _propose(story: Story, idea: Entry) -> None:
    who = story.who(idea["proposer"])
    theme = story.themes[idea["theme"]] if idea.get("theme") else None
    made = ideas.propose_idea(
        who,
        title=idea["title"],
        words=idea["words"],
        theme_id=theme if who.is_staff else None,
        nonce=f"demo-{idea['key']}",
    )
    story.ideas[idea["key"]] = made.id
    if theme is not None and not who.is_staff:
        # Staff see where a member's idea belongs; nothing in its history comes of it.
        Idea.update(theme=theme).where(Idea.id == made.id).execute()
    if idea.get("carers_decide") or idea.get("team"):
        Idea.update(carers_decide=idea["carers_decide"], team=idea["team"]).where(Idea.id == made.id).execute()


def _take_up(story: Story, idea: Entry, change: Entry | None) -> None:
    owner = story.who(idea["owner"])
    if not owner.is_staff:
        owner = story.who(_STAND_IN)
    promised = (
        story.now + timedelta(days=idea["promise_days"])
        if "promise_days" in idea
        else story.ago(change["days_ago"] if change else 0) + timedelta(days=4)
    )
    ideas.take_up_idea(
        owner,
        story.ideas[idea["key"]],
        owner_id=owner.id or 0,
        team=idea["team"],
        promised_for=max(promised, now()).date(),
        carers_decide=idea["carers_decide"],
    )


def _publish(story: Story, change: Entry) -> None:
    idea = next(one for one in story.content.loop["idea"] if one["key"] == change["idea"])
    by = idea.get("owner", _STAND_IN)
    who = story.who(by) if story.who(by).is_staff else story.who(_STAND_IN)
    made = legacy.publish_change(
        who,
        ChangeEntry(
            title=change["title"],
            you_said=change["you_said"],
            we_did=change["we_did"],
            because=change["because"],
            what_next=change["what_next"],
            status=change["status"],
            team=idea["team"],
            carers_decided=change["carers_decide_words"],
        ),
        idea_id=story.ideas[change["idea"]],
        excerpt_ids=[story.excerpts[insight, number] for insight, number in change["excerpts"]],
        nonce=f"demo-{change['key']}",
    )
    story.changes[change["key"]] = made.id


def _tell(story: Story, change: Entry) -> None:
    change_id = story.changes[change["key"]]
    owed = Told.select(Told.member).where(Told.change == change_id, Told.told_at.is_null())
    legacy.mark_told(change_id, [member_id for (member_id,) in owed.tuples()])


def _say_whether_it_helped(story: Story, change: Entry) -> None:
    """Some of those who were told say whether a finished change made a difference; the demo's member has yet to."""
    if change["status"] != "done":
        return
    told = Told.select(Told.member).where(Told.change == story.changes[change["key"]]).order_by(Told.member)
    keys = {member.id: key for key, member in story.people.items()}
    for (member_id,) in told.tuples():
        key = keys[member_id]
        if key != "bronwen" and Member.fetch(member_id).left_at is None and story.chance.random() < 0.8:
            answer = story.chance.choice(("yes", "yes", "yes", "a_little", "no"))
            legacy.answer_difference(story.who(key), story.changes[change["key"]], answer=answer)
