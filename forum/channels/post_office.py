"""Sending one letter: to a file or to a mail server, as MAIL_URL says."""

import os
import smtplib
import socket
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
    server = _connected(url)
    try:
        server.send_message(message)
    finally:
        # After its 250 the letter is the server's. However it says goodbye, we must not send it again.
        _part(server)


def _connected(url: str, seconds: float = SECONDS) -> smtplib.SMTP:
    """Return the mail server that *url* names, greeted, with the line closed to others where it can be, signed in."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=seconds, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=seconds)
    try:
        if parts.scheme == "smtp" and parse_qs(parts.query).get("starttls") != ["no"]:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            elif parts.username:
                raise Unguarded(f"{host} offers no STARTTLS, so our password would travel in the open")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        _part(server)
        raise
    return server


class Unguarded(smtplib.SMTPException):
    """The line to the mail server can be overheard, and we would have to say our password on it."""


def _part(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


# ---- is it open? ---------------------------------------------------------------------------------------------------


def trouble_with(settings: Settings, *, seconds: float = SECONDS) -> str:
    """Try to hand a letter over without one. Return one sentence for the operator, or nothing when all is well."""
    if settings.mail_goes_to_files:
        return ""
    parts = urlsplit(settings.mail_url)
    where = f"{parts.hostname}:{parts.port or (465 if parts.scheme == 'smtps' else 25)}"
    try:
        _part(_connected(settings.mail_url, seconds))
    except socket.gaierror:
        return f"No mail server is called {parts.hostname}; look at MAIL_URL."
    except ssl.SSLError as trouble:
        return f"The mail server at {where} could not show who it is ({trouble.reason or trouble}); look at MAIL_URL."
    except smtplib.SMTPAuthenticationError:
        return f"The mail server at {where} does not take the name and password in MAIL_URL."
    except Unguarded as trouble:
        return f"{trouble}; use smtps:// in MAIL_URL, or add ?starttls=no if nobody can listen."
    except smtplib.SMTPResponseException as trouble:
        return f"The mail server at {where} answered {trouble.smtp_code}; look at MAIL_URL."
    except (OSError, smtplib.SMTPException) as trouble:
        return f"No mail server answers at {where} ({getattr(trouble, 'strerror', None) or trouble}); look at MAIL_URL."
    return ""
