"""When the database is away, a page in our own style says so."""

from typing import Any

import pytest

from forum import web
from forum.database import db
from tests import factories


@pytest.mark.one_stack("sqlite")
@pytest.mark.parametrize("role", ["", "member"])
def test_the_page_that_says_we_are_being_mended_needs_no_database(client: Any, role: str) -> None:
    if role:
        client.sign_in(factories.a_member(role=role))
    for table in ("hours", "session", "notice", "change"):
        db.execute_sql(f'ALTER TABLE "{table}" RENAME TO "{table}_away"')
    answer = client.get("/changes")
    assert answer.status_code == 503
    assert "try again in a minute" in answer.text
    assert client.get("/nowhere").status_code == 404
    assert client.put("/changes").status_code == 405
    way_out = client.soup("/help/crisis").select_one("main").get_text()
    assert "116 123" in way_out


@pytest.mark.one_stack("sqlite")
def test_where_limits_cannot_be_counted_people_read_and_write_and_nobody_guesses_passwords(
    make_app: Any, make_settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.limiter, "_storage_dead", False)
    (make_settings().instance / "limits.db").write_bytes(b"not a database" * 1000)
    client = make_app().test_client()
    guess = client.fill("/login", email="joan@example.org", password="a guess of mine")
    assert guess.status_code == 503
    assert "try again in a minute" in guess.text
    thread, mary = factories.a_thread(), factories.a_member()
    assert client.get("/search?q=tea").status_code == 200
    client.sign_in(mary)
    url = f"/t/{thread.id}/{thread.slug}"
    said = [client.fill(url, form="form.composer", source=f"Number {n}", press="Post my reply") for n in range(21)]
    assert [answer.status_code for answer in said] == [303] * 20 + [429]
