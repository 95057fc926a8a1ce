"""What other rooms read of conversations, in one place. Each noun of this room has a folder with its own `queries.py`."""

from forum.threads.categories.queries import CategoryView, categories, category
from forum.threads.following.queries import followers, has_muted
from forum.threads.leaving import about_member
from forum.threads.lists.queries import ThreadRow, lively_threads, threads_in, waiting_threads
from forum.threads.posts.queries import (
    PostView,
    ReactionCount,
    RevisionView,
    number_at,
    post,
    post_for_everybody,
    posts,
    quotation,
    quoting_posts,
    reactions,
    revisions,
    source,
)
from forum.threads.search.queries import search_posts
from forum.threads.sight import ThreadView, thread, titles

__all__ = [
    "CategoryView",
    "PostView",
    "ReactionCount",
    "RevisionView",
    "ThreadRow",
    "ThreadView",
    "about_member",
    "categories",
    "category",
    "followers",
    "has_muted",
    "lively_threads",
    "number_at",
    "post",
    "post_for_everybody",
    "posts",
    "quotation",
    "quoting_posts",
    "reactions",
    "revisions",
    "search_posts",
    "source",
    "thread",
    "threads_in",
    "titles",
    "waiting_threads",
]
