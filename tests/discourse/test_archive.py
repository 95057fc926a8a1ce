"""Reading a Discourse archive: everything readable arrives, in order, and everything else is named."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forum.discourse import archive
from forum.discourse.archive import open_archive
from forum.discourse.records import ArchivedTopic, Skipped
from forum.errors import Invalid, NotFound
from tests.discourse.archives import RULE, keep, post, raw, topic

REAL_ARCHIVE = Path(__file__).resolve().parents[2].parent / "shared" / "material" / "discourse-archive"


def read(source):
    found = list(open_archive(str(source)).topics())
    topics = [each for each in found if isinstance(each, ArchivedTopic)]
    return topics, [each for each in found if isinstance(each, Skipped)]


def only(source):
    topics, skipped = read(source)
    assert not skipped
    (found,) = topics
    return found


# ---- where the archive may be


def test_the_root_the_folder_and_the_file_give_the_same_topic_with_its_markdown(tmp_path):
    first = post(1)
    root = keep(tmp_path / "old", topic(7, first), markdown={7: raw((first, "Hello *there*."))})
    for source in (root, root / "json", root / "json" / "topic-about-7.7.json"):
        found = only(source)
        assert (found.foreign_id, found.title, found.posts[0].markdown) == (7, "Topic about 7", "Hello *there*.")


def test_a_folder_of_topics_without_a_raw_folder_gives_cooked_html_alone(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(topic(3, post(1))))
    assert (only(tmp_path).posts[0].markdown, only(tmp_path).posts[0].cooked) == (None, "<p>Hello there.</p>")


@pytest.mark.parametrize("shape", [lambda topics: topics, lambda topics: {"topics": topics}])
def test_one_file_may_hold_a_list_of_topics(tmp_path, shape):
    (tmp_path / "all.json").write_text(json.dumps(shape([topic(2, post(1)), topic(1, post(1))])))
    topics, skipped = read(tmp_path / "all.json")
    assert ([each.foreign_id for each in topics], skipped) == ([2, 1], [])


def test_a_list_larger_than_memory_allows_is_read_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_TOPIC", 4000)
    monkeypatch.setattr(archive, "CHUNK", 100)
    (tmp_path / "all.json").write_text(json.dumps([topic(n, post(1, words="é" * n)) for n in range(1, 30)]))
    topics, skipped = read(tmp_path)
    assert ([each.foreign_id for each in topics], skipped) == (list(range(1, 30)), [])
    assert topics[-1].posts[0].cooked == f"<p>{'é' * 29}</p>"


def test_topics_come_in_order_of_their_id_not_of_their_name(tmp_path):
    keep(tmp_path, topic(10, post(1)), topic(9, post(1)), topic(100, post(1), slug="aaa"))
    assert [each.foreign_id for each in read(tmp_path)[0]] == [9, 10, 100]


@pytest.mark.parametrize("name", ["nowhere", "nul\0byte", "x" * 5000])
def test_an_absent_source_is_said_in_a_sentence(tmp_path, name):
    with pytest.raises((NotFound, Invalid), match="Check"):
        open_archive(str(tmp_path / name))


def test_a_folder_without_json_is_said_in_a_sentence(tmp_path):
    with pytest.raises(Invalid, match="no JSON"):
        open_archive(str(tmp_path))


def test_categories_have_names_where_the_archive_gives_them(tmp_path):
    keep(tmp_path, topic(1, post(1)))
    listed = {"id": 5, "name": "Respite", "slug": "respite", "subcategory_list": [{"id": 6, "name": "Breaks away"}]}
    (tmp_path / "json" / "categories.json").write_text(json.dumps({"category_list": {"categories": [listed]}}))
    (tmp_path / "json" / "site.json").write_text(
        json.dumps({"categories": [{"id": 8, "name": "Staff", "read_restricted": True}, {"id": None}, 3]})
    )
    found, skipped = open_archive(str(tmp_path)).categories()
    assert ({id: each.name for id, each in found.items()}, skipped) == (
        {5: "Respite", 6: "Breaks away", 8: "Staff"},
        [],
    )
    assert [each.is_restricted for each in found.values()] == [False, False, True]
    assert len(read(tmp_path)[0]) == 1


def test_a_broken_list_of_categories_is_named_and_costs_only_the_names(tmp_path):
    keep(tmp_path, topic(1, post(1)))
    (tmp_path / "json" / "categories.json").write_text('{"category_list": ')
    found, skipped = open_archive(str(tmp_path)).categories()
    assert (found, [each.path for each in skipped]) == ({}, ["json/categories.json"])


# ---- what a post holds


def test_a_post_keeps_its_writer_times_edits_likes_and_reply(tmp_path):
    keep(
        tmp_path,
        topic(
            1,
            post(1, "ada"),
            post(
                2,
                "bob",
                version=3,
                reply_to_post_number=1,
                actions_summary=[{"id": 2, "count": 4}, {"id": 3, "count": 9}],
            ),
        ),
    )
    found = only(tmp_path).posts[1]
    assert (found.person.username, found.edits, found.likes, found.reply_to) == ("bob", 2, 4, 1)
    assert found.created_at == datetime(2021, 3, 4, 10, 2, tzinfo=UTC)
    assert found.edited_at == datetime(2021, 3, 4, 10, 2, 30, 500000, tzinfo=UTC)
    assert only(tmp_path).posts[0].edited_at is None


def test_full_names_stay_behind(tmp_path):
    keep(tmp_path, topic(1, post(1, "ada", name="Ada Full-Name", display_username="Ada Full-Name")))
    assert "Full-Name" not in repr(only(tmp_path))


@pytest.mark.parametrize(
    ("told", "read_as"),
    [
        (1, 1),
        ("1", 1),
        (None, None),
        (2, None),
        (3, None),
        (99, None),
        (0, None),
        (-1, None),
        ("x", None),
        ([1], None),
        (True, None),
    ],
)
def test_a_reply_points_backwards_or_nowhere(tmp_path, told, read_as):
    keep(tmp_path, topic(1, post(1, reply_to_post_number=2), post(2, reply_to_post_number=told), post(3)))
    found = only(tmp_path)
    assert (found.posts[0].reply_to, found.posts[1].reply_to) == (None, read_as)


def test_small_actions_hidden_posts_and_mail_are_told_apart(tmp_path):
    keep(
        tmp_path,
        topic(
            1,
            post(1),
            post(2, post_type=3, action_code="closed.enabled", cooked=""),
            post(3, hidden=True),
            post(4, via_email=True),
            closed=True,
        ),
    )
    found = only(tmp_path)
    assert [each.kind for each in found.posts] == ["words", "action", "words", "words"]
    assert found.posts[1].deed == "closed.enabled"
    assert [each.is_hidden for each in found.posts] == [False, False, True, False]
    assert [each.is_by_email for each in found.posts] == [False, False, False, True]
    assert found.is_closed


def test_deleted_words_never_leave_the_archive(tmp_path):
    gone, taken_back = post(1, deleted_at="2021-03-05T00:00:00Z"), post(2, user_deleted=True)
    keep(tmp_path, topic(1, gone, taken_back), markdown={1: raw((gone, "secret"), (taken_back, "secret"))})
    found = only(tmp_path)
    assert [(each.is_deleted, each.cooked, each.markdown) for each in found.posts] == [(True, "", None)] * 2


def test_a_deleted_topic_says_so(tmp_path):
    keep(tmp_path, topic(1, post(1), deleted_at="2021-03-05T00:00:00Z"))
    assert only(tmp_path).is_deleted


def test_private_messages_and_staff_notes_are_left_out_and_counted(tmp_path):
    keep(
        tmp_path,
        topic(1, post(1), archetype="private_message"),
        topic(2, post(1), post(2, post_type=4, words="whisper")),
    )
    topics, skipped = read(tmp_path)
    assert [(each.foreign_id, len(each.posts)) for each in topics] == [(2, 1)]
    assert [(each.path, each.sentence.split(" ")[0]) for each in skipped] == [
        ("json/topic-about-1.1.json", "This"),
        ("json/topic-about-2.2.json", "1"),
    ]
    assert "whisper" not in repr(topics)


def test_a_poll_keeps_its_votes_and_forgets_the_voters(tmp_path):
    poll = {
        "title": "Tea?",
        "voters": 3,
        "options": [{"id": "a", "html": "Yes", "votes": 3}, {"html": "No", "votes": None}, 7],
        "preloaded_voters": {"a": [{"username": "zara"}]},
    }
    keep(tmp_path, topic(1, post(1, polls=[poll])))
    (found,) = only(tmp_path).posts[0].polls
    assert (found.title, found.options, found.voters) == ("Tea?", (("Yes", 3), ("No", 0)), 3)


def test_posts_without_a_writer_a_time_or_a_type_survive(tmp_path):
    nobody = {"username": None, "user_id": None, "created_at": "yesterday", "updated_at": None, "post_type": None}
    keep(tmp_path, topic(1, post(1), post(2, **nobody), post(3, cooked=None, version="x", actions_summary=7, polls={})))
    found = only(tmp_path)
    assert [each.person and each.person.username for each in found.posts] == ["ada", None, "ada"]
    assert found.posts[1].created_at == found.posts[0].created_at
    assert (found.posts[2].cooked, found.posts[2].edits, found.posts[2].likes) == ("", 0, 0)


def test_numbers_are_kept_where_they_are_unique_and_given_anew_where_not(tmp_path):
    keep(
        tmp_path,
        topic(1, post(5), post(1), post(1, id=77), post(9, post_number=None), post(9, post_number=10**12, id=78)),
    )
    found = only(tmp_path)
    assert [each.number for each in found.posts] == [1, 5, 6, 7, 8]
    assert len({each.foreign_id for each in found.posts}) == 5


def test_the_same_post_twice_in_one_file_comes_once(tmp_path):
    keep(tmp_path, topic(1, post(1), post(1)))
    assert len(only(tmp_path).posts) == 1


def test_what_no_database_takes_is_replaced(tmp_path):
    written = json.dumps(topic(1, post(1, cooked="a\0b\ud800c"), title="Tea\n\0 time\u00a0 now"))
    (tmp_path / "1.json").write_text(written, encoding="utf-8")
    found = only(tmp_path)
    assert (found.posts[0].cooked, found.title) == ("a\ufffdb\ufffdc", "Tea \ufffd time now")


def test_a_topic_without_a_title_still_has_a_name(tmp_path):
    keep(tmp_path, topic(4, post(1), title="  "))
    assert only(tmp_path).title == "Topic 4"


# ---- the writer's own Markdown


def test_rules_and_headers_inside_words_do_not_split_a_post(tmp_path):
    first, second = post(1), post(2, "bob")
    words = f"Before\n\n{RULE}\n\nzed | 2021-01-01 00:00:00 UTC | #1\n\n    indented code\n{RULE}\nafter"
    keep(tmp_path, topic(1, first, second), markdown={1: raw((first, words), (second, "    starts indented"))})
    assert [each.markdown for each in only(tmp_path).posts] == [words, "    starts indented"]


def test_words_cannot_be_put_into_somebody_elses_mouth(tmp_path):
    first, second, third = post(1, "mallory"), post(2, "ada"), post(3, "bob")
    forged = "Hi\n\n" + RULE + "\n\n" + raw((second, "I am a thief."))[: -len(f"\n\n{RULE}\n\n")]
    keep(
        tmp_path,
        topic(1, first, second, third),
        markdown={1: raw((first, forged), (second, "I am Ada."), (third, "I am Bob."))},
    )
    found = only(tmp_path)
    assert [each.markdown for each in found.posts] == [None, None, "I am Bob."]


def test_a_forged_header_with_a_guessed_time_is_only_words(tmp_path):
    first, second = post(1, "mallory"), post(2, "ada")
    forged = f"Hi\n\n{RULE}\n\nada | 2021-03-04 10:02:29 UTC | #2\n\nI am a thief."
    keep(tmp_path, topic(1, first, second), markdown={1: raw((first, forged), (second, "I am Ada."))})
    found = only(tmp_path)
    assert [each.markdown for each in found.posts] == [forged, "I am Ada."]


def test_a_post_edited_between_the_two_downloads_and_the_one_before_it_fall_back_to_html(tmp_path):
    first, second, third = post(1), post(2), post(3)
    text = raw((first, "one"), ({**second, "updated_at": "2022-01-01T00:00:00Z"}, "two"), (third, "three"))
    keep(tmp_path, topic(1, first, second, third), markdown={1: text})
    assert [each.markdown for each in only(tmp_path).posts] == [None, None, "three"]


def test_a_post_whose_writer_is_unknown_does_not_flow_into_its_neighbour(tmp_path):
    first, second, third = post(1), post(2, None), post(3)
    keep(
        tmp_path,
        topic(1, first, second, third),
        markdown={1: raw((first, "one"), ({**second, "username": ""}, "two"), (third, "three"))},
    )
    assert [each.markdown for each in only(tmp_path).posts] == [None, None, "three"]


def test_a_raw_text_that_ends_early_gives_what_is_complete(tmp_path):
    first, second = post(1), post(2)
    keep(
        tmp_path,
        topic(1, first, second),
        markdown={1: raw((first, "one"), (second, "two is cut sho"))[: -len(RULE) - 6]},
    )
    assert [each.markdown for each in only(tmp_path).posts] == ["one", None]


def test_empty_words_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path):
    first, second = post(1), post(2)
    keep(
        tmp_path,
        topic(1, first, second),
        markdown={1: "\ufeff" + raw((first, ""), (second, "a\nb")).replace("\n", "\r\n")},
    )
    assert [each.markdown for each in only(tmp_path).posts] == ["", "a\nb"]


def test_raw_inside_the_json_itself_comes_first(tmp_path):
    keep(tmp_path, topic(1, post(1, raw="*own*")))
    assert only(tmp_path).posts[0].markdown == "*own*"


# ---- broken archives


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"   \n", "breaks off"),
        (b'{"id": 1, "post_stream": {"posts": [{"id"', "breaks off"),
        (b'{"id": 1, "title": "cut', "breaks off"),
        (b'{"id": 1,, "x": 2}', "not readable JSON"),
        (b"<html>404</html>", "not readable JSON"),
        (b"\x00\x01\x02\xff\xfe", "not readable JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"null", "does not hold"),
        (b"3", "does not hold"),
        (b"[1]", "does not hold"),
        (b'{"id": 1}', "does not hold"),
        (b'{"id": 1, "post_stream": []}', "does not hold"),
        (b'{"id": null, "post_stream": {"posts": []}}', "does not hold"),
        (b'{"id": 1e400, "post_stream": {"posts": []}}', "does not hold"),
        (b'{"id": NaN, "post_stream": {"posts": []}}', "does not hold"),
        (b'{"id": 1' + b"0" * 5000 + b', "post_stream": {"posts": []}}', "not readable JSON"),
    ],
)
def test_a_broken_file_is_named_and_the_rest_arrives(tmp_path, content, says):
    keep(tmp_path, topic(1, post(1)), topic(3, post(1)))
    (tmp_path / "json" / "broken.2.json").write_bytes(content)
    topics, (skipped,) = read(tmp_path)
    assert [each.foreign_id for each in topics] == [1, 3]
    assert skipped.path == "json/broken.2.json"
    assert says in skipped.sentence


def test_a_list_that_breaks_off_gives_what_stands_before_the_break(tmp_path):
    whole = json.dumps([topic(1, post(1)), topic(2, post(1)), topic(3, post(1))])
    (tmp_path / "all.json").write_text(whole[:-40])
    topics, (skipped,) = read(tmp_path)
    assert [each.foreign_id for each in topics] == [1, 2]
    assert "breaks off" in skipped.sentence


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"])
def test_any_usual_encoding_is_read(tmp_path, encoding):
    written = json.dumps(topic(1, post(1, words="Café naïve")), ensure_ascii=False)
    (tmp_path / "1.json").write_bytes(written.encode(encoding))
    assert only(tmp_path).posts[0].cooked == "<p>Café naïve</p>"


def test_a_few_broken_characters_do_not_spoil_the_others(tmp_path):
    written = json.dumps(topic(1, post(1, words="Café, naïve, déjà vu X")), ensure_ascii=False).encode()
    (tmp_path / "1.json").write_bytes(written.replace(b"X", b"\xff"))
    assert only(tmp_path).posts[0].cooked == "<p>Café, naïve, déjà vu \ufffd</p>"


def test_a_file_too_large_is_left_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_TOPIC", 2 * 1024 * 1024)
    keep(tmp_path, topic(1, post(1)), topic(2, post(1, words="x" * 3_000_000)))
    topics, (skipped,) = read(tmp_path)
    assert [each.foreign_id for each in topics] == [1]
    assert "2 MB" in skipped.sentence


def test_links_are_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    keep(elsewhere, topic(9, post(1)), markdown={9: raw((post(1), "outside"))})
    inside = tmp_path / "inside"
    keep(inside, topic(1, post(1)))
    (inside / "json" / "linked.9.json").symlink_to(elsewhere / "json" / "topic-about-9.9.json")
    (inside / "json" / "folder").symlink_to(elsewhere / "json")
    (inside / "json" / "round").symlink_to(inside / "json")
    (inside / "raw" / "topic-about-1.1.md").symlink_to(elsewhere / "raw" / "topic-about-9.9.md")
    topics, (skipped,) = read(inside)
    assert [(each.foreign_id, each.posts[0].markdown) for each in topics] == [(1, None)]
    assert skipped.path == "json/linked.9.json"


def test_names_inside_the_json_lead_nowhere(tmp_path):
    keep(tmp_path, topic(1, post(1)))
    path = tmp_path / "json" / "topic-about-1.1.json"
    path.write_text(path.read_text().replace("topic-about-1", "../../etc/passwd"))
    assert only(tmp_path).slug == "../../etc/passwd"


def test_odd_files_are_named_and_never_waited_for(tmp_path):
    keep(tmp_path, topic(1, post(1)))
    os.mkfifo(tmp_path / "json" / "pipe.2.json")
    topics, (skipped,) = read(tmp_path)
    assert (len(topics), skipped.path) == (1, "json/pipe.2.json")


def test_file_names_in_odd_characters_can_be_printed(tmp_path):
    keep(tmp_path, topic(1, post(1)))
    (tmp_path / "json" / os.fsdecode(b"bad\xff\x1b[31m.json")).write_text("x")
    (skipped,) = read(tmp_path)[1]
    skipped.path.encode("utf-8")
    assert "\x1b" not in skipped.path


def test_a_topic_in_two_files_comes_once(tmp_path):
    keep(tmp_path, topic(1, post(1)), topic(1, post(1), slug="copy"))
    topics, (skipped,) = read(tmp_path)
    assert (len(topics), skipped.path, "already read" in skipped.sentence) == (1, "json/topic-about-1.1.json", True)


def test_a_topic_in_pages_arrives_whole_and_missing_posts_are_counted(tmp_path):
    stream = list(range(5))
    for page, numbers in (("", (1, 2)), (".page10", (4,)), (".page2", (3, 2))):
        found = topic(1, *(post(number) for number in numbers))
        found["post_stream"]["stream"] = stream
        (tmp_path / f"long{page}.json").write_text(json.dumps(found))
    topics, (skipped,) = read(tmp_path)
    assert sorted(each.number for found in topics for each in found.posts) == [1, 2, 3, 4]
    assert skipped.sentence == "1 of this topic's 5 posts are not in the archive."


# ---- at length


@pytest.mark.skipif(not REAL_ARCHIVE.is_dir(), reason="the real archive is not beside this folder")
def test_a_real_archive_is_read_whole_and_fast():
    found = open_archive(str(REAL_ARCHIVE))
    started = time.process_time()
    topics = posts = own_words = actions = hidden = likes = 0
    for each in found.topics():
        assert isinstance(each, ArchivedTopic), each
        topics += 1
        posts += len(each.posts)
        own_words += sum(one.markdown is not None for one in each.posts)
        actions += sum(one.kind == "action" for one in each.posts)
        hidden += sum(one.is_hidden for one in each.posts)
        likes += sum(one.likes for one in each.posts)
    assert (topics, posts, own_words, actions, hidden, likes) == (1267, 9545, 9127, 32, 3, 2798)
    assert found.files_read == found.files == 1267
    assert posts / (time.process_time() - started) > 2000
