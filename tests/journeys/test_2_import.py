"""Journey 2: an administrator brings a Discourse in with one command, sees what came, what was left out and why, and
browses it. A second run adds nothing, and a run that was killed goes on where it stood."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from forum.discourse.models import ImportedThing
from forum.threads.models import Category, Post, Thread
from tests.browser import check, visit
from tests.discourse.archives import keep, post, raw, topic
from tests.factories import a_member
from tests.live import LiveSite, wait_until
from tests.text.material import discourse_archive


def command(site: LiveSite, archive: Path) -> subprocess.Popen[str]:
    """Type `kettle import discourse ARCHIVE` beside a running site."""
    kettle = Path(sys.executable).parent / "kettle"
    return subprocess.Popen(
        [str(kettle), "import", "discourse", str(archive)],
        env={"PATH": os.environ["PATH"], **site.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def bring(site: LiveSite, archive: Path) -> str:
    """Let an import run to its end, and return what it said."""
    running = command(site, archive)
    said, complaints = running.communicate(timeout=300)
    assert running.returncode == 0, complaints
    return said


def everything_here() -> dict[str, int]:
    return {model.__name__: model.select().count() for model in (Category, Thread, Post, ImportedThing)}


def test_a_small_community_moves_in(live_site: LiveSite, app: Any, tmp_path: Path, page: Any, new_page: Any) -> None:
    first = post(1, "ada", actions_summary=[{"id": 2, "count": 4}])
    second = post(2, "bob", version=3, updated_at="2021-03-06T08:00:00.000Z")
    third = post(3, "cleo", reply_to_post_number=1)
    quoting = '[quote="ada, post:1, topic:7"]\nHow do you sleep?\n[/quote]\n\nIn **turns**, @ada:\n\n- a night me\n- a night him'
    archive = keep(
        tmp_path / "old",
        topic(7, first, second, third, title="Nights and sleep"),
        topic(9, post(1, "cleo", "A kettle with a whistle."), title="What to bring", category_id=6),
        markdown={7: raw((first, "How do you sleep?"), (second, quoting), (third, "Badly."))},
    )
    (archive / "json" / "categories.json").write_text(
        json.dumps({"category_list": {"categories": [{"id": 5, "name": "At night", "slug": "at-night"}]}})
    )
    (archive / "json" / "broken.3.json").write_text("{ this is not JSON }")
    whole = (archive / "json" / "topic-about-9.9.json").read_text()
    (archive / "json" / "truncated.4.json").write_text(whole[: len(whole) // 2])

    # What came and what did not is said, by name and by number.
    said = bring(live_site, archive)
    assert "Brought in: threads 2, posts 4, people 3, categories 2." in said
    assert "2 things were left out:" in said
    assert "json/broken.3.json: " in said
    assert "json/truncated.4.json: This file breaks off" in said
    assert "These words are for use inside this place only" in said

    # A visitor sees nothing of it; a member browses.
    visit(page, "/")
    expect(page.locator("main")).not_to_contain_text("At night")
    member = new_page(a_member("Reader"), phone=True)
    visit(member, "/")
    member.locator(".place").get_by_role("link", name="At night").click()
    member.get_by_role("link", name="Nights and sleep").click()
    expect(member.get_by_role("heading", level=1, name="Nights and sleep")).to_be_visible()
    expect(member.locator(".post-name")).to_have_text(["ada", "bob", "cleo"])
    times = [f"2021-03-04T10:{minute:02}" for minute in (1, 2, 3)]
    assert [at[:16] for at in said_at(member)] == times

    answer = member.locator("#post-2")
    expect(member.locator("#post-3")).to_contain_text("In reply to ada")
    expect(answer.locator("strong")).to_have_text("turns")
    expect(answer.locator("li", has_text="a night")).to_have_count(2)
    expect(answer.get_by_role("link", name="@ada")).to_be_visible()
    quotation = answer.locator("blockquote.quote")
    expect(quotation).to_contain_text("How do you sleep?")
    expect(member.locator("#post-1 .post-foot")).to_contain_text("Liked 4")
    check(member)
    quotation.get_by_role("link", name="ada").click()
    expect(member.locator("#post-1")).to_be_in_viewport()
    answer.get_by_role("link", name="Changed").click()
    expect(member.locator("main")).to_contain_text("It was changed before it came here.")
    visit(member, "/search?q=whistle")
    member.locator(".hit").get_by_role("link", name="What to bring").first.click()
    expect(member.locator("#post-1")).to_contain_text("A kettle with a whistle.")

    # Twice adds nothing.
    before = everything_here()
    again = bring(live_site, archive)
    assert "Brought in: threads 0, posts 0, people 0, categories 0." in again
    assert "Posts that were here already: 4." in again
    assert everything_here() == before


def said_at(page: Page) -> list[str]:
    """When the posts on a page were said, as the page tells machines."""
    return page.locator(".post-when time").evaluate_all("all => all.map(one => one.dateTime)")


def test_an_import_that_was_killed_goes_on(live_site: LiveSite, app: Any, tmp_path: Path, new_page: Any) -> None:
    archive = keep(
        tmp_path / "old", *(topic(n, *(post(m, words=f"Words {n}-{m}.") for m in range(1, 51))) for n in range(1, 61))
    )
    running = command(live_site, archive)
    wait_until(lambda: Post.select().count() >= 500, seconds=60, what="the first batches")
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=30)
    time.sleep(0.2)
    came = Post.select().count()
    assert 500 <= came < 3000

    said = bring(live_site, archive)
    assert f"Posts that were here already: {came:,}." in said
    assert f"posts {3000 - came:,}" in said
    assert everything_here() == {"Category": 1, "Thread": 60, "Post": 3000, "ImportedThing": 1 + 60 + 3000 + 2}
    member = new_page(a_member("Reader"))
    for thread in Thread.select().order_by(Thread.id).limit(3):
        number = thread.title.removeprefix("Topic about ")
        visit(member, f"/t/{thread.id}/{thread.slug}/50")
        expect(member.locator("article.post").last).to_contain_text(f"Words {number}-50.")


def test_real_conversations_move_in(
    live_site: LiveSite, app: Any, tmp_path: Path, new_page: Callable[..., Any]
) -> None:
    """Nobody is quoted here: the pages are compared with the archive, and only numbers are told."""
    real = discourse_archive()
    archive = tmp_path / "old"
    expected: dict[int, list[tuple[int, str]]] = {}
    for path in sorted((real / "json").glob("*.json"))[::25]:
        found = json.loads(path.read_text(encoding="utf-8"))
        if "post_stream" not in found:
            continue
        written = [one for one in found["post_stream"]["posts"] if one["post_type"] != 4]
        expected[found["id"]] = [(one["post_number"], one["created_at"][:16]) for one in written]
        for folder, kind in (("json", ".json"), ("raw", ".md")):
            (archive / folder).mkdir(parents=True, exist_ok=True)
            beside = real / folder / path.with_suffix(kind).name
            if beside.exists():
                (archive / folder / beside.name).write_bytes(beside.read_bytes())
    whole = path.read_bytes()
    (archive / "json" / "truncated.999999991.json").write_bytes(whole[: len(whole) // 2])
    (archive / "json" / "empty.999999992.json").write_bytes(b"")

    said = bring(live_site, archive)
    posts = sum(map(len, expected.values()))
    assert f"Brought in: threads {len(expected):,}, posts {posts:,}," in said
    assert "json/truncated.999999991.json: This file breaks off" in said
    assert "json/empty.999999992.json: This file is empty." in said

    rows = ImportedThing.select().where(ImportedThing.kind == "topic").tuples()
    here = {int(foreign_id): local_id for _id, _source, _kind, foreign_id, local_id in rows}
    member = new_page(a_member("Reader"))
    longest = sorted(expected, key=lambda number: len(expected[number]))[-3:]
    for number in longest:
        visit(member, f"/t/{here[number]}/-/1")
        shown = list(zip(member.locator(".posts article.post").evaluate_all(NUMBERS), said_at(member), strict=True))
        visit(member, "/help/rules")
        as_written = [(n, datetime.fromisoformat(at[:16])) for n, at in expected[number][: len(shown)]]
        assert [(int(n), datetime.fromisoformat(at[:16])) for n, at in shown] == as_written
        assert len(shown) >= min(20, len(expected[number]))

    before = everything_here()
    assert "posts 0," in bring(live_site, archive)
    assert everything_here() == before


NUMBERS = "all => all.map(one => one.dataset.number)"
