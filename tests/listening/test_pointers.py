"""What might show who somebody is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.listening.consent.pointers import pointers


@pytest.mark.parametrize(
    ("text", "pointed_out"),
    [
        ("Frank is 82 and sleeps badly.", "is 82"),
        ("My seven-year-old son waits.", "seven-year-old"),
        ("He's 43.", "'s 43"),
        ("We live in Cardiff now.", "Cardiff"),
        ("At Brackenfield General they said no.", "Brackenfield General"),
        ("She has Rett syndrome.", "Rett"),
        ("He was told on 3 March that it is motor neurone.", "motor neurone"),
        ("I have twins and no sleep.", "twins"),
        ("As a vicar I hear a lot.", "vicar"),
        ("Ring me on 07700 900123.", "07700 900123"),
        ("Write to ann@example.org.", "ann@example.org"),
        ("We are in CF10 1EP.", "CF10 1EP"),
        ("Yesterday I told Gwenllian about it.", "Gwenllian"),
        ("It was on 12/03/2024.", "12/03/2024"),
    ],
)
def test_what_might_show_who_it_is_is_pointed_out(text: str, pointed_out: str) -> None:
    assert pointed_out in [one.words for one in pointers(text)]


def test_the_writers_own_name_is_pointed_out() -> None:
    [found] = pointers("yes, signed gwen davies", names=("Gwen Davies",))
    assert (found.words, str(found.why)) == ("gwen davies", "This is the writer's own name.")


@pytest.mark.parametrize(
    "text",
    [
        "I cannot sit by a phone but I can answer one.",
        "It is 40 minutes on hold.",
        "I rang on Monday and the GP said yes.",
        "It was 2pm.",
        "",
    ],
)
def test_everyday_words_are_left_alone(text: str) -> None:
    assert pointers(text) == []


@given(st.text())
def test_anything_may_be_looked_at(text: str) -> None:
    for found in pointers(text, names=("Ann",)):
        assert found.words in text
