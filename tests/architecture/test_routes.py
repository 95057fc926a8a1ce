"""Every route and every role: an address opens for those it is for, and for nobody else."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest

from forum import web
from forum.access import Viewer
from forum.channels.letters import stop_token
from forum.clock import now
from forum.database import transaction
from forum.legacy import actions as legacy
from forum.legacy.entry import Entry
from forum.listening import actions as listening
from forum.listening.cuppas import actions as cuppas
from forum.listening.cuppas import times
from forum.listening.cuppas.models import Prompt
from forum.listening.cuppas.plan import Plan
from forum.listening.cuppas.views import answer_token
from forum.listening.ideas.actions import propose_idea
from forum.listening.ideas.urls import idea_url
from forum.listening.models import Excerpt
from forum.members.actions import start_session, viewer_for
from forum.members.models import Link
from forum.members.moves.models import Move
from forum.members.moves.queries import move_url
from forum.members.sessions.queries import link_word
from forum.safety import actions as safety
from forum.safety.models import Case, CrisisAlert
from tests import factories
from tests.routes import FORMS, ROUTES
from tests.stacks import Stack

ROLES = ("visitor", "member", "other", "volunteer", "commissioner", "supporter", "moderator", "admin")
OPEN_TO = {
    "visitor": set(ROLES),
    "member": set(ROLES) - {"visitor"},
    "own": {"member"},
    "speaker": {"member", "other", "volunteer"},
    "supporter": {"supporter", "moderator", "admin"},
    "moderator": {"moderator", "admin"},
}

# The roles on either side of the line. Who may open what does not depend on the database, so one is asked about everybody
# and the other about these.
NEAREST = {
    "visitor": ("visitor", "admin"),
    "member": ("visitor", "member"),
    "own": ("member", "other"),
    "speaker": ("commissioner", "member", "supporter"),
    "supporter": ("commissioner", "supporter"),
    "moderator": ("supporter", "moderator"),
}


def _world(clock: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make one of everything. Return the people by role and what addresses are filled in with."""
    people = {role: factories.a_member(role=role if role != "other" else "member") for role in ROLES[1:]}
    owner, supporter = viewer_for(people["member"]), viewer_for(people["supporter"])
    moderator, admin = viewer_for(people["moderator"]), viewer_for(people["admin"])
    open_place, place = factories.a_category(audience="public"), factories.a_category()
    public = factories.a_thread(people["member"], open_place)
    thread = factories.a_thread(people["member"], place)
    listening.mark(supporter, thread.id, purpose="a", can_change="b", cannot_change="c", who_decides="d", hear_by="e")
    post = factories.a_post(thread, people["member"], source="The clinic never rings back.")
    insight = listening.make_insight(supporter, post_id=post.id, exact="never rings back", kind="worry", nonce="n" * 9)
    theme = listening.make_theme(supporter, title="Ringing back", insight_ids=[insight.id])
    code = listening.add_code(supporter, "Phones")
    voice = listening.enter_voice(
        supporter, source="phone", said_by="", words="Nobody rings me.", consent="unnamed", kind="worry"
    )
    idea = propose_idea(owner, title="Ring back", words="Within a day.", nonce="i" * 9)
    change = legacy.publish_change(
        supporter,
        Entry("Rings back now", "Nobody rang", "They ring", "", "", "done"),
        nonce="c" * 9,
        idea_id=idea.id,
    )
    hidden = factories.a_post(thread, people["member"], source="Hide me.")
    safety.report_post(viewer_for(people["other"]), hidden.id, reason="unkind")
    safety.hide_post(moderator, hidden.id, reason="unkind")
    twice = factories.a_post(thread, people["member"], source="Hide me too.")
    safety.hide_post(admin, twice.id, reason="unkind")
    appeal = safety.appeal(owner, words="Why?", post_id=twice.id)
    safety.notice_crisis(owner, "I want to die")
    cuppa = _a_running_cuppa(supporter, owner)
    post_in_cuppa = Prompt.get(Prompt.cuppa == cuppa.id)
    jotting = cuppas.jot(owner, post_in_cuppa.id, words="Sleep.")
    clock.advance(hours=25)
    cuppas.mind_the_door(cuppa.id)
    cuppas.send_summary(supporter, cuppa.id, source="We heard.")
    facts = {
        "public_category": open_place.slug,
        "public_thread": public.id,
        "public_slug": public.slug,
        "public_post": public.posts.get().id,
        "thread": thread.id,
        "slug": thread.slug,
        "post": post.id,
        "hidden_post": hidden.id,
        "owner": people["member"].id,
        "owner_name": people["member"].name,
        "insight": insight.id,
        "excerpt": Excerpt.get(Excerpt.insight == insight.id).id,
        "theme": theme.id,
        "code": code.id,
        "voice": voice.id,
        "idea": idea.id,
        "idea_slug": idea_url(idea.id, idea.title).rsplit("/", 1)[1],
        "change": change.id,
        "change_slug": change.slug,
        "cuppa": cuppa.id,
        "cuppa_slug": cuppa.slug,
        "prompt": post_in_cuppa.id,
        "jotting": jotting.id if jotting else 0,
        "case": Case.get().id,
        "appeal": appeal.id,
        "alert": CrisisAlert.get().id,
        "stop_token": stop_token(people["member"].id, "replies"),
        **_words(people["member"]),
        "move_word": _move_word(people["member"]),
        "answer_token": answer_token(cuppa.id, people["member"].id),
    }
    return people, facts


