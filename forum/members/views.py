"""The doors of the room of members: joining, coming in, Me and what hangs on it."""

import json
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode
from zoneinfo import available_timezones

from flask import Blueprint, current_app, request
from flask_login import login_user, logout_user

from forum import web
from forum.access import require
from forum.clock import now
from forum.errors import Conflict, Invalid, TooOften
from forum.members import actions, choices, queries
from forum.members.blocks.views import bp as blocks_bp
from forum.members.codes import actions as codes
from forum.members.codes.views import bp as codes_bp
from forum.members.codes.views import counted_try, forgiven_tries
from forum.members.forms import AddressForm, JoinForm, NewPasswordForm, SettingsForm, SignInForm
from forum.members.moves.views import bp as moves_bp
from forum.members.profiles.views import bp as profiles_bp
from forum.members.renames.views import bp as renames_bp
from forum.members.sessions import actions as sessions
from forum.members.sessions import pace
from forum.members.sessions.devices import device_words
from forum.members.sessions.queries import LINKS_LAST, OpenedLink, awaiting, is_fresh, opened_link, viewer_by_session
from forum.members.sessions.views import bp as sessions_bp
from forum.members.urls import profile_url
from forum.text import _, slugify
from forum.web import viewer

bp = Blueprint("members", __name__)
bp.register_blueprint(profiles_bp)
bp.register_blueprint(blocks_bp)
bp.register_blueprint(renames_bp)
bp.register_blueprint(codes_bp)
bp.register_blueprint(sessions_bp)
bp.register_blueprint(moves_bp)

Answer = Any


def _next() -> str:
    return web.same_site(request.values.get("next"), "")


def _connection() -> str:
    return request.remote_addr or "nobody"


def _device() -> str:
    return device_words(request.user_agent.string)


def _let_in(token: str, *, keep: bool, next_path: str) -> Answer | None:
    """Give this browser the new session's cookie; whatever it had before ends here.

    Return where to go when something comes before *next_path*: typing a code, or setting codes up."""
    if awaiting(token) is not None:
        web.session["awaiting"] = [token, keep, next_path]
        return web.go("/login/code")
    if viewer().session_id is not None:
        sessions.sign_out(viewer())
    web.session.clear()
    web.session.permanent = keep
    login_user(viewer_by_session(token))
    if viewer().needs_codes:
        return web.go(f"/me/codes?{urlencode({'next': next_path})}")
    return None


# ---- joining -------------------------------------------------------------------------------------------------------


@bp.route("/join", methods=["GET", "POST"])
def join() -> Answer:
    if request.method == "GET":
        return web.go("/me") if viewer().is_member else web.page("members/join.html", next=_next(), choices=choices)
    try:
        form = JoinForm.read(request.form)
        pace.count(pace.LETTERS_BY_CONNECTION, _connection())
        pace.count(pace.LETTERS_BY_ADDRESS, form.email)
        browser = web.session.setdefault("join_key", web.new_nonce())
        actions.join(form.name, form.email, password=form.password, care=form.care, next_path=_next(), browser=browser)
    except (Invalid, TooOften) as trouble:
        return web.again("members/join.html", trouble, next=_next(), choices=choices)
    web.session["sent_to"] = form.email
    return web.go("/join/sent")


@bp.get("/join/sent")
def join_sent() -> Answer:
    return web.page("members/sent.html", why="join", email=web.session.get("sent_to", ""))


@bp.route("/join/<word>", methods=["GET", "POST"])
def confirm(word: str) -> Answer:
    return _come_in(word, "confirm")


# ---- coming in -----------------------------------------------------------------------------------------------------


@bp.route("/login", methods=["GET", "POST"])
def login() -> Answer:
    if request.method == "GET":
        return web.go(_next() or "/me") if viewer().is_member else web.page("members/login.html", next=_next())
    try:
        form = SignInForm.read(request.form)
        pace.look(pace.PASSWORDS_BY_ADDRESS, form.email)
        pace.look(pace.PASSWORDS_BY_CONNECTION, _connection())
        token = _token_for(form)
    except (Invalid, TooOften) as trouble:
        return web.again("members/login.html", trouble, next=_next())
    return _let_in(token, keep=form.keep, next_path=_next() or "/me") or web.go(_next() or "/me")


