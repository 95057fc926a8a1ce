"""The app on somebody's phone that shows codes, and the codes on paper for when the phone is lost."""

from peewee import BigIntegerField, ForeignKeyField, TextField

from forum.database import BaseModel, UtcField
from forum.members.models import Member


class Authenticator(BaseModel):
    """Somebody's app. It counts once a first code was typed. What app and server share is made from *salt* and the
    site's own secret, so that a copy of the database opens nothing. *last_step*: no code of this half minute or before
    is taken again."""

    member = ForeignKeyField(Member, backref="+", on_delete="CASCADE", unique=True)
    salt = TextField()
    made_at = UtcField()
    confirmed_at = UtcField(null=True)
    last_step = BigIntegerField(default=0)


class RecoveryCode(BaseModel):
    """A code on paper. It works once. Too long to guess, so a digest of it is enough."""

    member = ForeignKeyField(Member, backref="+", on_delete="CASCADE", index=False)
    digest = TextField()
    used_at = UtcField(null=True)

    class Meta:
        indexes = ((("member", "digest"), True),)
