"""Who may do what: pure functions of a viewer and a loaded thing. No query, no request, no permission by default.

Actions `require` them, templates ask them, and the route test walks every page with every role.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from forum.clock import now
from forum.errors import NotAllowed, NotFound

STAFF = frozenset({"supporter", "moderator", "admin"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever is looking. A visitor has no id. It also answers what Flask-Login asks of its user."""

    id: int | None = None
    name: str = ""
    role: str = ""
    group_ids: frozenset[int] = field(default_factory=frozenset)
    suspended_until: datetime | None = None
    is_confirmed: bool = False
    time_zone: str = "Europe/London"
    # Works here, but must set up codes before doing any of it; until then *role* is "member".
    needs_codes: bool = False
    session_id: int | None = None
    session_seen_at: datetime | None = None
    session_token: str = field(default="", repr=False)

    @property
    def is_member(self) -> bool:
        """Has an account, whatever their role."""
        return self.id is not None

    @property
    def is_staff(self) -> bool:
        """Supporter, moderator or administrator."""
        return self.role in STAFF

    @property
    def works_here(self) -> bool:
        """Is staff, or would be if they had set up their codes."""
        return self.is_staff or self.needs_codes

    @property
    def is_moderator(self) -> bool:
        return self.role in {"moderator", "admin"}

    @property
    def is_commissioner(self) -> bool:
        return self.role == "commissioner"

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def is_suspended(self) -> bool:
        return self.suspended_until is not None and self.suspended_until > now()

    @property
    def is_authenticated(self) -> bool:
        return self.is_member

    @property
    def is_active(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return not self.is_member

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie."""
        return self.session_token


VISITOR = Viewer()

# Acts on behalf of the house, in jobs and imports.
HOUSE = Viewer(id=None, name="Kettle", role="admin")


class Readable(Protocol):
    """What decides who may read a thread."""

    @property
    def audience(self) -> str: ...
    @property
    def category_group_id(self) -> int | None: ...
    @property
    def group_id(self) -> int | None: ...
    @property
    def is_hidden(self) -> bool: ...


class Written(Protocol):
    """What decides who may change a post."""

    @property
    def author_id(self) -> int: ...
    @property
    def is_withdrawn(self) -> bool: ...
    @property
    def is_hidden(self) -> bool: ...


def require(ok: bool, sentence: object = "") -> None:
    """Raise NotAllowed with *sentence* unless *ok*."""
    if not ok:
        raise NotAllowed(sentence)


def require_sight(ok: bool) -> None:
    """Raise NotFound unless *ok*: what one may not read is not there."""
    if not ok:
        raise NotFound


def visibility(audience: str, category_group_id: int | None, group_id: int | None) -> str:
    """Return the search visibility of a thread: ``public``, ``members``, ``staff`` or ``group:N``."""
    circle = group_id or category_group_id
    if audience == "staff":
        return "staff"
    return f"group:{circle}" if circle else audience


# ---- reading -------------------------------------------------------------------------------------------------------


def may_read_place(viewer: Viewer, audience: str, category_group_id: int | None, group_id: int | None) -> bool:
    """Say whether *viewer* may read what is said in a category (and, with *group_id*, in a circle's thread)."""
    if viewer.is_staff:
        return True
    if audience == "staff":
        return False
    if not viewer.is_member:
        return audience == "public" and category_group_id is None and group_id is None
    circles = {circle for circle in (category_group_id, group_id) if circle}
    return circles <= viewer.group_ids


def may_read_thread(viewer: Viewer, thread: Readable) -> bool:
    if thread.is_hidden and not viewer.is_moderator:
        return False
    return may_read_place(viewer, thread.audience, thread.category_group_id, thread.group_id)


def may_see_hidden_words(viewer: Viewer) -> bool:
    return viewer.is_moderator


# ---- talking -------------------------------------------------------------------------------------------------------


def may_post(viewer: Viewer) -> bool:
    """A member with a confirmed address who is not suspended may post."""
    return viewer.is_member and viewer.is_confirmed and not viewer.is_suspended


def may_start_thread(viewer: Viewer, audience: str, category_group_id: int | None) -> bool:
    return may_post(viewer) and may_read_place(viewer, audience, category_group_id, None)


def may_reply(viewer: Viewer, thread: "Readable", *, is_closed: bool) -> bool:
    return may_post(viewer) and may_read_thread(viewer, thread) and (not is_closed or viewer.is_moderator)


def may_take_name(viewer: Viewer) -> bool:
    """Whoever works here speaks as themselves, so that everybody knows when they do."""
    return viewer.role in {"member", "volunteer"}


def may_react(viewer: Viewer) -> bool:
    return viewer.is_member and not viewer.is_suspended


def may_edit_post(viewer: Viewer, post: Written) -> bool:
    return may_post(viewer) and viewer.id == post.author_id and not post.is_withdrawn and not post.is_hidden


def may_withdraw_post(viewer: Viewer, post: Written) -> bool:
    return viewer.is_member and viewer.id == post.author_id and not post.is_withdrawn


def may_report(viewer: Viewer) -> bool:
    """Anybody may, with or without an account."""
    return True


# ---- keeping safe --------------------------------------------------------------------------------------------------


def may_moderate(viewer: Viewer) -> bool:
    return viewer.is_moderator


def may_suspend(viewer: Viewer, *, member_id: int, member_role: str) -> bool:
    """Nobody suspends themselves; only an administrator suspends a moderator or an administrator."""
    if not viewer.is_moderator or viewer.id == member_id:
        return False
    return viewer.is_admin or member_role not in {"moderator", "admin"}


def may_see_crisis_alerts(viewer: Viewer) -> bool:
    return viewer.is_staff


def may_appeal(viewer: Viewer, *, member_id: int) -> bool:
    return viewer.is_member and viewer.id == member_id


# ---- listening -----------------------------------------------------------------------------------------------------


def may_listen(viewer: Viewer) -> bool:
    """May mark listening threads, make insights, themes and answers."""
    return viewer.is_staff and not viewer.is_suspended


def may_propose_idea(viewer: Viewer) -> bool:
    return may_post(viewer)


def may_answer_consent(viewer: Viewer, *, member_id: int) -> bool:
    return viewer.is_member and viewer.id == member_id


def may_publish_change(viewer: Viewer) -> bool:
    return may_listen(viewer)


def may_see_counts(viewer: Viewer) -> bool:
    """May read what members told of their situation, in numbers that hide small groups."""
    return may_listen(viewer) or (viewer.is_commissioner and not viewer.is_suspended)


# ---- cuppas --------------------------------------------------------------------------------------------------------


def may_host(viewer: Viewer) -> bool:
    return may_listen(viewer)


def may_run_cuppa(viewer: Viewer, *, host_id: int) -> bool:
    """The host runs it; another supporter may step in, because hosts fall ill too."""
    return may_listen(viewer)


def may_read_jotting(viewer: Viewer, *, member_id: int) -> bool:
    """Private means private: staff cannot read a think space either."""
    return viewer.is_member and viewer.id == member_id
