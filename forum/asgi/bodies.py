"""Reading the whole body of a request before anybody works on it, however slowly it comes."""

import asyncio
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO

from forum.asgi.messages import Receive

BODY_SECONDS = 60.0
BODY_IN_MEMORY = 1_000_000
# Read and thrown away past the limit, so that the browser gets round to reading our answer.
MOST_DISCARDED = 64_000_000
# The longest beginning of the path decides how many bytes a body may have.
BODY_LIMITS: dict[str, int] = {"": 4_000_000, "/uploads": 12_000_000, "/me/picture": 12_000_000}


class Refused(Exception):
    """The request goes no further; *status* says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Gone(Exception):
    """The other side went away."""


def body_limit(path: str) -> int:
    """Return how many bytes may be sent to *path*."""
    return BODY_LIMITS[max((start for start in BODY_LIMITS if path.startswith(start)), key=len)]


async def read_body(receive: Receive, *, limit: int, announced: int | None) -> tuple[IO[bytes], int]:
    """Return the whole body, in memory or on disk, and its length. Raises Refused (413, 408) and Gone."""
    body: IO[bytes] = SpooledTemporaryFile(max_size=BODY_IN_MEMORY)  # noqa: SIM115 - closed with the request
    length = 0
    is_too_big = announced is not None and announced > limit
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                chunk = message.get("body", b"")
                length += len(chunk)
                is_too_big = is_too_big or length > limit
                if not is_too_big:
                    body.write(chunk)
                elif max(length, announced or 0) > MOST_DISCARDED:
                    break
                more = message.get("more_body", False)
    except TimeoutError:
        body.close()
        raise Refused(HTTPStatus.REQUEST_TIMEOUT) from None
    except BaseException:
        body.close()
        raise
    if is_too_big:
        body.close()
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body.seek(0)
    return body, length
