"""Moving to another e-mail address."""

from peewee import Check, ForeignKeyField, TextField

from forum.database import BaseModel, UtcField
from forum.members.models import Member

# moved; stopped by "this wasn't me"; left as it was by the member; replaced by a later one; somebody else has it by now.
OUTCOMES = ("", "moved", "stopped", "left_it", "replaced", "taken")


class Move(BaseModel):
    """A member wants us to write to *new_email*. It happens when the new address has said yes, and the old one has said
    yes too or has let *due_at* go by. *old_email* is empty where nobody ever confirmed one."""

    member = ForeignKeyField(Member, backref="+", on_delete="CASCADE")
    old_email = TextField()
    new_email = TextField()
    asked_at = UtcField()
    due_at = UtcField()
    new_confirmed_at = UtcField(null=True)
    old_confirmed_at = UtcField(null=True)
    ended_at = UtcField(null=True)
    outcome = TextField(default="")

    class Meta:
        constraints = (
            Check(f"outcome IN {OUTCOMES}"),
            Check("(ended_at IS NULL) = (outcome = '')"),
        )


Move.add_index(Move.index(Move.member, unique=True, name="move_open", where=Move.ended_at.is_null()))
