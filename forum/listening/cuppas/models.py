"""Virtual cuppas: opt in, with time to think."""

from datetime import datetime, timedelta

from peewee import BooleanField, Check, ForeignKeyField, IntegerField, TextField

from forum.database import BaseModel, HtmlField, UtcField
from forum.listening.models import Insight, Theme
from forum.members.models import Member
from forum.threads.models import Thread

CUPPA_KINDS = ("chat", "focus", "imagine")
ANSWERS = ("hope_to", "may_drop_in", "may_vanish", "not_this_time")
RECOGNITION = ("thanks", "voucher", "payment", "expenses", "time_credit")


class Cuppa(BaseModel):
    """A small focus-group thread with seats, prompts sent ahead, and a time.

    *starts_at* is the moment; *local_start* and *time_zone* keep what the host wrote (``2026-12-03T14:00``,
    ``Europe/London``), so that a change of the clock rules moves the moment and not the meaning. *notice_from* is when
    the time to think began: publishing, or the last change of a prompt.
    """

    kind = TextField()
    title = TextField()
    slug = TextField()
    why = TextField()
    host = ForeignKeyField(Member, backref="hosted", on_delete="RESTRICT")
    thread = ForeignKeyField(Thread, null=True, unique=True, backref="cuppas", on_delete="RESTRICT")
    theme = ForeignKeyField(Theme, null=True, backref="cuppas", on_delete="SET NULL")
    from_thread = ForeignKeyField(Thread, null=True, backref="+", on_delete="SET NULL")
    starts_at = UtcField(index=True)
    local_start = TextField()
    time_zone = TextField()
    minutes = IntegerField(default=60)
    seats = IntegerField(null=True)
    can_change = TextField(default="")
    cannot_change = TextField(default="")
    who_decides = TextField(default="")
    hear_by = TextField(default="")
    recognition = TextField(default="thanks")
    recognition_words = TextField(default="")
    house_rules = TextField(default="")
    made_at = UtcField()
    published_at = UtcField(null=True)
    notice_from = UtcField(null=True)
    cancelled_at = UtcField(null=True)
    cancelled_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    cancel_reason = TextField(default="")
    sequence = IntegerField(default=0)
    nonce = TextField(null=True)

    class Meta:
        constraints = (
            Check(f"kind IN {CUPPA_KINDS}"),
            Check(f"recognition IN {RECOGNITION}"),
            Check("minutes BETWEEN 10 AND 240"),
            Check("seats IS NULL OR seats BETWEEN 2 AND 60"),
            Check("(published_at IS NULL) OR (notice_from IS NOT NULL AND thread_id IS NOT NULL)"),
            Check("(cancelled_at IS NULL) = (cancelled_by_id IS NULL)"),
        )
        indexes = ((("host", "nonce"), True),)

    @property
    def ends_at(self) -> datetime:
        """When the talk ends; the catch-up lane comes after it."""
        starts: datetime = self.starts_at
        return starts + timedelta(minutes=int(self.minutes))


class Prompt(BaseModel):
    """A question for a cuppa, readable from the moment of the invitation."""

    cuppa = ForeignKeyField(Cuppa, backref="prompts", on_delete="CASCADE")
    position = IntegerField()
    words = TextField()
    changed_at = UtcField()

    class Meta:
        indexes = ((("cuppa", "position"), True),)


class Invitation(BaseModel):
    """One member's invitation, their answer, and their seat. Answering without being invited makes one too.

    Who asked us to *check_on_me* and did not appear is checked on, kindly: *checked_at*, *checked_by*."""

    cuppa = ForeignKeyField(Cuppa, backref="invitations", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="invitations", on_delete="CASCADE")
    invited_at = UtcField(null=True)
    answer = TextField(null=True)
    answered_at = UtcField(null=True)
    seated_at = UtcField(null=True)
    waiting_since = UtcField(null=True)
    check_on_me = BooleanField(default=False)
    checked_at = UtcField(null=True)
    checked_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")

    class Meta:
        constraints = (
            Check(f"answer IS NULL OR answer IN {ANSWERS}"),
            Check("(answer IS NULL) = (answered_at IS NULL)"),
            Check("seated_at IS NULL OR waiting_since IS NULL"),
            Check("answer IS NOT NULL OR (seated_at IS NULL AND waiting_since IS NULL)"),
        )
        indexes = ((("cuppa", "member"), True),)


class Jotting(BaseModel):
    """A member's private thoughts under a prompt. Nobody else reads them unless they post them."""

    prompt = ForeignKeyField(Prompt, backref="jottings", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="jottings", on_delete="CASCADE")
    words = TextField()
    saved_at = UtcField()
    posted_at = UtcField(null=True)

    class Meta:
        indexes = ((("prompt", "member"), True),)


class Summary(BaseModel):
    """What the host heard, shown to the participants first: did we hear you right?"""

    cuppa = ForeignKeyField(Cuppa, unique=True, backref="summaries", on_delete="CASCADE")
    by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    source = TextField()
    html = HtmlField()
    renderer = IntegerField()
    sent_at = UtcField()


class SummaryAnswer(BaseModel):
    """A participant's answer to a summary. Disagreement is kept with it and travels with it."""

    summary = ForeignKeyField(Summary, backref="answers", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="summary_answers", on_delete="CASCADE")
    heard_right = BooleanField()
    words = TextField(default="")
    at = UtcField()

    class Meta:
        indexes = ((("summary", "member"), True),)


class SummaryInsight(BaseModel):
    """An insight that a summary led to. What participants said to the summary is read there, never copied."""

    summary = ForeignKeyField(Summary, backref="summary_insights", on_delete="CASCADE")
    insight = ForeignKeyField(Insight, unique=True, backref="summary_insights", on_delete="CASCADE")
