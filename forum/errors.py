"""Trouble, in the product's words. Nothing here knows about HTTP: `web` alone turns trouble into a page."""

from collections.abc import Mapping
from typing import Any


class Trouble(Exception):
    """Something a person has to be told. *message* is a plain sentence for the reader."""

    sentence = "Something went wrong. Please try again."

    def __init__(self, message: object = "") -> None:
        super().__init__(message or self.sentence)

    @property
    def message(self) -> str:
        return str(self.args[0])


class NotFound(Trouble):
    """The thing is not there, or the viewer may not know that it is."""

    sentence = "We can't find that page. It may have moved or been taken down."


class NotAllowed(Trouble):
    """The viewer may see the thing but not do this to it."""

    sentence = "You can't do that here."


class Invalid(Trouble):
    """What was sent cannot be used. *errors* maps a field's name to the sentence that says what to do."""

    sentence = "Something needs another look before we can save it."

    def __init__(self, message: object = "", *, errors: Mapping[str, object] | None = None) -> None:
        self.errors: dict[str, str] = {name: str(words) for name, words in (errors or {}).items()}
        super().__init__(message or next(iter(self.errors.values()), ""))


class Conflict(Trouble):
    """The world moved on meanwhile. *details* carry what the reader needs to choose, such as both versions of a text."""

    sentence = "Somebody else changed this while you were writing."

    def __init__(self, message: object = "", **details: Any) -> None:
        super().__init__(message)
        self.details = details


class TooOften(Trouble):
    """Asked too many times. *retry_after* is in seconds."""

    sentence = "That was a lot in a short time. Please wait a moment and try again."

    def __init__(self, message: object = "", *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after
