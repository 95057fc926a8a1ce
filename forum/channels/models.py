"""What reaches people: notices on the site and letters by e-mail."""

from peewee import BigIntegerField, ForeignKeyField, TextField

from forum.database import BaseModel, UtcField
from forum.members.models import Member
from forum.threads.models import Thread


class Notice(BaseModel):
    """One line on somebody's notices page. *about* is a title, never a quotation.

    In the *thread* it is about, the *actor* is called what they are called there."""

    member = ForeignKeyField(Member, backref="notices", on_delete="CASCADE")
    event_id = BigIntegerField()
    kind = TextField()
    actor = ForeignKeyField(Member, null=True, backref="+", on_delete="CASCADE")
    thread = ForeignKeyField(Thread, null=True, backref="+", on_delete="CASCADE")
    about = TextField(default="")
    path = TextField()
    at = UtcField()
    read_at = UtcField(null=True)

    class Meta:
        indexes = (
            (("member", "event_id", "kind"), True),
            (("member", "id"), False),
        )


Notice.add_index(Notice.index(Notice.member, name="notice_unread", where=Notice.read_at.is_null()))


class Letter(BaseModel):
    """An e-mail owed. *key* says what for, so that it is written once. Its words go when it has been sent."""

    key = TextField(unique=True)
    member = ForeignKeyField(Member, null=True, backref="letters", on_delete="CASCADE")
    to_address = TextField()
    kind = TextField()
    subject = TextField()
    text = TextField()
    html = TextField()
    calendar = TextField(default="")
    calendar_method = TextField(default="")
    message_id = TextField(unique=True)
    thread_ref = TextField(default="")
    unsubscribe = TextField(default="")
    made_at = UtcField()
    sent_at = UtcField(null=True)
