"""Static files, answered without Flask."""

import gzip
import mimetypes
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

from forum.asgi.messages import Headers, Scope


class StaticFiles:
    """The files under /static, held in memory, compressed once."""

    def __init__(self, folder: Path, digest: Callable[[str], str]) -> None:
        self._files: dict[str, tuple[Headers, bytes, bytes | None, str]] = {}
        for file in folder.rglob("*"):
            name = file.relative_to(folder).as_posix()
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts):
                self._files[f"/static/{name}"] = self._prepared(file, digest(name))

    @staticmethod
    def _prepared(file: Path, digest: str) -> tuple[Headers, bytes, bytes | None, str]:
        whole = file.read_bytes()
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if kind.startswith("text/") or kind in {"application/javascript", "application/json"}:
            kind += "; charset=utf-8"
        small = gzip.compress(whole, 9, mtime=0)
        headers = [
            (b"content-type", kind.encode()),
            (b"etag", f'"{digest}"'.encode()),
            (b"last-modified", formatdate(file.stat().st_mtime, usegmt=True).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"accept-encoding"),
        ]
        return headers, whole, small if len(small) < 0.9 * len(whole) else None, digest

    def answer(self, scope: Scope, asked: dict[bytes, bytes]) -> tuple[int, Headers, bytes] | None:
        """Return (status, headers, body) for a request, or None when there is no such file."""
        found = self._files.get(scope["path"])
        if found is None or scope["method"] not in ("GET", "HEAD"):
            return None
        headers, whole, small, digest = found
        # The name in the page changes with the file, so that what was asked for by its name never changes.
        is_named = scope["query_string"] == f"v={digest}".encode()
        headers = [
            *headers,
            (b"cache-control", b"public, max-age=31536000, immutable" if is_named else b"public, no-cache"),
        ]
        if asked.get(b"if-none-match") == dict(headers)[b"etag"]:
            return 304, headers, b""
        body = whole
        if small is not None and b"gzip" in asked.get(b"accept-encoding", b""):
            body = small
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", str(len(body)).encode()))
        return 200, headers, b"" if scope["method"] == "HEAD" else body
