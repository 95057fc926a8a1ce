"""Every pair of words and ground in the colour tokens can be read, by day and in the evening (WCAG 2.2)."""

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[2] / "static" / "kettle.css").read_text(encoding="utf-8")

AAA, AA, SHAPE = 7.0, 4.5, 3.0

# What people read at length: AAA.
BODY = [
    (words, ground)
    for words in ("ink", "ink-soft", "tea-strong")
    for ground in ("paper", "sheet", "biscuit", "tea-wash")
] + [("tea", "paper"), ("tea", "sheet"), ("honey", "honey-wash"), ("leaf", "leaf-wash"), ("plum", "plum-wash")]

# Buttons, badges and short lines: AA.
SHORT = [
    ("on-tea", "tea"),
    ("on-tea", "tea-strong"),
    ("on-brick", "brick"),
    ("tea", "biscuit"),
    ("tea", "tea-wash"),
    ("tea-strong", "honey-wash"),
    ("honey", "sheet"),
    ("leaf", "sheet"),
    ("plum", "paper"),
    ("plum", "sheet"),
    ("brick", "paper"),
    ("brick", "sheet"),
    ("brick", "brick-wash"),
    ("ink-soft", "honey-wash"),
    ("ink-soft", "leaf-wash"),
]

# Edges of fields, the focus ring and the lines that carry a meaning.
SHAPES = [
    ("control", "paper"),
    ("control", "sheet"),
    ("focus", "paper"),
    ("focus", "sheet"),
    ("focus", "biscuit"),
    ("focus", "tea-wash"),
    ("tea", "paper"),
    ("tea", "sheet"),
    ("brick-line", "paper"),
    ("brick-line", "sheet"),
    ("plum-line", "sheet"),
    ("leaf-line", "sheet"),
]


def colours(dark: bool) -> dict[str, str]:
    """Return the colour tokens by name, those of the evening laid over those of the day if *dark*."""
    found = {}
    blocks = re.findall(r":root\s*\{([^}]*)\}", STYLE)
    for block in blocks[: 2 if dark else 1]:
        found.update(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", block))
    return found


def brightness(colour: str) -> float:
    """Return the relative luminance of #rrggbb, from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["day", "evening"])
@pytest.mark.parametrize(
    ("words", "ground", "least"),
    [(*pair, AAA) for pair in BODY] + [(*pair, AA) for pair in SHORT] + [(*pair, SHAPE) for pair in SHAPES],
)
def test_words_can_be_read_on_their_ground(words: str, ground: str, least: float, dark: bool) -> None:
    tokens = colours(dark)
    measured = contrast(tokens[words], tokens[ground])
    assert measured >= least, f"{words} on {ground}: {measured:.2f}, at least {least} is needed"


def test_the_evening_has_every_colour_of_the_day() -> None:
    evening = re.findall(r":root\s*\{([^}]*)\}", STYLE)[1]
    assert set(re.findall(r"--([\w-]+):\s*#", evening)) == set(colours(dark=False))


def test_rooms_take_their_colours_from_the_tokens() -> None:
    """A colour written into a rule would go unchecked and stay the same in the evening."""
    for sheet in (Path(__file__).parents[2] / "static").glob("*.css"):
        rules = re.sub(r":root\s*\{[^}]*\}", "", sheet.read_text(encoding="utf-8"))
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", rules), sheet.name
