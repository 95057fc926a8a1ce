"""Who is told of a post, once, and what their letter says."""

from typing import Any

import pytest

from forum import jobs
from forum.channels import actions
from forum.channels.models import Letter, Notice
from forum.channels.queries import unread_notices
from forum.clock import now
from forum.database import transaction
from forum.events import Event
from forum.members.actions import viewer_for
from forum.members.models import Member, Session
from forum.threads import actions as threads
from tests.factories import a_category, a_group, a_member, a_post, a_thread


def told(member: Any) -> list[tuple[str, str]]:
    """What stands on somebody's notices page: (kind, path), oldest first."""
    query = Notice.select(Notice.kind, Notice.path).where(Notice.member == member.id).order_by(Notice.id)
    return list(query.tuples())


def test_whoever_started_a_thread_is_told_of_a_reply_on_the_site_and_by_letter(work: Any, outbox: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread = a_thread(ann, title="Night shifts")
    a_post(thread, ben, source="We take turns.\n\nIt **helps**.")
    work()
    assert told(ann) == [("reply", f"/t/{thread.id}/night-shifts/2#post-2")]
    letter = outbox.last(ann.email)
    assert letter["Subject"] == "Re: Night shifts"
    words = outbox.words(letter)
    assert "Ben wrote in “Night shifts”" in words
    assert "We take turns." in words
    assert "It helps." in words
    assert f"http://localhost/t/{thread.id}/night-shifts/2#post-2" in outbox.links(letter)
    assert '<p dir="auto">It helps.</p>' in outbox.words(letter, "html")


def test_nobody_is_told_of_their_own_post(work: Any, outbox: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread = a_thread(ann)
    a_post(thread, ben)
    work()
    assert told(ben) == []
    assert not outbox.to(ben.email)


def test_somebody_mentioned_is_told_once_although_they_follow_too(work: Any, outbox: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread = a_thread(ann)
    a_post(thread, ben, source="What do you say, @Ann?")
    work()
    assert [kind for kind, _path in told(ann)] == ["mention"]
    assert len(outbox.to(ann.email)) == 1
    assert "mentioned you" in outbox.last(ann.email)["Subject"]


def test_somebody_mentioned_who_does_not_follow_is_told(work: Any, outbox: Any) -> None:
    ann, cat = a_member("Ann"), a_member("Cat")
    a_thread(ann, source="Ask @Cat about that.")
    work()
    assert [kind for kind, _path in told(cat)] == ["mention"]
    assert len(outbox.to(cat.email)) == 1


@pytest.mark.parametrize("why", ["muted", "suspended", "left", "may not read"])
def test_these_people_are_never_told(work: Any, outbox: Any, why: str) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    address = ann.email
    circle = a_group(ann, ben)
    place = a_category(group=circle)
    thread = a_thread(ann, place)
    work()
    outbox.clear()
    if why == "muted":
        threads.unfollow(viewer_for(ann), thread.id)
    elif why == "suspended":
        _change(ann, suspended_until=now().replace(year=2099))
    elif why == "left":
        _change(ann, left_at=now(), email=None, password_hash=None)
    else:
        from forum.members.models import GroupMember

        with transaction():
            GroupMember.delete().where(GroupMember.member == ann.id).execute()
    a_post(thread, ben, source="Are you there, @Ann?")
    work()
    assert told(ann) == []
    assert not outbox.to(address)


def _change(member: Member, **facts: Any) -> None:
    with transaction():
        Member.update(**facts).where(Member.id == member.id).execute()


def test_who_wants_no_letters_gets_none_but_finds_the_notice(work: Any, outbox: Any) -> None:
    ann = a_member("Ann", mail_replies=False)
    thread = a_thread(ann)
    a_post(thread)
    work()
    assert len(told(ann)) == 1
    assert not outbox.to(ann.email)


def test_an_address_nobody_confirmed_gets_no_letters(work: Any, outbox: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben", confirmed=False)
    thread = a_thread(ann)
    threads.follow(viewer_for(ben), thread.id)
    a_post(thread, ann)
    work()
    assert len(told(ben)) == 1
    assert not outbox.to(ben.email)


def test_a_post_taken_back_before_anybody_was_told_stays_untold(work: Any, outbox: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread = a_thread(ann)
    post = a_post(thread, ben)
    threads.withdraw_post(viewer_for(ben), post.id)
    work()
    assert told(ann) == []
    assert not outbox.letters


def test_a_letter_that_waits_is_thrown_away_when_its_post_is_hidden(work: Any, outbox: Any) -> None:
    ann, ben, moderator = a_member("Ann"), a_member("Ben"), a_member("Mo", "moderator")
    thread = a_thread(ann)
    post = a_post(thread, ben)
    jobs.spread()
    todo = jobs.Todo.select().join(Event).where(Event.subject_id == post.id, jobs.Todo.reaction == "tell_of_post").get()
    jobs.do(todo.id)
    assert Letter.select().count() == 1
    threads.hide_post(viewer_for(moderator), post.id, "unkind")
    work()
    assert not outbox.to(ann.email)
    assert Letter.select().where(Letter.member == ann.id).count() == 0


def test_telling_twice_tells_once(work: Any, outbox: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread = a_thread(ann)
    a_post(thread, ben)
    work()
    with transaction():
        # What a worker leaves behind that was killed after its work and before it could say so.
        jobs.Todo.update(done_at=None, cursor="", due_at=now()).where(jobs.Todo.reaction == "tell_of_post").execute()
    work()
    assert len(told(ann)) == 1
    assert len(outbox.to(ann.email)) == 1


def test_hundreds_are_told_in_batches_each_once(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from forum.channels import post_letters
    from forum.threads.models import Follow

    monkeypatch.setattr(post_letters, "BATCH", 10)
    monkeypatch.setattr(post_letters, "PAUSE", 0)
    thread = a_thread()
    people = [a_member() for _ in range(25)]
    with transaction():
        Follow.insert_many([{"member": one.id, "thread": thread.id, "since": now()} for one in people]).execute()
    post = a_post(thread)
    work()
    # And whoever started it.
    assert Notice.select().count() == 26
    event = Event.select().where(Event.kind == "post.published", Event.subject_id == post.id).get()
    assert Notice.select(Notice.member).where(Notice.event_id == event.id).distinct().count() == 26
    assert Letter.select().where(Letter.sent_at.is_null(False)).count() == 26


def test_letters_about_one_conversation_hang_together(work: Any, outbox: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread, other = a_thread(ann), a_thread(ann)
    for one in (thread, thread, other):
        a_post(one, ben)
    work()
    first, second, third = outbox.to(ann.email)
    assert first["References"] == second["References"] != third["References"]
    assert len({letter["Message-ID"] for letter in (first, second, third)}) == 3
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_a_post_quotes_is_not_sent_round_again(work: Any, outbox: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread = a_thread(ann, source="Something long and private.")
    a_post(
        thread,
        ben,
        source=f'[quote="Ann, post:1, topic:{thread.id}"]\nSomething long and private.\n[/quote]\n\nMe too.',
    )
    work()
    words = outbox.words(outbox.last(ann.email))
    assert "Me too." in words
    assert "private" not in words


def test_a_very_long_post_is_cut_in_its_letter(work: Any, outbox: Any) -> None:
    ann = a_member("Ann")
    thread = a_thread(ann)
    a_post(thread, source="word " * 5000)
    work()
    words = outbox.words(outbox.last(ann.email))
    assert len(words) < 3000
    assert "There is more." in words


def test_a_title_that_tries_to_be_a_header_or_html_is_only_a_title(work: Any, outbox: Any) -> None:
    ann = a_member("Ann")
    thread = a_thread(ann, title="Hi\r\nBcc: everybody@example.org <b>x</b>")
    a_post(thread, source="<script>alert(1)</script> & so on")
    work()
    letter = outbox.last(ann.email)
    assert letter["Bcc"] is None
    html = outbox.words(letter, "html")
    assert "<script" not in html
    assert "<b>x" not in html


def test_open_pages_of_somebody_told_hear_of_it(work: Any) -> None:
    from forum.members.actions import start_session

    ann = a_member("Ann")
    start_session(ann.id)
    thread = a_thread(ann)
    a_post(thread)
    work()
    session = Session.get(Session.member == ann.id)
    heard = Event.select().where(Event.kind == "notice.added")
    assert [event.channel for event in heard] == [f"session:{session.id}"]


def test_reading_a_post_settles_its_notice_and_leaves_the_others(work: Any) -> None:
    ann, ben = a_member("Ann"), a_member("Ben")
    thread, other = a_thread(ann), a_thread(ann)
    for one in (thread, thread, other):
        a_post(one, ben)
    work()
    threads.mark_read(viewer_for(ann), thread.id, 2)
    unread = Notice.select(Notice.path).where(Notice.member == ann.id, Notice.read_at.is_null()).order_by(Notice.id)
    assert [path for (path,) in unread.tuples()] == [
        f"{thread_path(thread)}/3#post-3",
        f"{thread_path(other)}/2#post-2",
    ]


def thread_path(thread: Any) -> str:
    return f"/t/{thread.id}/{thread.slug}"


def test_when_somebody_leaves_their_words_leave_the_letters_that_wait(work: Any, outbox: Any) -> None:
    from forum.members.actions import farewells  # noqa: F401

    ann, ben = a_member("Ann"), a_member("Ben")
    thread = a_thread(ann)
    post = a_post(thread, ben, source="My private words.")
    jobs.spread()
    todo = jobs.Todo.select().join(Event).where(Event.subject_id == post.id, jobs.Todo.reaction == "tell_of_post").get()
    jobs.do(todo.id)
    assert Letter.select().count() == 1
    with transaction():
        actions.forget_member(ben.id)
    assert Letter.select().count() == 0
    assert told(ann) == []


def test_a_kind_word_is_told_on_the_site_and_taken_back_unseen(work: Any, outbox: Any) -> None:
    ann, ben, cat = a_member("Ann"), a_member("Ben"), a_member("Cat")
    thread = a_thread(ann)
    post = a_post(thread, ann)
    threads.react(viewer_for(ben), post.id, "hug")
    threads.react(viewer_for(cat), post.id, "hug")
    threads.unreact(viewer_for(cat), post.id, "hug")
    work()
    assert told(ann) == [("reaction", f"{thread_path(thread)}/2#post-2")]
    assert not outbox.to(ann.email)


def test_who_saw_a_post_come_is_not_told_that_it_is_new(work: Any) -> None:
    ann = a_member("Ann")
    thread = a_thread(ann)
    a_post(thread)
    threads.mark_read(viewer_for(ann), thread.id, 2)
    work()
    assert told(ann)
    assert unread_notices(viewer_for(ann)) == 0


def test_somebody_mentioned_when_a_post_is_changed_is_told_once(work: Any, outbox: Any) -> None:
    ann, ben, cat, muted = a_member("Ann"), a_member("Ben"), a_member("Cat"), a_member("Mu")
    thread = a_thread(ann)
    threads.unfollow(viewer_for(muted), thread.id)
    post = a_post(thread, ben, source="Somebody here knows. @Ann?")
    work()
    words = "Somebody here knows. @Ann? @Cat? @Mu?"
    threads.edit_post(viewer_for(ben), post.id, source=words, revision=1)
    work()
    threads.edit_post(viewer_for(ben), post.id, source=f"{words} Please.", revision=2)
    work()
    assert [kind for kind, _path in told(cat)] == ["mention"]
    assert [kind for kind, _path in told(ann)] == ["mention"]
    assert told(muted) == []
    assert len(outbox.to(cat.email)) == len(outbox.to(ann.email)) == 1
