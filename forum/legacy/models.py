"""What lasts: the changelog and its people."""

from peewee import Check, ForeignKeyField, IntegerField, TextField

from forum.database import BaseModel, UtcField
from forum.listening.models import IDEA_STATUSES, Excerpt, Idea
from forum.members.models import Member
from forum.threads.models import Thread


class Change(BaseModel):
    """A public answer: you said / we did / because / what next."""

    title = TextField()
    slug = TextField()
    you_said = TextField()
    we_did = TextField()
    because = TextField(default="")
    what_next = TextField(default="")
    status = TextField(index=True)
    team = TextField(default="")
    carers_decided = TextField(default="")
    idea = ForeignKeyField(Idea, null=True, backref="changes", on_delete="SET NULL")
    by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    published_at = UtcField(index=True)
    updated_at = UtcField(null=True)
    nonce = TextField(null=True)

    class Meta:
        constraints = (Check(f"status IN {IDEA_STATUSES}"),)
        indexes = ((("by", "nonce"), True),)


class ChangeStep(BaseModel):
    """An entry's history: what it said before."""

    change = ForeignKeyField(Change, backref="steps", on_delete="CASCADE")
    status = TextField()
    we_did = TextField()
    by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    at = UtcField()


class ChangeQuote(BaseModel):
    """An excerpt that stands on an entry, for as long as its writer agrees."""

    change = ForeignKeyField(Change, backref="quotes", on_delete="CASCADE")
    excerpt = ForeignKeyField(Excerpt, backref="quotes", on_delete="CASCADE")
    position = IntegerField(default=0)

    class Meta:
        indexes = ((("change", "excerpt"), True),)


class ChangeThread(BaseModel):
    """A conversation an entry came from."""

    change = ForeignKeyField(Change, backref="conversations", on_delete="CASCADE")
    thread = ForeignKeyField(Thread, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("change", "thread"), True),)


class Told(BaseModel):
    """Somebody whose words led to a change, and whether they were told. It fills *Your difference*."""

    change = ForeignKeyField(Change, backref="told", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="told", on_delete="CASCADE")
    because = TextField()
    told_at = UtcField(null=True)
    seen_at = UtcField(null=True)
    made_difference = TextField(null=True)
    answered_at = UtcField(null=True)

    class Meta:
        constraints = (
            Check("because IN ('words', 'idea', 'cuppa', 'post')"),
            Check("made_difference IS NULL OR made_difference IN ('yes', 'a_little', 'no')"),
            Check("(made_difference IS NULL) = (answered_at IS NULL)"),
        )
        indexes = ((("change", "member"), True),)
