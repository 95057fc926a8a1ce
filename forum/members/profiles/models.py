"""What members told of their caring situation."""

from peewee import Check, ForeignKeyField, TextField

from forum.database import BaseModel
from forum.members.models import Member
from forum.members.profiles.vocabulary import AUDIENCES, FIELDS


class Situation(BaseModel):
    """One word of somebody's caring situation, and who may learn of it. All words of a field have one audience."""

    member = ForeignKeyField(Member, backref="situation", on_delete="CASCADE", index=False)
    field = TextField()
    value = TextField()
    audience = TextField()

    class Meta:
        constraints = (
            Check(f"field IN {tuple(FIELDS)}"),
            Check(f"audience IN {AUDIENCES}"),
        )
        indexes = (
            (("member", "field", "value"), True),
            (("field", "value"), False),
        )
