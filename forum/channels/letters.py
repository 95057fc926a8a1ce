"""Letters: from a template's name to a subject, a plain text and an HTML body."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from forum import settings
from forum.members.models import Member
from forum.text import gettext, ngettext
from forum.web import date_words, day_words

TEMPLATES = Path(__file__).parent.parent.parent / "templates"

# What a reader can stop with one click, and the member's setting it turns off.
STOPPABLE = {"replies": "mail_replies", "mentions": "mail_mentions", "asks": "mail_asks"}
# Or everything about one thread: ``thread:12``.
THREAD = "thread:"


@dataclass(frozen=True, slots=True)
class Written:
    """A letter's words."""

    subject: str
    text: str
    html: str


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(date_words=date_words, day_words=day_words)
    return environment


@dataclass(frozen=True, slots=True)
class LetterSite:
    """What every letter says about the place it comes from."""

    name: str
    url: str
    phone: str
    phone_hours: str
    runs: str


def render_letter(name: str, member: Member | None = None, *, stoppable: str = "", **context: Any) -> Written:
    """Return the letter *name* (a folder under templates/mail) filled with *context*.

    Every template knows `site`, `member_name`, `settings_url`, and, when the letter is *stoppable* (a key of
    STOPPABLE), `unsubscribe_url`. Pass the same *stoppable* to `write_letter`."""
    chosen = settings.chosen()
    is_known = member is not None and member.left_at is None
    context = {
        "site": LetterSite(
            chosen.site_name, chosen.site_url, chosen.site_phone, chosen.site_phone_hours, chosen.site_runs
        ),
        "member_name": member.name if member is not None and is_known else "",
        "settings_url": f"{chosen.site_url}/me/settings" if is_known else "",
        "unsubscribe_url": stop_url(member.id, stoppable) if member is not None and stoppable else "",
        **context,
    }
    environment = _environment()
    subject = " ".join(environment.get_template(f"mail/{name}/subject.txt").render(context).split())
    return Written(
        subject=subject[:200],
        text=re.sub(r"\n{3,}", "\n\n", environment.get_template(f"mail/{name}/body.txt").render(context).strip())
        + "\n",
        html=environment.get_template(f"mail/{name}/body.html").render(context),
    )


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings.chosen().secret_key, salt="stop-mail")


def stop_url(member_id: int, what: str) -> str:
    """Return the full address where *member_id* stops letters about *what*."""
    return f"{settings.chosen().site_url}/mail/stop/{stop_token(member_id, what)}"


def stop_token(member_id: int, what: str) -> str:
    """Return the word that lets *member_id* stop letters about *what* with one click, signed in or not."""
    return str(_signer().dumps([member_id, what]))


def read_stop_token(token: str) -> tuple[int, str] | None:
    """Return (member id, what) from a `stop_token`, or None when it is not one of ours."""
    try:
        member_id, what = _signer().loads(token)
    except (BadData, ValueError, TypeError):
        return None
    is_known = what in STOPPABLE or re.fullmatch(rf"{THREAD}\d{{1,18}}", str(what), re.ASCII)
    return (member_id, what) if is_known else None
