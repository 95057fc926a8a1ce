"""What members tell of themselves, and who learns of it."""

import json
from typing import Any

import pytest
from playhouse.migrations import Runner

from forum import database, migrations
from forum.clock import now
from forum.errors import NotAllowed
from forum.members.actions import viewer_for
from forum.members.models import Member
from forum.members.profiles import actions, queries
from forum.members.profiles.models import Situation
from tests import factories
from tests.members.test_joining import errors


@pytest.fixture
def joan(app: Any) -> Any:
    return factories.a_member(name="Joan", email="joan@example.org")


def words_of(client: Any, name: str = "Joan") -> str:
    return client.soup(f"/m/{name}").select_one("main").get_text(" ", strip=True)


def tell(member: Any, audience: str = "counted", **told: str) -> None:
    """Let *member* tell: ``tell(joan, "members", whom="parent friend")``."""
    actions.tell_situation(
        viewer_for(member), {field: (tuple(words.split()), audience) for field, words in told.items()}
    )


# ---- a page of one's own -------------------------------------------------------------------------------------------


def test_a_member_writes_a_page_about_themselves_and_others_read_it(client: Any, new_client: Any, joan: Any) -> None:
    client.sign_in(joan)
    answer = client.fill(
        "/me/profile",
        about="Two cats.\r\n\r\nNo *sleep*. <script>alert(1)</script>",
        offers="I know <b>forms</b>",
        would_like="Company",
        care="both",
    )
    assert answer.location == "/m/Joan"
    reader = new_client(factories.a_member())
    page = reader.soup("/m/Joan")
    assert page.select_one("main .prose em").get_text() == "sleep"
    assert page.select_one("main script") is None
    for words in ("Two cats.", "I know <b>forms</b>", "Company", "Cares for somebody and draws on care"):
        assert words in words_of(reader)
    assert client.soup("/me/profile").select_one("[name=about]").get_text().strip().startswith("Two cats.")


def test_words_that_are_too_long_stay_in_the_box(client: Any, joan: Any) -> None:
    client.sign_in(joan)
    answer = client.fill("/me/profile", about="x" * 601, offers="y" * 301, would_like="Company")
    assert answer.status_code == 422
    assert "600 characters" in errors(answer)
    assert "300 characters" in errors(answer)
    assert "Company" in answer.text
    assert Member.get_by_id(joan.id).would_like == ""


def test_members_see_name_role_and_words_but_never_the_address(client: Any, joan: Any) -> None:
    sian = factories.a_member(name="Siân & Co", role="supporter", email="sian@example.org", care="used_to")
    actions.change_profile(
        viewer_for(sian), about="Hello", offers="", would_like="", care="used_to", care_audience="members"
    )
    client.sign_in(joan)
    page = client.soup("/m/Si%C3%A2n%20%26%20Co")
    words = page.select_one("main").get_text(" ", strip=True)
    assert "Supporter" in words
    assert "Used to care" in words
    assert "sian@" not in page.decode()
    assert client.get("/m/sian%20and").status_code == 404
    assert client.get("/m/SIAN%20%26%20CO").location == "/m/Si%C3%A2n%20%26%20Co"


def test_visitors_never_see_who_is_who(new_client: Any, joan: Any) -> None:
    assert new_client().get("/m/Joan").location.startswith("/login?next=")
    assert new_client().get("/m/Nobody").location.startswith("/login?next=")
    assert new_client().get("/me/profile").location.startswith("/login?next=")
    assert new_client().get("/me/situation").location.startswith("/login?next=")


def test_a_profile_leads_to_a_report_of_that_person(client: Any) -> None:
    factories.a_member(name="Rude & Loud")
    client.sign_in(factories.a_member())
    link = client.soup("/m/Rude%20%26%20Loud").select_one('main a[href^="/report"]')
    assert client.soup(link["href"]).get_text().count("Rude & Loud") >= 1


# ---- the caring situation ------------------------------------------------------------------------------------------


def test_each_answer_goes_as_far_as_its_teller_lets_it(client: Any, new_client: Any, joan: Any) -> None:
    client.sign_in(joan)
    answer = client.fill(
        "/me/situation",
        whom=["parent", "friend"],
        whom_audience="members",
        condition=["dementia"],
        condition_audience="counted",
        distance="far",
        distance_audience="nobody",
    )
    assert answer.location == "/me/situation"
    words = words_of(new_client(factories.a_member()))
    assert "A parent or grandparent, A friend or neighbour" in words
    assert "Dementia" not in words
    assert "An hour away" not in words
    kept = client.soup("/me/situation")
    assert [box["value"] for box in kept.select("[name=whom][checked]")] == ["parent", "friend"]
    assert kept.select_one("[name=distance][checked]")["value"] == "far"
    assert kept.select_one("[name=distance_audience] [selected]")["value"] == "nobody"


def test_what_a_member_says_about_caring_has_its_own_audience(client: Any, joan: Any) -> None:
    sam = factories.a_member(name="Sam")
    client.sign_in(joan)
    for audience, is_shown in (("members", True), ("counted", False), ("nobody", False)):
        actions.change_profile(viewer_for(sam), about="", offers="", would_like="", care="care", care_audience=audience)
        assert ("Cares for somebody" in words_of(client, "Sam")) is is_shown


