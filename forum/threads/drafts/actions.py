"""Keeping what somebody has not posted yet."""

import re

from forum.access import Viewer, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Conflict, Invalid
from forum.members.models import Member
from forum.text import _, clean_line, tidy
from forum.threads.models import Draft
from forum.threads.writing import LONGEST_TITLE, forget_draft, post_with

LONGEST_DRAFT = 200_000
MOST_DRAFTS = 200
_PLACE = re.compile(r"new|(?:thread|post):[1-9]\d{0,17}", re.ASCII)


def save_draft(
    viewer: Viewer, place: str, *, title: str = "", source: str = "", version: int | None = None, nonce: str = ""
) -> int:
    """Keep what *viewer* is writing at *place* (``thread:12``, ``new``, ``post:7``) and return the draft's version.

    Without words the draft goes and 0 comes back. *version* is the one that the writer began from, 0 for none: when
    another device saved since, Conflict is raised with ``source``, ``title`` and ``version`` of what is there.
    None saves whatever is there. With the *nonce* of a form that was posted meanwhile nothing is kept, because a save
    may arrive after the words themselves. Raises Invalid for an unknown place and an overlong text, NotAllowed.
    """
    require(viewer.is_member, _("Please sign in first."))
    if _PLACE.fullmatch(place) is None:
        raise Invalid(_("We don't know what this draft is for."))
    title, source = clean_line(title, LONGEST_TITLE), tidy(source)
    if len(source) > LONGEST_DRAFT:
        raise Invalid(_("This is too long for us to keep. Please keep a copy yourself."))
    with transaction():
        # The member's row stands in for a draft that may not be there yet.
        Member.locked(viewer.id or 0)
        if nonce and is_posted(viewer, nonce):
            return 0
        kept = Draft.get_or_none(Draft.member == viewer.id, Draft.place == place)
        if version is not None and kept is not None and kept.version != version and kept.source != source:
            raise Conflict(
                _("You also wrote something here on another device."),
                source=kept.source,
                title=kept.title,
                version=kept.version,
            )
        if not source.strip() and not title:
            forget_draft(viewer, place)
            return 0
        moment = now()
        if kept is None:
            if Draft.select().where(Draft.member == viewer.id).count() >= MOST_DRAFTS:
                raise Invalid(_("You have many drafts already. Finish or throw away one of them first."))
            kept = Draft.create(member=viewer.id, place=place, title=title, source=source, saved_at=moment)
        elif (kept.source, kept.title) != (source, title):
            kept.version += 1
            Draft.update(title=title, source=source, version=kept.version, saved_at=moment).where(
                Draft.id == kept.id
            ).execute()
    return kept.version


def is_posted(viewer: Viewer, nonce: str) -> bool:
    """Say whether the form with this *nonce* became a post of *viewer*."""
    return viewer.is_member and bool(nonce) and post_with(viewer, nonce) is not None


def drop_draft(viewer: Viewer, place: str) -> None:
    """Throw a draft away. Twice is fine."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        forget_draft(viewer, place)
