"""The workbench, the page of one's own words, and ideas, as people see them without a script."""

from datetime import timedelta
from typing import Any

import pytest

from forum.listening import actions, queries
from forum.listening.models import Excerpt, Idea, Insight, ListeningMark, OfflineVoice, Theme
from forum.members.actions import viewer_for
from forum.members.models import Member
from forum.threads.models import Thread
from tests import factories
from tests.listening.people import (
    HOUSEKEEPING,
    WORDS,
    a_listening_thread,
    a_supporter,
    an_excerpt,
    an_insight,
    checked,
    fresh,
    said,
)


@pytest.fixture
def marcia(app: Any) -> Any:
    return a_supporter("Marcia")


@pytest.fixture
def staff(new_client: Any, marcia: Any) -> Any:
    return new_client(marcia)


def words_of(soup: Any) -> str:
    return " ".join(soup.select_one("main").get_text(" ", strip=True).split())


def thread_path(post: Any) -> str:
    thread = Thread.fetch(post.thread_id)
    return f"/t/{thread.id}/{thread.slug}"


# ---- who sees what ---------------------------------------------------------------------------------------------------

BENCH = (
    "/listening",
    "/listening/insights",
    "/listening/themes",
    "/listening/ideas",
    "/listening/codebook",
    "/listening/offline",
)


def test_the_workbench_is_for_staff(client: Any, new_client: Any, app: Any) -> None:
    an_insight()
    for path in BENCH:
        assert client.get(path).status_code == 303, "visitors sign in first"
        for role in ("member", "volunteer", "commissioner"):
            assert new_client(factories.a_member(role=role)).get(path).status_code == 403
        for role in ("supporter", "moderator", "admin"):
            assert new_client(factories.a_member(role=role)).get(path).status_code == 200


def test_an_empty_workbench_is_kind(staff: Any) -> None:
    for path in BENCH:
        staff.soup(path)
    assert "Nobody is left waiting" in words_of(staff.soup("/listening"))


def test_members_are_offered_no_tools_of_staff(new_client: Any, app: Any) -> None:
    post = said()
    page = new_client(factories.a_member()).get(thread_path(post)).text
    assert "/listening/insights" not in page
    assert "listening.js" not in page


# ---- a listening thread ----------------------------------------------------------------------------------------------


def test_a_supporter_marks_a_thread_and_members_see_what_for(staff: Any, new_client: Any) -> None:
    thread = factories.a_thread()
    path = f"/t/{thread.id}/{thread.slug}"
    assert staff.soup(path).select_one(f'a[href="/listening/mark/{thread.id}"]')
    sent = staff.fill(f"/listening/mark/{thread.id}", HOUSEKEEPING)
    assert sent.status_code == 303
    seen = words_of(new_client(factories.a_member()).soup(path))
    assert "Marcia is listening here" in seen
    for sentence in HOUSEKEEPING.values():
        assert sentence in seen
    assert "Ask me first" in seen
    staff.fill(f"/listening/mark/{thread.id}", form='form[action$="/end"]')
    assert "Marcia listened here" in words_of(new_client(factories.a_member()).soup(path))


def test_what_was_typed_stays_when_something_is_missing(staff: Any) -> None:
    thread = factories.a_thread()
    sent = staff.fill(f"/listening/mark/{thread.id}", HOUSEKEEPING, who_decides="")
    assert sent.status_code == 422
    assert "Say who decides." in sent.text
    assert HOUSEKEEPING["purpose"] in sent.text
    assert not ListeningMark.select().exists()


def test_a_visitor_reads_that_nobody_is_quoted_without_a_yes(client: Any, app: Any) -> None:
    thread = a_listening_thread(thread=factories.a_thread(category=factories.a_category(audience="public")))
    assert "Nobody is quoted without a yes" in words_of(client.soup(f"/t/{thread.id}/{thread.slug}"))


def test_somebody_who_said_please_dont_reads_that_we_never_do(new_client: Any, app: Any) -> None:
    post = said(by=factories.a_member(words="please_dont"))
    assert "We never use what you say" in words_of(new_client(post.author).soup(thread_path(post)))


def test_earlier_words_take_one_tap(new_client: Any, clock: Any, app: Any) -> None:
    thread = factories.a_thread()
    post = factories.a_post(thread)
    clock.advance(minutes=1)
    a_listening_thread(thread=thread)
    writer = new_client(post.author)
    writer.fill(thread_path(post), press="You may also listen")
    assert "We may also listen to what you said" in words_of(writer.soup(thread_path(post)))
    writer.fill(thread_path(post), press="Take that back")
    assert "You may also listen" in words_of(writer.soup(thread_path(post)))