@bp.route("/login/code", methods=["GET", "POST"])
def login_code() -> Answer:
    token, keep, next_path = web.session.get("awaiting", ("", False, ""))
    waits = awaiting(token)
    if waits is None:
        web.session.pop("awaiting", None)
        return web.go("/me" if viewer().is_member else "/login", say="" if viewer().is_member else codes.SIGN_IN_OVER)
    if request.method == "GET":
        return web.page("members/login_code.html")
    try:
        counted_try(waits.member_id)
        codes.enter(token, request.form.get("code", ""))
    except (Invalid, TooOften) as trouble:
        return web.again("members/login_code.html", trouble)
    forgiven_tries(waits.member_id)
    return _let_in(token, keep=keep, next_path=next_path) or web.go(next_path or "/me")


def _token_for(form: SignInForm) -> str:
    try:
        token = sessions.sign_in(form.email, form.password, device=_device(), keep=form.keep)
    except Invalid:
        pace.count(pace.PASSWORDS_BY_CONNECTION, _connection())
        pace.count(pace.PASSWORDS_BY_ADDRESS, form.email)
        raise
    pace.forgive(pace.PASSWORDS_BY_ADDRESS, form.email)
    return token


@bp.route("/login/link", methods=["GET", "POST"])
def login_link() -> Answer:
    return _send_link("sign_in", "members/login_link.html", "/login/sent")


@bp.route("/reset", methods=["GET", "POST"])
def reset() -> Answer:
    return _send_link("reset", "members/reset.html", "/reset/sent")


def _send_link(purpose: str, template: str, sent: str) -> Answer:
    if request.method == "GET":
        return web.page(template, next=_next(), email=web.session.get("sent_to", ""))
    try:
        form = AddressForm.read(request.form)
        pace.count(pace.LETTERS_BY_CONNECTION, _connection())
        pace.count(pace.LETTERS_BY_ADDRESS, form.email)
        sessions.send_link(form.email, purpose, next_path=_next())
    except (Invalid, TooOften) as trouble:
        return web.again(template, trouble, next=_next(), email="")
    web.session["sent_to"] = form.email
    return web.go(sent)


@bp.get("/login/sent")
def login_sent() -> Answer:
    return web.page("members/sent.html", why="sign_in", email=web.session.get("sent_to", ""))


@bp.get("/reset/sent")
def reset_sent() -> Answer:
    return web.page("members/sent.html", why="reset", email=web.session.get("sent_to", ""))


@bp.route("/login/<word>", methods=["GET", "POST"])
def login_by_link(word: str) -> Answer:
    return _come_in(word, "sign_in", "already_here")


def _come_in(word: str, *purposes: str) -> Answer:
    """Show a link's one button; pressing it comes in. Opening alone uses nothing up, for mail scanners open links."""
    link = opened_link(word, *purposes)
    if link is None or not _is_open(link):
        return _dead_link(link, word)
    if request.method == "GET":
        _give_press(link)
        return web.page("members/link.html", link=link)
    keep = request.form.get("keep") == "yes"
    try:
        token = sessions.come_in_by_link(
            link.id,
            device=_device(),
            keep=keep,
            press=_press(link),
            browser=web.session.get("join_key", ""),
            viewer=viewer(),
        )
    except Conflict:
        return _dead_link(link, word)
    if first := _let_in(token, keep=keep, next_path=link.next_path or ("/me" if link.is_confirmed else "/")):
        return first
    if link.is_confirmed:
        return web.go(link.next_path or "/me")
    if queries.own_row(viewer()).password_hash:
        say = _("You're in, %(name)s. Read, or say hello.", name=link.member_name)
    else:
        say = _("You're in, %(name)s. Choose a password in Settings, or come in by a link.", name=link.member_name)
    return web.go(link.next_path or "/", say=say)


@bp.route("/reset/<word>", methods=["GET", "POST"])
def new_password(word: str) -> Answer:
    link = opened_link(word, "reset")
    if link is None or not _is_open(link):
        return _dead_link(link, word)
    if request.method == "GET":
        _give_press(link)
        return web.page("members/new_password.html", link=link)
    try:
        form = NewPasswordForm.read(request.form, link.member_name, link.email)
        token = sessions.choose_password(link.id, form.password, device=_device(), keep=form.keep, press=_press(link))
    except Invalid as trouble:
        return web.again("members/new_password.html", trouble, link=link)
    except Conflict:
        return _dead_link(link, word)
    return _let_in(token, keep=form.keep, next_path=link.next_path or "/me") or web.go(
        link.next_path or "/me", say=_("Your new password is kept. Other devices are signed out.")
    )


def _give_press(link: OpenedLink) -> None:
    """Give this browser a word with the link's button, by which an impatient thumb is known."""
    web.session["press"] = [link.id, web.new_nonce()]


def _press(link: OpenedLink) -> str:
    link_id, word = web.session.get("press", (0, ""))
    return word if link_id == link.id else ""


