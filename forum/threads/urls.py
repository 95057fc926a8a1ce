"""The addresses of this room, which are part of the contract."""

PAGE_SIZE = 20


def thread_url(id: int, slug: str, number: int | None = None) -> str:
    """Return where a thread is read; with *number*, where that post stands in it."""
    if number is None:
        return f"/t/{id}/{slug}"
    return f"/t/{id}/{slug}/{number}#post-{number}"


def post_address(thread_id: int, number: int) -> str:
    """Return where a post stands for those who do not know what its thread is called."""
    return f"/t/{thread_id}/-/{number}"


def category_url(slug: str) -> str:
    """Return where a category's threads are listed."""
    return f"/c/{slug}"


def first_on_page(number: int) -> int:
    """Return the number of the first post on the page where post *number* stands."""
    return (max(number, 1) - 1) // PAGE_SIZE * PAGE_SIZE + 1
