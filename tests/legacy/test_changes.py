"""Every idea is answered in public, in people's own words only while they agree, and they are told once."""

from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from forum.clock import now
from forum.database import transaction
from forum.errors import Invalid, NotFound
from forum.legacy import actions, queries
from forum.legacy.entry import Entry
from forum.legacy.models import Change, Told
from forum.listening import actions as listening
from forum.listening.consent import actions as consent
from forum.listening.ideas.actions import propose_idea, step_idea, take_up_idea
from forum.listening.models import Excerpt, Idea
from forum.members.actions import viewer_for
from forum.threads import actions as threads
from tests import factories

SAID = "I waited forty minutes for the respite line and then it rang out."
OTHER_WORDS = "Somebody waited a long time on the phone and got no answer."


def an_entry(**more: str) -> Entry:
    """An entry with believable words."""
    words = {
        "title": "The respite line rings you back",
        "you_said": "You wait for ages on the respite line.",
        "we_did": "Leave your number and we ring back within the day.",
        "because": "",
        "what_next": "",
        "status": "done",
    }
    return Entry(**(words | more))


class Heard:
    """A listening thread in which *writer* said something that two of staff took down, checked and themed."""

    def __init__(self, *, words: str = "ask", audience: str = "members", place: Any = None) -> None:
        self.place = place or factories.a_category(audience=audience)
        self.supporter = factories.a_member(role="supporter")
        self.colleague = factories.a_member(role="supporter")
        self.writer = factories.a_member(words=words)
        self.thread = factories.a_thread(category=self.place, title="The respite line")
        self.staff = viewer_for(self.supporter)
        self.day = (now() + timedelta(days=9)).date()
        listening.mark(
            self.staff,
            self.thread.id,
            purpose="The line",
            can_change="The hours",
            cannot_change="The budget",
            who_decides="The team",
            hear_by="In a month",
        )
        self.post = factories.a_post(self.thread, self.writer, source=SAID)
        self.insight = listening.make_insight(
            self.staff,
            post_id=self.post.id,
            exact="I waited forty minutes",
            kind="struggle",
            nonce=f"h{self.post.id}abcdefgh",
        )
        self.excerpt = Excerpt.get(Excerpt.insight == self.insight.id)
        consent.check_excerpt(viewer_for(self.colleague), self.excerpt.id, OTHER_WORDS)
        theme = listening.make_theme(self.staff, title="Waiting on the line", insight_ids=[self.insight.id])
        proposer = factories.a_member()
        self.idea = propose_idea(viewer_for(proposer), title="Ring back", words="Ring us back.", nonce="ideaidea1")
        take_up_idea(
            self.staff,
            self.idea.id,
            team="Carers team",
            owner_id=self.supporter.id,
            theme_id=theme.id,
            promised_for=self.day,
            carers_decide=True,
        )
        self.proposer = proposer

    def answer(self, **more: Any) -> Change:
        return actions.publish_change(
            self.staff, an_entry(), nonce="changechange", idea_id=self.idea.id, excerpt_ids=[self.excerpt.id], **more
        )

    def says(self, answer: str) -> None:
        consent.answer_consent(viewer_for(self.writer), self.excerpt.id, answer=answer)


def test_a_change_needs_what_was_said_and_what_was_done(client: Any) -> None:
    client.sign_in(factories.a_member(role="supporter"))
    answer = client.fill("/changes/new", title="A try", we_did="We mended it")
    assert answer.status_code == 422
    assert "what people told you" in answer.text
    assert "We mended it" in answer.text
    assert Change.select().count() == 0


def test_a_no_needs_its_reason(stack: Any) -> None:
    staff = viewer_for(factories.a_member(role="supporter"))
    with pytest.raises(Invalid) as trouble:
        actions.publish_change(staff, an_entry(status="not_now"), nonce="x" * 9)
    assert "because" in trouble.value.errors


def test_an_impatient_thumb_publishes_once(stack: Any) -> None:
    heard = Heard()
    assert heard.answer().id == heard.answer().id
    assert Change.select().count() == 1


def test_an_answer_moves_the_idea_on(stack: Any) -> None:
    heard = Heard()
    heard.answer()
    assert Idea.fetch(heard.idea.id).status == "done"


def test_words_stand_on_the_entry_only_once_their_writer_said_yes(client: Any) -> None:
    heard = Heard()
    change = heard.answer()
    path = queries.change_url(change.id, change.slug)
    assert "I waited forty minutes" not in client.soup(path).get_text()
    heard.says("named")
    page = client.soup(path).get_text()
    assert "I waited forty minutes" in page
    assert heard.writer.name in page


