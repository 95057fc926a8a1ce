import asyncio
import threading
from collections.abc import Callable
from contextlib import asynccontextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from forum import events, live
from forum.database import close_connection, transaction
from tests.door.pages import Page, Told
from tests.live import PATIENCE


@pytest.fixture(autouse=True)
def ready(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    live.prepare(settings)
    monkeypatch.setattr(live.frames, "makers", {"post.published": lambda heard: f"<p>{heard.subject_id}</p>"})
    monkeypatch.setattr(live.frames, "around", nullcontext)


def say(number: int, channel: str = "thread:1", kind: str = "post.published") -> int:
    with transaction():
        return events.record(kind, subject=("post", number), channel=channel)


async def say_elsewhere(*numbers: int, channel: str = "thread:1", kind: str = "post.published") -> list[int]:
    """Record events as another process would: on another connection, with no bell in ours."""

    def all_of_them() -> list[int]:
        try:
            return [say(number, channel, kind) for number in numbers]
        finally:
            close_connection()

    return await asyncio.to_thread(all_of_them)


@asynccontextmanager
async def a_hub() -> Any:
    hub = live.Hub()
    hub.start()
    try:
        yield hub
    finally:
        await asyncio.to_thread(hub.stop)


def a_ticket(*channels: str, position: int | None = None, session_id: int | None = None) -> str:
    return live.ticket_for(
        SimpleNamespace(session_id=session_id),
        channels or ("thread:1",),
        events.position() if position is None else position,
    )


def run(story: Callable[[live.Hub], Any]) -> None:
    async def tell() -> None:
        async with a_hub() as hub:
            await story(hub)

    asyncio.run(tell())
    close_connection()


def test_what_is_said_reaches_every_open_page_of_that_channel() -> None:
    async def story(hub: live.Hub) -> None:
        ticket = a_ticket()
        async with Page(hub, ticket) as one, Page(hub, ticket) as two, Page(hub, a_ticket("thread:2")) as other:
            await asyncio.sleep(0.3)
            (id,) = await say_elsewhere(7)
            assert await one.until_told(1) == [Told("post.published", "<p>7</p>", id)]
            assert await two.until_told(1) == one.told()
            assert other.told() == []
            assert one.headers[b"content-type"].startswith(b"text/event-stream")

    run(story)


def test_what_was_said_between_the_page_and_its_stream_is_told() -> None:
    ticket = a_ticket()
    ids = [say(1), say(2), say(3, "thread:2"), say(4)]

    async def story(hub: live.Hub) -> None:
        async with Page(hub, ticket) as page:
            assert [told.id for told in await page.until_told(3)] == [ids[0], ids[1], ids[3]]

    run(story)


def test_a_page_that_comes_back_reads_on_where_it_stopped() -> None:
    ticket = a_ticket()
    ids = [say(number) for number in range(5)]

    async def story(hub: live.Hub) -> None:
        async with Page(hub, ticket, after=ids[2]) as page:
            assert [told.id for told in await page.until_told(2)] == ids[3:]
            (newest,) = await say_elsewhere(9)
            assert (await page.until_told(3))[-1].id == newest

    run(story)


def test_nothing_is_lost_or_doubled_while_pages_come_and_go_and_others_write() -> None:
    ticket, total = a_ticket(), 120

    async def story(hub: live.Hub) -> None:
        done = threading.Event()

        def write() -> list[int]:
            try:
                return [say(number) for number in range(total)]
            finally:
                done.set()
                close_connection()

        writing = asyncio.create_task(asyncio.to_thread(write))

        async def reader(pause: float) -> list[int]:
            seen: list[int] = []
            while True:
                was_done = done.is_set()
                async with Page(hub, ticket, after=seen[-1] if seen else None) as page:
                    await asyncio.sleep(pause)
                    seen += [told.id for told in page.told()]
                if was_done and len(seen) >= total:
                    return seen

        async with asyncio.timeout(PATIENCE):
            seen = await asyncio.gather(*(reader(pause) for pause in (0.011, 0.037, 0.1, 0.25)))
            ids = await writing
        for one in seen:
            assert one == ids

    run(story)


def test_each_event_is_rendered_once_however_many_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[int] = []

    def make(heard: live.Heard) -> str:
        rendered.append(heard.id)
        return "<p></p>"

    monkeypatch.setitem(live.frames.makers, "post.published", make)

    async def story(hub: live.Hub) -> None:
        ticket = a_ticket()
        pages = [Page(hub, ticket, address=str(number)) for number in range(20)]
        for page in pages:
            await page.__aenter__()
        for page in pages:
            await page.until(lambda page: b"retry" in page.sent)
        ids = await say_elsewhere(1, 2)
        for page in pages:
            await page.until_told(2)
        assert rendered == ids
        for page in pages:
            await page.__aexit__()

    run(story)


def test_a_frame_that_fails_is_left_out_and_the_next_one_comes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def make(heard: live.Heard) -> str:
        if heard.subject_id == 1:
            raise KeyError("gone")
        return "<p></p>"

    monkeypatch.setitem(live.frames.makers, "post.published", make)

    async def story(hub: live.Hub) -> None:
        async with Page(hub, a_ticket()) as page:
            await asyncio.sleep(0.3)
            ids = await say_elsewhere(1, 2)
            assert [told.id for told in await page.until_told(1)] == [ids[1]]

    run(story)
    assert "no frame for event" in caplog.text


def test_a_changed_ticket_opens_nothing() -> None:
    async def story(hub: live.Hub) -> None:
        ticket = a_ticket("thread:1")
        async with Page(hub, "x" + ticket) as page:
            await page.until_closed()
        assert page.status == 403
        assert hub.open_streams == 0

    run(story)


def test_a_ticket_that_is_over_asks_the_page_for_another(clock: Any) -> None:
    ticket = a_ticket()
    clock.advance(hours=3)

    async def story(hub: live.Hub) -> None:
        async with Page(hub, ticket) as page:
            await page.until_closed()
        assert [told.kind for told in page.told()] == ["renew"]

    run(story)


def test_a_ticket_that_runs_out_while_its_page_is_open_asks_for_another(clock: Any) -> None:
    async def story(hub: live.Hub) -> None:
        async with Page(hub, a_ticket()) as page:
            await asyncio.sleep(0.2)
            clock.advance(hours=3)
            await page.until_closed()
        assert [told.kind for told in page.told()] == ["renew"]

    run(story)


def test_the_end_of_a_session_ends_its_pages_at_once_and_for_good() -> None:
    mine, other = a_ticket(session_id=4), a_ticket(session_id=5)

    async def story(hub: live.Hub) -> None:
        async with Page(hub, mine) as page, Page(hub, other) as others:
            await asyncio.sleep(0.3)
            await say_elsewhere(4, channel="session:4", kind="session.ended")
            await page.until_closed()
            assert [told.kind for told in page.told()] == ["ended"]
            (id,) = await say_elsewhere(8)
            assert [told.id for told in await others.until_told(1)] == [id]
        async with Page(hub, mine, after=id) as again:
            await again.until_closed()
            assert [told.kind for told in again.told()] == ["ended"]

    run(story)


def test_who_may_read_less_than_before_hears_no_more_until_the_page_is_loaded_again() -> None:
    mine = a_ticket(session_id=4)

    async def story(hub: live.Hub) -> None:
        async with Page(hub, mine) as page:
            await asyncio.sleep(0.3)
            await say_elsewhere(4, channel="session:4", kind="sight.lost")
            await page.until_closed()
            assert [told.kind for told in page.told()] == ["behind"]
        (id,) = await say_elsewhere(8)
        async with Page(hub, mine, after=id - 1) as again:
            await again.until_closed()
            assert [told.kind for told in again.told()] == ["behind"]
        async with Page(hub, a_ticket(session_id=4, position=id - 1)) as loaded:
            assert [told.id for told in await loaded.until_told(1)] == [id]

    run(story)


def test_one_session_has_so_many_streams_and_a_closed_one_makes_room() -> None:
    ticket = a_ticket(session_id=4)

    async def story(hub: live.Hub) -> None:
        pages = [Page(hub, ticket) for _ in range(live.hub.STREAMS_PER_SESSION)]
        for page in pages:
            await page.__aenter__()
        async with Page(hub, ticket) as one_more:
            await one_more.until_closed()
        assert one_more.status == 429
        assert b"retry-after" in one_more.headers
        await pages[0].__aexit__()
        async with Page(hub, ticket) as fits_now:
            await fits_now.until(lambda page: page.status == 200)
        for page in pages[1:]:
            await page.__aexit__()
        assert hub.open_streams == 0

    run(story)


def test_a_page_that_does_not_read_is_closed_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.streams, "QUEUE_BOUND", 3)
    ticket = a_ticket()

    async def story(hub: live.Hub) -> None:
        async with Page(hub, ticket) as page, Page(hub, ticket) as quick:
            await asyncio.sleep(0.3)
            page.reads.clear()
            ids = []
            for number in range(8):
                ids += await say_elsewhere(number)
                await quick.until_told(number + 1)
            page.reads.set()
            await page.until_closed()
        seen = [told.id for told in page.told()]
        assert seen == ids[: len(seen)]
        assert len(seen) < 8
        async with Page(hub, ticket, after=seen[-1] if seen else None) as again:
            assert seen + [told.id for told in await again.until_told(8 - len(seen))] == ids

    run(story)


