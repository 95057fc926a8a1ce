"""What every test may ask for.

`stack` is a migrated, empty database; a test that asks for it, or for anything that needs it (`settings`, `app`,
`client`, `work`), runs once on SQLite and once on PostgreSQL. A test that asks for none of them runs once.
Browser tests ask for `live_site` and `page` (tests/browser.py).
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import guards, pages
from tests.compiled import CompiledOnce
from tests.outbox import Outbox
from tests.stacks import STALE_SECONDS, PostgresDatabase, SqliteTemplate, Stack
from tests.tools import found

pytest_plugins = ["tests.browser"]

STACKS = ("sqlite", "postgresql")
A_MONDAY = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
SECRET = "only for tests, and long enough"
compiled = CompiledOnce()

hypothesis_settings.register_profile(
    "kettle", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("kettle")


# ---------------------------------------------------------------- which test runs how often


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a folder for pages, and shut what the machine's own settings would change."""
    for name in list(os.environ):
        if name in _setting_names() or name.startswith("KETTLE_INSTANCE"):
            del os.environ[name]
    if not hasattr(config, "workerinput"):
        folder = Path(config.rootpath) / "build" / "pages" / str(os.getpid())
        for other in folder.parent.glob("*"):
            if other == folder or other.stat().st_mtime < time.time() - STALE_SECONDS:
                shutil.rmtree(other, ignore_errors=True)
        os.environ[pages.FOLDER] = str(folder)


