"""E-mail addresses: one spelling for each, and a plausible one."""

import re
import unicodedata

from forum.text import _

LONGEST = 254

_LOCAL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def clean_address(typed: str) -> str:
    """Return *typed* in the one spelling we keep: small letters, the domain as machines write it."""
    address = unicodedata.normalize("NFKC", typed[: LONGEST * 2]).strip().casefold()
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def trouble_with(address: str) -> str:
    """Return the sentence that says what is wrong with a cleaned *address*, or nothing."""
    if not address:
        return _("Tell us your e-mail address so that we can send you a link.")
    local, _at, domain = address.rpartition("@")
    labels = domain.split(".")
    if (
        len(address) > LONGEST
        or not _LOCAL.fullmatch(local)
        or local.startswith(".")
        or local.endswith(".")
        or ".." in local
        or len(labels) < 2
        or not all(_LABEL.fullmatch(label) for label in labels)
        or labels[-1].isdigit()
    ):
        return _("Check your e-mail address. It should look like name@example.org.")
    return ""
