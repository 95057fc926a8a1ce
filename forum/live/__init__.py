"""Server-sent events: what happened, told at once to every open page that may hear it.

A page carries a *ticket*: signed, short-lived, naming the channels its reader may hear and the log position read before
the page's queries. One thread per process reads the event log, renders each event to a frame once, and hands it to the
streams of its channel. What a stream missed it reads from the log, so nothing is lost or doubled.
"""

from forum.live import bell, frames, hub, streams, tickets
from forum.live.frames import Heard
from forum.live.hub import Hub
from forum.live.tickets import ticket_for
from forum.settings import Settings

__all__ = ["Heard", "Hub", "frames", "hub", "prepare", "streams", "ticket_for"]


def prepare(settings: Settings) -> None:
    """Sign tickets with the site's secret, and ring Redis when there is one."""
    tickets.sign_with(settings.secret_key)
    bell.ring_redis(settings.redis_url)