def _is_open(link: OpenedLink) -> bool:
    return link.is_good or (link.state == "used" and request.method == "POST" and bool(_press(link)))


def _dead_link(link: OpenedLink | None, word: str) -> Answer:
    if link is not None and link.state == "used" and link.member_id == viewer().id:
        return web.go(link.next_path or "/me", say=_("You had used that link already, and you are signed in."))
    return web.page("members/dead_link.html", 404 if link is None else 410, link=link, word=word)


@bp.post("/login/again")
def link_again() -> Answer:
    link = opened_link(request.form.get("word", ""), *LINKS_LAST)
    if link is None:
        return web.go("/login/link")
    pace.count(pace.LETTERS_BY_CONNECTION, _connection())
    pace.count(pace.LETTERS_BY_ADDRESS, link.email)
    sessions.send_link_again(link.id)
    web.session.pop("sent_to", None)
    return web.go("/login/sent")


@bp.route("/logout", methods=["GET", "POST"])
def logout() -> Answer:
    if request.method == "GET":
        return web.page("members/logout.html") if viewer().is_member else web.go("/")
    if viewer().is_member:
        sessions.sign_out(viewer())
    logout_user()
    web.session.clear()
    return web.go("/", say=_("You are signed out. See you soon."))


# ---- Me ------------------------------------------------------------------------------------------------------------


@bp.get("/me")
def me() -> Answer:
    require(viewer().is_member, _("Please sign in to see your own pages."))
    return web.page("members/me.html", shelves=queries.shelves(viewer()), profile_url=profile_url(viewer().name))


@bp.route("/me/settings", methods=["GET", "POST"])
def settings() -> Answer:
    own = queries.own_row(viewer())
    if request.method == "GET":
        return web.page("members/settings.html", **_settings_page(own))
    try:
        form = SettingsForm.read(request.form)
        actions.change_settings(viewer(), **asdict(form))
    except Invalid as trouble:
        return web.again("members/settings.html", trouble, **_settings_page(own))
    return web.go("/me/settings", say=_("Kept. Your settings are as you chose them."))


def _settings_page(own: Any) -> dict[str, Any]:
    zones = {zone for zone in available_timezones() if zone.startswith(("Europe/", "Atlantic/"))}
    until = own.asks_paused_until
    is_paused = until is not None and until > now()
    return {
        "own": own,
        "choices": choices,
        "word_options": [(value, *words) for value, words in choices.WORDS_WORDS.items()],
        "ask_options": [(times, choices.asks_words(times)) for times in choices.ASKS_PER_MONTH],
        "pause_options": choices.pause_options(is_paused=is_paused),
        "pause_hint": _("You have a pause until %(day)s.", day=web.day_words(until.date())) if is_paused else "",
        "zone_options": [(zone, zone.replace("_", " ")) for zone in sorted({*zones, own.time_zone})],
    }


@bp.route("/me/export", methods=["GET", "POST"])
def export() -> Answer:
    require(viewer().is_member, _("Please sign in to fetch what we hold about you."))
    if request.method == "GET":
        return web.page("members/export.html")
    pace.count(pace.EXPORTS, f"member {viewer().id}")
    everything = json.dumps(queries.everything_about(viewer().id or 0), ensure_ascii=False, indent=2, default=str)
    response = current_app.response_class(everything + "\n", mimetype="application/json")
    name = slugify(f"{web.settings().site_name} {viewer().name}", fallback="kettle")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.route("/me/leave", methods=["GET", "POST"])
def leave() -> Answer:
    own = queries.own_row(viewer())
    facts: dict[str, Any] = {"own": own, "is_fresh": is_fresh(viewer())}
    if request.method == "GET":
        return web.page("members/leave.html", **facts)
    try:
        pace.look(pace.PASSWORDS_BY_ADDRESS, own.email or "")
        actions.leave(viewer(), password=request.form.get("password", ""))
    except (Invalid, Conflict, TooOften) as trouble:
        if isinstance(trouble, Invalid):
            pace.count(pace.PASSWORDS_BY_ADDRESS, own.email or "")
        return web.again("members/leave.html", trouble, **facts)
    logout_user()
    web.session.clear()
    return web.go("/goodbye")


@bp.get("/goodbye")
def goodbye() -> Answer:
    return web.page("members/left.html")


@bp.post("/me/leave/link")
def leave_link() -> Answer:
    own = queries.own_row(viewer())
    pace.count(pace.LETTERS_BY_ADDRESS, own.email or "")
    sessions.send_link(own.email or "", "sign_in", next_path="/me/leave")
    web.session["sent_to"] = own.email or ""
    return web.go("/login/sent")
