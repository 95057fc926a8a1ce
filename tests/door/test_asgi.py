"""The outer door, in front of a small Flask application and in front of the real one."""

import asyncio
import gzip
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify, request, send_file

from forum import asgi, live


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value.decode() for key, value in self.headers if key == name.encode()), None)

    @property
    def text(self) -> str:
        return self.body.decode()


Chunks = Iterable[bytes | float]


async def ask(
    door: asgi.Door,
    path: str = "/",
    *,
    method: str = "GET",
    query: bytes = b"",
    headers: dict[str, str] | None = None,
    chunks: Chunks | None = None,
    client: str = "192.0.2.7",
) -> Answer:
    """Send one request. *chunks* are parts of the body; a number waits that many seconds."""
    answer, waiting = Answer(), list(chunks or [])

    async def receive() -> dict[str, Any]:
        if waiting and isinstance(waiting[0], float):
            await asyncio.sleep(waiting.pop(0))
        if not waiting:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], message["headers"]
        else:
            answer.body += message["body"]

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [
            (name.lower().encode(), value.encode()) for name, value in ({"host": "localhost"} | (headers or {})).items()
        ],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8000),
    }
    await door(scope, receive, send)
    return answer


@asynccontextmanager
async def opened(door: asgi.Door) -> Any:
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    running = asyncio.create_task(door({"type": "lifespan"}, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    assert (await outbox.get())["type"] == "lifespan.startup.complete"
    try:
        yield door
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        await running


@pytest.fixture
def echo() -> Flask:
    """Says what arrived."""
    app = Flask(__name__)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def say(path: str) -> Any:
        body = request.get_data()
        return jsonify(
            length=request.content_length,
            got=len(body),
            digest=hashlib.sha256(body).hexdigest(),
            query=request.query_string.decode("latin1"),
            address=request.remote_addr,
            url=request.url,
            path=path,
            headers=dict(request.headers),
            threads=request.environ["wsgi.multithread"],
        )

    return app


@pytest.fixture
def asked(echo: Flask, make_settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Return a function that asks the door in front of `echo` many things: ``asked(dict(path="/x"), …)``."""
    live.prepare(make_settings())

    def go(*requests: dict[str, Any], **changes: Any) -> Any:
        async def story() -> list[Answer]:
            async with opened(asgi.Door(make_settings(**changes), lambda _settings: echo)) as door:
                return [await ask(door, **one) for one in requests]

        answers = asyncio.run(story())
        return answers[0] if len(answers) == 1 else answers

    yield go
    live.frames.around = nullcontext


pytestmark = pytest.mark.one_stack("sqlite")


def test_a_body_without_a_length_arrives_whole(asked: Any) -> None:
    parts = [b"a" * 400_000, b"b" * 900_000, b"c"]
    answer = asked({"path": "/x", "method": "POST", "headers": {"transfer-encoding": "chunked"}, "chunks": parts})
    said = json.loads(answer.body)
    assert said["length"] == said["got"] == 1_300_001
    assert said["digest"] == hashlib.sha256(b"".join(parts)).hexdigest()


def test_a_body_longer_than_it_said_is_given_its_real_length(asked: Any) -> None:
    answer = asked({"path": "/x", "method": "POST", "headers": {"content-length": "3"}, "chunks": [b"abcde"]})
    assert json.loads(answer.body)["got"] == 5


@pytest.mark.parametrize(
    "headers", [{"content-length": "4000001"}, {"transfer-encoding": "chunked"}, {"content-length": "7"}]
)
def test_what_is_too_big_is_refused_on_a_page_of_ours(asked: Any, headers: dict[str, str]) -> None:
    chunks = [b"x" * 500_000] * 9
    answer = asked({"path": "/x", "method": "POST", "headers": headers, "chunks": chunks})
    assert answer.status == 413
    assert answer.header("connection") == "close"


def test_a_path_for_pictures_takes_more(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(asgi.bodies.BODY_LIMITS, "/pictures", 9_000_000)
    chunks = [b"x" * 500_000] * 10
    answer = asked(
        {"path": "/pictures/new", "method": "POST", "headers": {"content-length": "5000000"}, "chunks": chunks}
    )
    assert json.loads(answer.body)["got"] == 5_000_000


def test_a_body_that_trickles_holds_no_thread_and_is_let_go(
    echo: Flask, make_settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi.bodies, "BODY_SECONDS", 1.0)

    async def story() -> None:
        async with opened(asgi.Door(make_settings(), lambda _settings: echo)) as door:
            slow = [
                asyncio.create_task(
                    ask(door, "/x", method="POST", headers={"content-length": "9"}, chunks=[b"a", 5.0, b"b"])
                )
                for _ in range(asgi.door.THREADS * 3)
            ]
            await asyncio.sleep(0.1)
            async with asyncio.timeout(0.8):
                assert (await ask(door, "/quick")).status == 200
            assert {answer.status for answer in await asyncio.gather(*slow)} == {408}

    asyncio.run(story())


def test_somebody_who_goes_away_in_the_middle_is_not_an_error(
    echo: Flask, make_settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with opened(asgi.Door(make_settings(), lambda _settings: echo)) as door:
            messages = [
                {"type": "http.request", "body": b"a", "more_body": True},
                {"type": "http.disconnect"},
            ]

            async def receive() -> dict[str, Any]:
                return messages.pop(0)

            async def send(_message: dict[str, Any]) -> None:
                raise AssertionError("nobody is there")

            scope = {
                "type": "http",
                "method": "POST",
                "path": "/x",
                "query_string": b"",
                "headers": [(b"content-length", b"9")],
                "http_version": "1.1",
            }
            with caplog.at_level(logging.INFO):
                await door(scope, receive, send)

    asyncio.run(story())
    assert "POST /x 499" in caplog.text


def test_strange_bytes_in_an_address_are_no_error(asked: Any) -> None:
    answer = asked({"path": "/caf\u00e9/\u2615", "query": b"q=\xe9%C3%A9"})
    assert json.loads(answer.body)["path"] == "caf\u00e9/\u2615"


def test_a_header_cannot_pass_for_what_a_proxy_says(asked: Any) -> None:
    forged = {"X_Forwarded_For": "203.0.113.9", "X-Forwarded-For": "203.0.113.8"}
    plain, behind_one = (
        json.loads(asked({"path": "/x", "headers": forged}, **changes).body) for changes in ({}, {"TRUSTED_PROXIES": 1})
    )
    assert plain["address"] == "192.0.2.7"
    assert behind_one["address"] == "203.0.113.8"


def test_a_trusted_proxy_says_which_scheme_and_host_people_see(asked: Any) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "carers.example.org"}
    assert json.loads(asked({"path": "/x", "headers": headers}, TRUSTED_PROXIES=1).body)["url"] == (
        "https://carers.example.org/x"
    )
    assert json.loads(asked({"path": "/x", "headers": headers}).body)["url"] == "http://localhost/x"


def test_files_asked_for_by_their_name_are_kept_for_good_and_others_looked_up(asked: Any) -> None:
    from forum.web import STATIC, static_url

    path, _, query = static_url("kettle.css").partition("?")
    named, plain, stale, small = asked(
        {"path": path, "query": query.encode()},
        {"path": path},
        {"path": path, "query": b"v=old"},
        {"path": path, "query": query.encode(), "headers": {"accept-encoding": "br, gzip"}},
    )
    whole = (STATIC / "kettle.css").read_bytes()
    assert named.body == whole
    assert named.header("cache-control") == "public, max-age=31536000, immutable"
    assert plain.header("cache-control") == stale.header("cache-control") == "public, no-cache"
    assert small.header("content-encoding") == "gzip"
    assert gzip.decompress(small.body) == whole
    assert int(small.header("content-length") or 0) == len(small.body) < len(whole) / 2


def test_a_file_that_has_not_changed_is_not_sent_again(asked: Any) -> None:
    path = "/static/kettle.js"
    first = asked({"path": path})
    again = asked({"path": path, "headers": {"if-none-match": first.header("etag") or ""}})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/static/../forum/settings.py", "/static//etc/passwd", "/static/nothing.css"])
def test_only_our_files_are_files(asked: Any, path: str) -> None:
    answer = asked({"path": path})
    assert b"SECRET_KEY" not in answer.body
    assert b"root:" not in answer.body


def test_a_file_for_download_is_sent_by_the_door(echo: Flask, asked: Any, tmp_path: Path) -> None:
    big = tmp_path / "export.zip"
    big.write_bytes(b"0123456789" * 200_000)
    echo.add_url_rule("/export", "export", lambda: send_file(big))
    answer = asked({"path": "/export"})
    assert answer.body == big.read_bytes()
    assert answer.header("content-length") == "2000000"


def test_when_too_many_wait_it_is_said_at_once(echo: Flask, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi.door, "MOST_WAITING", 0)
    assert asked({"path": "/x"}).status == 503


def test_the_log_holds_no_key_to_anything(asked: Any, caplog: pytest.LogCaptureFixture) -> None:
    ticket = "WyJ0aHJlYWQ6MSJd.signature-of-it"
    with caplog.at_level(logging.INFO):
        asked(
            {"path": f"/live/{ticket}"},
            {"path": "/reset/ImFiYyI.Zx81aQ.9dJq3_kxYvE4mWcTq1"},
            {"path": "/t/12/how-do-you-get-a-nights-sleep-at-all", "query": b"token=abc"},
        )
    assert ticket not in caplog.text
    assert "9dJq3" not in caplog.text
    assert "token=abc" not in caplog.text
    assert "GET /t/12/how-do-you-get-a-nights-sleep-at-all" in caplog.text


# ---- in front of the real application


def test_refusals_are_pages_in_the_site_s_own_style(app: Any, make_settings: Any) -> None:
    async def story() -> list[Answer]:
        async with opened(asgi.Door(make_settings(), lambda _settings: app)) as door:
            big = {"method": "POST", "headers": {"content-length": "9000000"}, "chunks": [b"x" * 900_000] * 10}
            page = await ask(door, "/x", **big)
            big["headers"]["accept"] = "application/json"
            return [page, await ask(door, "/x", **big), await ask(door, "/healthz")]

    page, told, healthy = asyncio.run(story())
    live.frames.around = nullcontext
    assert page.status == told.status == 413
    assert "too big to send" in page.text
    assert "<main" in page.text
    assert page.header("content-security-policy")
    assert page.header("set-cookie") is None
    assert json.loads(told.body)["errors"]
    assert healthy.status == 200
