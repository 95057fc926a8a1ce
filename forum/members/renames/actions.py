"""Taking another name."""

from peewee import IntegrityError

from forum.access import Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Invalid
from forum.members import names
from forum.members.models import Member
from forum.members.renames.models import NameChange
from forum.members.renames.queries import NAMES_LAST, is_waiting, was_taken
from forum.text import _, name_key
from forum.web import day_words

TAKEN = _("That name is taken, or very close to one that is. Please choose another.")


def change_name(viewer: Viewer, name: str) -> None:
    """Call *viewer* by another *name* (cleaned and judged) from now on; moderators can see what it was before.

    Raises Invalid when it is somebody else's or was, or when the last change was a short while ago."""
    require(viewer.is_member, _("Please sign in first."))
    moment, key = now(), name_key(name)
    try:
        with transaction():
            member = Member.locked(viewer.id or 0)
            if name == member.name:
                return
            last = (
                NameChange.select(NameChange.changed_at)
                .where(NameChange.member == member.id)
                .order_by(NameChange.changed_at.desc())
                .limit(1)
                .scalar()
            )
            if last is not None and last + NAMES_LAST > moment:
                again = day_words((last + NAMES_LAST).date())
                raise Invalid(errors={"name": _("You can take another name again from %(day)s.", day=again)})
            holder = Member.get_or_none(Member.name_key == key, Member.id != member.id)
            if holder is not None:
                make_way(holder)
            if was_taken(key, but_for=member.id) or (key != member.name_key and names.is_in_use(key)):
                raise Invalid(errors={"name": TAKEN})
            NameChange.create(member=member.id, name=member.name, name_key=member.name_key, changed_at=moment)
            Member.update(name=name, name_key=key).where(Member.id == member.id).execute()
    except IntegrityError as trouble:
        raise Invalid(errors={"name": TAKEN}) from trouble


def make_way(holder: Member) -> None:
    """Free a name that somebody asked for. It holds from the first visit on: perhaps they mistyped their address, and
    a name that is kept for an address would tell that the address is new here. Raises Invalid when they came."""
    if not is_waiting(holder):
        raise Invalid(errors={"name": TAKEN})
    holder.delete_instance()


def forget(member_id: int) -> None:
    """Take away what a member who leaves was called before. Called inside the erasing transaction."""
    NameChange.delete().where(NameChange.member == member_id).execute()
