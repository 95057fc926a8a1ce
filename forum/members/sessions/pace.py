"""How often something may be tried: per address and per connection, counted across processes.

Passwords are counted only when they are wrong. Links are never refused to somebody who holds one: however often others
tried, the newest link in the letter-box still works."""

import hashlib
from dataclasses import dataclass

from limits import RateLimitItem, parse

from forum import settings, web
from forum.clock import now
from forum.errors import TooOften
from forum.text import _


@dataclass(frozen=True, slots=True)
class Pace:
    """At most *limit* for each key, else *sentence*."""

    name: str
    limit: RateLimitItem
    sentence: str


PASSWORDS_BY_ADDRESS = Pace(
    "password-address",
    parse("8 per 15 minutes"),
    _("That was a lot of tries. Let us send you a link instead, or try your password again in 15 minutes."),
)
PASSWORDS_BY_CONNECTION = Pace(
    "password-connection",
    parse("60 per 15 minutes"),
    _("There were many tries from this connection. Let us send you a link instead, or try again in 15 minutes."),
)
LETTERS_BY_ADDRESS = Pace(
    "letter-address",
    parse("5 per hour"),
    _("We've sent several links to that address. The newest one works; it may be in the junk folder."),
)
LETTERS_BY_CONNECTION = Pace(
    "letter-connection",
    parse("40 per hour"),
    _("Many links were asked for from this connection. Please use one of those, or ask again in an hour."),
)
CODES = Pace(
    "code",
    parse("8 per 15 minutes"),
    _("That was a lot of tries. Please try again in 15 minutes, or use one of your recovery codes then."),
)
CODES_BY_DAY = Pace(
    "code-day", parse("40 per day"), _("That was a lot of tries for one day. Please try again tomorrow, or ring us.")
)
EXPORTS = Pace(
    "export", parse("10 per hour"), _("You have just fetched it several times. Please come back in an hour.")
)


def count(pace: Pace, who: str) -> None:
    """Count one more for *who* (an address, a connection). Raises TooOften when that is too many."""
    if not web.limiter.limiter.hit(pace.limit, *_key(pace, who)):
        raise _too_often(pace, who)


def look(pace: Pace, who: str) -> None:
    """Raise TooOften when *who* has no try left; count nothing."""
    if not web.limiter.limiter.test(pace.limit, *_key(pace, who)):
        raise _too_often(pace, who)


def forgive(pace: Pace, who: str) -> None:
    """Forget what was counted for *who*."""
    web.limiter.limiter.clear(pace.limit, *_key(pace, who))


def _key(pace: Pace, who: str) -> tuple[str, str]:
    # The counters keep nobody's address.
    return pace.name, hashlib.sha256(f"{settings.chosen().secret_key}{who}".encode()).hexdigest()[:32]


def _too_often(pace: Pace, who: str) -> TooOften:
    until = web.limiter.limiter.get_window_stats(pace.limit, *_key(pace, who)).reset_time
    return TooOften(pace.sentence, retry_after=max(1, int(until - now().timestamp())))
