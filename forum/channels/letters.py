"""Letters: from a template's name to a subject, a plain text and an HTML body."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forum import settings
from forum.text import gettext, ngettext
from forum.web import date_words, day_words

TEMPLATES = Path(__file__).parent.parent.parent / "templates"

# What a reader can stop with one click, and the member's setting it turns off.
STOPPABLE = {"replies": "mail_replies", "mentions": "mail_mentions", "asks": "mail_asks"}


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
        autoescape=lambda name: bool(name) and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(date_words=date_words, day_words=day_words)
    return environment


def render_letter(name: str, **context: Any) -> Written:
    """Return the letter *name* (a folder under templates/mail) filled with *context*."""
    chosen = settings.chosen()
    context = {
        "site_name": chosen.site_name,
        "site_url": chosen.site_url,
        "site_phone": chosen.site_phone,
        "site_phone_hours": chosen.site_phone_hours,
        "stop_url": "",
        **context,
    }
    environment = _environment()
    subject = " ".join(environment.get_template(f"mail/{name}/subject.txt").render(context).split())
    return Written(
        subject=subject[:200],
        text=environment.get_template(f"mail/{name}/body.txt").render(context).strip() + "\n",
        html=environment.get_template(f"mail/{name}/body.html").render(context),
    )


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings.chosen().secret_key, salt="stop-mail")


def stop_token(member_id: int, what: str) -> str:
    """Return the word that lets *member_id* stop letters about *what* with one click, signed in or not."""
    return _signer().dumps([member_id, what])


def read_stop_token(token: str) -> tuple[int, str] | None:
    """Return (member id, what) from a `stop_token`, or None when it is not one of ours."""
    try:
        member_id, what = _signer().loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return (member_id, what) if what in STOPPABLE else None
