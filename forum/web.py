"""What all views share: who is looking, pages and forms, trouble as pages, addresses, headers. Views know no more of the web."""

import gzip
import hashlib
import logging
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, Response, current_app, flash, g, jsonify, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from limits.errors import StorageError
from markupsafe import Markup
from peewee import DatabaseError, InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, TooManyRequests
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response as AnyResponse

from forum import live
from forum.access import VISITOR, Viewer
from forum.clock import SITE_ZONE, now
from forum.database import close_connection
from forum.errors import Conflict, Invalid, NotAllowed, NotFound, TooOften, Trouble
from forum.events import position
from forum.settings import Settings
from forum.text import _, gettext, ngettext

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "static"
# A million characters that forms write as three: a text that long is refused with its words kept, not cut off.
LARGEST_FORM = 4_000_000

csrf = CSRFProtect()
login = LoginManager()


def _rate_key() -> str:
    who = viewer()
    return f"member:{who.id}" if who.is_member else get_remote_address()


# Where the counts cannot be written (a full disk, Redis away) each process counts for itself until they can.
limiter = Limiter(
    key_func=_rate_key,
    headers_enabled=False,
    in_memory_fallback_enabled=True,
    storage_options={"wrap_exceptions": True},
)


@dataclass(frozen=True, slots=True)
class Site:
    """What every page says about the place."""

    name: str
    url: str
    phone: str
    phone_hours: str
    runs: str
    banner: str | None
    hours_line: str | None


# Facts for the frame of every page that rooms above know; wiring fills this: name -> function of the viewer.
frame_facts: dict[str, Callable[[Viewer], Any]] = {}


# ---- who is looking ------------------------------------------------------------------------------------------------


def viewer() -> Viewer:
    """Return whoever sent this request; nobody in particular on a page that tells of trouble of ours."""
    if "is_bare" in g or not current_user:
        return VISITOR
    return current_user._get_current_object()


def settings() -> Settings:
    """Return the settings the application was made with."""
    return current_app.config["KETTLE"]


# ---- answers -------------------------------------------------------------------------------------------------------


def page(template: str, status: int = 200, /, **context: Any) -> tuple[str, int]:
    """Render *template* with what every page knows and *context*."""
    context.setdefault("errors", {})
    context.setdefault("typed", {})
    return render_template(template, **context), status


def again(template: str, trouble: Trouble, **context: Any) -> tuple[str, int, dict[str, str]]:
    """Show a form again with what was typed and what to do about it (422; 409 for a Conflict, 429 for TooOften)."""
    context.setdefault("typed", request.form)
    context["errors"] = trouble.errors if isinstance(trouble, Invalid) else {}
    context["trouble"] = trouble
    headers = {"Retry-After": str(trouble.retry_after)} if isinstance(trouble, TooOften) else {}
    return *page(template, _status(trouble), **context), headers


def steady(view: Callable[[], Any]) -> Callable[[], Any]:
    """Let a page that needs nothing from the database be there without it too: then its frame knows nobody."""

    @wraps(view)
    def shown() -> Any:
        try:
            return view()
        except (OperationalError, InterfaceError) as trouble:
            log.warning("database: %s on %s", trouble, request.path)
            close_connection()
            g.is_bare = True
            return view()

    return shown


def go(address: str, *, say: object = "") -> AnyResponse:
    """Answer a POST: go to *address* (303), where *say* is said once."""
    if say:
        flash(str(say))
    return redirect(address, 303)


# Browsers leave some of these out, and nothing of ours has any.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def same_site(address: str | None, default: str = "/") -> str:
    """Return *address* when it is a path on this site, else *default*: a link may not send people elsewhere."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")) or _CONTROLS.search(address):
        return default
    parts = urlsplit(address)
    return default if parts.scheme or parts.netloc else address


def is_htmx() -> bool:
    """Say whether htmx asks, which wants a fragment rather than a page."""
    return request.headers.get("HX-Request") == "true"


def wants_json() -> bool:
    """Say whether the caller reads JSON."""
    preferred = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return request.path.endswith(".json") or preferred == "application/json"


def live_page(*channels: str) -> str:
    """Return the address of the stream that hears *channels* from this moment. Call it before the page's queries."""
    return "/live/" + live.ticket_for(viewer(), channels, position())


