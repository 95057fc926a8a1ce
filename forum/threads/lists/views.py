"""Home and a category's page."""

from typing import Any

from flask import Blueprint, request

from forum import web
from forum.access import VISITOR, may_post, may_read_place, may_start_thread
from forum.threads.categories.queries import categories
from forum.threads.categories.queries import category as category_at
from forum.threads.lists import queries
from forum.threads.showing import ASK_WORDS
from forum.threads.slots import filled, home_extras, listening_among
from forum.threads.urls import category_url
from forum.web import viewer

bp = Blueprint("lists", __name__)


@bp.get("/")
def home() -> Any:
    who = viewer()
    places = categories(who)
    waiting = queries.waiting_threads(who)
    lively = queries.lively_threads(who)
    return web.page(
        "threads/home.html",
        categories=places,
        waiting=waiting,
        lively=lively,
        listening=listening_among([row.id for row in lively]),
        extras=filled(home_extras, who),
        can_start=may_post(who),
        ask_words=ASK_WORDS,
        canonical="/",
    )


@bp.get("/c/<slug>")
def category(slug: str) -> Any:
    who = viewer()
    place = category_at(who, slug)
    rows, older = queries.threads_in(who, place, before=request.args.get("before"))
    return web.page(
        "threads/category.html",
        place=place,
        rows=rows,
        listening=listening_among([row.id for row in rows]),
        older_url=f"{category_url(slug)}?before={older}" if older else "",
        is_first_page="before" not in request.args,
        can_start=may_start_thread(who, place.audience, place.group_id),
        ask_words=ASK_WORDS,
        canonical=category_url(slug) if may_read_place(VISITOR, place.audience, place.group_id, None) else "",
    )