# ---- making an insight -----------------------------------------------------------------------------------------------


def test_without_a_script_one_picks_a_paragraph(staff: Any) -> None:
    post = said(f"I'm tired of it.\n\n{WORDS}")
    [link] = [a["href"] for a in staff.soup(thread_path(post)).select(f'a[href*="new?post={post.id}"]')]
    sent = staff.fill(link, paragraph=WORDS, kind="struggle", follow=True)
    assert WORDS in sent.text
    assert Excerpt.get().words == WORDS


def test_copied_words_come_before_a_picked_paragraph(staff: Any) -> None:
    post = said()
    staff.fill(f"/listening/insights/new?post={post.id}", paragraph=WORDS, exact="I can answer one", kind="idea")
    assert Excerpt.get().words == "I can answer one"


def test_trouble_keeps_what_was_chosen(staff: Any) -> None:
    post = said()
    sent = staff.fill(f"/listening/insights/new?post={post.id}", exact="never said", kind="idea", memo="A thought.")
    assert sent.status_code == 422
    assert "find those words" in sent.text
    assert "A thought." in sent.text
    assert "never said" in sent.text
    sent = staff.fill(f"/listening/insights/new?post={post.id}", paragraph=WORDS)
    assert "Choose what kind" in sent.text
    assert not Insight.select().exists()


def test_the_page_says_kindly_whose_words_are_not_ours(staff: Any) -> None:
    post = said(by=factories.a_member("Gwen", words="please_dont"))
    soup = staff.soup(f"/listening/insights/new?post={post.id}")
    assert "Gwen has asked us not to note down" in words_of(soup)
    assert not soup.select("main form")
    assert not staff.soup(thread_path(post)).select(f'a[href*="new?post={post.id}"]')


def test_the_page_says_when_the_writer_is_asked_first(staff: Any) -> None:
    post = factories.a_post(source=WORDS)
    assert "We'll ask them first" in words_of(staff.soup(f"/listening/insights/new?post={post.id}"))
    sent = staff.fill(f"/listening/insights/new?post={post.id}", paragraph=WORDS, kind="idea", follow=True)
    assert WORDS not in sent.text
    assert "Asked, no answer yet" in sent.text


def test_further_words_go_into_an_insight_that_is_there(staff: Any, marcia: Any) -> None:
    insight = an_insight(by=marcia)
    post = said("We gave up ringing altogether.")
    staff.fill(f"/listening/insights/new?post={post.id}", exact="gave up ringing", kind="idea", into=str(insight.id))
    assert Insight.select().count() == 1
    assert len(queries.insight(viewer_for(marcia), insight.id).excerpts) == 2


def test_the_bar_gets_its_answer_as_data(staff: Any) -> None:
    post = said()
    token = staff.soup("/listening/themes").select_one('main [name="csrf_token"]')["value"]
    headers = {"Accept": "application/json", "Referer": "http://localhost/"}
    body = {"csrf_token": token, "post": post.id, "exact": WORDS, "kind": "worry", "nonce": "from-the-bar"}
    answer = staff.post("/listening/insights", data=body, headers=headers)
    assert answer.json == {
        "id": Insight.get().id,
        "url": f"/listening/insights/{Insight.get().id}",
        "said": "Kept as: Worry.",
    }
    again = staff.post("/listening/insights", data=body, headers=headers)
    assert again.json == answer.json
    wrong = staff.post("/listening/insights", data=body | {"exact": "no", "nonce": "another-one"}, headers=headers)
    assert (wrong.status_code, sorted(wrong.json)) == (422, ["error_type", "errors"])


# ---- an insight and its consent --------------------------------------------------------------------------------------


def test_asking_checking_and_using_an_excerpt(staff: Any, marcia: Any, new_client: Any, work: Any) -> None:
    member = factories.a_member("Gwen")
    excerpt = an_excerpt(said(by=member))
    page = f"/listening/insights/{excerpt.insight_id}"
    assert "Not asked yet" in words_of(staff.soup(page))
    staff.fill(page, press="Ask if we may use these words")
    assert "Asked, no answer yet" in words_of(staff.soup(page))

    gwen = new_client(member)
    work()
    assert "/me/words" in gwen.get("/me").text
    soup = gwen.soup("/me/words")
    assert "May we use these?" in words_of(soup)
    gwen.fill("/me/words", correction="It's the waiting.", press="Yes, with my name")
    assert fresh(excerpt).consent == "named"

    seen = words_of(staff.soup(page))
    assert "Yes, with their name" in seen
    assert "It's the waiting." in seen
    check = f"/listening/excerpts/{excerpt.id}/check"
    assert staff.fill(check, paraphrase="Waiting is the hard part.").status_code == 422
    assert staff.fill(check, paraphrase=WORDS, sure="yes").status_code == 422
    assert staff.fill(check, paraphrase="Waiting is the hard part.", sure="yes").status_code == 303
    assert "It may stand in public" in words_of(staff.soup(page))
    assert list(queries.quotable_excerpts([excerpt.id])) == [excerpt.id]

    gwen.fill("/me/words", press="Take these words back")
    assert queries.quotable_excerpts([excerpt.id]) == {}
    seen = words_of(staff.soup(page))
    assert WORDS not in seen
    assert "They took these words back." in seen
    assert "1 person" in seen
    for path in ("/listening", "/listening/insights"):
        assert WORDS not in staff.get(path).text
    assert staff.get(check).status_code == 409


