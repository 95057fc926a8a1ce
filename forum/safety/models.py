"""Keeping the place kind and safe: reports and cases, suspensions, appeals, crisis alerts, hours."""

from peewee import BigIntegerField, BooleanField, Check, ForeignKeyField, IntegerField, TextField

from forum.database import BaseModel, HtmlField, UtcField
from forum.members.models import Member
from forum.threads.models import Post, Thread, ThreadName

REASONS = ("unkind", "unsafe", "private", "advert", "illegal", "worried", "other")


SUBJECTS = ("post", "member", "idea", "change")


class Case(BaseModel):
    """What moderators look at: one post, member, idea or change, with every report about it. *person* wrote it."""

    subject_kind = TextField()
    subject_id = BigIntegerField()
    person = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    opened_at = UtcField(index=True)
    assignee = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    closed_at = UtcField(null=True)
    closed_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    outcome = TextField(default="")

    class Meta:
        table_name = "safety_case"
        constraints = (
            Check(f"subject_kind IN {SUBJECTS}"),
            Check("(closed_at IS NULL) OR (closed_by_id IS NOT NULL)"),
        )


# One open case per subject; several reports join it.
Case.add_index(
    Case.index(Case.subject_kind, Case.subject_id, unique=True, name="case_open", where=Case.closed_at.is_null())
)


class Report(BaseModel):
    """What somebody told us, with the words as they were at that moment."""

    case = ForeignKeyField(Case, backref="reports", on_delete="CASCADE")
    reporter = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    reason = TextField()
    words = TextField(default="")
    snapshot = HtmlField(null=True)
    snapshot_revision = IntegerField(null=True)
    at = UtcField()

    class Meta:
        constraints = (Check(f"reason IN {REASONS}"),)


class CaseNote(BaseModel):
    """What a moderator wrote down about a case."""

    case = ForeignKeyField(Case, backref="notes", on_delete="CASCADE")
    author = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    words = TextField()
    at = UtcField()


class Suspension(BaseModel):
    """A time away from posting, with its reason. *until* empty means until a moderator lifts it."""

    member = ForeignKeyField(Member, backref="suspensions", on_delete="CASCADE")
    by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    reason = TextField()
    starts_at = UtcField()
    until = UtcField(null=True)
    lifted_at = UtcField(null=True)
    lifted_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")


class Appeal(BaseModel):
    """A member asks us to look again."""

    member = ForeignKeyField(Member, backref="appeals", on_delete="CASCADE")
    post = ForeignKeyField(Post, null=True, backref="appeals", on_delete="CASCADE")
    suspension = ForeignKeyField(Suspension, null=True, backref="appeals", on_delete="CASCADE")
    words = TextField()
    at = UtcField()
    answered_at = UtcField(null=True)
    answered_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    answer = TextField(default="")
    outcome = TextField(default="")

    class Meta:
        constraints = (
            Check("(post_id IS NULL) <> (suspension_id IS NULL)"),
            Check("outcome IN ('', 'stands', 'overturned')"),
            Check("(answered_at IS NULL) = (outcome = '')"),
        )


class NameOpening(BaseModel):
    """A moderator asked who stands behind a name for one thread; a second one answers.

    With *in_danger* it was open at once. With *keep_quiet* the member is not told."""

    thread_name = ForeignKeyField(ThreadName, backref="openings", on_delete="CASCADE")
    post_number = IntegerField()
    asked_by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    reason = TextField()
    in_danger = BooleanField(default=False)
    asked_at = UtcField()
    second_by = ForeignKeyField(Member, null=True, backref="+", on_delete="RESTRICT")
    second_at = UtcField(null=True)
    agreed = BooleanField(null=True)
    second_words = TextField(default="")
    keep_quiet = BooleanField(default=False)

    class Meta:
        constraints = (
            Check("(second_by_id IS NULL) = (second_at IS NULL)"),
            Check("(second_by_id IS NULL) = (agreed IS NULL)"),
            Check("second_by_id IS NULL OR second_by_id <> asked_by_id"),
        )


class CrisisAlert(BaseModel):
    """Words that may mean somebody is in danger. The writer was shown help; staff look.

    In the *thread* they were meant for, the writer is called what they are called there."""

    member = ForeignKeyField(Member, null=True, backref="crisis_alerts", on_delete="CASCADE")
    thread = ForeignKeyField(Thread, null=True, backref="+", on_delete="CASCADE")
    post = ForeignKeyField(Post, null=True, backref="crisis_alerts", on_delete="CASCADE")
    at = UtcField(index=True)
    seen_at = UtcField(null=True)
    seen_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")

    class Meta:
        constraints = (Check("(seen_at IS NULL) = (seen_by_id IS NULL)"),)


class Hours(BaseModel):
    """When somebody is watching: minutes after local midnight, weekday 0 is Monday."""

    weekday = IntegerField()
    opens = IntegerField()
    closes = IntegerField()

    class Meta:
        constraints = (
            Check("weekday BETWEEN 0 AND 6"),
            Check("opens >= 0 AND closes > opens AND closes <= 1440"),
        )
