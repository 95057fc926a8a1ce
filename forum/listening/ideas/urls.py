"""The addresses of ideas."""

from forum.text import slugify


def idea_url(id: int, title: str) -> str:
    """Return where an idea is read."""
    return f"/ideas/{id}/{slugify(title, fallback='idea')}"
