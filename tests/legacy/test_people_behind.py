"""The people behind an entry: told once whenever they join it, shown where their words went, never given away."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from forum.access import HOUSE
from forum.database import close_connection
from forum.legacy import actions, queries
from forum.legacy.models import Change, Told
from forum.listening import actions as listening
from forum.listening.ideas.actions import propose_idea
from forum.listening.models import Excerpt
from forum.members import actions as members
from forum.members.actions import viewer_for
from tests import factories
from tests.counting import counted
from tests.legacy.test_changes import SAID, Heard, an_entry


def _letters(outbox: Any, member: Any) -> int:
    return len([one for one in outbox.to(member.email) if "Because you spoke" in one["Subject"]])


def test_whoever_is_quoted_later_gets_the_one_letter_then(app: Any, work: Any, outbox: Any) -> None:
    heard = Heard(words="with_name")
    change = heard.answer()
    work()
    late = factories.a_member(words="with_name")
    post = factories.a_post(heard.thread, late, source="Mine rang out as well.")
    more = listening.add_excerpt(heard.staff, heard.insight.id, post_id=post.id, exact="rang out as well")
    for _twice in range(2):
        actions.update_change(heard.staff, change.id, an_entry(), excerpt_ids=[heard.excerpt.id, more.id])
        work()
    assert (_letters(outbox, late), _letters(outbox, heard.writer)) == (1, 1)


def test_a_small_fix_does_not_lead_to_whoever_did_not_agree(client: Any) -> None:
    heard = Heard(audience="public")
    quiet = factories.a_member(words="please_dont")
    post = factories.a_post(heard.thread, quiet, source="The lift is broken again.")
    change = actions.publish_small_fix(heard.staff, post.id, an_entry(), exact="The lift is broken", nonce="z" * 9)
    page = client.soup(queries.change_url(change.id, change.slug))
    assert not page.select(f"a[href*='/t/{heard.thread.id}/']")


def test_my_words_say_which_entry_they_stand_on(new_client: Any) -> None:
    heard = Heard(words="with_name")
    change = heard.answer()
    page = new_client(heard.writer).soup("/me/words")
    assert page.select(f"main a[href='{queries.change_url(change.id, change.slug)}']")


def test_choosing_among_many_words_costs_no_more_queries_than_among_two(new_client: Any) -> None:
    heard = Heard()
    staff = new_client(heard.supporter)
    staff.get(f"/changes/new?idea={heard.idea.id}")

    def asked() -> int:
        with counted() as statements:
            assert staff.get(f"/changes/new?idea={heard.idea.id}").status_code == 200
        return len(statements)

    before = asked()
    for number in range(5):
        post = factories.a_post(heard.thread, factories.a_member(), source=f"Mine rang out {number} times.")
        listening.add_excerpt(heard.staff, heard.insight.id, post_id=post.id, exact=f"rang out {number} times")
    assert asked() == before


def test_somebody_may_leave_while_a_change_is_published(app: Any) -> None:
    """Both hold rows that the other needs; whoever comes second waits, and neither fails."""
    supporter, ann = factories.a_member(role="supporter"), factories.a_member("Ann")
    post = factories.a_post(author=ann, source=SAID)
    idea = propose_idea(viewer_for(ann), title="Ring us back", words="At a time we choose.")
    insight = listening.make_insight(viewer_for(supporter), post_id=post.id, exact=SAID, kind="worry")
    excerpt = Excerpt.get(Excerpt.insight == insight.id)
    is_leaving = threading.Event()

    def linger(_member_id: int) -> None:
        is_leaving.set()
        time.sleep(1.0)

    def leave() -> None:
        members.erase_member(HOUSE, ann.id, reason="Asked us to")
        close_connection()

    def publish() -> None:
        quoted = [excerpt.id]
        actions.publish_change(viewer_for(supporter), an_entry(), nonce="at-once", idea_id=idea.id, excerpt_ids=quoted)
        close_connection()

    members.farewells.insert(0, linger)
    try:
        with ThreadPoolExecutor(2) as pool:
            leaving = pool.submit(leave)
            assert is_leaving.wait(30)
            publishing = pool.submit(publish)
            leaving.result(60)
            publishing.result(60)
    finally:
        members.farewells.remove(linger)
    assert Change.get().idea_id == idea.id
    assert not Told.select().where(Told.member == ann.id).exists()
    assert Excerpt.fetch(excerpt.id).words is None
