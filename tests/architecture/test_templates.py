"""What templates may not do."""

import re
from collections.abc import Iterator

import pytest

from tests.architecture.reading import ROOT, here, template_files

# Letters are read by mail programs, which know no style sheets but those in the letter.
PAGES = [path for path in template_files() if path.suffix == ".html" and "mail" not in path.parts]

RULES = {
    "safe HTML comes from forum.text, never from |safe": r"\|\s*safe\b",
    "autoescape stays on": r"{%-?\s*autoescape\s+false",
    "no style in a page: the content security policy refuses it": r"<[a-z][^>]*\sstyle\s*=",
    "no style element in a page": r"<style\b",
    "no script in a page: only files": r"<script\b(?![^>]*\bsrc=)",
    "no script in an attribute": r"<[a-z][^>]*\son[a-z]+\s*=",
    "no script in a link": r"(?:href|src|action)\s*=\s*[\"']\s*javascript:",
    "htmx attributes are written data-hx-": r"<[a-z][^>]*\shx-[a-z]",
    "everything comes from this site": r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)\s*=\s*[\"']https?:",
}
# GET forms change nothing and carry no token.
POST_FORM = re.compile(r"<form\b[^>]*\bmethod=[\"']post[\"'][^>]*>(.*?)</form>", re.DOTALL | re.IGNORECASE)


def lines_with(pattern: str, text: str) -> Iterator[int]:
    """Yield the numbers of the lines where *pattern* begins; comments do not count."""
    bare = re.sub(r"{#.*?#}", lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.DOTALL)
    for match in re.finditer(pattern, bare, re.IGNORECASE):
        yield bare.count("\n", 0, match.start()) + 1


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    files = template_files() if "|safe" in rule or "autoescape" in rule else PAGES
    faults = [here(path, line) for path in files for line in lines_with(RULES[rule], path.read_text(encoding="utf-8"))]
    assert not faults, rule


def test_every_form_that_posts_carries_its_token() -> None:
    faults = [
        here(path, text[: match.start()].count("\n") + 1)
        for path in PAGES
        for text in [path.read_text(encoding="utf-8")]
        for match in POST_FORM.finditer(text)
        if not re.search(r"csrf", match.group(1))
    ]
    assert not faults


def test_the_rules_find_what_they_are_for() -> None:
    bad = {
        "safe HTML comes from forum.text, never from |safe": "{{ words | safe }}",
        "autoescape stays on": "{% autoescape false %}",
        "no style in a page: the content security policy refuses it": '<p class="a"\n style="color: red">',
        "no style element in a page": "<style>p{}</style>",
        "no script in a page: only files": "<script>alert(1)</script>",
        "no script in an attribute": '<a onclick="go()">',
        "no script in a link": "<a href='javascript:go()'>",
        "htmx attributes are written data-hx-": '<a hx-get="/x">',
        "everything comes from this site": '<img src="https://example.org/x.png">',
    }
    for rule, pattern in RULES.items():
        assert list(lines_with(pattern, bad[rule])), rule
    good = '{# |safe #}<script src="{{ x }}" defer></script><button data-hx-get="/x" data-on="1">'
    for rule, pattern in RULES.items():
        assert not list(lines_with(pattern, good)), rule


def test_no_file_names_a_machine() -> None:
    """Paths of somebody's machine and addresses of package mirrors have no place in the project."""
    import subprocess

    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    machine = re.compile(rb"/(?:root|home)/[a-z]|(?<![\w.])/work/|/opt/(?:pypi|wheels)")
    faults = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.suffix in (".woff2", ".png", ".jpg", ".ico") or "vendor" in path.parts:
            continue
        if path.name == "test_templates.py":
            continue
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if machine.search(line):
                faults.append(here(path, number))
    assert not faults
