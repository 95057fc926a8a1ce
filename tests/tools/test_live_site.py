"""The promises that the browser fixtures make."""

import pytest

from tests.browser import visit
from tests.factories import a_member


def test_a_browser_meets_the_real_server_on_an_empty_database(live_site, walk, page, phone) -> None:
    assert live_site.stack.name == walk.stack
    visit(page, "/login")
    visit(phone, "/nowhere-at-all", status=404)


def test_two_people_have_two_browsers(live_site, new_page) -> None:
    ann, bob = a_member("Ann Example"), a_member("Bob Example")
    for member in (ann, bob):
        page = new_page(member)
        visit(page, "/me")
        assert member.name in page.content()


@pytest.mark.walks("sqlite-script", "postgresql-script")
def test_the_worker_does_what_is_due(live_site, app) -> None:
    from forum import events
    from forum.database import transaction

    member = a_member()
    with transaction():
        events.record("kettle.boiled", subject=member, actor=member.id)
    live_site.wait_until_quiet()


@pytest.mark.walks("sqlite-script", "sqlite-plain")
def test_a_site_that_a_test_ended_is_there_for_the_next(live_site, page, seen) -> None:
    seen.expected.append("ERR_CONNECTION")
    visit(page, "/login")
    live_site.kill("serve")
    live_site.kill("worker")
