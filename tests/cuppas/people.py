"""What the tests of this room share: a host, a plan, and a cuppa on the board."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from forum.clock import now
from forum.listening.cuppas import actions, times
from forum.listening.cuppas.models import Cuppa, Invitation, Prompt
from forum.listening.cuppas.plan import Plan
from forum.members.actions import viewer_for
from tests import factories

ZONE = "Europe/London"
PLAN = Plan(
    kind="focus",
    title="A night's sleep",
    why="We'd like to hear what helps at night.",
    starts="",
    time_zone=ZONE,
    minutes=60,
    seats=12,
    prompts=("What helps you to sleep?", "What would make it a little better by next month?"),
    can_change="When the night line opens.",
    cannot_change="The money for this year.",
    who_decides="The Nights team.",
    hear_by="In two weeks, here.",
    recognition="voucher",
    recognition_words="£10, sent within a week",
)
_count = iter(range(1_000_000))


def a_host(name: str = "", **more: Any) -> Any:
    """A supporter who runs cuppas."""
    return factories.a_member(name, role="supporter", **more)


def a_plan(*, hours: float = 48, **changes: Any) -> Plan:
    """A complete plan for *hours* from now."""
    changes.setdefault("starts", times.local_of(now() + timedelta(hours=hours), ZONE))
    return replace(PLAN, **changes)


def planned(host: Any = None, **changes: Any) -> Cuppa:
    """A plan that only staff see."""
    return actions.plan_cuppa(viewer_for(host or a_host()), a_plan(**changes), nonce=f"plan-{next(_count)}")


def published(host: Any = None, **changes: Any) -> Cuppa:
    """A cuppa on the notice board."""
    host = host or a_host()
    return actions.publish_cuppa(viewer_for(host), planned(host, **changes).id)


def says(cuppa: Cuppa, member: Any, answer: str = "hope_to") -> Invitation:
    """What somebody answers."""
    return actions.answer_invitation(viewer_for(member), cuppa.id, answer=answer)


def prompts_of(cuppa: Cuppa) -> list[Prompt]:
    """The questions of a cuppa in their order."""
    return list(Prompt.select().where(Prompt.cuppa == cuppa.id).order_by(Prompt.position))


def place_of(cuppa: Cuppa, member: Any) -> str:
    """Where somebody stands: ``seat``, ``waiting`` or ``none``."""
    row = Invitation.get_or_none(Invitation.cuppa == cuppa.id, Invitation.member == member.id)
    if row is None:
        return "none"
    return "seat" if row.seated_at else "waiting" if row.waiting_since else "none"


def invited(cuppa: Cuppa, *members: Any) -> tuple[int, int]:
    """Invite *members* by the cuppa's host."""
    return actions.invite(viewer_for(cuppa.host), cuppa.id, [member.id for member in members])