def test_words_from_elsewhere_are_left_out_and_one_answer_is_one(client: Any, joan: Any) -> None:
    client.sign_in(joan)
    client.fill("/me/situation", age=["25_44", "45_64"], condition=["gout", "dementia"], age_audience="everybody")
    told = {(row.field, row.value, row.audience) for row in Situation.select()}
    assert told == {("age", "25_44", "nobody"), ("condition", "dementia", "nobody")}


def test_answers_are_taken_back_by_leaving_them_out(client: Any, joan: Any) -> None:
    tell(joan, whom="parent", age="65_79")
    client.sign_in(joan)
    client.fill("/me/situation", whom=None, age="", press="Keep my answers")
    assert not Situation.select().exists()


# ---- numbers -------------------------------------------------------------------------------------------------------


def groups(viewer: Any, field: str, member_ids: Any = None) -> dict[str, int | None]:
    found = next(one for one in queries.counted(viewer, member_ids) if one.field == field)
    return {group.value: group.people for group in found.groups}


@pytest.fixture
def supporter(app: Any) -> Any:
    return viewer_for(factories.a_member(role="supporter"))


def some(count: int, audience: str = "counted", **told: str) -> list[int]:
    members = [factories.a_member() for _ in range(count)]
    for member in members:
        tell(member, audience, **told)
    return [member.id for member in members]


def test_groups_of_fewer_than_five_are_hidden_and_so_is_what_gives_them_away(app: Any, supporter: Any) -> None:
    town, village, lonely = some(9, place="town"), some(6, place="village"), some(2, place="countryside")
    everybody = town + village + lonely
    # Two live in the countryside. With the sum known, hiding them alone would tell; the village hides them.
    assert groups(supporter, "place", everybody) == {"town": 9, "village": None, "countryside": None, "": 0}
    assert groups(supporter, "place", town + village) == {"town": 9, "village": 6, "countryside": 0, "": 0}
    assert set(groups(supporter, "place", lonely).values()) == {None}
    assert set(groups(supporter, "place", []).values()) == {None}


def test_where_several_answers_fit_only_small_groups_are_hidden(app: Any, supporter: Any) -> None:
    ids = some(5, condition="dementia frailty") + some(3, condition="dementia mental_health")
    told = groups(supporter, "condition", ids)
    assert (told["dementia"], told["frailty"], told["mental_health"], told["illness"]) == (8, 5, None, 0)


def test_only_what_may_be_counted_is_counted(app: Any, supporter: Any) -> None:
    ids = some(5, "members", work="retired") + some(5, "counted", work="retired") + some(6, "nobody", work="retired")
    assert groups(supporter, "work", ids) == dict.fromkeys(
        ("full_time", "part_time", "studying", "given_up", "not_working"), 0
    ) | {"retired": 10, "": 6}


def test_who_cares_and_who_draws_on_care_is_counted_too(app: Any, supporter: Any) -> None:
    ids = [factories.a_member(care="care").id for _ in range(6)]
    ids += [factories.a_member(care="used_to", care_audience="nobody").id for _ in range(5)]
    assert groups(supporter, "care", ids) == {"care": 6, "draw_on_care": 0, "both": 0, "used_to": 0, "": 5}


def test_numbers_cost_few_queries_and_are_for_those_who_listen(app: Any, supporter: Any, queries: Any) -> None:
    from forum.members.profiles.queries import counted

    some(6, age="25_44")
    with queries(at_most=2):
        counted(supporter)
    counted(viewer_for(factories.a_member(role="commissioner")))
    with pytest.raises(NotAllowed):
        counted(viewer_for(factories.a_member()))


# ---- data rights and old rows --------------------------------------------------------------------------------------


def test_all_of_it_is_in_the_export_and_goes_with_its_teller(client: Any, joan: Any) -> None:
    client.sign_in(joan)
    client.fill("/me/profile", about="Two cats", offers="An ear", would_like="Company", care="care")
    tell(joan, "nobody", whom="parent")
    held = json.loads(client.fill("/me/export", press="Download it").text)["you"]
    assert (held["about"], held["offers"], held["would_like"]) == ("Two cats", "An ear", "Company")
    assert held["care_audience"] == "members"
    assert held["situation"] == {"whom": {"told": ["parent"], "to": "nobody"}}
    client.fill("/me/leave", press="Leave and take my words with me")
    gone = Member.get_by_id(joan.id)
    assert (gone.about, gone.about_html, gone.offers, gone.would_like, gone.care) == ("", None, "", "", "")
    assert not Situation.select().exists()


@pytest.mark.one_stack("sqlite")
def test_what_members_had_said_before_looks_as_it_did(tmp_path: Any) -> None:
    opened = database.open_database(f"sqlite:///{tmp_path}/old.db")
    Runner(opened, directory=str(migrations.STEPS)).up("0001_the_house")
    joan = {"name": "Joan", "name_key": "joan", "role": "member", "care": "care", "about": "Line one\n\n<b>two</b>"}
    joan |= {"words": "ask", "time_zone": "UTC", "mail_replies": 1, "mail_mentions": 1, "mail_asks": 1}
    joan |= {"asks_per_month": 4, "joined_at": str(now())}
    opened.execute_sql(
        f"INSERT INTO member ({', '.join(joan)}) VALUES ({', '.join('?' * len(joan))})", tuple(joan.values())
    )
    migrations.migrate()
    kept = Member.get()
    assert kept.about_html == "<p>Line one</p><p>&lt;b&gt;two&lt;/b&gt;</p>"
    assert (kept.care_audience, kept.offers) == ("members", "")
    opened.close()
