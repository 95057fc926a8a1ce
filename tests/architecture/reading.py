"""Reads the project's own files for the tests of its architecture."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORUM = ROOT / "forum"


def python_files(*, tests: bool = False) -> list[Path]:
    """Return the product's Python files, and with *tests* those of the tests and benchmarks as well."""
    folders = [FORUM, *([ROOT / "tests", ROOT / "bench"] if tests else [])]
    return sorted(path for folder in folders for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def template_files() -> list[Path]:
    """Return every template: pages and letters."""
    return sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt", ".xml", ".atom"))


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def calls(path: Path) -> Iterator[tuple[ast.Call, str, int]]:
    """Yield every call in *path*: (node, dotted name as written, line)."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func), node.lineno


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` for such an expression; what is not a name in it becomes a question mark."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def here(path: Path, line: int) -> str:
    """Return ``forum/text.py:12``."""
    return f"{path.relative_to(ROOT)}:{line}"
