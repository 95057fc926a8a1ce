"""`import discourse`: whole conversations arrive once, however often and however rudely the import is run."""

import json
import re
from datetime import UTC, datetime

import pytest

from forum import events, jobs, search
from forum.access import VISITOR, Viewer
from forum.discourse import arrival
from forum.discourse.actions import import_archive
from forum.discourse.models import ImportedThing, ImportRun, ImportSkip
from forum.errors import Conflict, NotAllowed, NotFound
from forum.members.models import Member
from forum.threads import queries
from forum.threads.models import Category, Post, Thread
from tests.discourse.archives import keep, post, raw, topic
from tests.factories import a_member

MEMBER = Viewer(id=10**6, name="Reader", role="member", is_confirmed=True)
MODERATOR = Viewer(id=10**6 + 1, name="Keeper", role="moderator", is_confirmed=True)


@pytest.fixture(autouse=True)
def _started(app):
    """The import asks the settings for the site's name."""


def bring(source, **more):
    return import_archive(str(source), progress=lambda progress: None, **more)


def counts():
    return {model.__name__: model.select().count() for model in (Category, Thread, Post, Member, ImportedThing)}


def the_post(number, thread=None):
    query = Post.select().where(Post.number == number)
    return query.where(Post.thread == thread).get() if thread else query.get()


@pytest.fixture
def archive(tmp_path):
    """Two topics with quotes, likes, an edit, a reply and a small action."""
    first = post(1, "ada", "How do you sleep?", actions_summary=[{"id": 2, "count": 4}])
    second = post(2, "bob", version=3, reply_to_post_number=1, updated_at="2021-03-06T08:00:00.000Z")
    third = post(3, "meg", post_type=3, action_code="closed.enabled", cooked="")
    quoting = '[quote="ada, post:1, topic:7"]\nHow do you sleep?\n[/quote]\n\nIn **turns**, @ada.'
    later = post(1, "cleo")
    return keep(
        tmp_path / "old",
        topic(7, first, second, third, title="Nights &amp; sleep", closed=True),
        topic(9, later, category_id=6),
        markdown={
            7: raw((first, "How do you sleep?"), (second, quoting), (third, "")),
            9: raw((later, '[quote="bob, post:2, topic:7"]\nIn turns\n[/quote]\n\nWe too.')),
        },
    )


def test_a_conversation_arrives_with_its_people_times_words_and_likes(archive):
    report = bring(archive)
    assert (report.topics, report.posts, report.people, report.categories, report.skipped) == (2, 4, 4, 2, 0)
    thread = Thread.get(Thread.title == "Nights &amp; sleep")
    first, second, third = Post.select().where(Post.thread == thread.id).order_by(Post.number)
    assert (first.author.name, first.said_at, first.imported_likes) == (
        "ada",
        datetime(2021, 3, 4, 10, 1, tzinfo=UTC),
        4,
    )
    assert (first.edited_at, first.revision, first.via) == (None, 1, "import")
    assert (second.reply_to_id, second.revision) == (first.id, 3)
    assert second.edited_at == datetime(2021, 3, 6, 8, tzinfo=UTC)
    assert "<strong>turns</strong>" in second.html
    assert f'href="/t/{thread.id}/-/1"' in second.html
    assert 'class="mention"' in second.html
    assert (third.is_event, third.plain, third.author.name) == (True, "This thread was closed.", "meg")
    assert thread.started_at == datetime(2021, 3, 4, 10, 0, tzinfo=UTC)
    assert thread.last_post_at == datetime(2021, 3, 4, 10, 2, tzinfo=UTC)
    assert (thread.last_number, thread.post_count, thread.last_author.name) == (3, 2, "bob")
    assert (thread.closed_by.name, thread.closed_at) == ("meg", third.said_at)
    assert f'href="/t/{thread.id}/-/2"' in Post.get(Post.author == Member.get(Member.name == "cleo").id).html


def test_imported_words_are_for_inside_use_only_and_for_members(archive):
    bring(archive)
    assert {post.inside_use_only for post in Post.select()} == {True}
    assert {category.audience for category in Category.select()} == {"members"}
    assert {category.name for category in Category.select()} == {"Category 5", "Category 6"}
    assert [found.kind for found in search.find(MEMBER, "sleep")] == ["post"] * 2
    assert search.find(VISITOR, "sleep") == []


def test_imported_people_cannot_sign_in_and_are_never_written_to(archive, work, outbox):
    bring(archive)
    for member in Member.select():
        assert (member.email, member.password_hash, member.role) == (None, None, "member")
        assert (member.mail_replies, member.mail_mentions, member.mail_asks, member.asks_per_month) == (0, 0, 0, 0)
    work()
    assert jobs.Todo.select().count() == 0
    assert len(outbox) == 0


