"""The background worker: finds what is due, hands it to huey, and does it in a few threads.

The guarantees are in `forum.jobs`; a queue that is lost, or a worker that is killed, only costs a moment.
"""

import logging
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from huey import RedisHuey, SqliteHuey
from huey.serializer import SignedSerializer
from peewee import DatabaseError, InterfaceError
from redis.exceptions import RedisError

from forum import jobs
from forum.database import close_connection
from forum.serving import lifeline_of_environment, watch_lifeline
from forum.settings import Settings

log = logging.getLogger(__name__)

THREADS = 2
SWEEP_SECONDS = 1.0
# The queue holds between these two, so that what is due next is never long in coming and never far ahead.
FEW, MANY = 50, 200
STOP_SECONDS = 25


def queue(settings: Settings) -> Any:
    """Return the huey instance: Redis when there is one, else a SQLite file in the instance folder."""
    serializer = SignedSerializer(secret=settings.secret_key, salt="kettle queue")
    if settings.redis_url:
        return RedisHuey("kettle", url=settings.redis_url, serializer=serializer, read_timeout=1, results=False)
    settings.instance.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(
        "kettle", filename=str(settings.instance / "queue.db"), fsync=False, serializer=serializer, results=False
    )


class Worker:
    """One worker process: a sweep, a few threads, and the renewal of claims."""

    def __init__(self, settings: Settings, threads: int = THREADS) -> None:
        self.is_over = threading.Event()
        self._poke = threading.Event()
        self._queued: dict[int, float] = {}
        self._queued_lock = threading.Lock()
        self._huey = queue(settings)
        self._todo = self._huey.task(name="todo")(self._do)
        self._chore = self._huey.task(name="chore")(self._do_chore)
        self._consumer = self._huey.create_consumer(
            workers=threads,
            periodic=False,
            initial_delay=0.02,
            # Redis tells us when there is something; until it is back after it was gone there is no hurry.
            max_delay=5 if settings.redis_url else 0.25,
            check_worker_health=True,
            shutdown_timeout=STOP_SECONDS,
        )

    def run(self) -> None:
        """Work until `is_over` is set, then finish what is under way."""
        self._consumer.start()
        # huey's own answers to signals would drop what is under way.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.is_over.set())
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        helpers = [
            threading.Thread(target=self._keep, args=(self._sweep, self._rest), name="sweep", daemon=True),
            threading.Thread(
                target=self._keep, args=(jobs.renew_claims, self._wait_to_renew), name="renew", daemon=True
            ),
        ]
        for helper in helpers:
            helper.start()
        log.info("the worker looks for what is due")
        while not self.is_over.wait(5):
            self._consumer.check_worker_health()
        self._poke.set()
        helpers[0].join(STOP_SECONDS)
        self._consumer.stop(graceful=True)
        log.info("the worker has finished")

    # ---- finding what is due

    def _rest(self) -> None:
        self._poke.wait(SWEEP_SECONDS)
        self._poke.clear()

    def _wait_to_renew(self) -> None:
        self.is_over.wait(jobs.RENEW.total_seconds())

    def _keep(self, step: Callable[[], None], rest: Callable[[], None]) -> None:
        while not self.is_over.is_set():
            try:
                step()
            except (DatabaseError, InterfaceError) as trouble:
                log.warning("the database did not answer, trying again: %s", trouble)
                close_connection()
            except Exception:
                log.exception("the worker stumbled")
            rest()

    def _sweep(self) -> None:
        while jobs.spread() == jobs.SPREAD_BATCH and not self.is_over.is_set():
            pass
        stale = time.monotonic() - jobs.CLAIM.total_seconds()
        with self._queued_lock:
            self._queued = {id: since for id, since in self._queued.items() if since > stale}
            room, known = MANY - len(self._queued), set(self._queued)
        if room > MANY - FEW:
            fresh = [id for id in jobs.due_ids(limit=MANY) if id not in known][:room]
            with self._queued_lock:
                self._queued.update(dict.fromkeys(fresh, time.monotonic()))
            for id in fresh:
                self._hand_over(self._todo, self._do, id)
        for name, claim in jobs.due_chores():
            self._hand_over(self._chore, self._do_chore, name, claim)

    def _hand_over(self, task: Callable[..., object], do: Callable[..., None], *facts: object) -> None:
        """Put work into the queue; while the queue does not answer, do it here."""
        try:
            task(*facts)
        except (RedisError, sqlite3.Error, OSError) as trouble:
            log.warning("the queue does not take anything (%s); the work is done all the same", trouble)
            do(*facts)

    # ---- doing it

    def _do(self, id: int) -> None:
        try:
            jobs.do(id)
        except (DatabaseError, InterfaceError) as trouble:
            log.warning("todo %s waits for its next try: %s", id, trouble)
            close_connection()
        finally:
            with self._queued_lock:
                self._queued.pop(id, None)
                is_low = len(self._queued) < FEW // 2
            if is_low and not self._poke.is_set():
                self._poke.set()

    def _do_chore(self, name: str, claim: datetime) -> None:
        try:
            jobs.do_chore(name, claim)
        except (DatabaseError, InterfaceError) as trouble:
            log.warning("%s waits for its next try: %s", name, trouble)
            close_connection()
        except Exception:
            log.exception("%s failed; it is tried again in a few minutes", name)


def work(settings: Settings, *, threads: int = THREADS) -> None:
    """Do what is due until SIGTERM or SIGINT. The database must be open and the reactions known (`wiring.start`)."""
    worker = Worker(settings, threads)
    above = lifeline_of_environment()
    if above is not None:
        watch_lifeline(above, lambda: os.kill(os.getpid(), signal.SIGTERM))
    worker.run()
