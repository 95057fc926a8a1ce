"""Cuppas in the demo: two that were, two to come, and an open door this evening."""

from datetime import datetime, time, timedelta

from forum.demo.content import Entry
from forum.demo.story import Story
from forum.listening.cuppas import actions as cuppas
from forum.listening.cuppas.actions import Plan
from forum.listening.cuppas.models import Cuppa
from forum.threads import actions as threads
from forum.web import zone

ZONE = "Europe/London"
_AT = {"focus": time(14, 0), "imagine": time(19, 30), "chat": time(20, 0)}
_PUBLISHED_BEFORE = {"focus": timedelta(days=6), "imagine": timedelta(days=9), "chat": timedelta(days=1)}


def plan_cuppas(story: Story) -> None:
    """Plan every cuppa from its notice to its summary, as far as it has come."""
    for cuppa in story.content.loop["cuppa"]:
        starts = starts_at(story, cuppa)
        published = published_at(story, cuppa)
        story.plan(published, lambda cuppa=cuppa, starts=starts: _publish(story, cuppa, starts))
        for one in cuppa["invited"]:
            invited = story.once_here(one["person"], published)
            story.plan(invited, lambda cuppa=cuppa, one=one: _invite(story, cuppa, one))
            if one["answer"]:
                last = min(starts, story.now) - timedelta(minutes=30)
                when = invited + (last - invited) * story.chance.uniform(0.1, 0.7)
                story.plan(when, lambda cuppa=cuppa, one=one: _answer(story, cuppa, one))
        if starts < story.now:
            _plan_what_was(story, cuppa, starts)


def starts_at(story: Story, cuppa: Entry) -> datetime:
    """Return when a cuppa begins: on the day that the files say, at an hour people have."""
    about = story.now + timedelta(hours=cuppa["starts_in_hours"])
    day = about.astimezone(zone(ZONE)).date()
    starts = datetime.combine(day, _AT[cuppa["kind"]], zone(ZONE))
    if cuppa["starts_in_hours"] > 0 and starts < story.now + timedelta(hours=1):
        starts = datetime.combine(day + timedelta(days=1), _AT[cuppa["kind"]], zone(ZONE))
    return starts.astimezone(story.now.tzinfo)


def published_at(story: Story, cuppa: Entry) -> datetime:
    """Return when a cuppa went on the notice board."""
    return min(starts_at(story, cuppa) - _PUBLISHED_BEFORE[cuppa["kind"]], story.now - timedelta(hours=1))


def _publish(story: Story, cuppa: Entry, starts: datetime) -> None:
    host = story.who(cuppa["host"], fresh=True)
    plan = Plan(
        kind=cuppa["kind"],
        title=cuppa["title"],
        why=cuppa["why"],
        starts=starts.astimezone(zone(ZONE)).strftime("%Y-%m-%dT%H:%M"),
        time_zone=ZONE,
        minutes=cuppa["minutes"],
        seats=cuppa.get("seats"),
        prompts=tuple(cuppa["prompts"]),
        can_change=cuppa["can_change"],
        cannot_change=cuppa["cannot_change"],
        who_decides=cuppa["who_decides"],
        hear_by=cuppa["hear_by"],
        recognition="voucher" if "voucher" in cuppa["recognition"] else "thanks",
        recognition_words=cuppa["recognition"],
    )
    made = cuppas.plan_cuppa(
        host,
        plan,
        nonce=f"demo-{cuppa['key']}",
        from_thread_id=story.threads[cuppa["thread"]] if cuppa.get("thread") else None,
        theme_id=story.themes[cuppa["theme"]] if cuppa.get("theme") else None,
    )
    cuppas.publish_cuppa(host, made.id)
    story.cuppas[cuppa["key"]] = made.id


def _invite(story: Story, cuppa: Entry, one: Entry) -> None:
    cuppas.invite(story.who(cuppa["host"]), story.cuppas[cuppa["key"]], [story.people[one["person"]].id])


def _answer(story: Story, cuppa: Entry, one: Entry) -> None:
    cuppas.answer_invitation(story.who(one["person"]), story.cuppas[cuppa["key"]], answer=one["answer"])


# ---- what was ------------------------------------------------------------------------------------------------------


def _plan_what_was(story: Story, cuppa: Entry, starts: datetime) -> None:
    key = cuppa["key"]
    invited = {one["person"] for one in cuppa["invited"]} | {cuppa["host"]}
    for who in {post["author"]: None for post in cuppa["post"] if post["author"] not in invited}:
        # Whoever hears of a cuppa may take a free seat.
        hoped = {"person": who, "answer": "hope_to"}
        story.plan(starts - timedelta(hours=20), lambda hoped=hoped: _answer(story, cuppa, hoped))
    over = starts + timedelta(minutes=cuppa["minutes"])
    story.plan(starts - timedelta(minutes=15), lambda: cuppas.mind_the_door(story.cuppas[key]))
    for number, post in enumerate(cuppa["post"]):
        moment = story.not_later(starts + timedelta(hours=post["hours_after"]))
        story.plan(moment, lambda post=post, number=number: _say(story, cuppa, post, number))
    shut = over + timedelta(hours=48, minutes=1)
    if shut < story.now:
        story.plan(shut, lambda: cuppas.mind_the_door(story.cuppas[key]))
    sent = story.not_later(over + timedelta(hours=18))
    story.plan(sent, lambda: cuppas.send_summary(story.who(cuppa["host"]), story.cuppas[key], source=cuppa["summary"]))
    speakers = list(dict.fromkeys(post["author"] for post in cuppa["post"] if post["author"] != cuppa["host"]))
    agreed = speakers if cuppa["summary_state"] == "confirmed" else speakers[:2]
    for who in agreed:
        if who not in ("bronwen", "helen") or cuppa["summary_state"] == "confirmed":
            moment = story.not_later(story.later(sent, (2, 20)))
            story.plan(moment, lambda who=who: _confirm(story, key, who))


def _say(story: Story, cuppa: Entry, post: Entry, number: int) -> None:
    who = story.who(post["author"], fresh=True)
    thread_id = Cuppa.fetch(story.cuppas[cuppa["key"]]).thread_id
    threads.reply(who, thread_id, source=post["body"], nonce=f"demo-{cuppa['key']}-{number}")


def _confirm(story: Story, key: str, who: str) -> None:
    cuppas.answer_summary(story.who(who, fresh=True), story.cuppas[key], heard_right=True)
