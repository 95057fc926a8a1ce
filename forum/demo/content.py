"""What is written in the demo's files, read once. Everybody in them is made up."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "content"

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """Categories, people and threads in the order of the files; *loop* holds everything else by its kind."""

    categories: list[Entry]
    people: list[Entry]
    threads: list[Entry]
    loop: dict[str, list[Entry]]


@cache
def content() -> Content:
    """Return what the files say."""
    return Content(
        categories=_read("categories.toml")["category"],
        people=_read("people.toml")["person"],
        threads=[thread for path in sorted(FOLDER.glob("threads-*.toml")) for thread in _read(path.name)["thread"]],
        loop=_read("loop.toml"),
    )


def _read(name: str) -> dict[str, list[Entry]]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
