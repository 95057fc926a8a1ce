"""Workers as real processes: nothing twice, nothing lost, not even under SIGKILL."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forum import events
from forum.database import transaction
from tests.live import wait_until
from tests.stacks import Stack

pytestmark = pytest.mark.network
ROOT = Path(__file__).resolve().parents[2]


def tell(number: int) -> list[int]:
    with transaction():
        return [events.record("told", subject=("thing", one)) for one in range(number)]


class Workers:
    """Busy workers on this test's database, and the file they write to."""

    def __init__(self, stack: Stack, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._environ = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": stack.url,
            "KETTLE_INSTANCE": str(folder / "instance"),
            "SECRET_KEY": "only for tests, and long enough",
            **settings,
        }
        self.file = folder / "written"
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *, seconds: float = 0.0, claim: float = 3.0) -> "subprocess.Popen[bytes]":
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.door.busy_worker", str(self.file), str(seconds), str(claim)],
                cwd=ROOT,
                env=self._environ,
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process

    def written(self, word: str = "done") -> Counter[str]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return Counter(line.partition(" ")[2] for line in lines if line.startswith(word))

    def stop(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture
def make_workers(stack: Stack, tmp_path: Path) -> Iterator[Callable[..., Workers]]:
    made: list[Workers] = []

    def make(**settings: str) -> Workers:
        made.append(Workers(stack, tmp_path, **settings))
        return made[-1]

    yield make
    for workers in made:
        workers.stop()


def test_two_workers_do_everything_once(make_workers: Any) -> None:
    workers = make_workers()
    ids = {str(id) for id in tell(300)}
    workers.start()
    workers.start()
    wait_until(lambda: set(workers.written()) == ids, what="all of it")
    assert set(workers.written().values()) == {1}
    assert sum(workers.written("chore").values()) == 1


@pytest.mark.one_stack("sqlite")
def test_the_queue_may_be_redis(make_workers: Any, redis_url: str) -> None:
    workers = make_workers(REDIS_URL=redis_url)
    ids = {str(id) for id in tell(60)}
    process = workers.start()
    workers.start()
    wait_until(lambda: set(workers.written()) == ids, what="all of it")
    assert set(workers.written().values()) == {1}
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


@pytest.mark.one_stack("sqlite")
def test_a_worker_that_is_asked_to_stop_finishes_what_it_began(make_workers: Any) -> None:
    workers = make_workers()
    tell(20)
    process = workers.start(seconds=0.7)
    wait_until(lambda: workers.written("begun"), what="a beginning")
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert workers.written("begun") == workers.written("done")
    assert 0 < len(workers.written()) < 20


def test_what_a_killed_worker_had_begun_is_done_by_the_next(make_workers: Any) -> None:
    workers = make_workers()
    ids = {str(id) for id in tell(6)}
    process = workers.start(seconds=1.0, claim=2.0)
    wait_until(lambda: workers.written("begun"), what="a beginning")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not workers.written()
    workers.start(claim=2.0)
    wait_until(lambda: set(workers.written()) == ids, what="all of it")
    assert set(workers.written().values()) == {1}


@pytest.mark.one_stack("sqlite")
def test_long_work_is_not_begun_again_by_another_worker(make_workers: Any) -> None:
    workers = make_workers()
    tell(1)
    workers.start(seconds=4.0, claim=1.0)
    wait_until(lambda: workers.written("begun"), what="a beginning")
    workers.start(claim=1.0)
    wait_until(workers.written, what="its end")
    assert set(workers.written("begun").values()) == {1}


@pytest.mark.one_stack("sqlite")
def test_a_lost_queue_loses_nothing(make_workers: Any, tmp_path: Path) -> None:
    workers = make_workers()
    ids = {str(id) for id in tell(30)}
    process = workers.start(seconds=0.2, claim=2.0)
    wait_until(lambda: workers.written("begun"), what="a beginning")
    process.send_signal(signal.SIGKILL)
    process.wait()
    for file in (tmp_path / "instance").glob("queue.db*"):
        file.unlink()
    workers.start(claim=2.0)
    wait_until(lambda: set(workers.written()) == ids, what="all of it")
