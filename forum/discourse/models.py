"""What came from a Discourse, so that a second import adds nothing."""

from peewee import BigIntegerField, ForeignKeyField, IntegerField, TextField

from forum.database import BaseModel, UtcField


class ImportRun(BaseModel):
    """One run of an import, how far it came and what it had to leave."""

    source = TextField()
    started_at = UtcField()
    finished_at = UtcField(null=True)
    topics = IntegerField(default=0)
    posts = IntegerField(default=0)
    skipped = IntegerField(default=0)


class ImportSkip(BaseModel):
    """A file that an import could not use, and why."""

    run = ForeignKeyField(ImportRun, backref="skips", on_delete="CASCADE")
    path = TextField()
    reason = TextField()


class ImportedThing(BaseModel):
    """Which row here is which thing there. *kind* is ``person``, ``category``, ``topic`` or ``post``."""

    source = TextField()
    kind = TextField()
    foreign_id = TextField()
    local_id = BigIntegerField()

    class Meta:
        indexes = ((("source", "kind", "foreign_id"), True), (("kind", "local_id"), False))
