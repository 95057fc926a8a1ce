"""People in a thread hear that staff learn from it; writers are asked on the site; proposers hear of their ideas."""

from typing import Any

from forum.channels.models import Notice
from forum.members.actions import viewer_for
from forum.threads import actions as threads
from tests.factories import a_member, a_post, a_thread


def told(member: Any) -> list[tuple[str, str, str]]:
    query = Notice.select(Notice.kind, Notice.about, Notice.path).where(Notice.member == member.id).order_by(Notice.id)
    return [row for row in query.tuples() if row[0] not in ("reply", "mention")]


def test_everybody_in_a_thread_hears_that_staff_learn_from_it(work: Any, outbox: Any) -> None:
    from forum.listening import actions as listening

    ann, ben, muted, staff = a_member("Ann"), a_member("Ben"), a_member("Mu"), a_member("Su", "supporter")
    thread = a_thread(ann, title="Night shifts")
    a_post(thread, ben)
    a_post(thread, muted)
    threads.unfollow(viewer_for(muted), thread.id)
    work()
    outbox.clear()
    listening.mark(
        viewer_for(staff),
        thread.id,
        purpose="To learn about nights.",
        can_change="What we offer.",
        cannot_change="The budget.",
        who_decides="The team.",
        hear_by="In two weeks.",
    )
    work()
    line = ("listening_started", "Night shifts", f"/t/{thread.id}/night-shifts")
    assert told(ann) == told(ben) == [line]
    assert told(muted) == told(staff) == []
    assert not outbox.letters


def test_whoever_proposed_an_idea_hears_that_it_moved_on(work: Any, outbox: Any) -> None:
    from forum.listening.ideas import actions as ideas

    ann, staff = a_member("Ann"), a_member("Su", "supporter")
    idea = ideas.propose_idea(viewer_for(ann), title="Ring us back", words="Instead of holding.", nonce="one")
    ideas.step_idea(viewer_for(staff), idea.id, status="looking", words="We are asking around.")
    work()
    assert told(ann) == [("idea_stepped", "Ring us back", f"/ideas/{idea.id}/ring-us-back")]
    assert not outbox.letters