def test_one_quiet_event_marks_a_batch(archive, monkeypatch):
    monkeypatch.setattr(arrival, "BATCH", 3)
    bring(archive)
    kinds = [event.kind for event in events.Event.select()]
    assert kinds == ["posts.imported"] * 2
    assert all(event.channel == "" for event in events.Event.select())


def test_a_second_run_adds_nothing(archive):
    bring(archive)
    before = counts()
    again = bring(archive)
    assert (again.topics, again.posts, again.people, again.posts_here_already) == (0, 0, 0, 4)
    assert counts() == before


def test_the_same_archive_is_known_again_by_any_road(archive, tmp_path):
    bring(archive)
    before = counts()
    bring(archive / "json")
    bring(archive / "json" / "topic-about-9.9.json")
    archive.rename(tmp_path / "moved")
    bring(tmp_path / "moved")
    assert counts() == before


def test_another_discourse_with_the_same_numbers_is_another(archive, tmp_path):
    bring(archive)
    other = keep(tmp_path / "other", topic(7, post(1, "zoe"), created_at="2019-01-01T00:00:00.000Z"))
    assert bring(other).posts == 1
    assert len({thing.source for thing in ImportedThing.select()}) == 2


def test_a_changed_topic_brings_only_its_new_posts(archive):
    bring(archive)
    path = archive / "json" / "topic-about-7.7.json"
    found = json.loads(path.read_text())
    found["post_stream"]["posts"] += [dict(post(4, "dora", reply_to_post_number=2), id=555)]
    path.write_text(json.dumps(found))
    report = bring(archive)
    assert (report.topics, report.posts, report.people, report.posts_here_already) == (0, 1, 1, 4)
    thread = Thread.get(Thread.title == "Nights &amp; sleep")
    assert (thread.last_number, thread.post_count, thread.last_author.name) == (4, 3, "dora")
    assert the_post(4).reply_to.number == 2


def test_a_number_that_somebody_here_took_meanwhile_is_not_taken_twice(archive, clock):
    bring(archive)
    thread = Thread.get(Thread.title == "Nights &amp; sleep")
    own = {**the_post(1, thread.id).__data__, "number": 4, "via": "web", "said_at": clock.now()}
    del own["id"]
    Post.insert(own).execute()
    Thread.update(last_number=4).where(Thread.id == thread.id).execute()
    path = archive / "json" / "topic-about-7.7.json"
    found = json.loads(path.read_text())
    found["post_stream"]["posts"] += [
        dict(post(4, "dora"), id=555),
        dict(post(5, "dora", reply_to_post_number=4), id=556),
    ]
    path.write_text(json.dumps(found))
    bring(archive)
    rows = Post.select().where(Post.thread == thread.id, Post.via == "import", Post.number > 3).order_by(Post.id)
    assert [row.number for row in rows] == [5, 6]
    assert rows[1].reply_to_id == rows[0].id


