"""When the database is away, a page in our own style says so."""

from typing import Any

import pytest

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
