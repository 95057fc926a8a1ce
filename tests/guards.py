"""What is shut in tests: the network unless a test opens it, and the pen while the database waits."""

import ipaddress
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest


class SocketsAreShut(AssertionError):
    """Somebody tried to reach the network in a test that did not say so."""


def _is_loopback(host: Any) -> bool:
    if host in ("localhost", "", None):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def shut_sockets(monkeypatch: pytest.MonkeyPatch, *, loopback: bool) -> list[str]:
    """Let no connection out; with *loopback* those to this machine may pass. Return the list of attempts, still empty."""
    attempts: list[str] = []

    def refuse(what: str) -> None:
        attempts.append(what)
        raise SocketsAreShut(what)

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not (loopback and _is_loopback(address[0])):
                hint = "" if loopback else " (mark it with @pytest.mark.network if it may talk to this machine)"
                self.close()
                refuse(f"a test tried to reach {address[0]}:{address[1]}{hint}")
            return real(self, address)

        return connect

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_loopback(host.decode() if isinstance(host, bytes) else host):
            refuse(f"a test tried to look up {host}")
        return real_getaddrinfo(host, *args, **kwargs)

    real_getaddrinfo = socket.getaddrinfo
    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return attempts


def keep_rendering_out_of_transactions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note where words or letters are rendered while a transaction is open. Return those places, still none."""
    from forum import database
    from forum.channels import letters
    from forum.text import door

    places: list[str] = []

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def render(*args: Any, **kwargs: Any) -> Any:
            if database.db.obj is not None and database.in_transaction():
                ours = [frame for frame in traceback.extract_stack() if "/forum/" in frame.filename]
                # The demo fills an empty database all or nothing: nobody else is waiting there.
                if any("/forum/demo/" in frame.filename for frame in ours):
                    return real(*args, **kwargs)
                places.append(" < ".join(f"{frame.name}" for frame in reversed(ours[-6:])))
            return real(*args, **kwargs)

        return render

    for module, name in ((door, "rendered_here"), (door, "_in_helper"), (letters, "_environment")):
        monkeypatch.setattr(module, name, watched(getattr(module, name)))
    return places
