"""Fixtures for tests in a real browser.

A test that asks for `live_site` runs twice: on SQLite with JavaScript, and on PostgreSQL without; marked
``needs_script``, on both with. Every page that any of its browsers sees is checked by axe at the end of the test, in
light and in dark, and kept for the Nu HTML checker. Complaints in the browser's console, scripts that fail, answers of
500 and up, and whatever server or worker complain about fail the test.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import pages
from tests.live import PATIENCE, LiveSite, postgres_site, sqlite_site
from tests.stacks import PostgresDatabase
from tests.tools import found

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WALKS = {
    "sqlite-script": ("sqlite", True),
    "postgresql-plain": ("postgresql", False),
    "postgresql-script": ("postgresql", True),
    "sqlite-plain": ("sqlite", False),
}
STATIC = Path(__file__).resolve().parents[1] / "static"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_script: the test makes no sense without JavaScript, so has it everywhere")
    config.addinivalue_line("markers", "walks(*names): run on these only: " + ", ".join(WALKS))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "live_site" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("walks")
    if mark is not None:
        names = list(mark.args)
    elif metafunc.definition.get_closest_marker("needs_script"):
        names = ["sqlite-script", "postgresql-script"]
    else:
        names = ["sqlite-script", "postgresql-plain"]
    metafunc.parametrize("walk", names, indirect=True)


@dataclass(frozen=True)
class Walk:
    """How a browser test is taken: on which database, with or without JavaScript."""

    stack: str
    script: bool


@pytest.fixture
def walk(request: pytest.FixtureRequest) -> Walk:
    """Which database and whether with JavaScript: ``if walk.script: …``"""
    return Walk(*WALKS[request.param])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests of this worker."""
    path = found.chromium()
    if path is None:
        pytest.skip(found.MISSING["chromium"])
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _live_sites(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], LiveSite]]:
    """Return the running site of this worker for a database, started when first asked for."""
    import os

    sites: dict[str, LiveSite] = {}
    databases: list[PostgresDatabase] = []

    def site(name: str) -> LiveSite:
        if name not in sites:
            folder = tmp_path_factory.mktemp(f"live-{name}")
            if name == "sqlite":
                made = sqlite_site(folder, request.getfixturevalue("sqlite_template"))
            else:
                server = found.postgres()
                if server is None:
                    pytest.skip(found.MISSING["postgres"])
                databases.append(PostgresDatabase(server, os.environ.get("PYTEST_XDIST_WORKER", "alone") + "_live"))
                made = postgres_site(folder, databases[-1])
            try:
                made.start()
            except BaseException:
                made.stop()
                raise
            sites[name] = made
        return sites[name]

    yield site
    for made in sites.values():
        made.stop()
    for database in databases:
        database.drop()


@pytest.fixture
def live_site(
    request: pytest.FixtureRequest, walk: Walk, chromium: Any, _live_sites: Callable[[str], LiveSite]
) -> Iterator[LiveSite]:
    """A running site with an empty database, which `app`, `work` and the factories of the test share."""
    from forum import database

    site = _live_sites(walk.stack)
    site.revive()
    site.empty()
    site.troubles()
    database.open_database(site.stack.url)
    yield site
    database.close_connection()
    troubles = "\n".join(site.troubles())
    if troubles and _has_failed(request):
        print(troubles)
    elif troubles:
        pytest.fail(troubles, pytrace=False)


def _has_failed(request: pytest.FixtureRequest) -> bool:
    report = getattr(request.node, "report_call", None)
    return report is None or report.failed


# ---------------------------------------------------------------- browsers


@dataclass
class Seen:
    """What the browsers of one test saw."""

    test: str
    documents: dict[str, tuple[str, str, int, bool]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def listen(self, page: Any, *, phone: bool) -> None:
        """Take note of what *page* loads and complains about."""
        page.on("response", lambda response: self._answered(response, phone=phone))
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"a script failed on {page.url}: {error}"))
        page.on("requestfailed", self._failed)

    def _answered(self, response: Any, *, phone: bool) -> None:
        request = response.request
        is_document = request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not is_document and request.resource_type != "fetch"):
            self.complaints.append(f"{request.method} {response.url} answered {response.status}")
        if not is_document or 300 <= response.status < 400:
            return
        # The body is gone once the browser has moved on; such a page is seen again where somebody stops on it.
        with suppress(Exception):
            body = response.text()
            if pages.is_page(response.headers.get("content-type", ""), body):
                name = pages.keep(response.url, body, status=response.status, test=self.test)
                self.documents.setdefault(name, (response.url, body, response.status, phone))

    def _console(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"the console says: {message.text}")

    def _failed(self, request: Any) -> None:
        why = request.failure or ""
        if "ERR_ABORTED" in why or request.resource_type == "eventsource" or "/live/" in request.url:
            return
        self.complaints.append(f"{request.method} {request.url} failed: {why}")

    def unexpected(self) -> list[str]:
        """Return the complaints that the test did not say it expects."""
        return [text for text in self.complaints if not any(re.search(one, text) for one in self.expected)]


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Seen:
    """What the browsers saw; ``seen.expected.append("answered 503")`` lets a complaint pass."""
    return Seen(request.node.nodeid)


