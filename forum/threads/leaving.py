"""What this room holds about a member: given to them when they ask, and taken away when they leave."""

from typing import Any

from forum import audit, search
from forum.clock import now
from forum.rows import rows_for_export
from forum.text import NO_WORDS, _, slugify
from forum.threads.models import Draft, Follow, Mention, Post, PostRevision, Reaction, ReadingMark, Thread
from forum.threads.voices.actions import forget_names
from forum.threads.writing import count_posts

_ABOUT = {
    "threads": "SELECT id AS thread, title, ask, started_at FROM thread WHERE author_id = ? ORDER BY id",
    "posts": """SELECT id AS post, thread_id AS thread, number, source AS words, said_at, edited_at, withdrawn_at, via
        FROM post WHERE author_id = ? ORDER BY id""",
    "earlier_versions": """SELECT r.post_id AS post, r.revision, r.source AS words, r.replaced_at
        FROM post_revision r JOIN post p ON p.id = r.post_id WHERE p.author_id = ? ORDER BY r.id""",
    "drafts": "SELECT place, title, source AS words, saved_at FROM draft WHERE member_id = ? ORDER BY id",
    "reactions": "SELECT post_id AS post, kind, at FROM reaction WHERE member_id = ? ORDER BY id",
    "mentioned_in": "SELECT post_id AS post FROM mention WHERE member_id = ? ORDER BY id",
    "follows": "SELECT thread_id AS thread, since, muted_at FROM follow WHERE member_id = ? ORDER BY id",
    "names_for_one_thread": "SELECT thread_id AS thread, name, chosen_at FROM thread_name WHERE member_id = ? ORDER BY id",
    "read_until": "SELECT thread_id AS thread, number AS post, at FROM reading_mark WHERE member_id = ? ORDER BY id",
}


def about_member(member_id: int) -> dict[str, Any]:
    """Return everything this room holds about a member, ready for JSON."""
    return {name: rows_for_export(sql, (member_id,)) for name, sql in _ABOUT.items()}


def forget_member(member_id: int) -> None:
    """Take a member's words out of every conversation. Called inside the erasing transaction; numbers and lines stay.

    Where others quoted them is dealt with afterwards, by `jobs.take_back_quotes`.
    """
    moment = now()
    own = Post.select(Post.id).where(Post.author == member_id)
    touched = sorted(
        thread_id for (thread_id,) in Post.select(Post.thread).where(Post.author == member_id).distinct().tuples()
    )
    started = [row[0] for row in Thread.select(Thread.id).where(Thread.author == member_id).tuples()]
    for ids in _batches(sorted({*touched, *started})):
        Thread.all_locked(ids)
    search.SearchEntry.delete().where(search.SearchEntry.kind == "post", search.SearchEntry.ref.in_(own)).execute()
    PostRevision.delete().where(PostRevision.post.in_(own)).execute()
    Mention.delete().where((Mention.member == member_id) | Mention.post.in_(own)).execute()
    Post.update(source="", html=NO_WORDS, plain="", nonce=None).where(Post.author == member_id).execute()
    Post.update(withdrawn_at=moment).where(Post.author == member_id, Post.withdrawn_at.is_null()).execute()
    title = str(_("A thread whose writer has left"))
    Thread.update(title=title, slug=slugify(title), nonce=None).where(Thread.author == member_id).execute()
    for ids in _batches(started):
        search.SearchEntry.update(title=title).where(search.SearchEntry.thread_id.in_(ids)).execute()
    for thread_id in touched:
        count_posts(Thread(id=thread_id))
    audit.erase_words("post", own)
    audit.erase_words("thread", started)
    forget_names(member_id)
    for model in (Draft, Reaction, Follow, ReadingMark):
        model.delete().where(model.member == member_id).execute()


def _batches(ids: list[int], size: int = 500) -> list[list[int]]:
    return [ids[at : at + size] for at in range(0, len(ids), size)]
