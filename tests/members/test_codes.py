"""Codes from a phone: a second step after password and link alike, once each, required of whoever works here."""

import json
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup

from forum import audit
from forum.access import HOUSE
from forum.errors import Conflict, Invalid, NotAllowed
from forum.members import actions as members
from forum.members.actions import viewer_for
from forum.members.codes import actions
from forum.members.codes.models import Authenticator, RecoveryCode
from forum.members.codes.queries import are_on
from forum.members.models import Session
from forum.members.sessions import actions as sessions
from forum.members.sessions import passwords
from forum.settings import BadSetting
from tests import factories
from tests.members.letters import path_of
from tests.members.phone import code_of, set_up
from tests.members.test_joining import errors

LONG = "three odd teaspoons"
STAFF = ("supporter", "moderator", "admin")


@pytest.fixture
def joan(app: Any, clock: Any) -> Any:
    return factories.a_member(name="Joan", email="joan@example.org", password_hash=passwords.hashed(LONG))


@pytest.fixture
def coded(joan: Any, clock: Any) -> Any:
    """Joan, who uses codes; the half minute of the first one is over."""
    set_up(joan)
    clock.advance(minutes=1)
    return joan


def sign_in(client: Any) -> Any:
    return client.fill("/login", email="joan@example.org", password=LONG, press="Sign in")


# ---- setting up ----------------------------------------------------------------------------------------------------


def test_from_settings_to_codes_that_are_on(client: Any, new_client: Any, joan: Any, work: Any, outbox: Any) -> None:
    sign_in(client)
    elsewhere = new_client(joan)
    assert client.fill("/me/codes", press="Set up codes").location == "/me/codes/setup"
    page = client.soup("/me/codes/setup")
    square = page.select_one("svg.qr")
    assert square["viewbox"] == "0 0 {0} {0}".format(square["viewbox"].split()[-1])
    key = page.select_one(".key code").get_text().replace(" ", "")
    assert f"secret={key}" in page.select_one('a[href^="otpauth:"]')["href"]
    assert not are_on(joan.id)
    answer = client.fill("/me/codes/setup", code=code_of(joan))
    codes = [one.get_text() for one in BeautifulSoup(answer.text, "html.parser").select(".recovery code")]
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", code) for code in codes)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "recovery codes left" in client.soup("/me/codes").get_text()
    assert elsewhere.get("/me").status_code == 303
    assert client.get("/me").status_code == 200
    work()
    assert "codes now" in outbox.last("joan@example.org")["Subject"]


def test_nothing_is_kept_that_opens_the_door(coded: Any) -> None:
    kept = json.dumps([*Authenticator.select().dicts(), *RecoveryCode.select().dicts()], default=str)
    assert actions.secret_of(Authenticator.get()) not in kept
    codes = actions.make_recovery_codes(viewer_for(coded), code_of(coded))
    kept = json.dumps(list(RecoveryCode.select().dicts()), default=str)
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


def test_setting_up_needs_the_password_or_a_fresh_sign_in(client: Any, joan: Any, clock: Any) -> None:
    client.fill("/login", email="joan@example.org", password=LONG, keep="yes", press="Sign in")
    clock.advance(hours=2)
    answer = client.fill("/me/codes", password="something else", press="Set up codes")
    assert "isn't your password" in errors(answer)
    assert client.fill("/me/codes", password=LONG, press="Set up codes").location == "/me/codes/setup"


def test_a_wrong_first_code_turns_nothing_on_and_setting_up_ends_after_a_while(
    client: Any, joan: Any, clock: Any
) -> None:
    sign_in(client)
    client.fill("/me/codes", press="Set up codes")
    right = code_of(joan)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    assert "doesn't fit" in errors(client.fill("/me/codes/setup", code=wrong))
    assert not are_on(joan.id)
    clock.advance(minutes=31)
    assert client.get("/me/codes/setup").location == "/me/codes"
    with pytest.raises(Conflict):
        actions.confirm(viewer_for(joan), code_of(joan))