@pytest.mark.parametrize("batches", [0, 1, 2, 3])
def test_a_killed_import_goes_on_where_it_stood(archive, monkeypatch, batches):
    monkeypatch.setattr(arrival, "BATCH", 1)
    written = 0
    whole = arrival.Arrival.write

    def write(self, batch):
        nonlocal written
        if written == batches:
            raise KeyboardInterrupt
        written += 1
        whole(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(arrival.Arrival, "write", write)
        with pytest.raises(KeyboardInterrupt):
            bring(archive)
    assert Post.select().count() == batches
    report = bring(archive)
    assert (report.posts, report.posts_here_already) == (4 - batches, batches)
    assert counts() | {"ImportedThing": 0} == {"Category": 2, "Thread": 2, "Post": 4, "Member": 5, "ImportedThing": 0}
    thread = Thread.get(Thread.title == "Nights &amp; sleep")
    assert (thread.last_number, thread.post_count, thread.last_author.name) == (3, 2, "bob")
    assert the_post(2, thread.id).reply_to.number == 1


def test_a_batch_that_fails_leaves_nothing_behind(archive, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(events, "record", fail)
        with pytest.raises(RuntimeError):
            bring(archive)
    assert (Post.select().count(), Thread.select().count(), search.SearchEntry.select().count()) == (0, 0, 0)
    assert bring(archive).posts == 4


def test_two_imports_at_once_do_not_double_anything(archive, monkeypatch):
    monkeypatch.setattr(arrival, "BATCH", 2)
    whole = arrival.Arrival.write
    inside = []

    def write(self, batch):
        if not inside:
            inside.append(True)
            bring(archive)
        whole(self, batch)

    monkeypatch.setattr(arrival.Arrival, "write", write)
    with pytest.raises(Conflict, match="at this moment"):
        bring(archive)
    assert Post.select().count() == 4


def test_a_quote_from_a_later_topic_is_linked_in_the_end(tmp_path):
    early, late = post(1, "ada"), post(1, "bob")
    keep(
        tmp_path,
        topic(3, early),
        topic(4, late),
        markdown={3: raw((early, '[quote="bob, post:1, topic:4"]\nTea\n[/quote]\n\nSee @bob'))},
    )
    # One batch apart, so that the later topic is unknown when the earlier one is read.
    report = bring(tmp_path / "json" / "topic-about-3.3.json")
    assert report.posts == 1
    assert "topic:4" in Post.get().source
    report = bring(tmp_path)
    thread = Thread.get(Thread.title == "Topic about 4")
    quoting = Post.select().join(Thread).where(Thread.title == "Topic about 3").get()
    assert report.quotes_linked == 1
    assert f'href="/t/{thread.id}/-/1"' in quoting.html
    assert bring(tmp_path).quotes_linked == 0


def test_hidden_deleted_and_unlisted_things_stay_out_of_sight(tmp_path):
    hidden, deleted, plain = post(1, hidden=True, words="Hidden words"), post(2, user_deleted=True), post(3)
    keep(
        tmp_path,
        topic(1, hidden, deleted, plain),
        topic(2, post(1, words="Unlisted words"), visible=False),
        topic(3, post(1, words="Deleted words"), deleted_at="2021-04-04T00:00:00Z"),
    )
    report = bring(tmp_path)
    assert [(skip.path, "deleted" in skip.sentence) for skip in report.skips] == [("json/topic-about-3.3.json", True)]
    thread = queries.thread(MEMBER, Thread.get(Thread.title == "Topic about 1").id)
    shown = queries.posts(MEMBER, thread)
    assert [(each.number, each.html is None, each.is_hidden, each.is_withdrawn) for each in shown] == [
        (1, True, True, False),
        (2, True, False, True),
        (3, False, False, False),
    ]
    assert thread.post_count == 1
    unlisted = Thread.get(Thread.title == "Topic about 2").id
    with pytest.raises(NotFound):
        queries.thread(MEMBER, unlisted)
    assert queries.thread(MODERATOR, unlisted).is_hidden
    assert search.find(MODERATOR, "words") == []


def test_a_post_that_was_deleted_there_later_is_taken_back_here(archive):
    bring(archive)
    path = archive / "json" / "topic-about-7.7.json"
    found = json.loads(path.read_text())
    found["post_stream"]["posts"][0]["user_deleted"] = True
    path.write_text(json.dumps(found))
    assert bring(archive).posts_taken_back == 1
    thread = Thread.get(Thread.title == "Nights &amp; sleep")
    first = the_post(1, thread.id)
    assert (first.source, first.plain, first.withdrawn_at is not None, thread.post_count) == ("", "", True, 1)
    assert len(search.find(MEMBER, "sleep")) == 1
    withdrawn = events.Event.select().where(events.Event.kind == "post.withdrawn")
    assert [(event.subject_id, event.channel) for event in withdrawn] == [(first.id, f"thread:{thread.id}")]
    assert bring(archive).posts_taken_back == 0


def test_restricted_categories_become_staffs_and_names_are_never_shared(tmp_path):
    Category.create(slug="respite", name="Respite", audience="public")
    keep(
        tmp_path,
        topic(1, post(1, words="Secret"), category_id=8),
        topic(2, post(1)),
        topic(3, post(1), category_id=None),
    )
    (tmp_path / "json" / "site.json").write_text(
        json.dumps(
            {
                "categories": [
                    {"id": 5, "name": "Respite", "slug": "respite"},
                    {"id": 8, "name": "Staff", "read_restricted": True},
                ]
            }
        )
    )
    bring(tmp_path)
    assert sorted((each.name, each.audience) for each in Category.select()) == [
        ("From the old forum", "members"),
        ("Respite", "public"),
        ("Respite 2", "members"),
        ("Staff", "staff"),
    ]
    assert search.find(MEMBER, "secret") == []
    with pytest.raises((NotFound, NotAllowed)):
        queries.thread(MEMBER, Thread.get(Thread.title == "Topic about 1").id)


def test_names_stay_unique_even_to_the_eye_and_never_speak_for_the_house(tmp_path):
    a_member("Ada")
    names = ["ada", "ADA_", "admin", "Kettle", "a", 'b@d/na"me', "x" * 90, "Аda"]  # the last one begins in Cyrillic
    keep(tmp_path, topic(1, *(post(number, name, user_id=number) for number, name in enumerate(names, 1))))
    bring(tmp_path)
    here = [post.author.name for post in Post.select().order_by(Post.number)]
    assert len(set(here)) == len(names)
    assert len({post.author.name_key for post in Post.select()}) == len(names)
    assert here[0] == "ada 2"
    assert not {"ada", "admin", "kettle"} & {name.casefold() for name in here}
    assert all(re.fullmatch(r'[^/\\<>"@]{2,40}', name) for name in here)


def test_people_without_a_name_become_someone_who_left(tmp_path):
    keep(tmp_path, topic(1, post(1, None, user_id=None), post(2, None, user_id=None), post(3)))
    bring(tmp_path)
    authors = [post.author for post in Post.select().order_by(Post.number)]
    assert authors[0] == authors[1] != authors[2]
    assert authors[0].left_at is not None


def test_a_person_known_by_an_earlier_run_is_the_same_person(archive, tmp_path):
    bring(archive)
    more = post(5, "ada")
    keep(archive, topic(12, more))
    bring(archive)
    assert Member.select().where(Member.name == "ada").count() == 1


def test_nothing_more_comes_of_somebody_who_left_since(archive, clock):
    bring(archive)
    Member.update(left_at=clock.now(), name="").where(Member.name == "ada").execute()
    keep(archive, topic(12, post(5, "ada", words="More of my words")))
    assert bring(archive).posts == 1
    gone = the_post(5)
    assert (gone.source, gone.plain, gone.withdrawn_at is not None) == ("", "", True)
    assert search.find(MEMBER, "more of my words") == []


def test_broken_files_are_counted_and_remembered_with_their_reason(archive):
    (archive / "json" / "broken.8.json").write_text('{"id": 8, "post_')
    report = bring(archive)
    assert (report.posts, report.skipped) == (4, 1)
    run = ImportRun.get()
    assert (run.topics, run.posts, run.skipped, run.finished_at is not None) == (2, 4, 1, True)
    skip = ImportSkip.get()
    assert (skip.path, "breaks off" in skip.reason) == ("json/broken.8.json", True)


def test_a_post_in_two_topics_comes_once(tmp_path):
    moved = post(1)
    first, second = topic(1, moved), topic(2, post(1), post(2))
    second["post_stream"]["posts"][0]["id"] = first["post_stream"]["posts"][0]["id"]
    keep(tmp_path, first, second)
    assert bring(tmp_path).posts == 2


def test_replies_in_circles_forwards_and_into_nothing_do_no_harm(tmp_path):
    keep(
        tmp_path,
        topic(
            1,
            post(1, reply_to_post_number=2),
            post(2, reply_to_post_number="1"),
            post(4, reply_to_post_number=3),
            post(5, reply_to_post_number=5),
        ),
    )
    bring(tmp_path)
    assert [row.reply_to and row.reply_to.number for row in Post.select().order_by(Post.number)] == [
        None,
        1,
        None,
        None,
    ]


def test_words_beyond_all_length_are_cut_and_said(tmp_path, monkeypatch):
    keep(tmp_path, topic(1, post(1, words="tea " * 60_000)))
    report = bring(tmp_path)
    assert [len(Post.get().source) <= 200_000, report.skipped, "longer" in report.skips[0].sentence] == [True, 1, True]


def test_naughty_words_are_stored_as_they_are(tmp_path):
    words = (
        "NUL \0, half \ud800, right-to-left \u202e, emoji 👩‍👩‍👧, <script>alert(1)</script> [x](javascript:alert(1))"
    )
    keep(tmp_path, topic(1, post(1, raw=words), title="👋 \u202e\0 <b>"))
    bring(tmp_path)
    found = Post.get()
    assert "👩‍👩‍👧" in found.plain
    assert "<script" not in found.html
    assert "javascript:" not in re.sub(r">[^<]*<", "><", found.html)
    assert Thread.get().title.startswith("👋")


def test_progress_is_told_along_the_way(archive, monkeypatch):
    monkeypatch.setattr(arrival, "BATCH", 2)
    told = []
    import_archive(str(archive), progress=told.append)
    assert told[-1].posts == 4
    assert (told[-1].files_read, told[-1].files) == (2, 2)
    assert [each.posts for each in told] == sorted(each.posts for each in told)


def test_many_posts_are_rendered_by_other_processes_in_order(tmp_path):
    keep(tmp_path, *(topic(n, *(post(m, words=f"Words {n}-{m} *twice*") for m in range(1, 31))) for n in range(1, 5)))
    assert bring(tmp_path).posts == 120
    for row in Post.select(Post, Thread).join(Thread):
        assert row.plain.startswith(f"Words {row.thread.title.removeprefix('Topic about ')}-{row.number} ")
