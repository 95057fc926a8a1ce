"""Texts that other people wrote, kept beside the repository; tests that need them are skipped where they are absent."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

MATERIAL = Path(__file__).resolve().parents[2].parent / "shared" / "material"


def _read(name: str) -> Any:
    path = MATERIAL / name
    if not path.exists():
        pytest.skip(f"the test material {name} is not beside this repository")
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def naughty_strings() -> list[str]:
    return _read("text/naughty-strings/blns.json")


@cache
def markdown_examples() -> list[str]:
    return [example["markdown"] for example in _read("text/commonmark-spec.json")]


def discourse_archive() -> Path:
    """A real Discourse: a folder with ``json`` and ``raw``."""
    folder = MATERIAL / "discourse-archive"
    if not folder.exists():
        pytest.skip("the test material discourse-archive is not beside this repository")
    return folder


@cache
def cooked_posts(limit: int = 200) -> list[str]:
    """HTML of real Discourse posts, a few from each of many topics."""
    folder = discourse_archive() / "json"
    posts: list[str] = []
    for path in sorted(folder.glob("*.json"))[::5]:
        posts += [post["cooked"] for post in json.loads(path.read_text())["post_stream"]["posts"][:3] if post["cooked"]]
    return posts[:limit]


@cache
def raw_posts(limit: int = 200) -> list[str]:
    """Raw Markdown as Discourse gives it, whole topics at a time."""
    folder = discourse_archive() / "raw"
    topics = [path.read_text(errors="replace") for path in sorted(folder.glob("*.md"))[::5]]
    return [post for topic in topics for post in topic.split("-" * 25) if post.strip()][:limit]