def test_a_page_that_missed_too_much_is_told_to_load_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.hub, "REPLAY_BOUND", 3)
    ticket = a_ticket()
    for number in range(4):
        say(number)

    async def story(hub: live.Hub) -> None:
        async with Page(hub, ticket) as page:
            await page.until_closed()
        assert [told.kind for told in page.told()] == ["behind"]

    run(story)


def test_a_silent_line_is_kept_open_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.hub, "COMMENT_SECONDS", 0.2)

    async def story(hub: live.Hub) -> None:
        async with Page(hub, a_ticket()) as page:
            await page.until(lambda page: page.sent.count(b":\n\n") >= 2)
        assert page.told() == []

    run(story)


def test_pages_go_on_when_an_older_backup_is_brought_back() -> None:
    for number in range(5):
        say(number)
    ticket = a_ticket()

    async def story(hub: live.Hub) -> None:
        async with Page(hub, ticket) as page:
            await asyncio.sleep(0.3)

            def bring_back() -> None:
                with transaction():
                    events.Event.delete().execute()
                close_connection()

            await asyncio.to_thread(bring_back)
            await page.until_closed()
        async with Page(hub, ticket, after=10_000) as again:
            await asyncio.sleep(0.3)
            (id,) = await say_elsewhere(6)
            assert [told.id for told in await again.until_told(1)] == [id]

    run(story)