def test_a_no_is_one_tap_and_can_be_changed(new_client: Any, staff: Any, app: Any) -> None:
    member = factories.a_member()
    excerpt = an_excerpt(said(by=member))
    actions.ask_consent(viewer_for(a_supporter()), [excerpt.id])
    writer = new_client(member)
    said_no = writer.fill("/me/words", press="No", follow=True)
    assert "out of our notes" in said_no.text
    assert fresh(excerpt).words is None
    assert WORDS not in staff.get(f"/listening/insights/{excerpt.insight_id}").text
    writer.fill("/me/words", press="Yes, without my name")
    assert (fresh(excerpt).words, fresh(excerpt).consent) == (WORDS, "unnamed")


def test_a_page_of_words_that_is_still_open_cannot_break_anything(new_client: Any, app: Any) -> None:
    member = factories.a_member()
    excerpt = an_excerpt(said(by=member))
    actions.ask_consent(viewer_for(a_supporter()), [excerpt.id])
    writer = new_client(member)
    form = writer.soup("/me/words").select_one('main form[action^="/me/words/"]')
    Member.update(words="please_dont").where(Member.id == member.id).execute()
    actions.words_setting_changed(member.id)
    sent = writer.send("/me/words", form, press="Yes, with my name")
    assert sent.status_code == 409
    assert "never use your words" in sent.text
    assert fresh(excerpt).words is None


def test_changing_the_setting_on_its_page_takes_everything_back(new_client: Any, app: Any) -> None:
    member = factories.a_member(words="with_name")
    excerpt = checked(an_excerpt(said(by=member)))
    assert queries.quotable_excerpts([excerpt.id])
    assert new_client(member).fill("/me/settings", words="please_dont").status_code == 303
    assert (fresh(excerpt).words, fresh(excerpt).consent) == (None, "withdrawn")


def test_nobody_sees_somebody_elses_words(new_client: Any, client: Any, app: Any) -> None:
    an_excerpt()
    assert WORDS not in new_client(factories.a_member()).get("/me/words").text
    assert "haven't noted down anything" in words_of(new_client(factories.a_member()).soup("/me/words"))
    assert client.get("/me/words").status_code == 303


def test_my_words_say_what_they_are_used_for(new_client: Any, marcia: Any, clock: Any) -> None:
    member = factories.a_member()
    insight = an_insight(said(by=member))
    theme = actions.make_theme(viewer_for(marcia), title="A theme", insight_ids=[insight.id])
    idea = actions.propose_idea(viewer_for(marcia), title="Ring us back", words="When we choose.", theme_id=theme.id)
    excerpt_id = Excerpt.get().id
    queries.uses.append(lambda ids: {id: [queries.Use("A change", "/changes/1/a-change")] for id in ids})
    try:
        soup = new_client(member).soup("/me/words")
    finally:
        queries.uses.pop()
    assert soup.select_one(f'a[href="/ideas/{idea.id}/ring-us-back"]')
    assert soup.select_one('a[href="/changes/1/a-change"]')
    assert excerpt_id


def test_an_export_and_leaving_know_this_room(new_client: Any, app: Any, work: Any) -> None:
    from forum.members import queries as people

    member = factories.a_member()
    excerpt = an_excerpt(said(by=member))
    assert WORDS in str(people.everything_about(member.id)["listening"])
    from forum.database import transaction
    from forum.members.actions import farewells

    with transaction():
        for farewell in farewells:
            farewell(member.id)
    assert (fresh(excerpt).words, fresh(excerpt).post_id) == (None, None)


