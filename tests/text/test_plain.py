"""The words of a post, and finding some of them again."""

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from forum.text import (
    Anchor,
    QuotedSpan,
    anchor,
    excerpt_of,
    paragraphs,
    quote_block,
    quoted_spans,
    re_anchor,
    to_html,
    to_plain,
)
from tests.text.looking import typed, words
from tests.text.material import markdown_examples, naughty_strings


def plain_of(source: str) -> str:
    return to_plain(to_html(source))


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("", ""),
        ("one   two\nthree\n\nfour", "one two\nthree\nfour"),
        ("# Title\n- a\n- b *c*", "Title\na\nb c"),
        ("| a | b |\n|---|---|\n| c | d |", "a\nb\nc\nd"),
        ("```\nx  =  1\n\n  y\n```\nz", "x  =  1\n  y\nz"),
        ("a &amp; b <i> ![cat](/uploads/a.png) c", "a & b <i> c"),
        ("> quoted\n\nmine", "quoted\nmine"),
    ],
)
def test_plain_text(source: str, plain: str) -> None:
    assert plain_of(source) == plain


@tries(max_examples=120)
@given(typed())
def test_plain_text_has_every_word_that_the_page_shows_and_no_other(source: str) -> None:
    html = to_html(source)
    plain = to_plain(html)
    assert "".join(plain.split()) == words(html)
    assert plain == plain.strip("\n")
    assert "\n\n" not in plain


def test_plain_text_of_real_texts_has_their_words() -> None:
    for source in [*naughty_strings(), *markdown_examples()]:
        html = to_html(source)
        assert "".join(to_plain(html).split()) == words(html)


def test_what_others_said_is_known_by_its_place() -> None:
    inner = quote_block("I *never* sleep.", name="Bob")
    outer = quote_block(f"Tea.\n\n{inner}\nReally.", name="Mary", post=3, thread=12)
    source = f"Look:\n\n{outer}\nI agree."
    html = to_html(source)
    plain = to_plain(html)
    assert plain == "Look:\nMary\nTea.\nBob\nI never sleep.\nReally.\nI agree."
    (span,) = quoted_spans(html)
    assert span == QuotedSpan(6, len(plain) - len("\nI agree."), "Mary", "/t/12/-/3")
    assert plain[span.start : span.end] == "Mary\nTea.\nBob\nI never sleep.\nReally."
    assert quoted_spans(to_html("> no name")) == []


# ---------------------------------------------------------------- excerpts

PLAIN = "Nights are hard.\nI sleep two hours.\nThen he wakes.\nNights are hard.\nI drink tea. 😀 Then I wait."


def test_words_are_found_however_the_browser_spaced_them() -> None:
    found = anchor(PLAIN, "hard.\r\n\r\n  I sleep\u00a0two")
    assert found is not None
    assert found.exact == "hard.\nI sleep two" == PLAIN[found.start : found.end]
    assert (found.prefix, found.suffix) == (PLAIN[: found.start], PLAIN[found.end : found.end + 32])


def test_offsets_count_code_points() -> None:
    found = anchor(PLAIN, "Then I wait.")
    assert found is not None
    assert PLAIN[found.start : found.end] == "Then I wait."


def test_what_stands_around_decides_between_the_same_words() -> None:
    second = PLAIN.rindex("Nights are hard.")
    for hint in ({"prefix": "he wakes."}, {"suffix": " I drink"}, {"near": second + 3}):
        found = anchor(PLAIN, "Nights are hard.", **hint)
        assert found is not None
        assert found.start == second, hint
    first = anchor(PLAIN, "Nights are hard.")
    assert first is not None
    assert first.start == 0


def test_words_that_are_not_there_are_not_found() -> None:
    assert anchor(PLAIN, "nights are easy") is None
    assert anchor(PLAIN, "  ") is None
    assert anchor("", "a") is None


def test_an_excerpt_survives_changes_elsewhere() -> None:
    old = anchor(PLAIN, "I sleep two hours.")
    assert old is not None
    moved = re_anchor("A new beginning.\n" + PLAIN.replace("hours.\nThen", "hours.  And then"), old)
    assert moved is not None
    assert moved.exact == "I sleep two hours."
    assert moved.start == old.start + len("A new beginning.\n")


def test_an_excerpt_whose_words_were_changed_is_gone() -> None:
    old = anchor(PLAIN, "I sleep two hours.")
    assert old is not None
    assert re_anchor(PLAIN.replace("two", "three"), old) is None


def test_a_short_excerpt_does_not_jump_to_the_same_word_elsewhere() -> None:
    old = anchor("Do I want a break? Yes. Do I get one? No.", "Yes", prefix="break? ")
    assert old is not None
    assert re_anchor("Yes, the weather is fine.", old) is None
    moved = re_anchor("Hello. Do I want a break? Yes. Do I get one? Never.", old)
    assert moved is not None
    assert moved.prefix.endswith("break? ")


@tries(max_examples=100)
@given(st.text(st.sampled_from("ab \n😀é"), max_size=60), st.data())
def test_any_words_of_a_text_are_found_in_it(plain: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(plain)))
    end = data.draw(st.integers(start, len(plain)))
    exact = plain[start:end].strip()
    found = anchor(plain, exact, plain[:start], plain[end:], near=start)
    if not exact:
        assert found is None
        return
    assert isinstance(found, Anchor)
    assert plain[found.start : found.end] == found.exact
    assert found.exact.split() == exact.split() or "".join(found.exact.split()) == "".join(exact.split())
    again = re_anchor(plain, found)
    assert again == found


def test_a_text_with_thousands_of_places_is_searched_in_time() -> None:
    assert anchor("a " * 100_000, "a", near=150_000) is not None


def test_paragraphs_can_be_picked_one_by_one() -> None:
    picked = paragraphs("First.\n  Second, \n\nThird.")
    assert [words for _, _, words in picked] == ["First.", "Second,", "Third."]
    for start, end, text in paragraphs(PLAIN):
        assert PLAIN[start:end] == text
        found = anchor(PLAIN, text, near=start)
        assert found is not None
        assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    ("plain", "limit", "short"),
    [
        ("Short.", 20, "Short."),
        ("One two three four", 10, "One two…"),
        ("One two, three", 9, "One two…"),
        ("a\nb   c", 10, "a b c"),
        ("x" * 50, 10, "x" * 9 + "…"),
        ("", 5, ""),
        ("abc", 1, "…"),
    ],
)
def test_summaries_end_between_words(plain: str, limit: int, short: str) -> None:
    assert excerpt_of(plain, limit) == short
    assert len(short) <= limit