# ---- forms ---------------------------------------------------------------------------------------------------------

_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")


def new_nonce() -> str:
    """Return a fresh word for a form, so that an impatient thumb makes one post."""
    return secrets.token_urlsafe(12)


def sent_nonce() -> str:
    """Return the nonce that came with the form; a form without one gets its own."""
    word = request.form.get("nonce", "")
    return word if _NONCE.fullmatch(word) else new_nonce()


def whole_number(text: str | None, default: int | None = None) -> int:
    """Return *text* as a number that fits the database; raise NotFound when it is none and there is no default."""
    if text and text.isascii() and text.isdigit() and len(text) < 18:
        return int(text)
    if default is None:
        raise NotFound
    return default


# ---- words and times -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return a time zone by name, Europe/London when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(SITE_ZONE)


def clock_words(local: datetime) -> str:
    """Return ``2pm`` or ``2:30pm``."""
    hour = local.strftime("%I").lstrip("0")
    minutes = f":{local:%M}" if local.minute else ""
    return f"{hour}{minutes}{'am' if local.hour < 12 else 'pm'}"


def date_words(moment: datetime, zone_name: str = SITE_ZONE) -> str:
    """Return ``Thursday 3 December at 2pm``; the year too when it is not this one."""
    local = moment.astimezone(zone(zone_name))
    year = f" {local.year}" if local.year != now().astimezone(zone(zone_name)).year else ""
    return f"{local:%A} {local.day} {local:%B}{year} at {clock_words(local)}"


def day_words(day: Any) -> str:
    """Return ``Thursday 3 December`` for a date; the year too when it is not this one."""
    year = f" {day.year}" if day.year != now().year else ""
    return f"{day:%A} {day.day} {day:%B}{year}"


def moment_words(moment: datetime, zone_name: str = SITE_ZONE) -> str:
    """Return when something was, as a person says it: ``5 minutes ago``, ``yesterday at 2pm``, ``3 December``."""
    span = now() - moment
    if timedelta(0) <= span < timedelta(minutes=1):
        return gettext("just now")
    if timedelta(0) <= span < timedelta(hours=1):
        minutes = int(span.total_seconds() // 60)
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    local, today = moment.astimezone(zone(zone_name)), now().astimezone(zone(zone_name))
    days = (today.date() - local.date()).days
    if days == 0:
        return gettext("today at %(time)s") % {"time": clock_words(local)}
    if days == 1:
        return gettext("yesterday at %(time)s") % {"time": clock_words(local)}
    if 1 < days < 7:
        return gettext("%(day)s at %(time)s") % {"day": f"{local:%A}", "time": clock_words(local)}
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local.day} {local:%B}{year}"


def when(moment: datetime | None) -> Markup:
    """Return *moment* in the viewer's zone as a <time>: in words, with the exact one in its title."""
    if moment is None:
        return Markup("")
    zone_name = viewer().time_zone if current_user else SITE_ZONE
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), date_words(moment, zone_name), moment_words(moment, zone_name)
    )


def when_exactly(moment: datetime | None, zone_name: str | None = None) -> Markup:
    """Return *moment* as a <time> that says day and time, for what is still to come."""
    if moment is None:
        return Markup("")
    zone_name = zone_name or (viewer().time_zone if current_user else SITE_ZONE)
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), date_words(moment, zone_name)
    )


@lru_cache(maxsize=256)
def _digest(name: str) -> str:
    file = STATIC / name
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10] if file.is_file() else ""


def static_url(name: str) -> str:
    """Return the address of a static file, with a name that changes when the file does."""
    digest = _digest(name)
    return f"/static/{name}?v={digest}" if digest else f"/static/{name}"


# ---- trouble as pages ----------------------------------------------------------------------------------------------

