"""Each step brings a database forward that has rows in it."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playhouse.migrations import Runner
from psycopg import sql

from forum import database, migrations
from tests.stacks import PREFIX
from tests.tools import found


@pytest.fixture(params=["sqlite", "postgresql"])
def brought_to(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """Return what brings an empty database up to a step, by its name, and the rest of the way without one."""
    if request.param == "sqlite":
        opened = database.open_database(f"sqlite:///{tmp_path}/steps.db")
        yield lambda step=None: Runner(opened, directory=str(migrations.STEPS)).up(step)
        opened.close()
        return
    server = found.postgres()
    if server is None:
        pytest.skip(found.MISSING["postgres"])
    name = f"{PREFIX}_{int(time.time())}_{os.getpid()}_steps"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    opened = database.open_database(urlsplit(server)._replace(path=f"/{name}").geturl())
    yield lambda step=None: Runner(opened, directory=str(migrations.STEPS)).up(step)
    opened.close()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _insert(table: str, **values: Any) -> int:
    """Write a row as the schema of that time had it, and return its id."""
    mark = "%s" if database.is_postgres() else "?"
    names = ", ".join(f'"{name}"' for name in values)
    statement = f'INSERT INTO "{table}" ({names}) VALUES ({", ".join([mark] * len(values))}) RETURNING id'
    return int(database.db.execute_sql(statement, tuple(values.values())).fetchone()[0])


def _rows(statement: str) -> list[tuple[Any, ...]]:
    return list(database.db.execute_sql(statement).fetchall())


AT = "2026-11-02 10:00:00.000000+00:00"


def _a_member(name: str) -> int:
    words = dict.fromkeys(("care", "about"), "")
    flags = dict.fromkeys(("mail_replies", "mail_mentions", "mail_asks"), True)
    return _insert(
        "member",
        name=name,
        name_key=name.lower(),
        role="member",
        words="ask",
        time_zone="Europe/London",
        asks_per_month=3,
        joined_at=AT,
        **words,
        **flags,
    )


def test_cases_keep_their_reports_and_learn_whom_they_are_about(brought_to: Callable[..., Any]) -> None:
    brought_to("0001_the_house")
    ann, ben = _a_member("Ann"), _a_member("Ben")
    place = _insert("category", slug="talk", name="Talk", description="", audience="members", position=1)
    thread = _insert(
        "thread",
        category_id=place,
        author_id=ann,
        title="Tea",
        slug="tea",
        ask="",
        started_at=AT,
        last_post_at=AT,
        last_number=1,
        post_count=1,
    )
    post = _insert(
        "post",
        thread_id=thread,
        number=1,
        author_id=ann,
        source="Tea",
        html="<p>Tea</p>",
        plain="Tea",
        renderer=1,
        revision=1,
        said_at=AT,
        via="web",
        inside_use_only=False,
        is_event=False,
        imported_likes=0,
    )
    cases = [
        _insert("safety_case", subject_kind=kind, subject_id=id, opened_at=AT, outcome="")
        for kind, id in (("post", post), ("member", ben), ("member", 999))
    ]
    for case in cases:
        _insert("report", case_id=case, reporter_id=ben, reason="unkind", words="Look", at=AT)
        _insert("case_note", case_id=case, author_id=ben, words="Hm", at=AT)
    brought_to()
    assert _rows("SELECT id, person_id FROM safety_case ORDER BY id") == list(zip(cases, [ann, ben, None], strict=True))
    assert _rows("SELECT case_id FROM report ORDER BY id") == [(case,) for case in cases]
    assert _rows("SELECT case_id FROM case_note ORDER BY id") == [(case,) for case in cases]
    later = _insert("safety_case", subject_kind="idea", subject_id=1, opened_at=AT, outcome="")
    assert later == cases[-1] + 1
    with pytest.raises(Exception, match=r"(?i)unique"):
        _insert("safety_case", subject_kind="idea", subject_id=1, opened_at=AT, outcome="")
    database.db.execute_sql("DELETE FROM safety_case")
    assert not _rows("SELECT 1 FROM report")
    assert not _rows("SELECT 1 FROM case_note")