def test_without_my_name_shows_other_words_and_no_way_to_the_conversation(client: Any) -> None:
    heard = Heard(audience="public")
    change = heard.answer()
    heard.says("unnamed")
    page = client.soup(queries.change_url(change.id, change.slug))
    assert OTHER_WORDS in page.get_text()
    assert "forty minutes" not in page.get_text()
    assert heard.writer.name not in page.get_text()
    assert not page.select(f"a[href*='/t/{heard.thread.id}/']")


def test_a_named_quotation_leads_back_to_the_conversation(client: Any) -> None:
    heard = Heard(audience="public")
    change = heard.answer()
    heard.says("named")
    page = client.soup(queries.change_url(change.id, change.slug))
    assert page.select(f"a[href*='/t/{heard.thread.id}/']")


def test_the_way_back_is_shut_for_those_who_may_not_read_it(client: Any, new_client: Any) -> None:
    heard = Heard(audience="members")
    change = heard.answer()
    heard.says("named")
    path = queries.change_url(change.id, change.slug)
    assert not client.soup(path).select(f"a[href*='/t/{heard.thread.id}/']")
    assert new_client(factories.a_member()).soup(path).select(f"a[href*='/t/{heard.thread.id}/']")


def test_one_unnamed_quotation_shuts_the_way_back_for_all_from_that_conversation(client: Any) -> None:
    heard = Heard(audience="public")
    other = factories.a_member(words="with_name")
    post = factories.a_post(heard.thread, other, source="Mine rang out as well.")
    more = listening.add_excerpt(heard.staff, heard.insight.id, post_id=post.id, exact="rang out as well")
    consent.check_excerpt(viewer_for(heard.colleague), more.id, "Another person had no luck.")
    change = actions.publish_change(
        heard.staff, an_entry(), nonce="y" * 9, idea_id=heard.idea.id, excerpt_ids=[heard.excerpt.id, more.id]
    )
    heard.says("unnamed")
    page = client.soup(queries.change_url(change.id, change.slug))
    assert "rang out as well" in page.get_text()
    assert not [link for link in page.select("main section#from a, main a") if link.get_text() == heard.thread.title]


def test_taking_words_back_removes_them_everywhere_at_once(client: Any) -> None:
    heard = Heard()
    change = heard.answer()
    heard.says("named")
    consent.withdraw_consent(viewer_for(heard.writer), heard.excerpt.id)
    for path in (queries.change_url(change.id, change.slug), "/changes", "/feeds/changes.atom", "/"):
        assert "forty minutes" not in client.get(path).text
    assert "forty minutes" not in str(queries.changes_export())


def test_a_quotation_goes_when_its_post_is_withdrawn_or_hidden(client: Any) -> None:
    heard = Heard(words="with_name")
    change = heard.answer()
    path = queries.change_url(change.id, change.slug)
    assert "forty minutes" in client.get(path).text
    threads.withdraw_post(viewer_for(heard.writer), heard.post.id)
    assert "forty minutes" not in client.get(path).text


def test_everybody_behind_it_is_told_once_by_one_letter(app: Any, work: Any, outbox: Any) -> None:
    heard = Heard(words="with_name")
    heard.answer()
    work()
    work()
    for person in (heard.writer, heard.proposer):
        letters = [one for one in outbox.to(person.email) if "Because you spoke" in one["Subject"]]
        assert len(letters) == 1
    assert Told.select().where(Told.told_at.is_null()).count() == 0


def test_the_writer_finds_it_in_your_difference_and_says_whether_it_helps(new_client: Any, work: Any) -> None:
    heard = Heard(words="with_name")
    change = heard.answer()
    work()
    theirs = new_client(heard.writer)
    assert "The respite line rings you back" in theirs.soup("/me/difference").get_text()
    theirs.fill("/me/difference", press="A little")
    assert Told.get(Told.member == heard.writer.id, Told.change == change.id).made_difference == "a_little"


def test_done_does_not_count_until_the_people_who_spoke_were_asked(client: Any) -> None:
    heard = Heard(words="with_name")
    change = heard.answer()
    path = queries.change_url(change.id, change.slug)
    assert "We're asking the people who spoke" in client.soup(path).get_text()
    actions.answer_difference(viewer_for(heard.writer), change.id, answer="yes")
    page = client.soup(path).get_text()
    assert "We're asking the people who spoke" not in page
    assert "Fewer than five" in page