_STATUS: tuple[tuple[type[Trouble], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Invalid, 422),
    (Conflict, 409),
    (TooOften, 429),
)
_KINDS = {
    400: "invalid_request",
    401: "not_logged_in",
    403: "invalid_access",
    404: "not_found",
    422: "invalid_parameters",
    429: "rate_limit",
}


def _status(trouble: Trouble) -> int:
    return next((status for kind, status in _STATUS if isinstance(trouble, kind)), 500)


_HEADINGS: dict[int, Any] = {
    400: _("We couldn't read that"),
    401: _("Please sign in first"),
    403: _("That's not open to you"),
    404: _("There's nothing here"),
    405: _("That button didn't work here"),
    408: _("The line went quiet"),
    409: _("Somebody was quicker"),
    413: _("That's too big to send"),
    422: _("One more look, please"),
    429: _("Let's take a breath"),
    500: _("Something broke on our side"),
    503: _("We'll be back in a moment"),
}


def trouble_page(status: int, sentence: object, **context: Any) -> tuple[Any, int]:
    """Return the page, or the JSON, that tells of trouble."""
    if wants_json():
        return jsonify(errors=[str(sentence)], error_type=_KINDS.get(status, "error")), status
    if status >= 500:
        # What broke may be what the frame asks: who is looking, what is new for them, who is watching.
        g.is_bare = True
    heading = _HEADINGS.get(status, _HEADINGS[500])
    facts = {"status": status, "heading": heading, "sentence": str(sentence), **context}
    return steady(lambda: render_template("error.html", **facts))(), status


def _page_before() -> str:
    """Return the path that the request says it came from; anything may stand in that header."""
    try:
        came_from = urlsplit(request.referrer or "/")
    except ValueError:
        return "/"
    return came_from.path + (f"?{came_from.query}" if came_from.query else "")


def _on_trouble(trouble: Trouble) -> Any:
    if isinstance(trouble, NotAllowed) and not viewer().is_member:
        if wants_json():
            return trouble_page(401, trouble.message)
        target = same_site(request.full_path.rstrip("?") if request.method == "GET" else _page_before())
        flash(gettext("Please sign in first. We'll bring you back to where you were."), "note")
        return redirect(url_for("members.login", next=target), 303)
    if isinstance(trouble, NotAllowed) and viewer().needs_codes and request.method == "GET" and not wants_json():
        flash(gettext("For this, set up your codes first. We'll bring you back to where you were."))
        return redirect(url_for("members.codes.mine", next=same_site(request.full_path.rstrip("?"))), 303)
    answer = trouble_page(_status(trouble), trouble.message)
    if isinstance(trouble, TooOften):
        response = current_app.make_response(answer)
        response.headers["Retry-After"] = str(trouble.retry_after)
        return response
    return answer


_SENTENCES: dict[int, Any] = {
    400: _("Something in that address or form was not as we expected. Go back and try again."),
    404: NotFound.sentence,
    405: _("Go back and use the button on the page."),
    408: _("Your words took too long to arrive. Go back and send them again; they are still in the box."),
    413: _("It is larger than we can take. Make it shorter and send it again."),
    429: TooOften.sentence,
    503: _("We are busy or being mended. Your words are still in the box. Please try again in a minute."),
}


def _on_http(error: HTTPException) -> Any:
    status = error.code or 500
    if 300 <= status < 400 and error.response is not None:
        return error.response
    if isinstance(error, TooManyRequests):
        return _on_trouble(TooOften())
    if isinstance(error, RequestEntityTooLarge):
        status = 413
    return trouble_page(status, _SENTENCES.get(status, Trouble.sentence))


def _on_csrf(_error: CSRFError) -> Any:
    return trouble_page(
        400, _("This page had been open for a long time. Go back, load it again, and send once more. Your words stay.")
    )


def _on_database(error: DatabaseError) -> Any:
    log.error("database: %s on %s", error, request.path)
    close_connection()
    return trouble_page(503, _SENTENCES[503])


def _on_lost_count(error: StorageError) -> Any:
    """Where guessing is what is counted, nobody gets in uncounted."""
    log.error("rate limits: %s on %s", error.storage_error, request.path)
    return trouble_page(503, _SENTENCES[503])