# ---- coming in -----------------------------------------------------------------------------------------------------


def test_after_the_password_comes_the_code(client: Any, coded: Any) -> None:
    answer = client.fill("/login?next=/me/drafts", email="joan@example.org", password=LONG, press="Sign in")
    assert answer.location == "/login/code"
    assert client.get("/me").status_code == 303
    assert "doesn't fit" in errors(client.fill("/login/code", code="000000"))
    assert client.get("/me").status_code == 303
    assert client.fill("/login/code", code=code_of(coded)).location == "/me/drafts"
    assert client.get("/me").status_code == 200


def test_after_a_link_comes_the_code_and_after_a_new_password_too(client: Any, new_client: Any, coded: Any) -> None:
    sessions.send_link("joan@example.org", "sign_in", next_path="/me/settings")
    assert client.fill(path_of(), press="Come in").location == "/login/code"
    assert client.get("/me").status_code == 303
    assert client.fill("/login/code", code=code_of(coded)).location == "/me/settings"

    other = new_client()
    sessions.send_link("joan@example.org", "reset")
    assert other.fill(path_of(), password="five cold saucers").location == "/login/code"
    assert other.get("/me").status_code == 303
    assert other.fill("/login/code", code=code_of(coded, later=1)).location == "/me"


def test_a_code_works_once(client: Any, new_client: Any, coded: Any) -> None:
    code = code_of(coded)
    sign_in(client)
    assert client.fill("/login/code", code=code).status_code == 303
    over_the_shoulder = new_client()
    sign_in(over_the_shoulder)
    assert "doesn't fit" in errors(over_the_shoulder.fill("/login/code", code=code))
    assert "doesn't fit" in errors(over_the_shoulder.fill("/login/code", code=code_of(coded, later=-1)))


