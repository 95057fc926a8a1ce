"""Words from a Discourse become words that our door takes, with their quotes, links, pictures and polls."""

import time
from datetime import UTC, datetime

import pytest

from forum.discourse.records import ACTION, WORDS, ArchivedPoll, ArchivedPost
from forum.discourse.words import (
    LONGEST_SOURCE,
    Called,
    Letter,
    names_called_in,
    quoted_topics,
    source_of,
    topics_named_in,
    with_threads,
)

THEN = datetime(2021, 3, 4, tzinfo=UTC)


def a_post(markdown=None, cooked="", **changes):
    told = {
        "foreign_id": "1",
        "number": 2,
        "kind": WORDS,
        "deed": "",
        "person": None,
        "created_at": THEN,
        "updated_at": THEN,
        "edits": 0,
        "markdown": markdown,
        "cooked": cooked,
        "likes": 0,
        "reply_to": None,
        "is_hidden": False,
        "is_deleted": False,
        "is_by_email": False,
        "polls": (),
    }
    return ArchivedPost(**(told | changes))


def said(markdown=None, cooked="", threads=None, renamed=None, **changes):
    return source_of(Letter(a_post(markdown, cooked, **changes), threads or {}, renamed or {}))


def test_a_quote_leads_to_the_thread_here_once_it_is_known():
    quote = '[quote="ada, post:3, topic:70"]\nTea.\n[/quote]\n\nYes.'
    assert 'thread:7"]' in said(quote, threads={70: 7})
    assert said(quote) == quote
    assert quoted_topics(said(quote)) == {70}
    assert with_threads(quote, {70: 7}.get) == quote.replace("topic:70", "thread:7")


def test_a_quote_in_cooked_html_leads_there_too():
    cooked = (
        '<aside class="quote" data-username="ada" data-post="3" data-topic="70"><div class="title">ada:</div>'
        "<blockquote><p>Tea.</p></blockquote></aside><p>Yes.</p>"
    )
    assert '[quote="ada, post:3, thread:7"]' in said(cooked=cooked, threads={70: 7})
    assert topics_named_in(a_post(cooked=cooked)) == {70}


def test_the_topics_that_a_post_names_are_found_in_quotes_and_links():
    words = '[quote="a, post:1, topic:5"]x[/quote] [that](/t/some-slug/6000/53) [this](/t/6001) /t/no/77'
    assert topics_named_in(a_post(words)) == {5, 6000, 6001}


@pytest.mark.parametrize(
    ("link", "becomes"),
    [
        ("[that thread](/t/some-slug/60/53)", "[that thread](/t/6/-/53)"),
        ("[that thread](/t/60)", "[that thread](/t/6/-/1)"),
        ("[gone](/t/some-slug/61)", "gone"),
        ("[ada](/u/ada)", "ada"),
        ("![a cup|690x388](/uploads/default/original/1X/abc.png)", "a cup"),
        ("[elsewhere](https://example.org/t/60)", "[elsewhere](https://example.org/t/60)"),
    ],
)
def test_links_within_the_old_site_lead_to_their_place_here_or_nowhere(link, becomes):
    assert said(f"See {link}.", threads={60: 6}) == f"See {becomes}."


def test_people_are_called_by_the_name_they_have_here():
    assert said("Thanks @ada and @bob!", renamed={"ada": "ada 2"}) == 'Thanks @"ada 2" and @bob!'
    assert names_called_in(a_post("Thanks @ada and me@example.org")) == {"ada"}


def test_called_remembers_the_latest_names_and_travels():
    import pickle

    called = Called(most=4)
    for number in range(5):
        called.learn(f"Name{number}", f"Name{number}")
    called.learn("ada", "ada 2")
    there = pickle.loads(pickle.dumps(called))
    assert [there(name) for name in ("ADA", "ada 2", "name4", "name0")] == ["ada 2", "ada 2", "Name4", None]


def test_a_picture_is_found_where_the_cooked_html_says_it_is():
    sha1 = "1949a93cbf1644bc2eb6fc5f7f668fb0eeb6edbd"
    other = "0000000000000000000000000000000000000001"
    cooked = (
        f'<a class="lightbox" href="https://cdn.example.org/original/2X/1/{sha1}.png" title="cup">'
        f'<img src="https://cdn.example.org/optimized/2X/1/{sha1}_2_690x388.png" alt="cup" width="690"></a>'
        f'<p><img src="//cdn.example.org/{other}.jpeg" alt="mug"></p>'
    )
    words = "![cup|690x388, 75%](upload://3BHKNQM4nErW4e1SuFK3OBSAaJf.png) ![mug](upload://1.jpeg) [paper.pdf|attachment](upload://2.pdf)"
    assert said(words, cooked) == (
        f"![cup](https://cdn.example.org/original/2X/1/{sha1}.png) ![mug](https://cdn.example.org/{other}.jpeg) "
        "paper.pdf (a file that is not in the archive)"
    )


def test_a_poll_becomes_a_list_with_its_votes():
    poll = ArchivedPoll("Tea or coffee?", (("Tea", 1), ("<em>Coffee</em>", 3)), 4)
    words = "Vote!\n[poll type=regular]\n* Tea\n* Coffee\n[/poll]\nThanks"
    assert said(words, polls=(poll,)) == (
        "Vote!\n\n\n**Tea or coffee?**\n\n- Tea: 1 vote\n- *Coffee*: 3 votes\n\n\nThanks"
    )


@pytest.mark.parametrize(
    ("deed", "cooked", "sentence"),
    [
        ("closed.enabled", "", "This thread was closed."),
        ("split_topic", '<p>Moved to <a href="/t/x/60">Tea</a></p>', "Moved to"),
        ("unheard.of", "", "Something about this thread was changed."),
    ],
)
def test_a_moderators_deed_is_said_in_a_sentence(deed, cooked, sentence):
    assert said(cooked=cooked, kind=ACTION, deed=deed).startswith(sentence)


def test_deleted_words_are_not_read():
    assert said("secret", is_deleted=True) == ""


@pytest.mark.parametrize(
    "words",
    ["[b]" * 60_000, "[poll]" * 40_000, "![x](upload://" * 20_000, "<a " * 90_000, "@a" * 90_000, '[quote="' * 30_000],
)
def test_hostile_words_take_no_longer_than_others(words):
    started = time.monotonic()
    poll = ArchivedPoll("", (), 0)
    for post in (a_post(words, words, polls=(poll,)), a_post(cooked=words)):
        topics_named_in(post)
        names_called_in(post)
        assert len(source_of(Letter(post, {}, {"a": "b"}))) <= LONGEST_SOURCE
    assert time.monotonic() - started < 12
