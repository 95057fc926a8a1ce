"""Reading a Discourse that answers on the web, by its own API, with a key that one of its administrators made.

Topics are asked for one after another in the order they were started, so that what is added meanwhile comes last.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pydiscourse import DiscourseClient
from pydiscourse.exceptions import DiscourseClientError, DiscourseError, DiscourseRateLimitedError
from requests import RequestException

from forum.clock import now
from forum.discourse.records import (
    ArchivedCategory,
    ArchivedTopic,
    NotATopic,
    PrivateMessage,
    Skipped,
    category,
    mappings,
    topic,
    whole,
)
from forum.errors import Invalid, NotAllowed
from forum.text import _

SECONDS = 60
POSTS_AT_ONCE = 20
LARGEST_TOPIC = 100_000
MOST_PAGES = 1_000_000


class Remote:
    """The Discourse at *address*. *files* and *files_read* count topics: those listed so far, those read."""

    def __init__(self, address: str, *, api_key: str, api_username: str) -> None:
        parts = urlsplit(address.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise Invalid(
                _(
                    "%(address)s is not the address of a Discourse; an example: https://forum.example.org",
                    address=address,
                )
            )
        self.place = f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
        self.files = 0
        self.files_read = 0
        self._client = DiscourseClient(self.place, api_username=api_username, api_key=api_key, timeout=SECONDS)

    def categories(self) -> tuple[dict[int, ArchivedCategory], list[Skipped]]:
        """Categories by their Discourse id. Raises Invalid or NotAllowed when the Discourse does not answer."""
        found: dict[int, ArchivedCategory] = {}
        listed = self._asked(partial(self._client.categories, include_subcategories="true"))
        for told in mappings(listed):
            for each in (told, *mappings(told.get("subcategory_list"))):
                read = category(each)
                if read is not None:
                    found.setdefault(read.foreign_id, read)
        return found, []

    def topics(self) -> Iterator[ArchivedTopic | Skipped]:
        """Every listed topic once, with all its posts; one that is refused is named. Raises as `categories`."""
        self.files = self.files_read = 0
        seen: set[int] = set()
        for page in range(MOST_PAGES):
            listed = self._asked(partial(self._client.latest_topics, order="created", ascending="true", page=page))
            topics = listed.get("topic_list") if isinstance(listed, dict) else None
            if not isinstance(topics, dict):
                raise Invalid(_("%(place)s does not answer as a Discourse does.", place=self.place))
            ids = [(whole(told.get("id"), low=1), told.get("slug")) for told in mappings(topics.get("topics"))]
            new = [(id, slug) for id, slug in ids if id is not None and id not in seen]
            if not new:
                return
            seen.update(id for id, _slug in new)
            self.files += len(new)
            for id, slug in new:
                yield from self._topic(id, slug if isinstance(slug, str) and slug else "-")
                self.files_read += 1

    def _topic(self, id: int, slug: str) -> Iterator[ArchivedTopic | Skipped]:
        name = f"topic {id}"
        try:
            told = self._whole_topic(id, slug)
            yield topic(told, path=name, otherwise_at=now() - timedelta(days=1))
        except NotATopic:
            yield Skipped(name, str(_("The answer does not hold a Discourse topic with its posts.")))
        except PrivateMessage:
            yield Skipped(name, str(_("This is a private message, and private messages are not imported.")))
        except NotAllowed as refused:
            yield Skipped(name, str(_("The Discourse refused it: %(reason)s", reason=refused.message)))

    def _whole_topic(self, id: int, slug: str) -> Any:
        """A topic's JSON with every post of its stream: Discourse gives the first twenty, the rest must be asked for."""
        told = self._asked(partial(self._client.topic, slug, id, include_raw="true"))
        stream = told.get("post_stream") if isinstance(told, dict) else None
        if not isinstance(stream, dict) or not isinstance(stream.get("posts"), list):
            return told
        here = {post.get("id") for post in mappings(stream["posts"])}
        listed = stream.get("stream")
        ids: list[Any] = listed if isinstance(listed, list) else []
        missing = [post_id for post_id in ids if whole(post_id, low=1) is not None and post_id not in here]
        for start in range(0, min(len(missing), LARGEST_TOPIC), POSTS_AT_ONCE):
            some = missing[start : start + POSTS_AT_ONCE]
            answer = self._asked(partial(self._client.posts, id, post_ids=some, include_raw="true"))
            more = answer.get("post_stream") if isinstance(answer, dict) else None
            stream["posts"] += mappings(more.get("posts")) if isinstance(more, dict) else []
        return told

    def _asked(self, question: Callable[[], Any]) -> Any:
        """The answer to *question*. NotAllowed when it was refused, Invalid when nothing useful answers."""
        try:
            return question()
        except DiscourseRateLimitedError as busy:
            raise Invalid(
                _("%(place)s asks us to slow down. Run this again later; it goes on where it stood.", place=self.place)
            ) from busy
        except DiscourseClientError as refused:
            raise NotAllowed(str(refused)[:200] or _("Access was refused.")) from refused
        except (DiscourseError, RequestException, KeyError, TypeError, ValueError) as trouble:
            raise Invalid(
                _(
                    "%(place)s did not answer as a Discourse does. Check the address and the key, then run this again.",
                    place=self.place,
                )
            ) from trouble
