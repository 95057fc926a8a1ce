"""Every HTML page that a test sees is kept once, so that axe and the Nu HTML checker can look at it.

A page is *distinct* by its place (ids and slugs aside), its status and the kinds of elements on it: the same thread
page with a banner counts again. All workers keep pages in one folder; a name is claimed by creating its file.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.tools import found

FOLDER = "KETTLE_TEST_PAGES"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Parts of sentences of the checker that we live with, each with its reason beside it.
NU_IGNORES: tuple[str, ...] = ()


def place(url: str) -> str:
    """Return the path of *url* with ids, slugs, names and tokens replaced by a star."""
    parts = urlsplit(url).path.strip("/").split("/")
    named = {"c", "m", "tips"}
    stars = [
        "*"
        if re.fullmatch(r"\d+|.{24,}|[0-9a-f]{12,}", part)
        or (index and (parts[index - 1] in named or parts[index - 1].isdigit()) and "." not in part)
        else part
        for index, part in enumerate(parts)
    ]
    return "/" + "/".join(stars)


class _Kinds(HTMLParser):
    """Collects the kinds of elements on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        first_class = (facts.get("class") or "").split(" ")[0]
        self.kinds.add(f"{tag}.{first_class}:{facts.get('type') or ''}:{facts.get('role') or ''}")


def distinct_name(url: str, html: str, status: int = 200) -> str:
    """Return the name under which a page counts as one."""
    parser = _Kinds()
    parser.feed(html)
    where = place(url)
    digest = hashlib.sha256("\n".join([where, str(status), *sorted(parser.kinds)]).encode()).hexdigest()[:12]
    slug = re.sub(r"[^a-z0-9]+", "-", where.replace("*", "x").lower()).strip("-") or "home"
    return f"{slug}-{status}-{digest}"


def is_page(content_type: str, body: str) -> bool:
    """Say whether a response is a whole HTML page and not a part of one."""
    return content_type.startswith("text/html") and body.lstrip()[:9].lower() == "<!doctype"


def folder() -> Path:
    """Return the folder that all workers of this run keep pages in."""
    path = Path(os.environ[FOLDER])
    path.mkdir(parents=True, exist_ok=True)
    return path


def claim(name: str) -> bool:
    """Return True for the first who asks for *name* in this run, False for everybody after."""
    try:
        os.close(os.open(folder() / name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def keep(url: str, html: str, *, status: int, test: str) -> str:
    """Keep a page for the Nu checker unless one like it is there. Return its name."""
    name = distinct_name(url, html, status)
    if claim(f"{name}.html"):
        (folder() / f"{name}.html").write_text(html, encoding="utf-8", errors="replace")
        (folder() / f"{name}.json").write_text(json.dumps({"url": url, "status": status, "test": test}))
    return name


def links_to_nowhere(html: str) -> list[str]:
    """Return the links within a page, like those of an error summary, that lead to nothing on it."""
    here = set(re.findall(r'\sid="([^"]+)"', html))
    return sorted({link for link in re.findall(r'\shref="#([^"]+)"', html) if link not in here})


# ---------------------------------------------------------------- axe


def axe_source() -> str:
    """Return the script of axe-core."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def axe_faults(page: Any, *, only: Iterable[str] = ()) -> list[str]:
    """Run axe on what a Playwright page shows now. Return one sentence for each fault."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(axe_source())
    choice = {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": WCAG}
    result = page.evaluate(
        "choice => axe.run(document, {runOnly: choice, resultTypes: ['violations']}).then(r => r.violations)", choice
    )
    return [
        f"{place(page.url)}: {fault['id']} ({fault['impact']}): {fault['help']}\n"
        + "\n".join(f"      {' '.join(map(str, node['target']))}  {node['html'][:160]}" for node in fault["nodes"][:3])
        for fault in result
    ]


def axe_count() -> int:
    """Return how many distinct pages axe has looked at in this run."""
    return len(list(folder().glob("*.axe")))


# ---------------------------------------------------------------- the Nu HTML checker


@dataclass(frozen=True)
class NuResult:
    """What the Nu checker said: how many pages it read, and a sentence for each error."""

    pages: int
    faults: list[str]
    skipped: str = ""


def nu_check() -> NuResult:
    """Run the Nu checker once over all kept pages."""
    kept = sorted(folder().glob("*.html"))
    if not kept:
        return NuResult(0, [])
    for need in ("java", "vnu"):
        if need in found.missing():
            return NuResult(0, [], found.missing()[need])
    done = subprocess.run(
        [str(found.java()), "-Xss2m", "-jar", str(found.VNU_JAR), "--format", "json", "--errors-only", *map(str, kept)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    try:
        messages = json.loads(done.stderr or '{"messages": []}')["messages"]
    except ValueError:
        return NuResult(0, [f"the HTML checker did not answer: {(done.stderr or done.stdout)[-500:]}"])
    faults: dict[tuple[str, str], str] = {}
    for message in messages:
        text = message.get("message", "")
        if message.get("type") != "error" or any(ignored in text for ignored in NU_IGNORES):
            continue
        file = Path(urlsplit(message.get("url", "")).path)
        about = json.loads(file.with_suffix(".json").read_text()) if file.with_suffix(".json").exists() else {}
        where = place(about.get("url", file.name))
        faults.setdefault(
            (where, text),
            f"{where}: {text}\n      line {message.get('lastLine', '?')}: {message.get('extract', '').strip()[:160]}"
            f"\n      seen in {about.get('test', '?')}",
        )
    return NuResult(len(kept), list(faults.values()))
