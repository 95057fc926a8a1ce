"""The parts of pages keep their small promises, whoever writes the next room."""

import gzip
import hashlib
import re
from pathlib import Path

HOUSE = Path(__file__).parents[2]
TEMPLATES = sorted((HOUSE / "templates").rglob("*.html"))
SPRITE = set(re.findall(r'<symbol id="([\w-]+)"', (HOUSE / "static" / "icons.svg").read_text(encoding="utf-8")))
DRAWINGS = set(re.findall(r'name == "(\w+)"', (HOUSE / "templates" / "_drawings.html").read_text(encoding="utf-8")))


def test_every_icon_that_a_page_asks_for_is_drawn() -> None:
    """A misspelt icon shows nothing and says nothing, so it has to be found here."""
    missing = {
        f"{page.relative_to(HOUSE)}: {name}"
        for page in TEMPLATES
        for name in re.findall(r"""\bicon(?:=|\()["']([\w-]+)["']""", page.read_text(encoding="utf-8"))
        if name not in SPRITE
    }
    assert not missing


def test_every_drawing_that_a_page_asks_for_is_drawn() -> None:
    asked = r"""\b(?:drawing\(|drawing=|empty_state\()["'](\w+)["']"""
    missing = {
        f"{page.relative_to(HOUSE)}: {name}"
        for page in TEMPLATES
        for name in re.findall(asked, page.read_text(encoding="utf-8"))
        if name not in DRAWINGS
    }
    assert not missing


def test_pages_carry_no_style_or_script_of_their_own() -> None:
    """The Content-Security-Policy would drop it in the browser without a word."""
    inline = re.compile(r"\sstyle=|\son[a-z]+=[\"']|<script(?![^>]*(?:\bsrc=|application/json))|\shx-[a-z]")
    found = {
        str(page.relative_to(HOUSE)): match.group()
        for page in TEMPLATES
        if "mail" not in page.parts and (match := inline.search(page.read_text(encoding="utf-8")))
    }
    assert not found


def test_the_frame_stays_light() -> None:
    """Script at most 40 kB and frame at most 60 kB over the wire leave room for words within 120 kB."""
    static = HOUSE / "static"

    def wire(*patterns: str) -> int:
        files = [file for pattern in patterns for file in static.glob(pattern)]
        return sum(len(gzip.compress(file.read_bytes(), 6)) for file in files)

    assert wire("kettle.js", "vendor/htmx-*/*.js") < 25_000
    assert wire("kettle.css", "icons.svg", "kettle.js", "vendor/htmx-*/*.js", "vendor/atkinson-*/latin.woff2") < 60_000


def test_the_font_has_one_address() -> None:
    """The page preloads what static_url() names; another address in the style sheet would fetch the font twice."""
    style = (HOUSE / "static" / "kettle.css").read_text(encoding="utf-8")
    named = re.findall(r'url\("(vendor/[^"?]+)\?v=(\w+)"\)', style)
    assert len(named) == 2
    for name, digest in named:
        assert hashlib.sha256((HOUSE / "static" / name).read_bytes()).hexdigest().startswith(digest), name