def test_an_edited_post_is_followed_by_the_worker(new_client: Any, work: Any, app: Any) -> None:
    from forum.threads import actions as threads

    member = factories.a_member(words="with_name")
    post = said(by=member)
    excerpt = an_excerpt(post)
    threads.edit_post(viewer_for(member), post.id, source="Something quite different now.", revision=1)
    work()
    assert fresh(excerpt).drifted_at is not None
    assert "You changed your post later" in words_of(new_client(member).soup("/me/words"))
    threads.withdraw_post(viewer_for(member), post.id)
    work()
    assert fresh(excerpt).words is None
    assert "Your post is gone" in words_of(new_client(member).soup("/me/words"))


# ---- sense -----------------------------------------------------------------------------------------------------------


def test_an_insight_goes_into_a_theme_and_a_theme_becomes_an_idea(staff: Any, new_client: Any, clock: Any) -> None:
    member = factories.a_member()
    insight = an_insight(said(by=member))
    page = f"/listening/insights/{insight.id}"
    assert staff.fill(page, title="", press="Put it there").status_code == 422
    staff.fill(page, title="The phone is the wall", press="Put it there")
    theme = Theme.get()
    seen = words_of(staff.soup(f"/listening/themes/{theme.id}"))
    assert "1 person , 1 post" in seen.replace("person,", "person ,")
    assert theme.title in words_of(staff.soup("/listening/themes"))

    link = f"/listening/ideas/new?theme={theme.id}"
    day = (clock.now() + timedelta(days=14)).date()
    facts = {"title": "Ring us back", "words": "When we choose.", "team": "Breaks team"}
    assert staff.fill(link, facts, promised_for="soon").status_code == 422
    assert not Idea.select().exists()
    sent = staff.fill(link, facts, promised_for=f"{day.day}/{day.month}/{day.year}")
    assert sent.status_code == 303
    idea = Idea.get()
    assert (idea.promised_for, idea.theme_id, idea.status) == (day, theme.id, "looking")
    assert "Ring us back" in words_of(staff.soup("/listening"))

    bench = f"/listening/ideas/{idea.id}"
    assert "2 people will be told" in words_of(staff.soup(bench))
    refused = staff.fill(bench, press="Put it into its history", status="not_now", words="")
    assert refused.status_code == 422
    yesterday = (clock.now() - timedelta(days=1)).date().isoformat()
    late = staff.fill(bench, press="Put it into its history", status="trying", next_day=yesterday)
    assert "f-next_day-error" in late.text
    staff.fill(bench, press="Put it into its history", status="trying", words="On two evenings.")
    reader = new_client(member)
    assert reader.get(f"/ideas/{idea.id}").status_code == 301
    seen = words_of(reader.soup(f"/ideas/{idea.id}/ring-us-back"))
    assert "On two evenings." in seen
    assert "Breaks team" in seen
    assert "Marcia looks after" not in seen


def test_a_theme_takes_loose_insights_by_ticks(staff: Any, marcia: Any) -> None:
    one, other = an_insight(), an_insight(said("Another one says this."))
    theme = actions.make_theme(viewer_for(marcia), title="A theme")
    staff.fill(f"/listening/themes/{theme.id}", insight=[str(one.id), str(other.id)], press="Put them into this theme")
    assert queries.theme(viewer_for(marcia), theme.id).people == 2
    staff.fill(f"/listening/themes/{theme.id}", press="Take it out")
    assert queries.theme(viewer_for(marcia), theme.id).people == 1
    staff.fill(f"/listening/themes/{theme.id}", title="Another name", press="Keep this")
    assert Theme.get().title == "Another name"


def test_codes_are_added_renamed_and_given(staff: Any, marcia: Any) -> None:
    staff.fill("/listening/codebook", name="Breaks")
    [breaks] = queries.codebook(viewer_for(marcia))
    staff.fill("/listening/codebook", name="Booking", parent=str(breaks.id))
    assert staff.fill("/listening/codebook", name="breaks").status_code == 422
    staff.fill(f"/listening/codebook/{breaks.id}", name="Time off")
    assert [code.path for code in queries.codebook(viewer_for(marcia))] == ["Time off", "Time off / Booking"]
    insight = an_insight()
    staff.fill(f"/listening/insights/{insight.id}", code=[str(breaks.id)], kind="idea", memo="Mine.", press="Keep this")
    assert queries.insight(viewer_for(marcia), insight.id).codes == ((breaks.id, "Time off"),)
    assert staff.get("/listening/codebook/999").status_code == 404


