"""Conversations: categories, threads, posts, and what members keep beside them."""

from peewee import BooleanField, Check, ForeignKeyField, IntegerField, TextField

from forum.database import BaseModel, HtmlField, UtcField
from forum.members.models import Group, Member

AUDIENCES = ("public", "members", "staff", "group")
ASKS = ("", "advice", "no_advice")
REACTIONS = ("hug", "been_there", "thinking_of_you", "helpful", "thank_you")


class Category(BaseModel):
    """A place for threads about one thing, and who may read there."""

    slug = TextField(unique=True)
    name = TextField()
    description = TextField(default="")
    audience = TextField(default="members")
    group = ForeignKeyField(Group, null=True, backref="categories", on_delete="RESTRICT")
    position = IntegerField(default=0)

    class Meta:
        constraints = (
            Check(f"audience IN {AUDIENCES}"),
            Check("(audience = 'group') = (group_id IS NOT NULL)"),
        )


class Thread(BaseModel):
    """A conversation. With a *group* it is for that circle and staff alone, whatever its category says.

    The counts are stored because category pages show thirty threads at a time; `kettle repair` derives them again.
    """

    category = ForeignKeyField(Category, backref="threads", on_delete="RESTRICT")
    group = ForeignKeyField(Group, null=True, backref="threads", on_delete="RESTRICT")
    author = ForeignKeyField(Member, backref="threads", on_delete="RESTRICT")
    title = TextField()
    slug = TextField()
    ask = TextField(default="")
    started_at = UtcField(index=True)
    last_post_at = UtcField()
    last_author = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    last_number = IntegerField(default=0)
    post_count = IntegerField(default=0)
    closed_at = UtcField(null=True)
    closed_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    hidden_at = UtcField(null=True)
    hidden_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    nonce = TextField(null=True)

    class Meta:
        constraints = (
            Check(f"ask IN {ASKS}"),
            Check("(closed_at IS NULL) OR (closed_by_id IS NOT NULL)"),
            Check("(hidden_at IS NULL) = (hidden_by_id IS NULL)"),
        )
        indexes = (
            (("category", "last_post_at", "id"), False),
            (("last_post_at", "id"), False),
            (("author", "nonce"), True),
        )


class Post(BaseModel):
    """One message. *plain* is what excerpts anchor in; *number* counts from 1 in its thread and never changes."""

    thread = ForeignKeyField(Thread, backref="posts", on_delete="CASCADE")
    number = IntegerField()
    author = ForeignKeyField(Member, backref="posts", on_delete="RESTRICT")
    reply_to = ForeignKeyField("self", null=True, backref="replies", on_delete="SET NULL")
    source = TextField()
    html = HtmlField()
    plain = TextField()
    renderer = IntegerField()
    revision = IntegerField(default=1)
    said_at = UtcField()
    edited_at = UtcField(null=True)
    withdrawn_at = UtcField(null=True)
    hidden_at = UtcField(null=True)
    hidden_by = ForeignKeyField(Member, null=True, backref="+", on_delete="SET NULL")
    is_event = BooleanField(default=False)
    inside_use_only = BooleanField(default=False)
    imported_likes = IntegerField(default=0)
    via = TextField(default="web")
    nonce = TextField(null=True)

    class Meta:
        constraints = (
            Check("number > 0"),
            Check("revision > 0"),
            Check("(hidden_at IS NULL) = (hidden_by_id IS NULL)"),
            Check("via IN ('web', 'email', 'import', 'api', 'offline')"),
        )
        indexes = (
            (("thread", "number"), True),
            (("author", "nonce"), True),
            (("author", "said_at"), False),
        )


class ThreadName(BaseModel):
    """What somebody is called in one thread only. Nothing outside says who that is.

    Whoever leaves keeps a row without a name, so that one person does not become of two."""

    thread = ForeignKeyField(Thread, backref="names", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="thread_names", on_delete="CASCADE")
    name = TextField()
    name_key = TextField(index=True)
    chosen_at = UtcField()

    class Meta:
        indexes = ((("thread", "member"), True), (("thread", "name_key"), True))


class PostRevision(BaseModel):
    """What a post said before an edit."""

    post = ForeignKeyField(Post, backref="revisions", on_delete="CASCADE")
    revision = IntegerField()
    source = TextField()
    editor = ForeignKeyField(Member, backref="+", on_delete="RESTRICT")
    replaced_at = UtcField()

    class Meta:
        indexes = ((("post", "revision"), True),)


class Draft(BaseModel):
    """What somebody has not posted yet. *place* is ``thread:12``, ``new``, or ``post:7`` while editing."""

    member = ForeignKeyField(Member, backref="drafts", on_delete="CASCADE")
    place = TextField()
    title = TextField(default="")
    source = TextField(default="")
    version = IntegerField(default=1)
    saved_at = UtcField()

    class Meta:
        indexes = ((("member", "place"), True),)


class Reaction(BaseModel):
    """A word of support on a post."""

    post = ForeignKeyField(Post, backref="reactions", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="reactions", on_delete="CASCADE")
    kind = TextField()
    at = UtcField()

    class Meta:
        constraints = (Check(f"kind IN {REACTIONS}"),)
        indexes = ((("post", "member", "kind"), True),)


class Mention(BaseModel):
    """Somebody named in a post."""

    post = ForeignKeyField(Post, backref="mentions", on_delete="CASCADE")
    member = ForeignKeyField(Member, backref="mentions", on_delete="CASCADE")

    class Meta:
        indexes = ((("post", "member"), True),)


class Follow(BaseModel):
    """A thread somebody wants to hear about. *muted_at* means: not even when replied to."""

    member = ForeignKeyField(Member, backref="follows", on_delete="CASCADE")
    thread = ForeignKeyField(Thread, backref="follows", on_delete="CASCADE")
    since = UtcField()
    muted_at = UtcField(null=True)

    class Meta:
        indexes = ((("thread", "member"), True), (("member", "thread"), False))


class ReadingMark(BaseModel):
    """How far somebody has read in a thread."""

    member = ForeignKeyField(Member, backref="reading_marks", on_delete="CASCADE")
    thread = ForeignKeyField(Thread, backref="reading_marks", on_delete="CASCADE")
    number = IntegerField()
    at = UtcField()

    class Meta:
        indexes = ((("member", "thread"), True),)
