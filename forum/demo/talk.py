"""The demo's people, and what they say to each other."""

import re
from datetime import timedelta

from forum.database import transaction
from forum.demo.content import Entry
from forum.demo.story import Story
from forum.members.actions import change_settings, create_member
from forum.members.models import Member
from forum.members.profiles.actions import change_profile, tell_situation
from forum.members.profiles.vocabulary import FIELDS
from forum.text import quote_block
from forum.threads import actions as threads
from forum.threads.models import Category

DOMAIN = "demo.example"
_QUOTE = re.compile(r'\[quote="([^"]+), post:(\d+)"\](.*?)\[/quote\]\s*', re.DOTALL)


def address_of(key: str) -> str:
    """Return the e-mail address of one of the demo's people. Nobody reads letters to .example."""
    return f"{key}@{DOMAIN}"


def plan_people(story: Story, password_hashes: dict[str, str]) -> None:
    """Let everybody join on their day. *password_hashes* are for those who sign in with a password."""
    for person in story.content.people:
        story.plan(story.ago(person["joined_days_ago"]), lambda person=person: _join(story, person, password_hashes))


def _join(story: Story, person: Entry, password_hashes: dict[str, str]) -> None:
    key = person["key"]
    member = create_member(address_of(key), person["name"], person["role"])
    if key in password_hashes:
        Member.update(password_hash=password_hashes[key]).where(Member.id == member.id).execute()
    story.people[key] = member
    who = story.who(key)
    change_profile(
        who,
        about=person["about"],
        offers=person.get("offers", ""),
        would_like=person.get("would_like", ""),
        care=person["care"],
        care_audience="members",
    )
    told = person.get("situation", {})
    tell_situation(who, {field: (tuple(told[field]), told["to"]) for field in FIELDS if field in told})
    change_settings(
        who,
        words=person["words"],
        # No letters while the story is told; afterwards they want them.
        mail_replies=False,
        mail_mentions=False,
        mail_asks=False,
        asks_per_month=4,
        pause="keep",
        time_zone="Europe/London",
    )


def make_categories(story: Story) -> None:
    """Make the rooms to talk in."""
    with transaction():
        for position, entry in enumerate(story.content.categories):
            row = Category.create(position=position, **entry)
            story.categories[entry["slug"]] = row.id


def plan_threads(story: Story) -> None:
    """Let everybody say what they say, and have kind words for one another."""
    for thread in story.content.threads:
        for number, post in enumerate(thread["post"], start=1):
            moment = story.said(thread["key"], number)
            story.plan(moment, lambda thread=thread, number=number: _say(story, thread, number))
            for key, kind in post.get("reactions", ()):
                if key != post["author"]:
                    when = story.once_here(key, story.later(moment, (0.2, 20)))
                    place = (thread["key"], number)
                    story.plan(when, lambda key=key, kind=kind, place=place: _react(story, key, kind, place))


def _say(story: Story, thread: Entry, number: int) -> None:
    key, post = thread["key"], thread["post"][number - 1]
    who = story.who(post["author"])
    nonce = f"demo-{key}-{number}"
    if number == 1:
        made = threads.start_thread(
            who,
            story.categories[thread["category"]],
            title=thread["title"],
            source=post["body"].strip(),
            ask=thread["ask"],
            nonce=nonce,
        )
        story.threads[key] = made.id
        story.posts[key, 1] = made.posts.get().id
        return
    # Whoever answers has read what stands there.
    threads.mark_read(who, story.threads[key], number - 1)
    source, reply_to = _with_quotes(story, key, post["body"].strip())
    said = threads.reply(who, story.threads[key], source=source, nonce=nonce, reply_to=reply_to)
    story.posts[key, number] = said.id


def _with_quotes(story: Story, key: str, body: str) -> tuple[str, int | None]:
    """Give the quotes of a post the number of their thread, and return the post that is answered with them."""
    answered: list[int] = []

    def whole(found: re.Match[str]) -> str:
        number = int(found[2])
        answered.append(number)
        return quote_block(found[3].strip(), name=found[1], post=number, thread=story.threads[key]) + "\n"

    source = _QUOTE.sub(whole, body)
    return source, story.posts.get((key, answered[0])) if answered else None


def _react(story: Story, key: str, kind: str, place: tuple[str, int]) -> None:
    threads.react(story.who(key), story.posts[place], kind)


# ---- how far people have read --------------------------------------------------------------------------------------


def plan_reading(story: Story, readers: list[str]) -> None:
    """Let *readers* have read most of what is older than a few days, and some of what is newer."""
    for key in readers:
        for thread in story.content.threads:
            last = len(thread["post"])
            read = last if story.said(thread["key"], last) < story.ago(4) else max(1, last - 3)
            if story.chance.random() < (0.8 if read == last else 0.35):
                moment = story.once_here(key, story.later(story.said(thread["key"], read), (1, 9)))
                place = (thread["key"], read)
                story.plan(moment, lambda key=key, place=place: _read(story, key, place))


def _read(story: Story, key: str, place: tuple[str, int]) -> None:
    threads.mark_read(story.who(key), story.threads[place[0]], place[1])


def plan_draft(story: Story, key: str) -> None:
    """Let somebody have been called away in the middle of a sentence."""
    answered = [thread for thread in story.content.threads if len(thread["post"]) > 4 and thread["days_ago"] < 30]
    if answered:
        place, moment = answered[0]["key"], story.now - timedelta(hours=3)
        story.plan(moment, lambda: threads.save_draft(story.who(key), f"thread:{story.threads[place]}", source=_DRAFT))


_DRAFT = "We had that too, and what helped in the end was something so small that I'm nearly embarrassed to"
