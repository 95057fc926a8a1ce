"""The production server as real processes: what dies is replaced, what is under way is finished."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import PATIENCE, LiveSite, sqlite_site, wait_until
from tests.stacks import SqliteTemplate

pytestmark = pytest.mark.network


@pytest.fixture
def site(tmp_path: Path, sqlite_template: SqliteTemplate) -> Iterator[LiveSite]:
    made = sqlite_site(tmp_path, sqlite_template)
    made.start_server()
    yield made
    made.stop()


def parent(site: LiveSite) -> int:
    return site._running["serve"].pid


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def send(site: LiveSite, text: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE)
    line.sendall(text.replace("\n", "\r\n").encode())
    return line


def everything(line: socket.socket) -> bytes:
    with line:
        parts = []
        while part := line.recv(65536):
            parts.append(part)
    return b"".join(parts)


def kettle(site: LiveSite, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "kettle"), *words]
    environ = {"PATH": os.environ["PATH"], **site.environ}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE)


def test_a_process_that_is_killed_is_replaced(site: LiveSite) -> None:
    before = children(parent(site))
    assert len(before) == 2
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    after = wait_until(
        lambda: [pid for pid in children(parent(site)) if pid not in before and is_running(pid)][1:], what="a new one"
    )
    assert after
    wait_until(site._answers, what="an answer")
    assert "another one takes its place" in site.log("serve")


def test_stopping_lets_what_is_under_way_finish(site: LiveSite) -> None:
    line = send(site, "POST /healthz HTTP/1.1\nHost: localhost\nContent-Length: 4\nConnection: close\n\nab")
    time.sleep(0.3)
    process = site._running["serve"]
    os.kill(process.pid, signal.SIGTERM)
    time.sleep(0.5)
    line.sendall(b"cd")
    assert everything(line).startswith((b"HTTP/1.1 405", b"HTTP/1.1 400"))
    assert process.wait(10) == 0


def test_stopping_does_not_wait_for_open_live_pages(site: LiveSite) -> None:
    from types import SimpleNamespace

    from forum import live
    from forum.settings import Settings

    live.prepare(Settings.from_env(site.environ))
    ticket = live.ticket_for(SimpleNamespace(session_id=None), ["thread:1"], 0)
    line = send(site, f"GET /live/{ticket} HTTP/1.1\nHost: localhost\n\n")
    assert line.recv(100).startswith(b"HTTP/1.1 200")
    process = site._running["serve"]
    began = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    assert everything(line).endswith(b"0\r\n\r\n")
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5


def test_whoever_says_half_a_request_is_let_go_and_others_are_answered_meanwhile(site: LiveSite) -> None:
    from forum import serving

    silent, slow = send(site, ""), send(site, "GET /healthz HTTP/1.1\nHost: loc")
    again = send(site, "GET /healthz HTTP/1.1\nHost: localhost\n\nGET /hea")
    began = time.monotonic()
    wait_until(site._answers, what="an answer")
    for line in (silent, slow, again):
        line.settimeout(serving.HEAD_SECONDS + 15)
    assert everything(silent) == b""
    assert everything(slow) == b""
    assert everything(again).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - began > serving.HEAD_SECONDS - 1


def test_a_head_that_never_ends_is_refused(site: LiveSite) -> None:
    line, ended = send(site, "GET /healthz HTTP/1.1\nHost: localhost\n"), False
    try:
        for _ in range(500):
            line.sendall(b"X: y\r\n" * 1000)
        everything(line)
    except OSError:
        # Closed under what we were still saying.
        ended = True
    finally:
        line.close()
    assert ended
    assert "Traceback" not in site.log("serve")


def test_a_long_head_is_told_so_and_one_that_browsers_send_is_not(site: LiveSite) -> None:
    from forum import serving

    fine = send(site, f"GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\nCookie: a={'b' * 30_000}\n\n")
    assert everything(fine).startswith(b"HTTP/1.1 200")
    line = send(site, f"GET /healthz HTTP/1.1\nHost: localhost\nX: {'y' * serving.HEAD_BYTES}")
    said = everything(line)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert said.endswith(b"is too long for us.")


def test_the_server_may_have_more_pages_open_than_the_system_gives_at_first(site: LiveSite) -> None:
    limit = Path(f"/proc/{children(parent(site))[0]}/limits").read_text().split("Max open files")[1].split()
    assert int(limit[0]) >= min(65_536, int(limit[1]))


def test_when_the_parent_is_killed_its_processes_end_too(site: LiveSite) -> None:
    pid = parent(site)
    orphans = children(pid)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(is_running(orphan) for orphan in orphans), what="their end")


def test_a_port_that_is_taken_is_named_in_one_sentence(site: LiveSite) -> None:
    said = kettle(site, "serve", "--port", str(site.port))
    assert said.returncode == 1
    assert said.stderr == (
        f"Port {site.port} is taken by another program; choose another one, for example PORT={site.port + 1}.\n"
    )


def test_a_server_without_its_database_says_so_and_does_not_start(site: LiveSite, tmp_path: Path) -> None:
    port = str(site.port + 1)
    site.environ["DATABASE_URL"] = f"sqlite:///{tmp_path}/new.db"
    said = kettle(site, "serve", "--port", port)
    assert said.returncode == 1
    assert said.stderr == "The database is not up to date; bring it there with: kettle migrate.\n"
    site.environ["DATABASE_URL"] = "sqlite:////proc/nowhere/kettle.db"
    said = kettle(site, "serve", "--port", port)
    assert said.returncode == 1
    assert said.stderr.startswith("DATABASE_URL names the file /proc/nowhere/kettle.db, which cannot be opened")


def test_processes_that_stop_as_soon_as_they_start_are_not_started_for_ever() -> None:
    script = (
        "from forum import logs, serving; from forum.settings import Settings; import forum.wiring\n"
        "def broken(_settings): raise RuntimeError('no room')\n"
        "forum.wiring.build_app = broken\n"
        "logs.configure('text')\n"
        "serving.serve(Settings(secret_key='x' * 20), host='127.0.0.1', port=0, processes=1)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert "no room" in done.stderr
    assert "stop as soon as they start" in done.stderr.splitlines()[-1]
