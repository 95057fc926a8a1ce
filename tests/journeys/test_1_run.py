"""Journey 1: an administrator types one command in an empty folder and, within two minutes, opens a lively community in
which every part of the loop is under way. Ctrl-C stops all of it, and a second start finds it as it was left."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from forum import database
from forum.legacy.models import Change
from forum.listening.cuppas.models import Cuppa
from forum.listening.models import Idea, Insight, ListeningMark, Theme
from forum.members.models import Member
from forum.safety.models import Case
from forum.threads.models import Category, Post, Thread
from tests.browser import visit
from tests.live import PATIENCE, free_port, wait_until
from tests.stacks import PostgresDatabase, Stack
from tests.tools import found

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 300  # it takes seconds; a busy machine is forgiven
KEPT = (Member, Category, Thread, Post, ListeningMark, Insight, Theme, Idea, Change, Cuppa, Case)


class Run:
    """`make run` in a terminal of its own, with a folder and a port of its own and nothing set that need not be."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stack = Stack("postgresql" if database_url else "sqlite", database_url or f"sqlite:///{folder}/kettle.db")
        self.environ = {"KETTLE_INSTANCE": str(folder)} | ({"DATABASE_URL": database_url} if database_url else {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Type the command, wait until it says where to look, and return all that it said."""
        kettle = Path(sys.executable).parent / "kettle"
        is_made_here = kettle.parent.parent == ROOT / ".venv"
        command = (
            ["make", "run", f"PORT={self.port}"] if is_made_here else [str(kettle), "run", "--port", str(self.port)]
        )
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        said = self.folder.with_suffix(".said")
        with said.open("wb") as terminal:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=plain | self.environ,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def is_on() -> str:
            words = said.read_text()
            if self._process is None or self._process.poll() is not None:
                raise AssertionError(words)
            return words if "Ctrl-C stops it." in words else ""

        return wait_until(is_on, seconds=PATIENCE_SECONDS, what="the start")

    def press_ctrl_c(self) -> None:
        """What the terminal does: interrupt the command and all that stand in its group."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(PATIENCE)

    def still_running(self) -> list[str]:
        """Name every process that works in this folder."""
        mark = f"KETTLE_INSTANCE={self.folder}".encode()
        names = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    names.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return names

    def end(self) -> None:
        """Leave nothing behind, however the test went."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture
def live_site(walk: Any, chromium: Any, tmp_path: Path) -> Iterator[Run]:
    """Not a running site but an empty folder, and for PostgreSQL an empty database."""
    folder = tmp_path / "instance"
    if walk.stack == "sqlite":
        run, drop = Run(folder), lambda: None
    else:
        server = found.postgres()
        if server is None:
            pytest.skip(found.MISSING["postgres"])
        postgres = PostgresDatabase(server, os.environ.get("PYTEST_XDIST_WORKER", "alone") + "_run")
        run, drop = Run(folder, postgres.url), postgres.drop
    yield run
    run.end()
    database.close_connection()
    drop()


def ways_in(said: str) -> tuple[dict[str, str], str]:
    """Read from the terminal who can sign in: role -> address, and the password."""
    password = re.search(r"with the password (\S+)", said)
    assert password is not None, said
    return {role: email for email, role in re.findall(r"^ +(\S+@\S+) +(\w+)$", said, re.M)}, password[1]


def sign_in(page: Page, email: str, password: str) -> None:
    visit(page, "/login")
    page.get_by_label("Your e-mail address").fill(email)
    page.get_by_label("Your password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("link", name="Me", exact=False).first).to_be_visible()


def test_one_command_opens_a_lively_community(live_site: Run, page: Any, new_page: Callable[..., Any]) -> None:
    said = live_site.start()
    assert f"http://127.0.0.1:{live_site.port}" in said
    emails, password = ways_in(said)
    assert list(emails) == ["member", "supporter", "moderator", "commissioner"]

    # A visitor finds two rooms open, and hears of more.
    visit(page, "/")
    expect(page.locator(".place")).to_have_count(2)
    expect(page.locator(".place", has_text="Everybody can read here")).to_have_count(2)
    expect(page.get_by_text("There are more rooms for members.")).to_be_visible()
    page.locator(".place").first.get_by_role("link").first.click()
    page.locator(".thread-row").first.get_by_role("link").first.click()
    expect(page.locator("article.post").first).to_be_visible()

    # Each of the four comes in, and finds all other rooms open to members.
    database.open_database(live_site.stack.url)
    came_in = {role: new_page(phone=role == "member") for role in emails}
    for role, theirs in came_in.items():
        sign_in(theirs, emails[role], password)
    member, supporter, moderator = came_in["member"], came_in["supporter"], came_in["moderator"]
    visit(came_in["commissioner"], "/me")
    visit(member, "/")
    expect(member.locator(".place", has_text="Everybody can read here")).to_have_count(2)
    expect(member.locator(".place", has_text="For members")).to_have_count(Category.select().count() - 2)

    every_part_of_the_loop_is_under_way(member, supporter, moderator)

    # Ctrl-C stops server and worker; the next start finds everything as it was.
    before = {model.__name__: model.select().count() for model in KEPT}
    assert before["Thread"] >= 100
    live_site.press_ctrl_c()
    assert live_site.still_running() == []
    again = live_site.start()
    assert "filling it" in said
    assert "filling it" not in again
    assert ways_in(again) == (emails, password)
    assert {model.__name__: model.select().count() for model in KEPT} == before
    visit(member, "/me")
    expect(member.get_by_role("heading", level=1)).to_contain_text("Hello, ")
    live_site.press_ctrl_c()
    assert live_site.still_running() == []


def every_part_of_the_loop_is_under_way(member: Page, supporter: Page, moderator: Page) -> None:
    # Talk, and somebody listens in it.
    thread = Thread.select().join(ListeningMark).where(ListeningMark.ended_at.is_null()).first()
    visit(member, f"/t/{thread.id}/{thread.slug}")
    expect(member.locator(".listening")).to_contain_text("is listening here")
    expect(member.locator("article.post").nth(1)).to_be_visible()

    # What was heard, put together by people.
    visit(supporter, "/listening/insights")
    expect(supporter.locator(".insight-card").first).to_be_visible()
    visit(supporter, "/listening/themes")
    expect(supporter.locator(".theme-people").first).to_contain_text("people")

    # Ideas, promises, and answers.
    visit(member, "/ideas")
    expect(member.locator("main")).to_contain_text("Looking into it")
    visit(member, "/changes/promises")
    expect(member.locator(".promise").first).to_be_visible()
    visit(member, "/changes")
    for status in ("Trying it", "Done", "Not now"):
        expect(member.locator("main")).to_contain_text(status)
    visit(member, "/me/difference")

    # Cuppas to come and gone by, with what was heard there.
    visit(member, "/cuppas")
    expect(member.get_by_role("region", name="Coming up").get_by_role("link").first).to_be_visible()
    earlier = member.get_by_role("region", name="Earlier ones").get_by_role("link")
    earlier.last.click()
    expect(member.get_by_role("region", name="What we heard")).to_be_visible()

    # Somebody keeps it kind.
    visit(moderator, "/safety")
    moderator.get_by_role("region", name="Reports, oldest first").get_by_role("link").first.click()
    expect(moderator.get_by_role("region", name="What we were told")).to_be_visible()
