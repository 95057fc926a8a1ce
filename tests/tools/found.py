"""What this machine has of the things that tests can use but Kettle does not need."""

import os
import shutil
from functools import cache
from pathlib import Path

VNU_JAR = (
    Path(__file__).resolve().parents[2] / "build" / "node" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
)
POSTGRES_PLACES = (
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgresql:///postgres?host=/var/run/postgresql",
)
REDIS_PLACE = "redis://127.0.0.1:6379"


def insists() -> bool:
    """Say whether a test that cannot run counts as failed (``KETTLE_REQUIRE_ALL=1``)."""
    return os.environ.get("KETTLE_REQUIRE_ALL", "") not in ("", "0")


@cache
def chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@cache
def java() -> str | None:
    """Return the path of a Java that can run the HTML checker, or None."""
    return shutil.which("java")


@cache
def postgres() -> str | None:
    """Return the address of a PostgreSQL where we may make databases, or None.

    ``KETTLE_TEST_POSTGRES`` names one; without it the usual local places are tried."""
    import psycopg

    named = os.environ.get("KETTLE_TEST_POSTGRES")
    for url in (named,) if named else POSTGRES_PLACES:
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                row = connection.execute(
                    "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
        except psycopg.Error:
            continue
        if row and row[0]:
            return url
    return None


@cache
def redis() -> str | None:
    """Return the address of a Redis, or None. ``KETTLE_TEST_REDIS`` names one; its databases 1 to 15 are used."""
    from redis import Redis
    from redis.exceptions import RedisError

    url = os.environ.get("KETTLE_TEST_REDIS") or REDIS_PLACE
    try:
        with Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2) as connection:
            connection.ping()
    except RedisError:
        return None
    return url


MISSING = {
    "chromium": "no Chromium here (on Debian: sudo apt install chromium), so nothing was tried in a browser",
    "java": "no Java here (on Debian: sudo apt install default-jre-headless), so no page went through the HTML checker",
    "vnu": "no HTML checker here (it comes with npm: sudo apt install npm, then make test), so no page went through it",
    "postgres": "no PostgreSQL answers (start one, or name one in KETTLE_TEST_POSTGRES), so only SQLite was tried",
    "redis": "no Redis answers (start one, or name one in KETTLE_TEST_REDIS), so nothing was tried with Redis",
}


@cache
def missing() -> dict[str, str]:
    """Return what is missing here: name -> a sentence that says so and what would help."""
    here = {
        "chromium": chromium(),
        "java": java(),
        "vnu": VNU_JAR.exists(),
        "postgres": postgres(),
        "redis": redis(),
    }
    return {name: MISSING[name] for name, there in here.items() if not there}
