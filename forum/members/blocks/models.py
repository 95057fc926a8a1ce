"""Whom somebody does not want to meet."""

from peewee import Check, ForeignKeyField

from forum.database import BaseModel, UtcField
from forum.members.models import Member


class Block(BaseModel):
    """*member* does not want to meet *blocked*, who is never told."""

    member = ForeignKeyField(Member, backref="+", on_delete="CASCADE", index=False)
    blocked = ForeignKeyField(Member, backref="+", on_delete="CASCADE")
    at = UtcField()

    class Meta:
        constraints = (Check("member_id <> blocked_id"),)
        indexes = ((("member", "blocked"), True),)
