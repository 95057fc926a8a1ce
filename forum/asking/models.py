"""One rule for every ask: what the organisation asked of a member, when, and what they answered."""

from peewee import BigIntegerField, BooleanField, Check, ForeignKeyField, TextField

from forum.database import BaseModel, UtcField
from forum.members.models import Member

KINDS = ("invitation", "consent", "heard_right", "difference")


class Ask(BaseModel):
    """One question to one member. Those that *count* are held within the member's contact budget."""

    member = ForeignKeyField(Member, backref="asks", on_delete="CASCADE")
    kind = TextField()
    subject_kind = TextField()
    subject_id = BigIntegerField()
    counts = BooleanField(default=True)
    asked_at = UtcField()
    answered_at = UtcField(null=True)
    answer = TextField(default="")

    class Meta:
        constraints = (Check(f"kind IN {KINDS}"),)
        indexes = (
            (("member", "kind", "subject_kind", "subject_id"), True),
            (("subject_kind", "subject_id"), False),
            (("member", "asked_at"), False),
        )