def test_an_offline_voice_is_entered_and_taken_back(staff: Any) -> None:
    sent = staff.fill(
        "/listening/offline", source="phone", words="Nobody rings me.", consent="unnamed", kind="worry", day="1/11/2025"
    )
    assert sent.status_code == 303
    voice = OfflineVoice.get()
    assert (voice.at.year, voice.at.month, voice.at.day) == (2025, 11, 1)
    page = f"/listening/insights/{voice.insight_id}"
    staff.fill(
        "/listening/offline?insight=" + str(voice.insight_id), source="letter", words="Me too.", consent="refused"
    )
    assert "2 people" in words_of(staff.soup(page))
    staff.fill(page, press="They took it back")
    assert "Nobody rings me." not in staff.get(page).text
    assert staff.fill("/listening/offline", source="phone", words="", consent="", kind="").status_code == 422


def test_filters_and_pages_of_insights(staff: Any) -> None:
    thread = a_listening_thread()
    for n in range(22):
        an_insight(said(f"This is thing number {n}.", thread=thread), kind="worry" if n % 2 else "idea")
    soup = staff.soup("/listening/insights?kind=worry&theme=none")
    assert len(soup.select("article.insight-card")) == 11
    soup = staff.soup("/listening/insights?theme=none")
    older = soup.select_one('a[rel="next"]')["href"]
    assert "theme=none" in older
    assert len(staff.soup(older).select("article.insight-card")) == 2
    for odd in ("?kind=x&theme=y&before=z", "?theme=999999999999999999999", "?before=1.%00"):
        staff.soup("/listening/insights" + odd)


# ---- ideas of members ------------------------------------------------------------------------------------------------


def test_a_member_proposes_an_idea_from_a_thread(new_client: Any, app: Any) -> None:
    member = factories.a_member("Gwen")
    post = said()
    path = f"/ideas/new?thread={post.thread_id}"
    gwen = new_client(member)
    assert path in gwen.get(thread_path(post)).text
    assert gwen.fill(path, title="", words="More.").status_code == 422
    sent = gwen.fill(path, title="Ring us back", words="When we choose.", follow=True)
    assert "Ring us back" in sent.text
    assert "Gwen" in sent.text
    assert Idea.get().thread_id == post.thread_id
    assert "Ring us back" in words_of(new_client(factories.a_member()).soup("/ideas"))
    assert "Ring us back" not in words_of(gwen.soup("/ideas?status=done"))


def test_an_idea_does_not_lead_to_a_thread_one_cannot_read(new_client: Any, marcia: Any) -> None:
    circle = factories.a_group()
    thread = factories.a_thread(marcia, factories.a_category(group=circle), title="A closed circle")
    idea = actions.propose_idea(viewer_for(marcia), title="Ring us back", words="When we choose.", thread_id=thread.id)
    page = new_client(factories.a_member()).soup(f"/ideas/{idea.id}/ring-us-back")
    assert "A closed circle" not in words_of(page)


def test_visitors_are_asked_to_sign_in_for_ideas(client: Any, app: Any) -> None:
    for path in ("/ideas", "/ideas/new", "/ideas/1/x"):
        assert client.get(path).status_code == 303


def test_a_mistake_is_taken_out_from_its_page(staff: Any, marcia: Any) -> None:
    insight = an_insight()
    assert staff.fill(f"/listening/insights/{insight.id}", press="Take this insight out").status_code == 303
    assert not Insight.select().exists()
    answered = an_insight(said("This one was answered."))
    actions.answer_consent(viewer_for(Excerpt.get().member), Excerpt.get().id, answer="refused")
    assert "Was this a mistake?" not in staff.get(f"/listening/insights/{answered.id}").text


def test_an_insight_without_any_words_is_shown_by_its_memo(staff: Any, marcia: Any) -> None:
    insight = actions.note_insight(viewer_for(marcia), kind="idea", memo="Everybody in the cuppa wants a call back.")
    assert "Everybody in the cuppa" in words_of(staff.soup("/listening"))
    staff.fill(f"/listening/insights/{insight.id}", press="Take this insight out")
    assert not Insight.select().exists()


def test_an_idea_leads_to_the_change_that_answers_it(staff: Any, marcia: Any, new_client: Any) -> None:
    from forum.legacy.actions import publish_change
    from forum.legacy.entry import Entry

    idea = actions.propose_idea(viewer_for(marcia), title="Ring us back", words="When we choose.")
    bench = staff.soup(f"/listening/ideas/{idea.id}")
    assert bench.select_one(f'a[href="/changes/new?idea={idea.id}"]')
    entry = Entry("We ring you back", "Nobody rang", "We ring when you choose", "", "", "done")
    publish_change(viewer_for(marcia), entry, nonce="a-change-nonce", idea_id=idea.id)
    page = new_client(factories.a_member()).soup(f"/ideas/{idea.id}/ring-us-back")
    assert "We ring when you choose" in words_of(page)
    assert not page.select('a[href^="/changes/new"]')
