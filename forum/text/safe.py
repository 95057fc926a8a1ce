"""Safe HTML: the type that says "this came through the door", and the two sanitisers in the doorway."""

from __future__ import annotations

import re
import threading
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import bleach.sanitizer
import nh3
from markupsafe import Markup

TAGS = frozenset(
    {"p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "del", "code", "pre", "ul", "ol", "li", "blockquote"}
    | {"cite", "a", "img", "table", "thead", "tbody", "tr", "th", "td"}
)
ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset({"href", "class", "rel"}),
    "img": frozenset({"src", "alt", "loading"}),
    "blockquote": frozenset({"class"}),
    "ol": frozenset({"start"}),
}
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
REL = "nofollow noopener ugc"

_KEY = object()


class SafeHtml(Markup):
    """HTML that may be shown as it is. A `str` for Python, `Markup` for Jinja.

    Only this package makes one (`to_html`, `stored_html`); calling the class raises TypeError. Whatever is built out of
    one (`+`, `format`, slices, …) is ordinary `Markup` or `str` again, and pickling leaves a plain `str`.
    """

    __slots__ = ()

    def __new__(cls, text: str = "", key: object = None) -> SafeHtml:
        if key is not _KEY:
            raise TypeError("Safe HTML is made by text.to_html, or read from its column, and nowhere else.")
        return str.__new__(cls, text)

    def __copy__(self) -> SafeHtml:
        return self

    def __deepcopy__(self, memo: Any) -> SafeHtml:
        return self

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return str, (str.__str__(self),)

    def __html__(self) -> Markup:  # type: ignore[override]
        return str.__new__(Markup, self)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("SafeHtml has no subclasses.")


_UNCHANGED = {"__new__", "__html__", "__init_subclass__", "__str__", "__repr__"}


def _as_markup(name: str) -> Any:
    ordinary = getattr(Markup, name)

    def method(self: SafeHtml, *args: Any, **kwargs: Any) -> Any:
        return ordinary(self.__html__(), *args, **kwargs)

    method.__name__ = name
    return method


# Everything of Markup that builds a new text goes by way of ordinary Markup.
for _name, _method in list(vars(Markup).items()):
    if callable(_method) and _name not in vars(SafeHtml) and _name not in _UNCHANGED:
        setattr(SafeHtml, _name, _as_markup(_name))


def sealed(text: str) -> SafeHtml:
    """Call `text` safe. For this package only: everybody else uses `to_html` or `stored_html`."""
    return SafeHtml(text, _KEY)


def stored_html(text: str) -> SafeHtml:
    """What an HtmlField column held, as safe HTML again. Only `database.HtmlField` may call this."""
    return SafeHtml(text, _KEY)


def is_safe(value: object) -> bool:
    """Whether `value` came through the door."""
    return type(value) is SafeHtml


# Addresses ------------------------------------------------------------------------------------------------------------

_PLAIN_WEB = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}"
    r"(?:[/?#](?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*)?",
)
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?")
_FOUR_NUMBERS = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}")
_BARE_DOMAIN = re.compile(r"(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,24}(?:[/?#:].*)?", re.IGNORECASE)
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~\-]{1,64}@[A-Za-z0-9.\-]{1,255}")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE_IN_PATH = "/%:@!$&'()*+,;=~-._"
LONGEST_ADDRESS = 2000


def web_address(written: str) -> str | None:
    """The address somebody wrote, fit for an href (ASCII, an allowed scheme, valid), or None when it cannot be a link.

    Never raises. `www.example.org` gets `https://`; a path of this site stays as it is.
    """
    written = written.strip()
    if len(written) > LONGEST_ADDRESS or not written:
        return None
    if _PLAIN_WEB.fullmatch(written):
        return written
    try:
        return _careful_address(written)
    except (ValueError, UnicodeError):
        return None


def _careful_address(written: str) -> str | None:
    if re.search(r"[\x00-\x1f\x7f\\]", written):
        return None
    if written.startswith("//"):
        written = "https:" + written
    if written.startswith("/"):
        path, _, fragment = written.partition("#")
        path, _, query = path.partition("?")
        return _escaped(path) + _prefixed("?", query) + _prefixed("#", fragment)
    scheme = _SCHEME.match(written)
    if scheme is None or _BARE_DOMAIN.fullmatch(written):
        if not _BARE_DOMAIN.fullmatch(written):
            return None
        written = "https://" + written
        scheme = _SCHEME.match(written)
    if scheme is None:
        return None
    kind, rest = scheme.group(1).lower(), written[scheme.end() :]
    if kind == "mailto":
        mailbox, _, query = rest.partition("?")
        if not _MAILBOX.fullmatch(mailbox):
            return None
        return f"mailto:{quote(mailbox, safe='@+.-_')}" + _prefixed("?", query)
    if kind == "tel":
        digits = re.sub(r"[\s().\-\u2010-\u2015]", "", rest)
        return f"tel:{digits}" if re.fullmatch(r"\+?[0-9]{2,20}", digits) else None
    if kind in ("http", "https") and rest.startswith("//"):
        return _careful_web_address(kind, written)
    return None


