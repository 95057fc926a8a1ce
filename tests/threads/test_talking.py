"""Starting, replying, changing, taking back: what an action promises, without a page around it."""

import threading
from typing import Any

import pytest

from forum import search
from forum.access import VISITOR, Viewer
from forum.audit import AuditEntry
from forum.database import close_connection
from forum.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.events import Event
from forum.members.actions import viewer_for
from forum.threads import actions, queries
from forum.threads.drafts import queries as drafts
from forum.threads.models import Draft, Follow, Mention, Post, PostRevision, Reaction, ReadingMark, Thread
from tests.factories import a_category, a_group, a_member, a_post, a_thread

pytestmark = pytest.mark.usefixtures("stack")


@pytest.fixture
def mary() -> Any:
    return a_member("Mary")


def start(viewer: Viewer, category: Any, **changes: Any) -> Thread:
    words = {"title": "Nights", "source": "He is up four times.", "nonce": "a-nonce-1"}
    return actions.start_thread(viewer, category.id, **(words | changes))


# ---- starting --------------------------------------------------------------------------------------------------------


def test_a_thread_opens_with_its_first_post_and_its_writer_follows_it(mary: Any) -> None:
    thread = start(viewer_for(mary), a_category(), ask="no_advice")
    seen = queries.thread(viewer_for(mary), thread.id)
    assert (seen.title, seen.slug, seen.ask, seen.author_name) == ("Nights", "nights", "no_advice", "Mary")
    assert (seen.last_number, seen.post_count, seen.mark, seen.follows) == (1, 1, 1, True)
    [post] = queries.posts(viewer_for(mary), seen)
    assert "four times" in str(post.html)


def test_a_new_thread_is_told_in_order_with_the_post_last(mary: Any) -> None:
    thread = start(viewer_for(mary), a_category())
    told = list(Event.select().order_by(Event.id))
    assert [event.kind for event in told] == ["thread.started", "post.published"]
    assert told[-1].channel == f"thread:{thread.id}"
    assert told[-1].extra == {"thread": thread.id, "number": 1, "reply_to": None}


def test_an_impatient_thumb_starts_one_thread(mary: Any) -> None:
    place = a_category()
    first = start(viewer_for(mary), place)
    again = start(viewer_for(mary), place)
    assert first.id == again.id
    assert Post.select().count() == 1


