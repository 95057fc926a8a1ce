"""Where people's pages are."""

from urllib.parse import quote


def profile_url(name: str) -> str:
    """Return the address of the page of the member called *name*."""
    return f"/m/{quote(name, safe='')}"