def _careful_web_address(kind: str, written: str) -> str | None:
    parts = urlsplit(written)
    host, port = parts.hostname or "", parts.port
    if "@" in parts.netloc:  # https://bank.example@evil.example shows one place and goes to another
        return None
    if not host.isascii():
        if not host.replace("-", "").replace(".", "").isalnum():
            return None
        host = host.encode("idna").decode("ascii")
    host = host.removesuffix(".")
    if not _HOST.fullmatch(host) or ".." in host:
        return None
    if host.rpartition(".")[2][0].isdigit() and not _FOUR_NUMBERS.fullmatch(host):
        return None
    netloc = host if port is None else f"{host}:{port}"
    return f"{kind}://{netloc}{_escaped(parts.path)}" + _prefixed("?", parts.query) + _prefixed("#", parts.fragment)


def _prefixed(mark: str, part: str) -> str:
    return mark + _escaped(part, more="?") if part else ""


def _escaped(part: str, more: str = "") -> str:
    return quote(_BROKEN_PERCENT.sub("%25", part), safe=_SAFE_IN_PATH + more)


_UPLOAD_PATH = re.compile(r"/uploads/[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def is_upload(address: str) -> bool:
    """Whether `address` is a picture kept by this site, the only kind that is shown in place."""
    return _UPLOAD_PATH.fullmatch(address) is not None


# The doorway ----------------------------------------------------------------------------------------------------------


def may_stay(tag: str, attribute: str, value: str) -> bool:
    """The one rule about attributes, asked by both sanitisers."""
    if attribute not in ATTRIBUTES.get(tag, ()):
        return False
    if attribute == "href":
        return _may_link(value)
    if attribute == "src":
        return is_upload(value)
    if attribute == "class":
        return value == ("mention" if tag == "a" else "quote")
    if attribute == "start":
        return value.isascii() and value.isdigit() and len(value) <= 9
    if attribute == "loading":
        return value == "lazy"
    if attribute == "rel":
        return value == REL
    return True


def _may_link(address: str) -> bool:
    if address.startswith("/"):
        return not address.startswith(("//", "/\\"))
    scheme = _SCHEME.match(address)
    if scheme is None or scheme.group(1).lower() not in SCHEMES:
        return False
    kind = scheme.group(1).lower()
    return kind in ("mailto", "tel") or address[len(kind) : len(kind) + 3] == "://"


class _Bleach(threading.local):
    """One cleaner per thread: bleach's parser keeps state."""

    def __init__(self) -> None:
        self.cleaner = bleach.sanitizer.Cleaner(
            tags=TAGS, attributes=may_stay, protocols=SCHEMES, strip=True, strip_comments=True
        )


_bleach = _Bleach()
_DEAD_LINK = re.compile(r'<a rel="[^"]*">(.*?)</a>', re.S)
_NH3_ATTRIBUTES = {tag: set(names) for tag, names in ATTRIBUTES.items()}


def first_sanitiser(html: str) -> str:
    """bleach, with our allow-list."""
    return str(_bleach.cleaner.clean(html))


# Made once: reading the allow-list anew costs more than cleaning a short post.
_NH3 = nh3.Cleaner(
    tags=set(TAGS),
    attributes=_NH3_ATTRIBUTES,
    attribute_filter=lambda tag, name, value: value if may_stay(tag, name, value) else None,
    url_schemes=set(SCHEMES),
    link_rel=None,
    strip_comments=True,
)


def second_sanitiser(html: str) -> str:
    """nh3, with the same allow-list: another parser, another author."""
    return _NH3.clean(html)


# Paragraphs and line breaks around words: bleach would read it for half a millisecond and give it back.
_ONLY_PARAGRAPHS = re.compile(
    "(?:<p>(?:[^\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff<>&]|&(?:amp|lt|gt);|<br>)*+</p>\n?)*+"
)


def cleaned(html: str) -> str:
    """`html` with nothing in it but the tags, attributes and schemes of the allow-list."""
    if not _ONLY_PARAGRAPHS.fullmatch(html):
        html = first_sanitiser(html)
    html = second_sanitiser(html)
    if "<a rel=" in html:  # an address that one of them would not have: its words stay, the link goes
        html = _DEAD_LINK.sub(r"\1", html)
    return html
