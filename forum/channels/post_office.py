"""Sending one letter: to a file or to a mail server, as MAIL_URL says."""

import os
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from forum.channels.models import Letter
from forum.settings import Settings

SECONDS = 30


class _Paper(EmailPolicy):
    """How our letters are written out. Addresses in headers stay on one line: folded, Python would encode them as words,
    and no mail program finds its way back to an address from there."""

    _WHOLE = frozenset({"list-unsubscribe", "references", "in-reply-to", "message-id"})

    def fold(self, name: str, value: Any) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() in self._WHOLE else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode() if name.lower() in self._WHOLE else super().fold_binary(name, value)


# Seven bits, because not every server on the way takes eight.
PAPER = _Paper(linesep="\r\n", cte_type="7bit")


def message_of(letter: Letter, settings: Settings) -> EmailMessage:
    """Return *letter* as a message: plain text and HTML, with a Message-ID that stays the same on every try."""
    message = EmailMessage(policy=PAPER)
    message["Subject"] = " ".join(letter.subject.split())
    message["From"] = Address(display_name=settings.site_name, addr_spec=settings.mail_from)
    message["To"] = Address(addr_spec=letter.to_address)
    message["Date"] = format_datetime(letter.made_at)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    if letter.thread_ref:
        message["References"] = letter.thread_ref
        message["In-Reply-To"] = letter.thread_ref
    if letter.unsubscribe:
        # One click, no page between: RFC 8058.
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    if letter.calendar:
        # As an alternative, so that mail programs show their own answer buttons (RFC 6047).
        message.add_alternative(letter.calendar, subtype="calendar")
        part = list(message.iter_parts())[-1]
        part.set_param("method", letter.calendar_method)
    return message


def send(letter: Letter, settings: Settings) -> None:
    """Hand *letter* over. Raises OSError or smtplib.SMTPException when that failed and should be tried again."""
    message = message_of(letter, settings)
    if settings.mail_goes_to_files:
        _to_file(message, letter, Path(settings.mail_url.removeprefix("file:")))
    else:
        _to_server(message, settings.mail_url)


def _to_file(message: EmailMessage, letter: Letter, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{letter.made_at:%Y%m%dT%H%M%S}-{letter.id:06d}-{letter.kind}.eml"
    half = folder / f".{name}.{os.getpid()}"
    half.write_bytes(message.as_bytes())
    half.replace(folder / name)


def _to_server(message: EmailMessage, url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=SECONDS)
    with server:
        if parts.scheme == "smtp":
            server.ehlo()
            if server.has_extn("starttls") and parse_qs(parts.query).get("starttls") != ["no"]:
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