def test_a_page_that_comes_later_is_not_told_what_was_taken_back_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {7: "My first words."}
    kinds = dict.fromkeys(("post.published", "post.withdrawn"), lambda heard: f"<p>{said[heard.subject_id]}</p>")
    monkeypatch.setattr(live.frames, "makers", kinds)

    async def story(hub: live.Hub) -> None:
        async with Page(hub, a_ticket()) as early:
            await asyncio.sleep(0.3)
            await say_elsewhere(7)
            await early.until_told(1)
            said[7] = "Taken back."
            await say_elsewhere(7, kind="post.withdrawn")
            await early.until_told(2)
            async with Page(hub, a_ticket(), after=0) as late:
                assert {told.text for told in await late.until_told(2)} == {"<p>Taken back.</p>"}

    run(story)


def test_nobody_reads_the_log_while_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(hub: live.Hub) -> None:
        async with Page(hub, a_ticket()) as page:
            await page.until(lambda page: page.status == 200)
            await asyncio.sleep(0.3)
        await asyncio.sleep(0.5)
        asked: list[int] = []
        monkeypatch.setattr(events, "position", lambda: asked.append(1) or 0)
        await asyncio.sleep(0.6)
        assert asked == []

    run(story)


@pytest.mark.network
def test_redis_rings_the_bell_of_other_hosts(
    make_settings: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.hub, "POLL_SECONDS", 60.0)
    live.prepare(make_settings(REDIS_URL=redis_url))
    try:

        async def story(_hub: live.Hub) -> None:
            hub = live.Hub(redis_url)
            hub.start()
            # As on another host, only Redis carries the news.
            events.bells.remove(hub.ring)
            events.bells.remove(_hub.ring)
            async with Page(hub, a_ticket()) as page:
                await page.until(lambda page: page.status == 200)
                await asyncio.sleep(1.5)
                await say_elsewhere(1)
                await page.until_told(1, seconds=3)
            await asyncio.to_thread(hub.stop)

        run(story)
    finally:
        live.prepare(make_settings())
