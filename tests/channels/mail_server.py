"""A real mail server on this machine's loopback, which a test tells how to behave."""

import asyncio
import ssl
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.live import PATIENCE, free_port

CERTIFICATE = Path(__file__).with_name("only_for_tests.pem")


class MailServer:
    """Keeps what it took. *answers* are said to the next letters instead of taking them; then it takes everything."""

    def __init__(self, **options: Any) -> None:
        self.taken: list[EmailMessage] = []
        self.seen: list[str] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.was_secret: list[bool] = []
        # How long the server keeps the sender waiting for its 250, in seconds, from the next letter on.
        self.waits: list[float] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), ready_timeout=PATIENCE, **options)

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return self._controller.port

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.seen.append(message["Message-ID"])
        if self.answers:
            return self.answers.pop(0)
        if self.waits:
            await asyncio.sleep(self.waits.pop(0))
        self.taken.append(message)
        self.recipients += envelope.rcpt_tos
        self.was_secret.append(session.ssl is not None)
        return "250 OK"


def server_context() -> ssl.SSLContext:
    """Return what the server shows to say who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def only(name: str, password: str) -> Any:
    """Return an authenticator that lets one name in."""

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        is_right = (data.login.decode(), data.password.decode()) == (name, password)
        return AuthResult(success=is_right, handled=is_right)

    return authenticate


def wait_for(is_so: Any, seconds: float = PATIENCE) -> None:
    """Ask until it is so."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)