def _setting_names() -> set[str]:
    from forum.settings import Settings

    return {name.upper() for name in Settings.__dataclass_fields__}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stack" not in metafunc.fixturenames or "live_site" in metafunc.fixturenames:
        return
    only = [mark.args[0] for mark in metafunc.definition.iter_markers("one_stack")]
    metafunc.parametrize("stack", [name for name in STACKS if not only or name in only], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "live_site" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
            item.add_marker("network")


# ---------------------------------------------------------------- what is shut


@pytest.fixture(autouse=True)
def refused_connections(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the test tried to reach and must not. Fails the test, even where the code swallowed the refusal."""
    is_open = request.node.get_closest_marker("network") is not None or "redis_url" in request.fixturenames
    attempts = guards.shut_sockets(monkeypatch, loopback=is_open)
    yield attempts
    assert not attempts, "\n".join(attempts)


@pytest.fixture(autouse=True)
def _rendered_under_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rendering takes its time, so no deed does it while others wait for the database."""
    places = guards.keep_rendering_out_of_transactions(monkeypatch)
    yield
    assert not places or request.node.get_closest_marker("rolls_back"), "rendered inside a transaction:\n" + "\n".join(
        places
    )


@pytest.fixture(autouse=True)
def _loop_of_its_own(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let tests call `asyncio.run`, although the browser of this worker keeps a loop going in the same thread."""
    import asyncio

    running = asyncio._get_running_loop()
    if running is None or "live_site" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(running)


@pytest.fixture(autouse=True)
def _clock_runs_again() -> Iterator[None]:
    yield
    from forum import clock

    clock.reset()


@pytest.fixture
def clock() -> Any:
    """The product's clock, stopped on a Monday at ten: ``clock.advance(hours=2)``, ``clock.set(moment)``."""
    from forum import clock

    clock.set(A_MONDAY)
    return clock


# ---------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return SqliteTemplate(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[PostgresDatabase]:
    """This worker's own database, gone when the worker ends."""
    server = found.postgres()
    if server is None:
        pytest.skip(found.MISSING["postgres"])
    database = PostgresDatabase(server, os.environ.get("PYTEST_XDIST_WORKER", "alone"))
    yield database
    database.drop()


@pytest.fixture
def stack(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stack]:
    """An empty, migrated database, open for the models."""
    from forum import database

    if "live_site" in request.fixturenames:
        yield request.getfixturevalue("live_site").stack
        return
    if request.param == "sqlite":
        here = request.getfixturevalue("sqlite_template").copy(tmp_path / "instance")
    else:
        postgres: PostgresDatabase = request.getfixturevalue("postgres_database")
        postgres.empty()
        here = postgres.stack
    database.open_database(here.url)
    yield here
    database.close_connection()


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A Redis database of this worker's own, empty."""
    from redis import Redis

    url = found.redis()
    if url is None:
        pytest.skip(found.MISSING["redis"])
    number = 1 + int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", "0"))) or 0) % 15
    with Redis.from_url(url, db=number) as connection:
        connection.flushdb()
        yield f"{url.rstrip('/')}/{number}"
        connection.flushdb()


# ---------------------------------------------------------------- the product


@pytest.fixture
def make_settings(request: pytest.FixtureRequest, stack: Stack, tmp_path: Path) -> Callable[..., Any]:
    """Return Settings for this test's database; keywords change settings: ``make_settings(SITE_NAME="Hearth")``."""
    from forum.settings import Settings

    if "live_site" in request.fixturenames:
        environ = request.getfixturevalue("live_site").environ
    else:
        instance = tmp_path / "instance"
        environ = {
            "DATABASE_URL": stack.url,
            "KETTLE_INSTANCE": str(instance),
            "MAIL_URL": f"file:{instance}/outbox",
            "SECRET_KEY": SECRET,
            "SITE_URL": "http://localhost",
            "STAFF_CODES": "optional",
        }
    return lambda **changes: Settings.from_env(environ | {name: str(value) for name, value in changes.items()})


@pytest.fixture
def settings(make_settings: Callable[..., Any]) -> Any:
    """Settings for this test's own database, instance folder and outbox."""
    return make_settings()


@pytest.fixture
def make_app(request: pytest.FixtureRequest, make_settings: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Return an app with some settings changed: ``make_app(SITE_NAME="Hearth")``. The last one made is in use."""
    from forum import create_app, database
    from tests.client import Client

    def make(**changes: Any) -> Any:
        app = create_app(make_settings(**changes))
        app.testing = True
        app.jinja_env.bytecode_cache = compiled
        Client.test_name = request.node.nodeid
        app.test_client_class = Client
        return app

    yield make
    database.close_connection()


@pytest.fixture
def app(make_app: Callable[..., Any]) -> Any:
    """The application, put together as in production, on this test's database."""
    return make_app()


@pytest.fixture
def client(app: Any) -> Any:
    """A visitor: ``client.sign_in(member)``, ``client.fill("/new", title=…)``. CSRF protection is on."""
    return app.test_client()


@pytest.fixture
def new_client(app: Any) -> Callable[..., Any]:
    """Return another visitor, or with ``new_client(member)`` another signed-in member."""

    def make(member: Any = None) -> Any:
        client = app.test_client()
        return client.sign_in(member) if member is not None else client

    return make


@pytest.fixture
def outbox(settings: Any) -> Outbox:
    """The letters written by the product's own file backend."""
    return Outbox(Path(settings.mail_url.removeprefix("file:")))


@pytest.fixture
def work(app: Any) -> Callable[..., int]:
    """Do everything that is due, as the worker would, and return how many todos were done.

    A reaction that failed fails the test, unless it says ``work(may_fail=True)``.
    """
    from forum import jobs

    def do(*, may_fail: bool = False) -> int:
        done = jobs.run_everything_due()
        troubles = [f"{todo.reaction}: {todo.trouble}" for todo in jobs.Todo.select().where(jobs.Todo.trouble != "")]
        assert may_fail or not troubles, "work failed:\n" + "\n".join(troubles)
        return done

    return do


@pytest.fixture
def queries(stack: Stack) -> Callable[..., Any]:
    """Count statements: ``with queries(at_most=5) as seen: …``; *seen* is the list of them.

    With ``exactly=`` the number must be met. What opens and closes a transaction does not count.
    """
    from tests.counting import counted

    return counted


# ---------------------------------------------------------------- what is said at the end


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """With KETTLE_REQUIRE_ALL=1 a test that could not run has failed."""
    outcome: Any = yield
    report = outcome.get_result()
    setattr(item, f"report_{report.when}", report)
    if report.skipped and found.insists() and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} could not run, and nothing may be skipped: {reason}"


class _Closing:
    nu: pages.NuResult | None = None
    axe = 0


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Once all workers are done, run the HTML checker over every page they saw."""
    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    _Closing.nu = pages.nu_check()
    _Closing.axe = pages.axe_count()
    if _Closing.nu.faults or (_Closing.nu.skipped and found.insists()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if not _Closing.nu.faults:
        shutil.rmtree(pages.folder(), ignore_errors=True)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many pages were checked, what is wrong with them, and what was skipped and why."""
    say = terminalreporter
    nu = _Closing.nu
    if nu is not None:
        if nu.faults:
            say.section("pages that are not valid HTML", red=True)
            for fault in nu.faults:
                say.line(f"  {fault}")
        if nu.pages or _Closing.axe:
            say.line(f"axe checked {_Closing.axe} pages, Nu checker {nu.pages} pages.")
    reasons = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
        for report in say.stats.get("skipped", [])
    )
    if nu is not None and nu.skipped:
        reasons[nu.skipped] += 0
    if reasons:
        say.section("skipped")
        for reason, times in reasons.items():
            say.line(f"  {reason}" + (f": {times} tests" if times > 1 else ": 1 test" if times else ""))
    elif nu is not None and nu.pages:
        say.line("Nothing was skipped.")