def test_groups_too_small_to_hide_in_are_not_counted_in_public(client: Any) -> None:
    heard = Heard()
    change = heard.answer()
    path = queries.change_url(change.id, change.slug)

    def say(*answers: str) -> str:
        for answer in answers:
            member = factories.a_member()
            Told.create(change=change.id, member=member.id, because="words")
            actions.answer_difference(viewer_for(member), change.id, answer=answer)
        return " ".join(client.soup(path).get_text().split())

    assert "Fewer than five" in say("yes", "yes", "yes", "no")
    assert "6 of the people behind it answered. Most say it helps." in say("yes", "yes")
    page = say("no", "no", "no", "no")
    assert "10 of the people behind it answered: 5 say it helps, 0 a little, 5 not." in page


def test_somebody_who_is_not_behind_it_has_no_say(stack: Any) -> None:
    change = Heard().answer()
    with pytest.raises(NotFound):
        actions.answer_difference(viewer_for(factories.a_member()), change.id, answer="yes")


def test_a_small_fix_goes_from_a_post_to_a_published_change_on_one_page(
    new_client: Any, work: Any, outbox: Any
) -> None:
    heard = Heard(words="with_name")
    staff = new_client(heard.supporter)
    staff.fill(
        f"/changes/fix?post={heard.post.id}",
        title="The line has a queue now",
        you_said="It rang out",
        we_did="We put in a queue",
        status="done",
        exact="it rang out",
    )
    work()
    change = Change.get()
    assert change.idea_id is None
    assert Told.get(Told.change == change.id).member_id == heard.writer.id
    assert "The line has a queue now" in outbox.last(heard.writer.email)["Subject"]


def test_please_dont_is_never_quoted_by_a_small_fix_and_is_still_told(stack: Any, work: Any) -> None:
    heard = Heard()
    quiet = factories.a_member(words="please_dont")
    post = factories.a_post(heard.thread, quiet, source="The lift is broken again.")
    change = actions.publish_small_fix(heard.staff, post.id, an_entry(), exact="The lift is broken", nonce="z" * 9)
    assert queries.quoted_excerpts(change.id) == []
    assert Excerpt.select().where(Excerpt.member == quiet.id).count() == 0
    assert Told.get(Told.change == change.id).member_id == quiet.id


def test_an_update_keeps_what_the_entry_said_before(client: Any) -> None:
    heard = Heard()
    change = heard.answer()
    actions.update_change(
        heard.staff, change.id, an_entry(status="tried_stopped", we_did="We stopped.", because="Nobody rang.")
    )
    page = client.soup(queries.change_url(change.id, change.slug)).get_text()
    assert "We stopped." in page
    assert "we ring back within the day" in page


def test_late_promises_stand_in_public_by_team_and_never_by_person(client: Any, clock: Any) -> None:
    heard = Heard()
    day = (clock.now() + timedelta(days=3)).date()
    step_idea(heard.staff, heard.idea.id, status="looking", promised_for=day)
    assert "Nothing is late." in client.soup("/changes/promises").get_text()
    clock.advance(days=5)
    page = client.soup("/changes/promises").get_text()
    assert "Late: we said" in page
    assert "Carers team" in page
    assert heard.supporter.name not in page


def test_the_feed_is_atom_and_says_what_the_pages_say(client: Any) -> None:
    heard = Heard(words="with_name")
    heard.answer()
    answer = client.get("/feeds/changes.atom")
    feed = etree.fromstring(answer.data)
    space = {"a": "http://www.w3.org/2005/Atom"}
    assert answer.mimetype == "application/atom+xml"
    assert feed.findtext("a:entry/a:title", namespaces=space) == "The respite line rings you back"
    assert "forty minutes" not in answer.text


def test_visitors_read_everything_and_change_nothing(client: Any) -> None:
    change = Heard().answer()
    page = client.soup(queries.change_url(change.id, change.slug))
    assert not page.select("main form[method=post]")
    assert client.get(f"/changes/{change.id}/edit").status_code == 303


def test_search_finds_a_change(client: Any) -> None:
    change = Heard().answer()
    page = client.soup("/search?q=respite+rings")
    assert page.select(f"a[href='{queries.change_url(change.id, change.slug)}']")


def test_who_leaves_is_no_longer_among_those_told(stack: Any) -> None:
    heard = Heard(words="with_name")
    change = heard.answer()
    with transaction():
        actions.forget_member(heard.writer.id)
        listening.forget_member(heard.writer.id)
    assert Told.select().where(Told.member == heard.writer.id).count() == 0
    assert queries.change(heard.staff, change.id).quotes == []