@pytest.fixture
def new_page(
    request: pytest.FixtureRequest, live_site: LiveSite, chromium: Any, walk: Walk, seen: Seen
) -> Iterator[Callable[..., Any]]:
    """Open another browser with cookies of its own: ``new_page(member, phone=True)``.

    *member* is signed in; *phone* is 390 pixels wide and touched; *script* is as the walk says unless given.
    """
    contexts: list[tuple[Any, bool]] = []

    def make(member: Any = None, *, phone: bool = False, script: bool | None = None, **more: Any) -> Any:
        with_script = walk.script if script is None else script
        shape = {"viewport": PHONE, "is_mobile": True, "has_touch": True} if phone else {"viewport": DESK}
        context = chromium.new_context(
            base_url=live_site.url, java_script_enabled=with_script, locale="en-GB", **(shape | more)
        )
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append((context, with_script))
        if member is not None:
            context.add_cookies(_cookies_of(request, live_site, member))
        page = context.new_page()
        page.is_plain = not with_script
        seen.listen(page, phone=phone)
        context.on("page", lambda other: seen.listen(other, phone=phone) if other is not page else None)
        return page

    yield make
    failed = _has_failed(request)
    faults: list[str] = []
    for number, (context, with_script) in enumerate(contexts):
        for page in context.pages:
            if failed:
                _photograph(page, request.node.nodeid, number)
            elif with_script and page.url.startswith(live_site.url):
                faults += _check_as_it_stands(page)
        context.close()
    if failed:
        return
    faults += _check_documents(chromium, seen)
    if faults:
        pytest.fail("axe found faults:\n" + "\n".join(dict.fromkeys(faults)), pytrace=False)
    if seen.unexpected():
        pytest.fail("the browser complained:\n" + "\n".join(dict.fromkeys(seen.unexpected())), pytrace=False)


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    """A visitor's browser at a desk, 1280 pixels wide."""
    return new_page()


@pytest.fixture
def phone(new_page: Callable[..., Any]) -> Any:
    """A visitor's browser on a phone, 390 pixels wide."""
    return new_page(phone=True)


def visit(page: Any, path: str, *, status: int = 200) -> Any:
    """Go to *path* and return the page. Fails unless it answers *status*."""
    answer = page.goto(path)
    assert answer is not None, f"{path} gave no answer"
    assert answer.status == status, f"{path} answered {answer.status}, not {status}"
    return page


def check(page: Any) -> None:
    """Have axe look at *page* as it stands now: an open menu, a dialogue, words that came in live.

    Axe is a script, so a browser without any is passed over: it would wait for ever."""
    if getattr(page, "is_plain", False):
        return
    faults = pages.axe_faults(page)
    assert not faults, "axe found faults:\n" + "\n".join(faults)


def _cookies_of(request: pytest.FixtureRequest, site: LiveSite, member: Any) -> list[dict[str, Any]]:
    client = request.getfixturevalue("app").test_client().sign_in(member)
    return [
        {"name": cookie.key, "value": cookie.value, "url": site.url, "httpOnly": cookie.http_only}
        for cookie in client._cookies.values()
    ]


def _photograph(page: Any, test: str, number: int) -> None:
    folder = Path("build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(Exception):
        page.screenshot(path=folder / f"{re.sub(r'[^A-Za-z0-9]+', '-', test)[-120:]}-{number}.png", full_page=True)


def _check_as_it_stands(page: Any) -> list[str]:
    name = pages.distinct_name(page.url, page.content())
    return pages.axe_faults(page) if pages.claim(f"{name}.axe") else []


def _check_documents(chromium: Any, seen: Seen) -> list[str]:
    """Show every document that the test saw once more, whatever cookies or JavaScript it had, and let axe look at it.

    Done after the test and in a browser of its own, so that it neither races with the test nor disturbs it.
    """
    new = {name: facts for name, facts in seen.documents.items() if pages.claim(f"{name}.axe")}
    faults: list[str] = []
    for phone in (False, True):
        group = [facts for facts in new.values() if facts[3] == phone]
        if not group:
            continue
        context = chromium.new_context(
            viewport=PHONE if phone else DESK, is_mobile=phone, bypass_csp=True, reduced_motion="reduce", locale="en-GB"
        )
        context.set_default_timeout(PATIENCE * 1000)
        try:
            page = context.new_page()
            for url, body, status, _ in group:
                faults += _check_document(page, url, body, status)
        finally:
            context.close()
    return faults


def _check_document(page: Any, url: str, body: str, status: int) -> list[str]:
    def answer(route: Any) -> None:
        if route.request.is_navigation_request():
            route.fulfill(status=status, content_type="text/html; charset=utf-8", body=body)
        elif (file := STATIC / urlsplit(route.request.url).path.removeprefix("/static/")).is_file():
            route.fulfill(path=file)
        else:
            route.abort()

    page.route("**/*", answer)
    page.emulate_media(color_scheme="light")
    page.goto(url, wait_until="load")
    faults = pages.axe_faults(page)
    page.emulate_media(color_scheme="dark")
    faults += [f"{fault} (in the dark)" for fault in pages.axe_faults(page, only=["color-contrast"])]
    page.unroute("**/*", answer)
    return faults
