"""Importing from a Discourse that answers on the web: a real server on this machine, with the answers of one."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from forum.cli import cli
from forum.discourse.actions import import_discourse
from forum.errors import Invalid, NotAllowed
from forum.members.models import Member
from forum.threads.models import Category, Post, Thread
from tests.discourse.archives import post, topic

RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "material" / "discourse-api" / "recorded" / "http"
KEY, NAME = "a-key", "system"

pytestmark = [pytest.mark.network, pytest.mark.one_stack("sqlite")]


@pytest.fixture(autouse=True)
def _started(app):
    """The import asks the settings for the site's name."""


class Old:
    """A Discourse of three topics, one of them with 45 posts, two topics to a page."""

    def __init__(self):
        self.asked = Counter()
        self.refused = set()
        self.is_down = False
        self.busy_once = True
        long = topic(4, *(post(number, words=f"Words {number}") for number in range(1, 46)))
        self.topics = {
            3: topic(3, post(1, "ada", raw="First, *my own* Markdown.")),
            4: long,
            9: topic(9, post(1, "bob"), archetype="private_message"),
        }
        self.stream = long["post_stream"]["stream"]

    def answer(self, path, query, headers):
        if self.is_down:
            return 502, "<html>Bad gateway</html>", "text/html"
        if headers.get("Api-Key") != KEY or headers.get("Api-Username") != NAME:
            return 403, {"errors": ["You are not permitted to view the requested resource."]}, None
        self.asked[path] += 1
        if path == "/categories.json":
            return 200, {"category_list": {"categories": [{"id": 5, "name": "Respite", "slug": "respite"}]}}, None
        if path == "/latest.json":
            some = list(self.topics)[int(query["page"][0]) * 2 :][:2]
            return 200, {"topic_list": {"topics": [{"id": id, "slug": self.topics[id]["slug"]} for id in some]}}, None
        if path == "/t/4/posts.json":
            if self.busy_once:
                self.busy_once = False
                return 429, {"errors": ["Slow down"], "extras": {"wait_seconds": -1}}, None
            wanted = set(map(int, query["post_ids[]"]))
            posts = self.topics[4]["post_stream"]["posts"]
            return 200, {"post_stream": {"posts": [each for each in posts if each["id"] in wanted]}, "id": 4}, None
        for id, told in self.topics.items():
            if path == f"/t/{told['slug']}/{id}.json" and id not in self.refused:
                stream = told["post_stream"]
                return 200, {**told, "post_stream": {**stream, "posts": stream["posts"][:20]}}, None
        return 404, {"errors": ["The requested URL or resource could not be found."], "error_type": "not_found"}, None


@pytest.fixture
def serve():
    """Start a server that answers from an object's `answer`; returns its address."""
    servers = []

    def start(old):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                address = urlsplit(self.path)
                status, body, kind = old.answer(address.path, parse_qs(address.query), self.headers)
                sent = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind or "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_args):
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def bring(address, key=KEY):
    return import_discourse(address, api_key=key, api_username=NAME, progress=lambda progress: None)


def test_every_topic_arrives_with_all_its_posts_and_a_second_run_adds_nothing(serve):
    address = serve(Old())
    report = bring(address)
    assert (report.topics, report.posts, report.skipped) == (2, 46, 1)
    assert "private message" in report.skips[0].sentence
    assert Post.get(Post.author == Member.get(Member.name == "ada").id, Post.source.contains("*my own*"))
    long = Thread.get(Thread.title == "Topic about 4")
    assert [row.number for row in long.posts.order_by(Post.number)] == list(range(1, 46))
    assert [each.name for each in Category.select()] == ["Respite"]
    again = bring(address + "/")
    assert (again.topics, again.posts, again.posts_here_already) == (0, 0, 46)


def test_a_refused_topic_is_named_and_the_rest_arrives(serve):
    old = Old()
    old.refused = {3}
    report = bring(serve(old))
    assert report.posts == 45
    assert [skip.path for skip in report.skips] == ["topic 3", "topic 9"]


def test_a_wrong_key_and_a_wrong_address_are_said_in_a_sentence(serve):
    old = Old()
    address = serve(old)
    with pytest.raises(NotAllowed, match="not permitted"):
        bring(address, key="wrong")
    old.is_down = True
    with pytest.raises(Invalid, match="Check the address"):
        bring(address)
    with pytest.raises(Invalid, match="Check the address"):
        bring("http://127.0.0.1:9")
    for nonsense in ("http://", "ftp://example.org", "https://user@example.org"):
        with pytest.raises(Invalid, match="example"):
            bring(nonsense)


def test_an_import_that_broke_off_goes_on(serve):
    old = Old()
    address = serve(old)
    slug = old.topics[4]["slug"]
    old.topics[4]["slug"] = "elsewhere"
    first = bring(address)
    old.topics[4]["slug"] = slug
    assert first.posts + bring(address).posts == 46


def test_the_command_takes_an_address_with_a_key(serve, stack, tmp_path):
    address = serve(Old())
    place = {"DATABASE_URL": stack.url, "KETTLE_INSTANCE": str(tmp_path / "instance")}
    without = CliRunner(env=place).invoke(cli, ["import", "discourse", address])
    assert (without.exit_code, "--api-key" in without.output) == (1, True)
    key = ["--api-key", KEY, "--api-username", NAME]
    done = CliRunner(env=place).invoke(cli, ["import", "discourse", address, *key])
    assert (done.exit_code, "posts 46" in done.output, KEY in done.output) == (0, True, False)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers of a real Discourse are not beside this folder")
def test_the_recorded_answers_of_a_real_discourse_are_understood(serve):
    class Recorded:
        def answer(self, path, query, headers):
            names = {"/latest.json": "localhost!latest.json", "/categories.json": "localhost!categories.json"}
            name = names.get(path) or ("localhost!t!4.json" if path.endswith("/4.json") else None)
            if path.endswith("posts.json"):
                name = f"localhost!t!4!posts.json!post_ids[]={query['post_ids[]'][0]}"
            file = RECORDED / f"{name}[headers=2b7bece].json"
            if name is None or not file.is_file() or query.get("page", ["0"]) != ["0"]:
                return 404, {"errors": ["Not found."]}, None
            body = json.loads(file.read_text())["response"]["bodyJson"]
            return 200, body, None

    class Ending(Recorded):
        def answer(self, path, query, headers):
            if path == "/latest.json" and query.get("page", ["0"]) != ["0"]:
                return 200, {"topic_list": {"topics": []}}, None
            return super().answer(path, query, headers)

    report = bring(serve(Ending()))
    assert report.topics == 1
    assert report.posts >= 1
    assert all(skip.path.startswith("topic ") for skip in report.skips)
