"""The bell: says to every host that there is news, when they share a Redis. It carries nothing else."""

import logging
import threading
from collections.abc import Callable

from forum import events

log = logging.getLogger(__name__)

BELL = "kettle:bell"

_ours: Callable[[], object] | None = None


def ring_redis(redis_url: str) -> None:
    """Ring the bell of *redis_url* after every commit that has news; with "", ring no bell any more."""
    global _ours
    if _ours is not None:
        events.bells.remove(_ours)
        _ours = None
    if redis_url:
        _ours = redis_bell(redis_url)
        events.bells.append(_ours)


def redis_bell(redis_url: str) -> Callable[[], object]:
    """Return a function that tells every host that there is news."""
    from redis import Redis

    connection = Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
    return lambda: connection.publish(BELL, b"")


def hear_redis(redis_url: str, ring: Callable[[], object], is_over: Callable[[], bool]) -> None:
    """Call *ring* whenever any host rings the bell of *redis_url*, until *is_over*. Runs in a thread of its own."""
    from redis import Redis
    from redis.exceptions import RedisError

    while not is_over():
        try:
            with Redis.from_url(redis_url, socket_timeout=30).pubsub() as line:
                line.subscribe(BELL)
                while not is_over():
                    if line.get_message(ignore_subscribe_messages=True, timeout=1.0):
                        ring()
        except (RedisError, OSError) as trouble:
            # Only a bell: the reader looks every moment anyway.
            log.warning("no bell from Redis, trying again: %s", trouble)
            threading.Event().wait(2)