def _a_running_cuppa(host: Viewer, guest: Viewer) -> Any:
    starts = times.local_of(times.first_offer("focus"), "Europe/London")
    plan = Plan(
        "focus",
        "A good night",
        "Come",
        starts,
        "Europe/London",
        60,
        6,
        ("What helps?",),
        "a",
        "b",
        "c",
        "d",
        "thanks",
        "",
    )
    cuppa = cuppas.plan_cuppa(host, plan, nonce="q" * 9)
    cuppas.publish_cuppa(host, cuppa.id)
    cuppas.answer_invitation(guest, cuppa.id, answer="hope_to", check_on_me=True)
    return cuppa


def test_every_route_says_who_it_is_for(app: Any) -> None:
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert sorted(known - set(ROUTES)) == [], "decide who may open these, in tests/routes.py"
    assert sorted(set(ROUTES) - known) == [], "these are gone from the application"


@pytest.mark.rolls_back
def test_every_route_opens_for_those_it_is_for_and_nobody_else(
    app: Any, stack: Stack, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    monkeypatch.setattr(web.limiter, "enabled", False)
    people, facts = _world(clock)
    tokens = {role: start_session(member.id) for role, member in people.items()}
    wrong = []
    for rule in sorted(app.url_map.iter_rules(), key=str):
        least, address = ROUTES[rule.endpoint]
        path = address.format(**facts)
        form = {name: value.format(**facts) for name, value in FORMS.get(rule.endpoint, {}).items()}
        for method in sorted(rule.methods & {"GET", "POST"}):
            for role in ROLES if stack.name == "sqlite" else NEAREST[least]:
                answer = _try(app, method, path, tokens.get(role), form)
                is_open = not (answer in {401, 403, 404} or answer == "sign in")
                is_fine = answer != 500 and is_open == (role in OPEN_TO[least])
                if not is_fine:
                    wrong.append(f"{method} {path} as {role}: {answer}, but it is for {least}")
    assert not wrong, "\n".join(wrong)


def _words(member: Any) -> dict[str, str]:
    """The words of links that were e-mailed to somebody, by what they are for."""
    moment = now()
    links = {
        purpose: Link.create(
            member=member.id,
            purpose=purpose,
            email=member.email,
            made_at=moment,
            expires_at=moment + timedelta(hours=1),
        )
        for purpose in ("confirm", "sign_in", "reset")
    }
    return {f"{purpose}_word": link_word(link) for purpose, link in links.items()}


def _move_word(member: Any) -> str:
    """The word of the link that says yes to another address of somebody's."""
    moment = now()
    move = Move.create(
        member=member.id,
        old_email=member.email,
        new_email="new@example.org",
        asked_at=moment,
        due_at=moment + timedelta(hours=72),
    )
    return move_url(move, "new").rsplit("/", 1)[1]


class _Undone(Exception):
    """Takes back what a request did."""


def _try(app: Any, method: str, path: str, token: str | None, form: dict[str, str]) -> int | str:
    """Send one request with next to nothing filled in, and undo whatever it did."""
    client = app.test_client()
    if token is not None:
        with client.session_transaction() as session:
            session["_user_id"] = token
    with contextlib.suppress(_Undone), transaction():
        response = client.open(path, method=method, data=form if method == "POST" else None)
        raise _Undone
    response.close()
    if response.status_code == 303 and "/login?next=" in response.headers["Location"]:
        return "sign in"
    return response.status_code