@pytest.mark.parametrize(("later", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_half_a_minute_off(client: Any, joan: Any, clock: Any, later: int, fits: bool) -> None:
    set_up(joan)
    clock.advance(minutes=5)
    sign_in(client)
    answer = client.fill("/login/code", code=code_of(joan, later=later))
    assert (answer.status_code == 303) is fits


def test_a_code_may_be_typed_in_groups(client: Any, coded: Any) -> None:
    code = code_of(coded)
    sign_in(client)
    assert client.fill("/login/code", code=f" {code[:3]} {code[3:]} ").status_code == 303


@pytest.mark.parametrize("typed", ["", "12345", "１２３４５６", "x" * 500, "\x00", "'; DROP TABLE session; --"])
def test_what_is_no_code_is_no_code(client: Any, coded: Any, typed: str) -> None:
    sign_in(client)
    assert "doesn't fit" in errors(client.fill("/login/code", code=typed))


def test_a_recovery_code_lets_one_in_once(client: Any, new_client: Any, joan: Any, clock: Any) -> None:
    codes = set_up(joan)
    sign_in(client)
    assert client.fill("/login/code", code=codes[3].upper().replace("-", " ")).status_code == 303
    assert "9 recovery codes left" in client.soup("/me/codes").get_text()
    again = new_client()
    sign_in(again)
    assert "doesn't fit" in errors(again.fill("/login/code", code=codes[3]))
    assert again.fill("/login/code", code=codes[4]).status_code == 303


def test_fresh_recovery_codes_take_the_place_of_the_old(client: Any, joan: Any, clock: Any) -> None:
    old = set_up(joan)
    clock.advance(minutes=1)
    sign_in(client)
    client.fill("/login/code", code=code_of(joan))
    clock.advance(minutes=1)
    assert "doesn't fit" in errors(client.fill("/me/codes", code="000000", press="Make new recovery codes"))
    answer = client.fill("/me/codes", code=code_of(joan), press="Make new recovery codes")
    fresh = [one.get_text() for one in BeautifulSoup(answer.text, "html.parser").select(".recovery code")]
    assert len(fresh) == 10
    assert not set(fresh) & set(old)
    with pytest.raises(Invalid):
        actions.make_recovery_codes(viewer_for(joan), old[0])


def test_guessing_codes_is_slowed_down_and_a_right_one_comes_too_late(client: Any, coded: Any, clock: Any) -> None:
    sign_in(client)
    answers = [client.fill("/login/code", code="000000") for _ in range(9)]
    assert [answer.status_code for answer in answers] == [422] * 8 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert client.fill("/login/code", code=code_of(coded)).status_code == 429


def test_a_sign_in_that_waits_too_long_begins_anew(client: Any, coded: Any, clock: Any) -> None:
    sign_in(client)
    clock.advance(minutes=11)
    assert client.get("/login/code").location == "/login"
    assert client.get("/me").status_code == 303


def test_a_new_password_ends_what_waits_for_a_code(client: Any, new_client: Any, coded: Any) -> None:
    sign_in(client)
    sessions.send_link("joan@example.org", "reset")
    new_client().fill(path_of(), password="five cold saucers")
    assert client.get("/login/code").location == "/login"


def test_who_has_no_codes_is_not_asked_and_nobody_else_learns_who_has(client: Any, new_client: Any, joan: Any) -> None:
    assert sign_in(client).location == "/me"
    assert new_client().get("/login/code").location == "/login"
    wrong = new_client().fill("/login", email="joan@example.org", password="not this one", press="Sign in")
    set_up(joan)
    again = new_client().fill("/login", email="joan@example.org", password="not this one", press="Sign in")
    assert (errors(wrong), wrong.status_code) == (errors(again), again.status_code)


# ---- turning off ---------------------------------------------------------------------------------------------------


def test_turning_off_needs_password_and_code(client: Any, coded: Any, clock: Any, work: Any, outbox: Any) -> None:
    sign_in(client)
    client.fill("/login/code", code=code_of(coded))
    clock.advance(minutes=1)
    turn_off = "Turn codes off"
    assert "isn't your password" in errors(
        client.fill("/me/codes", code=code_of(coded), password="not this one", press=turn_off)
    )
    assert "doesn't fit" in errors(client.fill("/me/codes", code="000000", password=LONG, press=turn_off))
    assert are_on(coded.id)
    assert client.fill("/me/codes", code=code_of(coded), password=LONG, press=turn_off).location == "/me/codes"
    assert not are_on(coded.id)
    assert not RecoveryCode.select().exists()
    work()
    assert "without codes" in outbox.last("joan@example.org")["Subject"]


def test_an_administrator_turns_codes_off_for_a_lost_phone_and_it_is_written_down(app: Any, coded: Any) -> None:
    with pytest.raises(NotAllowed):
        actions.turn_off_for(viewer_for(factories.a_member(role="moderator")), coded.id, reason="lost phone")
    with pytest.raises(Invalid):
        actions.turn_off_for(HOUSE, coded.id, reason=" ")
    actions.turn_off_for(HOUSE, coded.id, reason="lost phone, rang us")
    assert not are_on(coded.id)
    assert not Session.select().where(Session.member == coded.id, Session.ended_at.is_null()).exists()
    entry = audit.AuditEntry.get(audit.AuditEntry.deed == "member.codes_off")
    assert entry.words.get().reason == "lost phone, rang us"
    with pytest.raises(Conflict):
        actions.turn_off_for(HOUSE, coded.id, reason="again")


# ---- whoever works here --------------------------------------------------------------------------------------------


@pytest.fixture
def strict(make_app: Any, clock: Any) -> Any:
    """The site as it is where people talk: staff need codes."""
    return make_app(STAFF_CODES="required")


@pytest.mark.parametrize("role", STAFF)
def test_staff_without_codes_are_led_to_them_and_are_ordinary_members_before(strict: Any, role: str) -> None:
    worker = factories.a_member(role=role, email="w@example.org", password_hash=passwords.hashed(LONG))
    client = strict.test_client()
    answer = client.fill("/login?next=/listening", email="w@example.org", password=LONG, press="Sign in")
    assert answer.location == "/me/codes?next=%2Flistening"
    assert "set up codes" in client.soup("/").select_one(".banner[aria-label='Your codes']").get_text()
    assert client.soup("/").select_one('.places a[href="/listening"]') is None
    assert client.get("/listening").location.startswith("/me/codes?next=")
    staff_only = factories.a_category(audience="staff")
    assert client.get(f"/c/{staff_only.slug}").status_code == 404
    assert client.get("/me").status_code == 200

    assert client.fill(answer.location, press="Set up codes").location == "/me/codes/setup?next=/listening"
    done = client.fill("/me/codes/setup?next=/listening", code=code_of(worker))
    assert BeautifulSoup(done.text, "html.parser").select_one('main a[href="/listening"]') is not None
    assert client.get("/listening").status_code == 200
    assert client.get(f"/c/{staff_only.slug}").status_code == 200
    assert client.soup("/").select_one(".banner[aria-label='Your codes']") is None


def test_staff_cannot_do_a_deed_of_staff_before(strict: Any) -> None:
    moderator = factories.a_member(role="moderator")
    client = strict.test_client().sign_in(moderator)
    thread = factories.a_thread()
    token = client.soup("/me/settings").select_one("[name=csrf_token]")["value"]
    answer = client.post(f"/t/{thread.id}/moderate", data={"deed": "close", "reason": "quarrel", "csrf_token": token})
    assert answer.status_code == 403


def test_a_member_who_comes_to_work_here_needs_codes_from_then_on(strict: Any) -> None:
    joan = factories.a_member(name="Joan")
    client = strict.test_client().sign_in(joan)
    members.change_role(HOUSE, joan.id, "supporter", reason="joined the team")
    assert client.get("/listening").location.startswith("/me/codes?next=")


def test_staff_change_phones_and_are_ordinary_members_meanwhile(strict: Any, clock: Any) -> None:
    worker = factories.a_member(role="supporter", email="w@example.org", password_hash=passwords.hashed(LONG))
    set_up(worker)
    clock.advance(minutes=1)
    client = strict.test_client()
    client.fill("/login", email="w@example.org", password=LONG, press="Sign in")
    client.fill("/login/code", code=code_of(worker))
    assert client.get("/listening").status_code == 200
    clock.advance(minutes=1)
    client.fill("/me/codes", code=code_of(worker), password=LONG, press="Turn codes off")
    assert client.get("/listening").location.startswith("/me/codes?next=")
    client.fill("/me/codes", press="Set up codes")
    client.fill("/me/codes/setup", code=code_of(worker))
    assert client.get("/listening").status_code == 200


def test_members_and_volunteers_choose_for_themselves(strict: Any) -> None:
    for role in ("member", "volunteer", "commissioner"):
        client = strict.test_client().sign_in(factories.a_member(role=role))
        assert client.soup("/").select_one(".banner[aria-label='Your codes']") is None


def test_codes_of_staff_are_required_unless_the_operator_says_otherwise(make_settings: Any) -> None:
    from forum.settings import Settings

    assert Settings().staff_codes == "required"
    with pytest.raises(BadSetting, match="STAFF_CODES"):
        make_settings(STAFF_CODES="perhaps")


# ---- data rights ---------------------------------------------------------------------------------------------------


def test_the_export_says_that_there_are_codes_and_never_which(client: Any, coded: Any) -> None:
    sign_in(client)
    client.fill("/login/code", code=code_of(coded))
    answer = client.fill("/me/export", press="Download it")
    held = json.loads(answer.text)["you"]["codes"]
    assert held["on_since"]
    assert len(held["recovery_codes"]) == 10
    assert Authenticator.get().salt not in answer.text
    client.fill("/me/leave", press="Leave and take my words with me")
    assert not Authenticator.select().exists()
    assert not RecoveryCode.select().exists()
