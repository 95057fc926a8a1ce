"""People, how they sign in, and what they told us about how to treat their words and their time."""

from typing import Any

from peewee import BooleanField, Check, ForeignKeyField, IntegerField, TextField

from forum.database import BaseModel, HtmlField, UtcField
from forum.members.choices import CARE, PURPOSES, ROLES, WORDS
from forum.members.profiles.vocabulary import AUDIENCES


class Member(BaseModel):
    """Somebody with a place here. A person who left keeps a row without a name, so that conversations stay readable."""

    name = TextField()
    name_key = TextField(unique=True)
    email = TextField(null=True, unique=True)
    email_confirmed_at = UtcField(null=True)
    password_hash = TextField(null=True)
    role = TextField(default="member", index=True)
    care = TextField(default="")
    care_audience = TextField(default="members")
    about = TextField(default="")
    about_html = HtmlField(null=True)
    offers = TextField(default="")
    would_like = TextField(default="")
    words = TextField(default="ask")
    time_zone = TextField(default="Europe/London")
    mail_replies = BooleanField(default=True)
    mail_mentions = BooleanField(default=True)
    mail_asks = BooleanField(default=True)
    asks_per_month = IntegerField(default=4)
    asks_paused_until = UtcField(null=True)
    joined_at = UtcField()
    suspended_until = UtcField(null=True)
    imported_from = TextField(null=True)
    left_at = UtcField(null=True)

    class Meta:
        constraints = (
            Check(f"role IN {ROLES}"),
            Check(f"care IN {CARE}"),
            Check(f"care_audience IN {AUDIENCES}"),
            Check(f"words IN {WORDS}"),
            Check("asks_per_month >= 0"),
            Check("left_at IS NULL OR (email IS NULL AND password_hash IS NULL)"),
        )

    @classmethod
    def has_come(cls) -> Any:
        """Return the condition that somebody is here, or was. Who only asked to join is not, and nobody may learn it."""
        return cls.email.is_null() | cls.email_confirmed_at.is_null(False) | cls.imported_from.is_null(False)


class Group(BaseModel):
    """A circle of members: who may read a category or a thread that is not for everybody."""

    name = TextField()

    class Meta:
        table_name = "member_group"


class GroupMember(BaseModel):
    """A member's place in a group."""

    group = ForeignKeyField(Group, backref="places", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="places", on_delete="CASCADE")
    joined_at = UtcField()

    class Meta:
        indexes = ((("group", "member"), True),)


class Session(BaseModel):
    """One signed-in device. Ending the row signs the device out at its next request.

    While it *awaits_code* it opens nothing."""

    member = ForeignKeyField(Member, backref="sessions", on_delete="CASCADE")
    token_digest = TextField(unique=True)
    device = TextField(default="")
    started_at = UtcField()
    seen_at = UtcField()
    expires_at = UtcField()
    ended_at = UtcField(null=True)
    awaits_code = BooleanField(default=False)


class Link(BaseModel):
    """A link sent by e-mail: confirm an address, sign in, choose a new password. Works once, for a while.

    ``already_here`` signs in as well; its letter says that the address has a place already. *next_path* is where the
    person was going. The words of the link are signed from the row, so nothing secret is stored. *press_digest* tells a
    second press of the same browser's button from somebody else's, *browser_digest* the browser that asked to join."""

    member = ForeignKeyField(Member, backref="links", on_delete="CASCADE")
    purpose = TextField()
    email = TextField()
    next_path = TextField(default="")
    made_at = UtcField()
    expires_at = UtcField()
    used_at = UtcField(null=True)
    press_digest = TextField(default="")
    browser_digest = TextField(default="")

    class Meta:
        constraints = (Check(f"purpose IN {PURPOSES}"),)
