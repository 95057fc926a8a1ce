"""Sentences for readers: said in English in the code, turned into the reader's language when they are shown.

`_("Hello, %(name)s", name=…)` and `n_("%(n)s reply", "%(n)s replies", n)` return a `Sentence`. It holds the message and
its values; `str()`, f-strings, Jinja and the mail writer ask it for words at the moment of showing, through whatever
`translator` stands for the current context. Compared, hashed or written to JSON it is its English words, so that a
`Sentence` may be stored in a session, looked up in a dict and compared in a test.
"""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from markupsafe import Markup, escape


class Translator(Protocol):
    """What `translator` holds: the two methods of `gettext.NullTranslations` and of Babel's translations."""

    def gettext(self, message: str) -> str: ...

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str: ...


ENGLISH: Translator = _gettext.NullTranslations()

translator: ContextVar[Translator] = ContextVar("translator", default=ENGLISH)


@contextmanager
def speaking(translations: Translator) -> Iterator[None]:
    """Let every sentence inside the block be said through `translations`."""
    token = translator.set(translations)
    try:
        yield
    finally:
        translator.reset(token)


class Sentence(str):
    """A lazy message; made by `_()` and `n_()` only."""

    __slots__ = ("message", "number", "plural", "values")

    message: str
    plural: str | None
    number: int
    values: dict[str, Any]

    def __new__(cls, message: str, plural: str | None, number: int, values: dict[str, Any]) -> Sentence:
        english = message if plural is None or number == 1 else plural
        self = super().__new__(cls, _filled(english, values))
        self.message, self.plural, self.number, self.values = message, plural, number, values
        return self

    def translated(self) -> str:
        """The words in the current language, before the values are put in."""
        spoken = translator.get()
        if self.plural is None:
            return str(spoken.gettext(self.message))
        return str(spoken.ngettext(self.message, self.plural, self.number))

    def __str__(self) -> str:
        return _filled(self.translated(), self.values)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __html__(self) -> Markup:
        """For templates: everything is escaped, except values that are safe HTML themselves."""
        return Markup(_filled(escape(self.translated()), self.values))  # noqa: S704 - escaped one call before

    def __repr__(self) -> str:
        return f"_({str.__str__(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (self.message, self.plural, self.number, self.values)


def _filled(words: str, values: Mapping[str, Any]) -> str:
    if not values:
        return words.replace("%%", "%")
    try:
        return words % values
    except (KeyError, TypeError, ValueError):  # a mistake in a translation must not take the page down
        return words


def _(message: str, /, **values: Any) -> Sentence:
    """A sentence for a reader; `%(name)s` in it is filled from `values`, `%%` is a per cent sign."""
    return Sentence(message, None, 1, values)


def n_(singular: str, plural: str, n: int, /, **values: Any) -> Sentence:
    """A sentence that depends on a number; `%(n)s` (or `%(num)s`) is the number."""
    return Sentence(singular, plural, n, {"n": n, "num": n, **values})


def gettext(message: str) -> str:
    """For Jinja's i18n extension: `env.install_gettext_callables(gettext, ngettext, newstyle=True)`."""
    return translator.get().gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """For Jinja's i18n extension."""
    return translator.get().ngettext(singular, plural, n)
