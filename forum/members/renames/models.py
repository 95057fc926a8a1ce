"""What somebody was called before."""

from peewee import ForeignKeyField, TextField

from forum.database import BaseModel, UtcField
from forum.members.models import Member


class NameChange(BaseModel):
    """A name that a member gave up at *changed_at*. Nobody else may take it while they are here."""

    member = ForeignKeyField(Member, backref="+", on_delete="CASCADE", index=False)
    name = TextField()
    name_key = TextField(index=True)
    changed_at = UtcField()

    class Meta:
        indexes = ((("member", "changed_at"), False),)