def _on_bug(error: Exception) -> Any:
    log.exception("a bug answered %s %s", request.method, request.path)
    return trouble_page(500, _("We've made a note of it. Please try again, or tell us if it keeps happening."))


# ---- putting it together -------------------------------------------------------------------------------------------

_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if settings().is_https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.mimetype == "text/html":
        headers.setdefault("Cache-Control", "private, no-cache")
    return _compressed(response)


def _compressed(response: Response) -> Response:
    """Compress pages and feeds once; files under /static carry their own."""
    if (
        response.direct_passthrough
        or "gzip" not in request.headers.get("Accept-Encoding", "")
        or "Content-Encoding" in response.headers
        or not (response.mimetype or "").startswith(("text/", "application/json", "application/atom"))
        or response.status_code in {204, 304}
    ):
        return response
    body = response.get_data()
    response.headers.add("Vary", "Accept-Encoding")
    if len(body) > 1000:
        response.set_data(gzip.compress(body, compresslevel=4, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _site() -> Site:
    if "site" not in g:
        chosen = settings()
        hours = None if "is_bare" in g else frame_facts.get("hours_line")
        g.site = Site(
            name=chosen.site_name,
            url=chosen.site_url,
            phone=chosen.site_phone,
            phone_hours=chosen.site_phone_hours,
            runs=chosen.site_runs,
            banner=gettext("E-mails are being written to files here, not sent.") if chosen.mail_goes_to_files else None,
            hours_line=hours(viewer()) if hours else None,
        )
    return g.site


def _frame() -> dict[str, Any]:
    who = viewer()
    unread = frame_facts.get("unread_notices")
    return {
        "viewer": who,
        "site": _site(),
        "unread_notices": unread(who) if unread and who.is_member else 0,
    }


class _Cookies(SecureCookieSessionInterface):
    """The session, in a signed cookie. It never goes with what caches on the way may keep and hand to somebody else."""

    def save_session(self, app: Flask, session: Any, response: Any) -> None:
        if not response.cache_control.public:
            super().save_session(app, session, response)


def install(app: Flask, chosen: Settings, *, rate_storage: str) -> None:
    """Give *app* everything views rely on."""
    app.config.update(
        KETTLE=chosen,
        SECRET_KEY=chosen.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=chosen.is_https,
        SESSION_COOKIE_NAME="kettle",
        PERMANENT_SESSION_LIFETIME=timedelta(days=60),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        RATELIMIT_STORAGE_URI=rate_storage,
    )
    app.session_interface = _Cookies()
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        nonce=new_nonce,
        static_url=static_url,
        when=when,
        when_exactly=when_exactly,
        day_words=day_words,
        date_words=date_words,
    )
    app.url_map.converters["int"] = _Number
    csrf.init_app(app)
    login.init_app(app, add_context_processor=False)
    login.anonymous_user = lambda: VISITOR
    login.session_protection = None
    limiter.init_app(app)
    app.context_processor(_frame)
    app.after_request(_headers)
    app.register_error_handler(Trouble, _on_trouble)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(OperationalError, _on_database)
    app.register_error_handler(InterfaceError, _on_database)
    app.register_error_handler(StorageError, _on_lost_count)
    app.register_error_handler(Exception, _on_bug)


# The databases hold no larger number.
_LARGEST = 2**63 - 1


class _Number(IntegerConverter):
    """A number in an address. One that no database holds counts as the largest that it does."""

    def to_python(self, value: str) -> int:
        digits = value.lstrip("0") or "0"
        return int(digits) if len(digits) < 19 else _LARGEST


def register(app: Flask, blueprints: Iterable[Any]) -> None:
    """Open the rooms' doors."""
    for blueprint in blueprints:
        app.register_blueprint(blueprint)


__all__ = [
    "again",
    "csrf",
    "date_words",
    "go",
    "is_htmx",
    "limiter",
    "live_page",
    "login",
    "page",
    "same_site",
    "sent_nonce",
    "session",
    "steady",
    "viewer",
    "whole_number",
]
