"""Keeping it kind in the demo: hours, reports, a hidden post, and somebody who asks us to look again."""

from datetime import timedelta

from forum.demo.content import Entry
from forum.demo.story import Story
from forum.safety import actions as safety

# (opens, closes) in hours: weekdays, weekends.
_WEEKDAYS, _WEEKENDS = (8, 21), (10, 18)
_REASONS = {"worried": "worried", "selling": "advert", "names_someone": "private"}


def plan_safety(story: Story) -> None:
    """Plan everything moderators have to do with."""
    story.plan(story.ago(400), lambda: _set_hours(story))
    for hidden in story.content.loop["hidden"]:
        story.plan(story.ago(hidden["days_ago"]), lambda hidden=hidden: _hide(story, hidden))
    for appeal in story.content.loop["appeal"]:
        story.plan(story.ago(appeal["days_ago"]), lambda appeal=appeal: _appeal(story, appeal))
    for report in story.content.loop["report"]:
        moment = story.not_later(story.now - timedelta(hours=report["hours_ago"]))
        story.plan(moment, lambda report=report: _report(story, report))


def _set_hours(story: Story) -> None:
    hours = [_WEEKDAYS] * 5 + [_WEEKENDS] * 2
    safety.set_hours(
        story.who("dafydd"), [(weekday, opens * 60, closes * 60) for weekday, (opens, closes) in enumerate(hours)]
    )


def _hide(story: Story, hidden: Entry) -> None:
    post_id = story.posts[hidden["thread"], hidden["post"]]
    safety.hide_post(story.who(hidden["by"]), post_id, reason=hidden["reason"])


def _appeal(story: Story, appeal: Entry) -> None:
    post_id = story.posts[appeal["thread"], appeal["post"]]
    safety.appeal(story.who(appeal["by"]), words=appeal["words"], post_id=post_id)


def _report(story: Story, report: Entry) -> None:
    post_id = story.posts[report["thread"], report["post"]]
    safety.report_post(story.who(report["reporter"]), post_id, reason=_REASONS[report["reason"]], words=report["words"])
