"""What staff hear: listening threads, insights with their excerpts and consent, codes, themes, ideas."""

from peewee import BooleanField, Check, DateField, ForeignKeyField, IntegerField, TextField

from forum.database import BaseModel, UtcField
from forum.listening.choices import CONSENT, IDEA_STATUSES, INSIGHT_KINDS, SOURCES, VOICE_CONSENT
from forum.members.models import Member
from forum.threads.models import Post, Thread


class ListeningMark(BaseModel):
    """A thread that staff say, visibly, that they are learning from. It covers posts from *since* on."""

    thread = ForeignKeyField(Thread, unique=True, backref="listening", on_delete="CASCADE")
    by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    purpose = TextField()
    can_change = TextField()
    cannot_change = TextField()
    who_decides = TextField(default="")
    hear_by = TextField(default="")
    since = UtcField()
    ended_at = UtcField(null=True)


class EarlierWords(BaseModel):
    """A member agrees that what they said in a thread before it was marked may be listened to as well."""

    thread = ForeignKeyField(Thread, backref="earlier_words", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="earlier_words", on_delete="CASCADE")
    agreed_at = UtcField()

    class Meta:
        indexes = ((("thread", "member"), True),)


class Insight(BaseModel):
    """Something staff heard."""

    kind = TextField()
    memo = TextField(default="")
    by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    made_at = UtcField(index=True)
    nonce = TextField(null=True)

    class Meta:
        constraints = (Check(f"kind IN {INSIGHT_KINDS}"),)
        indexes = ((("by", "nonce"), True),)


class OfflineVoice(BaseModel):
    """Something said by phone, by letter or in person, entered by staff with the speaker's consent."""

    source = TextField()
    said_by = TextField(default="")
    words = TextField()
    consent = TextField()
    insight = ForeignKeyField(Insight, backref="offline_voices", on_delete="CASCADE")
    by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    at = UtcField()

    class Meta:
        constraints = (
            Check(f"source IN {SOURCES}"),
            Check(f"consent IN {VOICE_CONSENT}"),
        )


class Excerpt(BaseModel):
    """Exact words in a post, and whether their writer lets them be used.

    *start* and *end* are code points in the post's plain text at *revision*. When consent is refused or withdrawn, or the
    person leaves, the words go and the row stays, so that the insight keeps its count. *by_setting* says that the
    consent came from how the member wants all their words used, and follows that setting. *correction* is the writer's
    answer to "have we understood you right?" where it was not a plain yes; it travels with the words.
    """

    insight = ForeignKeyField(Insight, backref="excerpts", on_delete="CASCADE")
    post = ForeignKeyField(Post, null=True, backref="excerpts", on_delete="SET NULL")
    member = ForeignKeyField(Member, backref="excerpts", on_delete="RESTRICT")
    by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    words = TextField(null=True)
    prefix = TextField(default="")
    suffix = TextField(default="")
    start = IntegerField()
    end = IntegerField()
    revision = IntegerField()
    paraphrase = TextField(default="")
    checked_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    checked_at = UtcField(null=True)
    consent = TextField(default="not_asked")
    consent_at = UtcField(null=True)
    by_setting = BooleanField(default=False)
    correction = TextField(default="")
    made_at = UtcField()
    drifted_at = UtcField(null=True)

    class Meta:
        constraints = (
            Check(f"consent IN {CONSENT}"),
            Check('start >= 0 AND "end" >= start'),
            Check("words IS NOT NULL OR consent IN ('refused', 'withdrawn')"),
            Check("(checked_at IS NULL) OR (checked_by_id IS NOT NULL)"),
        )


class Code(BaseModel):
    """A tag in the organisation's own tree."""

    parent = ForeignKeyField("self", null=True, backref="children", on_delete="RESTRICT")
    name = TextField()
    description = TextField(default="")

    class Meta:
        indexes = ((("parent", "name"), True),)


class InsightCode(BaseModel):
    """A code on an insight."""

    insight = ForeignKeyField(Insight, backref="insight_codes", on_delete="CASCADE")
    code = ForeignKeyField(Code, backref="insight_codes", on_delete="CASCADE")

    class Meta:
        indexes = ((("insight", "code"), True),)


class Theme(BaseModel):
    """Insights that say the same thing."""

    title = TextField()
    about = TextField(default="")
    by = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    made_at = UtcField()


class ThemeInsight(BaseModel):
    """An insight's place in a theme."""

    theme = ForeignKeyField(Theme, backref="theme_insights", on_delete="CASCADE")
    insight = ForeignKeyField(Insight, backref="theme_insights", on_delete="CASCADE")
    at = UtcField()

    class Meta:
        indexes = ((("theme", "insight"), True),)


class Idea(BaseModel):
    """Something that could change, from any member or from staff, alone or out of a theme."""

    title = TextField()
    words = TextField()
    proposer = ForeignKeyField(Member, backref="ideas", on_delete="RESTRICT")
    theme = ForeignKeyField(Theme, null=True, backref="ideas", on_delete="SET NULL")
    thread = ForeignKeyField(Thread, null=True, backref="ideas", on_delete="SET NULL")
    owner = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    team = TextField(default="")
    status = TextField(default="heard", index=True)
    promised_for = DateField(null=True)
    carers_decide = BooleanField(default=False)
    made_at = UtcField()
    nonce = TextField(null=True)

    class Meta:
        constraints = (Check(f"status IN {IDEA_STATUSES}"),)
        indexes = ((("proposer", "nonce"), True),)


class IdeaStep(BaseModel):
    """A step in an idea's history: what it became, when, and what was said with it."""

    idea = ForeignKeyField(Idea, backref="steps", on_delete="CASCADE")
    by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    status = TextField()
    words = TextField(default="")
    promised_for = DateField(null=True)
    at = UtcField()

    class Meta:
        constraints = (Check(f"status IN {IDEA_STATUSES}"),)