def test_a_form_that_came_back_and_was_written_anew_makes_a_second_thread(mary: Any) -> None:
    place = a_category()
    first = start(viewer_for(mary), place)
    other = start(viewer_for(mary), place, source="Something else.")
    assert first.id != other.id
    assert start(viewer_for(mary), place, source="Something else.").id == other.id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "\u200b\x00 \u202e"}, "title"),
        ({"source": ""}, "source"),
        ({"source": " \n\x00\t "}, "source"),
        ({"source": "x" * 100_001}, "source"),
        ({"ask": "everything"}, "ask"),
    ],
)
def test_what_cannot_be_posted_is_answered_with_a_sentence(mary: Any, changes: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as trouble:
        start(viewer_for(mary), a_category(), **changes)
    assert trouble.value.errors[field].endswith((".", "!"))
    assert not Thread.select().exists()


@pytest.mark.parametrize("title", ["🫖🍪", "مرحبا بالعالم", "שלום עולם", "א" * 400, "\u202etxet desrever", "a\x00b"])
def test_titles_of_any_script_are_kept_in_one_clean_line(mary: Any, title: str) -> None:
    thread = start(viewer_for(mary), a_category(), title=title)
    assert 0 < len(thread.title) <= 150
    assert "\x00" not in thread.title
    assert "\u202e" not in thread.title
    assert thread.slug


@pytest.mark.parametrize(
    "source", ["[" * 20_000, ">" * 99_000, "x" * 100_000, "\x00\x07nul", "a\u0301" * 30_000, "![" * 9_000]
)
def test_hostile_text_is_posted_in_reasonable_time(mary: Any, source: str) -> None:
    thread = start(viewer_for(mary), a_category(), source=source)
    post = Post.get(Post.thread == thread.id)
    assert "\x00" not in post.source
    assert post.html is not None


def test_visitors_the_unconfirmed_and_the_suspended_cannot_post(mary: Any, clock: Any) -> None:
    place = a_category(audience="public")
    suspended = a_member(suspended_until=clock.now().replace(year=2099))
    for viewer in (VISITOR, viewer_for(a_member(confirmed=False)), viewer_for(suspended)):
        with pytest.raises(NotAllowed):
            start(viewer, place)
    thread = a_thread(mary, place)
    for viewer in (VISITOR, viewer_for(suspended)):
        with pytest.raises(NotAllowed):
            actions.reply(viewer, thread.id, source="Hello", nonce="another-nonce")


def test_a_place_out_of_sight_is_not_there(mary: Any) -> None:
    circle = a_group(mary)
    closed_room = a_category(group=circle)
    staff_room = a_category(audience="staff")
    other = viewer_for(a_member())
    for place in (closed_room, staff_room):
        with pytest.raises(NotFound):
            start(other, place)
    thread = start(viewer_for(mary), closed_room)
    with pytest.raises(NotFound):
        queries.thread(other, thread.id)
    with pytest.raises(NotFound):
        actions.reply(other, thread.id, source="Hello", nonce="another-nonce")
    with pytest.raises(NotFound):
        actions.mark_read(other, thread.id, 1)
    assert queries.thread(viewer_for(a_member(role="supporter")), thread.id).title == "Nights"


@pytest.mark.parametrize("id", [0, -1, 10**30, 999_999])
def test_ids_that_name_nothing_are_not_found(mary: Any, id: int) -> None:
    for read in (queries.thread, queries.post):
        with pytest.raises(NotFound):
            read(viewer_for(mary), id)


# ---- replying --------------------------------------------------------------------------------------------------------


def test_replies_are_numbered_in_order(mary: Any) -> None:
    thread = a_thread()
    posts = [a_post(thread, mary, source=f"Number {n}") for n in range(2, 5)]
    assert [post.number for post in posts] == [2, 3, 4]
    seen = queries.thread(viewer_for(mary), thread.id)
    assert (seen.last_number, seen.post_count) == (4, 4)


def test_replies_at_the_same_moment_get_different_numbers(mary: Any) -> None:
    thread = a_thread()
    people = [viewer_for(a_member()) for _ in range(4)]
    troubles: list[Exception] = []

    def talk(viewer: Viewer) -> None:
        try:
            for n in range(4):
                actions.reply(viewer, thread.id, source=f"Hello {n}", nonce=f"nonce-of-{viewer.id}-{n}")
        except Exception as trouble:  # noqa: BLE001
            troubles.append(trouble)
        finally:
            close_connection()

    talkers = [threading.Thread(target=talk, args=(viewer,)) for viewer in people]
    for talker in talkers:
        talker.start()
    for talker in talkers:
        talker.join()
    assert not troubles
    numbers = [post.number for post in Post.select().where(Post.thread == thread.id).order_by(Post.number)]
    assert numbers == list(range(1, 18))


def test_the_same_nonce_at_the_same_moment_makes_one_post(mary: Any) -> None:
    thread = a_thread()
    viewer = viewer_for(mary)
    ids: list[int] = []

    def press() -> None:
        try:
            ids.append(actions.reply(viewer, thread.id, source="Only once", nonce="the-same-nonce").id)
        finally:
            close_connection()

    thumbs = [threading.Thread(target=press) for _ in range(4)]
    for thumb in thumbs:
        thumb.start()
    for thumb in thumbs:
        thumb.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_the_nonce_of_one_member_does_not_bind_another(mary: Any) -> None:
    thread = a_thread()
    first = actions.reply(viewer_for(mary), thread.id, source="Me", nonce="shared-nonce")
    other = actions.reply(viewer_for(a_member()), thread.id, source="Me", nonce="shared-nonce")
    assert first.id != other.id


def test_a_reply_to_a_post_elsewhere_is_only_a_reply(mary: Any) -> None:
    elsewhere = a_post()
    here = a_thread()
    post = a_post(here, mary, reply_to=elsewhere.id)
    assert post.reply_to_id is None
    answer = a_post(here, mary, reply_to=post.id)
    assert answer.reply_to_id == post.id
    assert queries.post(viewer_for(mary), answer.id).reply_to_name == "Mary"


def test_a_closed_thread_takes_no_replies_but_a_moderators(mary: Any) -> None:
    thread = a_thread()
    moderator = viewer_for(a_member(role="moderator"))
    actions.close_thread(moderator, thread.id, "It has run its course")
    with pytest.raises(NotAllowed, match="closed"):
        a_post(thread, mary)
    assert actions.reply(moderator, thread.id, source="A last word", nonce="last-word").number == 2
    actions.open_thread(moderator, thread.id)
    assert a_post(thread, mary).number == 3
    assert [entry.deed for entry in AuditEntry.select()] == ["thread.closed", "thread.opened"]


def test_replying_follows_the_thread_unless_it_was_muted(mary: Any) -> None:
    thread = a_thread()
    viewer = viewer_for(mary)
    a_post(thread, mary)
    assert mary.id in queries.followers(thread.id)
    actions.unfollow(viewer, thread.id)
    a_post(thread, mary)
    assert mary.id not in queries.followers(thread.id)
    assert queries.has_muted(mary.id, thread.id)
    actions.follow(viewer, thread.id)
    assert mary.id in queries.followers(thread.id)
    assert Follow.select().where(Follow.member == mary.id).count() == 1


# ---- calling somebody by name ----------------------------------------------------------------------------------------


def test_a_name_called_is_a_mention_of_those_who_may_read_it(mary: Any) -> None:
    bronwen, outsider = a_member("Bronwen Davies"), a_member("Outsider")
    circle = a_group(mary, bronwen)
    thread = a_thread(mary, a_category(group=circle))
    post = a_post(thread, mary, source='Thank you @"Bronwen Davies" and @outsider, @mary and @nobody-here')
    assert [row.member_id for row in Mention.select().where(Mention.post == post.id)] == [bronwen.id]
    assert "/m/Bronwen%20Davies" in str(post.html)
    assert "/m/Outsider" not in str(post.html)
    assert outsider.id


def test_an_edit_that_names_somebody_else_mentions_them_instead(mary: Any) -> None:
    one, other = a_member("Gwen"), a_member("Tariq")
    post = a_post(author=mary, source="Thanks @Gwen")
    actions.edit_post(viewer_for(mary), post.id, source="Thanks @Tariq", revision=1)
    assert [row.member_id for row in Mention.select()] == [other.id]
    assert one.id


# ---- changing --------------------------------------------------------------------------------------------------------


def test_an_edit_keeps_what_was_said_before(mary: Any) -> None:
    post = a_post(author=mary, source="We use a bell.")
    edited = actions.edit_post(viewer_for(mary), post.id, source="We use a doorbell.", revision=1)
    assert (edited.revision, edited.plain) == (2, "We use a doorbell.")
    [before] = queries.revisions(viewer_for(a_member()), post.id)
    assert (before.revision, before.source) == (1, "We use a bell.")
    assert [event.kind for event in Event.select().order_by(Event.id)][-1] == "post.edited"


def test_saving_what_is_there_changes_nothing(mary: Any) -> None:
    post = a_post(author=mary)
    assert actions.edit_post(viewer_for(mary), post.id, source=post.source, revision=1).revision == 1
    assert not PostRevision.select().exists()


def test_of_two_edits_at_once_the_second_is_shown_both(mary: Any) -> None:
    post = a_post(author=mary, source="One")
    viewer = viewer_for(mary)
    actions.edit_post(viewer, post.id, source="From the phone", revision=1)
    with pytest.raises(Conflict) as trouble:
        actions.edit_post(viewer, post.id, source="From the desk", revision=1)
    assert trouble.value.details == {"theirs": "From the phone", "yours": "From the desk", "revision": 2}
    actions.edit_post(viewer, post.id, source="From both", revision=trouble.value.details["revision"])
    assert [one.source for one in queries.revisions(viewer, post.id)] == ["From the phone", "One"]


def test_only_its_writer_changes_or_takes_back_a_post(mary: Any) -> None:
    post = a_post(author=mary)
    for other in (a_member(), a_member(role="moderator"), a_member(role="admin")):
        with pytest.raises(NotAllowed):
            actions.edit_post(viewer_for(other), post.id, source="Mine now", revision=1)
        with pytest.raises(NotAllowed):
            actions.withdraw_post(viewer_for(other), post.id)


def test_a_withdrawn_post_is_read_and_found_by_nobody(mary: Any) -> None:
    post = a_post(author=mary, source="Xylophone lessons")
    assert search.find(viewer_for(mary), "xylophone")
    actions.withdraw_post(viewer_for(mary), post.id)
    actions.withdraw_post(viewer_for(mary), post.id)
    for viewer in (viewer_for(mary), viewer_for(a_member(role="admin"))):
        assert queries.post(viewer, post.id).html is None
        assert not search.find(viewer, "xylophone")
        with pytest.raises(NotFound):
            queries.source(viewer, post.id)
    with pytest.raises(NotAllowed):
        actions.edit_post(viewer_for(mary), post.id, source="Back again", revision=1)
    assert queries.thread(viewer_for(mary), post.thread_id).post_count == 1
    assert [event.kind for event in Event.select().order_by(Event.id)].count("post.withdrawn") == 1


# ---- keeping it kind -------------------------------------------------------------------------------------------------


def test_a_hidden_post_is_read_by_moderators_alone_until_it_is_shown_again(mary: Any) -> None:
    post = a_post(author=mary, source="Xylophone lessons")
    moderator = viewer_for(a_member(role="moderator"))
    for other in (viewer_for(mary), viewer_for(a_member(role="supporter"))):
        with pytest.raises(NotAllowed):
            actions.hide_post(other, post.id, "no reason")
    actions.hide_post(moderator, post.id, "Names somebody else's child")
    assert queries.post(viewer_for(mary), post.id).html is None
    assert queries.post(moderator, post.id).html is not None
    assert not search.find(viewer_for(mary), "xylophone")
    with pytest.raises(NotAllowed):
        actions.edit_post(viewer_for(mary), post.id, source="Other words", revision=1)
    actions.show_post(moderator, post.id, "The name was made up")
    assert queries.post(viewer_for(mary), post.id).html is not None
    assert search.find(viewer_for(mary), "xylophone")
    assert [entry.deed for entry in AuditEntry.select()] == ["post.hidden", "post.shown"]


def test_a_hidden_thread_is_there_for_moderators_alone(mary: Any) -> None:
    thread = a_thread(title="Xylophones")
    moderator = viewer_for(a_member(role="moderator"))
    actions.hide_thread(moderator, thread.id, "Advertising")
    for viewer in (viewer_for(mary), viewer_for(a_member(role="supporter"))):
        with pytest.raises(NotFound):
            queries.thread(viewer, thread.id)
        assert not search.find(viewer, "xylophones")
        assert thread.id not in {row.id for row in queries.lively_threads(viewer)}
    actions.reply(moderator, thread.id, source="A note on xylophones", nonce="moderators-note")
    assert not search.find(viewer_for(mary), "xylophones")
    actions.show_thread(moderator, thread.id, "It was not")
    assert len(search.find(viewer_for(mary), "xylophones")) == 2


# ---- support, drafts, marks ------------------------------------------------------------------------------------------


def test_a_word_of_support_counts_once_and_can_be_taken_back(mary: Any) -> None:
    post = a_post(author=mary)
    friend = viewer_for(a_member())
    actions.react(friend, post.id, "hug")
    actions.react(friend, post.id, "hug")
    actions.react(friend, post.id, "been_there")
    counts = queries.reactions(friend, [post.id])[post.id]
    assert [(one.kind, one.count, one.mine) for one in counts] == [("hug", 1, True), ("been_there", 1, True)]
    assert not any(one.mine for one in queries.reactions(viewer_for(mary), [post.id])[post.id])
    actions.unreact(friend, post.id, "hug")
    actions.unreact(friend, post.id, "hug")
    assert Reaction.select().count() == 1
    assert [event.kind for event in Event.select()].count("post.reacted") == 2


def test_nobody_praises_themselves_or_words_that_are_gone(mary: Any) -> None:
    post = a_post(author=mary)
    with pytest.raises(NotAllowed):
        actions.react(viewer_for(mary), post.id, "helpful")
    with pytest.raises(Invalid):
        actions.react(viewer_for(a_member()), post.id, "like")
    actions.withdraw_post(viewer_for(mary), post.id)
    with pytest.raises(NotAllowed):
        actions.react(viewer_for(a_member()), post.id, "hug")


def test_a_draft_is_kept_until_the_words_are_posted(mary: Any) -> None:
    viewer, thread = viewer_for(mary), a_thread()
    place = f"thread:{thread.id}"
    assert actions.save_draft(viewer, place, source="I was go", version=0) == 1
    assert actions.save_draft(viewer, place, source="I was going to", version=1) == 2
    kept = drafts.draft(viewer, place)
    assert kept is not None
    assert kept.source == "I was going to"
    assert drafts.draft(viewer_for(a_member()), place) is None
    [listed] = drafts.drafts(viewer)
    assert listed.where == thread.title
    actions.reply(viewer, thread.id, source="I was going to say", nonce="posted-now")
    assert drafts.draft(viewer, place) is None


def test_a_draft_from_another_device_is_never_overwritten_unseen(mary: Any) -> None:
    viewer, place = viewer_for(mary), "new"
    actions.save_draft(viewer, place, title="Nights", source="On the phone", version=0)
    with pytest.raises(Conflict) as trouble:
        actions.save_draft(viewer, place, source="On the desk", version=0)
    assert trouble.value.details == {"source": "On the phone", "title": "Nights", "version": 1}
    assert actions.save_draft(viewer, place, source="On both", version=1) == 2


def test_a_draft_tells_nothing_of_other_peoples_posts(mary: Any) -> None:
    secret = a_thread(category=a_category(audience="staff"), author=a_member(role="supporter"), title="Secret")
    post = Post.get(Post.thread == secret.id)
    for place in (f"thread:{secret.id}", f"post:{post.id}"):
        actions.save_draft(viewer_for(mary), place, source="What is there?")
    assert all((kept.where, kept.url) == ("", "") for kept in drafts.drafts(viewer_for(mary)))


def test_a_draft_without_words_goes(mary: Any) -> None:
    viewer = viewer_for(mary)
    actions.save_draft(viewer, "new", source="Hm")
    assert actions.save_draft(viewer, "new", source="  ") == 0
    actions.drop_draft(viewer, "new")
    assert not Draft.select().exists()


@pytest.mark.parametrize(
    "place", ["", "new ", "thread:0", "thread:1;", "post:-1", "thread:" + "9" * 30, "x" * 900, "\x00"]
)
def test_a_draft_for_nowhere_is_refused(mary: Any, place: str) -> None:
    with pytest.raises(Invalid):
        actions.save_draft(viewer_for(mary), place, source="Words")


def test_a_reading_mark_only_moves_forward(mary: Any) -> None:
    thread = a_thread()
    for _ in range(3):
        a_post(thread)
    viewer = viewer_for(mary)
    for number, expected in [(2, 2), (1, 2), (10**15, 4), (3, 4)]:
        actions.mark_read(viewer, thread.id, number)
        assert queries.thread(viewer, thread.id).mark == expected
    assert ReadingMark.select().where(ReadingMark.member == mary.id).count() == 1


def test_ones_own_reply_is_not_new_unless_more_is_unread_before_it(mary: Any) -> None:
    thread = a_thread()
    viewer = viewer_for(mary)
    actions.mark_read(viewer, thread.id, 1)
    a_post(thread, mary)
    assert queries.thread(viewer, thread.id).mark == 2
    a_post(thread)
    a_post(thread, mary)
    assert queries.thread(viewer, thread.id).mark == 2


# ---- finding and quoting ---------------------------------------------------------------------------------------------


def test_words_are_found_by_those_who_may_read_them(mary: Any) -> None:
    for place in (a_category(audience="public"), a_category(), a_category(audience="staff")):
        a_thread(a_member(role="supporter"), place, title="Zebra crossing", source="A zebra")
    seen = [
        len(search.find(viewer, "zebra"))
        for viewer in (VISITOR, viewer_for(mary), viewer_for(a_member(role="supporter")))
    ]
    assert seen == [1, 2, 3]


def test_a_quotation_holds_ones_own_words_and_not_what_was_quoted(mary: Any) -> None:
    thread = a_thread(mary, source="First words")
    first = Post.get(Post.thread == thread.id)
    viewer = viewer_for(mary)
    assert queries.quotation(viewer, first.id) == f'[quote="Mary, post:1, thread:{thread.id}"]\nFirst words\n[/quote]\n'
    answer = a_post(thread, a_member("Gwen"), source=queries.quotation(viewer, first.id) + "\nSecond words\n\nand more")
    quoted = queries.quotation(viewer, answer.id)
    assert "Second words\n\nand more" in quoted
    assert "First words" not in quoted
    actions.withdraw_post(viewer, first.id)
    with pytest.raises(NotFound):
        queries.quotation(viewer, first.id)


def test_words_taken_back_go_out_of_other_peoples_quotes_too(mary: Any, work: Any) -> None:
    thread = a_thread(a_member(), source="First")
    viewer = viewer_for(mary)
    secret, other = a_post(thread, mary, source="A xylophone secret"), a_post(thread, mary, source="It rained")
    quotation = queries.quotation(viewer, secret.id)
    gwen = a_member("Gwen")
    nested = f'[quote="Gwen, post:9, thread:{thread.id}"]\n{quotation}\nSays she\n[/quote]\n\nSays Gwen'
    quoting = [
        a_post(thread, gwen, source=f"{quotation}\nI see.\n\n{queries.quotation(viewer, other.id)}"),
        a_post(a_thread(), gwen, source=f"{quotation}\nI see. It rained"),
        a_post(thread, gwen, source=nested + " I see. It rained"),
    ]
    edited = a_post(thread, gwen, source=f"{quotation}\nHm.")
    actions.edit_post(viewer_for(gwen), edited.id, source="I see. It rained", revision=1)
    work()
    actions.withdraw_post(viewer, secret.id)
    work()
    reader = viewer_for(a_member())
    assert not search.find(reader, "xylophone")
    assert not PostRevision.select().where(PostRevision.source.contains("xylophone")).exists()
    for post in (Post.fetch(one.id) for one in (*quoting, edited)):
        assert "xylophone" not in post.source + post.html + post.plain
        assert "I see." in post.plain
        assert "It rained" in post.plain
    assert "These words were taken back." in Post.fetch(quoting[0].id).plain
    assert Post.fetch(edited.id).revision == 2


def test_whoever_still_has_a_quote_in_the_box_cannot_bring_the_words_back(mary: Any, work: Any) -> None:
    thread = a_thread(mary, source="A xylophone secret")
    first = Post.get(Post.thread == thread.id)
    quotation = queries.quotation(viewer_for(mary), first.id)
    actions.withdraw_post(viewer_for(mary), first.id)
    gwen = a_member("Gwen")
    later = a_post(thread, gwen, source=f"{quotation}\nI see.")
    started = a_thread(gwen, source=f"{quotation}\nI see.")
    changed = a_post(thread, gwen, source="Oh.")
    actions.edit_post(viewer_for(gwen), changed.id, source=f"{quotation}\nI see.", revision=1)
    for post in (later, Post.get(Post.thread == started.id), Post.fetch(changed.id)):
        assert "xylophone" not in post.source + post.html + post.plain
        assert "I see." in post.plain


def test_what_a_moderator_hides_cannot_be_read_in_quotes(mary: Any, work: Any) -> None:
    moderator = viewer_for(a_member(role="moderator"))
    thread = a_thread(mary, source="A xylophone insult")
    first = Post.get(Post.thread == thread.id)
    quotation = queries.quotation(viewer_for(mary), first.id)
    there, elsewhere = a_post(thread, source=f"{quotation}\nOh."), a_post(source=f"{quotation}\nOh.")
    actions.hide_thread(moderator, thread.id, "It is unkind")
    work()
    assert "xylophone" not in Post.fetch(elsewhere.id).plain
    actions.show_thread(moderator, thread.id, "It is not")
    assert "xylophone" in Post.fetch(there.id).plain
    actions.hide_post(moderator, first.id, "It is unkind")
    work()
    for post in (Post.fetch(there.id), Post.fetch(elsewhere.id)):
        assert "xylophone" not in post.source + post.html + post.plain
        assert "A moderator took these words out." in post.plain


# ---- leaving ---------------------------------------------------------------------------------------------------------


def test_whoever_leaves_takes_their_words_along_and_the_talk_stays_readable(mary: Any, work: Any) -> None:
    from forum.database import transaction
    from forum.events import record

    thread = a_thread(mary, title="My own story", source="A xylophone secret")
    viewer = viewer_for(mary)
    quoted = a_post(thread, source=queries.quotation(viewer, Post.get(Post.thread == thread.id).id) + "\nI see.")
    elsewhere = a_post(source=f'[quote="Mary, post:1, thread:{thread.id}"]\nA xylophone secret\n[/quote]\nOh.')
    own = a_post(thread, mary, source="And another xylophone")
    actions.edit_post(viewer, own.id, source="Something quieter", revision=1)
    actions.react(viewer, quoted.id, "hug")
    actions.save_draft(viewer, "new", source="xylophone draft")
    a_post(thread, source="Thank you @Mary")
    assert len(search.find(viewer, "xylophone")) == 3
    assert queries.about_member(mary.id)["posts"][0]["words"] == "A xylophone secret"
    with transaction():
        actions.forget_member(mary.id)
        record("member.left", subject=("member", mary.id), actor=mary.id)
    work()
    reader = viewer_for(a_member())
    assert not search.find(reader, "xylophone")
    assert not search.find(reader, "story")
    posts = queries.posts(reader, queries.thread(reader, thread.id))
    assert [post.html is None for post in posts] == [True, False, True, False]
    for post in (Post.fetch(quoted.id), Post.fetch(elsewhere.id)):
        assert "xylophone" not in post.source + post.html + post.plain
        assert "These words were taken back" in post.plain
    assert "I see." in Post.fetch(quoted.id).plain
    assert not any(queries.about_member(mary.id)[name] for name in ("drafts", "reactions", "follows", "mentioned_in"))
    assert all(not post["words"] for post in queries.about_member(mary.id)["posts"])
