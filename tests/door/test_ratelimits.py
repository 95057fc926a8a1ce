import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

import forum.ratelimits  # teaches the library our address
from tests.live import PATIENCE

FIVE = RateLimitItemPerMinute(5)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite+limits:///{tmp_path}/deep/limits.db"


@pytest.mark.parametrize("kind", [FixedWindowRateLimiter, MovingWindowRateLimiter])
def test_five_a_minute_are_five_a_minute(uri: str, clock: Any, kind: Any) -> None:
    limiter = kind(storage_from_string(uri))
    assert [limiter.hit(FIVE, "sign in", "sam") for _ in range(7)] == [True] * 5 + [False] * 2
    assert limiter.hit(FIVE, "sign in", "mo")
    assert not limiter.test(FIVE, "sign in", "sam")
    stats = limiter.get_window_stats(FIVE, "sign in", "sam")
    assert stats.remaining == 0
    assert stats.reset_time == pytest.approx(clock.now().timestamp() + 60)
    clock.advance(seconds=61)
    assert limiter.hit(FIVE, "sign in", "sam")


def test_a_moving_window_lets_no_double_burst_through(uri: str, clock: Any) -> None:
    limiter = MovingWindowRateLimiter(storage_from_string(uri))
    clock.advance(seconds=50)
    assert all(limiter.hit(FIVE, "sam") for _ in range(5))
    clock.advance(seconds=20)
    assert not limiter.hit(FIVE, "sam")


@pytest.mark.parametrize("kind", [FixedWindowRateLimiter, MovingWindowRateLimiter])
def test_what_is_cleared_may_begin_again(uri: str, kind: Any) -> None:
    storage = storage_from_string(uri)
    limiter = kind(storage)
    for _ in range(6):
        limiter.hit(FIVE, "sam")
    limiter.clear(FIVE, "sam")
    assert limiter.hit(FIVE, "sam")
    assert storage.check()
    assert storage.reset() == 1


def test_what_is_over_is_swept_away(uri: str, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forum.ratelimits, "SWEEP_EVERY", 10)
    storage: Any = storage_from_string(uri)
    limiter = MovingWindowRateLimiter(storage)
    for number in range(9):
        limiter.hit(RateLimitItemPerSecond(1), str(number))
    clock.advance(seconds=5)
    limiter.hit(RateLimitItemPerSecond(1), "one more")
    assert storage.reset() == 1


def _hit_often(uri: str, kind: Any, times: int, results: Any) -> None:
    limiter = kind(storage_from_string(uri))
    results.put(sum(limiter.hit(RateLimitItemPerMinute(100), "everybody") for _ in range(times)))


@pytest.mark.parametrize("kind", [FixedWindowRateLimiter, MovingWindowRateLimiter])
def test_two_processes_count_as_one(uri: str, kind: Any) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_hit_often, args=(uri, kind, 90, results)) for _ in range(2)]
    for process in processes:
        process.start()
    allowed = [results.get(timeout=PATIENCE) for _ in processes]
    for process in processes:
        process.join()
    results.close()
    results.join_thread()
    assert sum(allowed) == 100
