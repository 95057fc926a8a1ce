"""The doors of the room of channels: notices, letters to stop, feeds."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request

from forum import web
from forum.channels import actions, feeds, queries, sitemap
from forum.channels.letters import STOPPABLE, read_stop_token
from forum.clock import now
from forum.errors import NotFound
from forum.live import Heard
from forum.text import _
from forum.web import viewer, whole_number

bp = Blueprint("channels", __name__)

Answer = Any


# ---- notices -------------------------------------------------------------------------------------------------------


@bp.get("/me/notifications")
def notifications() -> Answer:
    before = whole_number(request.args.get("before"), 0) or None
    lines, older = queries.notices(viewer(), before=before)
    return web.page(
        "channels/notifications.html",
        days=_by_day(lines),
        newest=lines[0].id if lines else 0,
        older_url=f"/me/notifications?before={older}" if older else "",
        newer_url="/me/notifications" if before else "",
        live_url=web.live_page(),
    )


def _by_day(lines: list[queries.NoticeView]) -> list[tuple[object, list[queries.NoticeView]]]:
    """Return notices under the days they came on, in words of the reader's own time."""
    zone = web.zone(viewer().time_zone)
    today = now().astimezone(zone).date()
    days: dict[date, list[queries.NoticeView]] = {}
    for line in lines:
        days.setdefault(line.at.astimezone(zone).date(), []).append(line)
    return [(_day_words(day, today), days[day]) for day in days]


def _day_words(day: date, today: date) -> object:
    apart = (today - day).days
    return _("Today") if apart == 0 else _("Yesterday") if apart == 1 else web.day_words(day)


@bp.post("/me/notifications/seen")
def see_notifications() -> Answer:
    actions.see_notices(viewer(), up_to=whole_number(request.form.get("up_to"), 0) or None)
    return web.go("/me/notifications", say=_("Marked as seen."))


def unread_frame(heard: Heard) -> str:
    """Return the count beside *Me* for the open pages of one session."""
    return render_template("channels/_unread.html", count=queries.unread_of_session(heard.subject_id), is_frame=True)


# ---- letters to stop -----------------------------------------------------------------------------------------------

_STOPPED = {
    "replies": _("We won't e-mail you about replies any more."),
    "mentions": _("We won't e-mail you when somebody mentions you any more."),
    "asks": _("We won't e-mail you questions and invitations any more."),
}
_STOP = {
    "replies": _("Stop e-mails about replies"),
    "mentions": _("Stop e-mails about mentions"),
    "asks": _("Stop e-mails with questions and invitations"),
}
_THIS_THREAD = (_("Hear no more of this conversation"), _("You won't hear about that conversation any more."))


@bp.route("/mail/stop/<token>", methods=["GET", "POST"])
@web.csrf.exempt
def stop(token: str) -> Answer:
    # Mail programs press this button for people (RFC 8058) and bring no cookie: the word in the address says it all.
    read = read_stop_token(token)
    if read is None:
        raise NotFound(_("That link isn't one of ours, or was cut short. You can choose what we send you in Settings."))
    what = read[1]
    words, done = (_STOP[what], _STOPPED[what]) if what in STOPPABLE else _THIS_THREAD
    if request.method == "GET":
        return web.page("channels/stop.html", words=words, is_done=False)
    actions.stop_letters(token)
    return web.page("channels/stop.html", words=done, is_done=True)


# ---- feeds ---------------------------------------------------------------------------------------------------------


@bp.get("/feeds/latest.atom")
def latest_feed() -> Response:
    return _feed(feeds.latest())


@bp.get("/c/<slug>.atom")
def category_feed(slug: str) -> Response:
    return _feed(feeds.of_category(slug))


@bp.get("/t/<int:id>/<slug>.atom")
def thread_feed(id: int, slug: str) -> Response:
    return _feed(feeds.of_thread(id))


# ---- for search engines --------------------------------------------------------------------------------------------


@bp.get("/robots.txt")
def robots() -> Response:
    return _for_engines(sitemap.robots(), "text/plain")


@bp.get("/sitemap.xml")
def sitemap_index() -> Response:
    return _for_engines(sitemap.index(), "application/xml")


@bp.get("/sitemap/<part>.xml")
def sitemap_part(part: str) -> Response:
    return _for_engines(sitemap.part(part), "application/xml")


def _for_engines(text: str, kind: str) -> Response:
    response = Response(text, content_type=f"{kind}; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.add_etag()
    response.make_conditional(request)
    return response


def _feed(written: bytes) -> Response:
    response = Response(written, content_type="application/atom+xml; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=300"
    response.add_etag()
    response.make_conditional(request)
    return response
