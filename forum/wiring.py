"""Puts the rooms together, in the order things happen: settings, database, doors, what follows what."""

import importlib
import importlib.util
import logging

from flask import Flask

from forum import jobs, live, web
from forum.access import Viewer
from forum.database import db, open_database
from forum.settings import Settings, use

ROOMS = (
    "forum.members",
    "forum.threads",
    "forum.safety",
    "forum.asking",
    "forum.listening",
    "forum.listening.cuppas",
    "forum.legacy",
    "forum.channels",
    "forum.discourse",
)


def start(settings: Settings) -> None:
    """Open the database and learn what follows what; enough for commands and the worker."""
    use(settings)
    open_database(settings.database_url)
    live.prepare(settings)
    if importlib.util.find_spec("forum.reactions"):
        reactions = importlib.import_module("forum.reactions")
        jobs.use_reactions(reactions.TABLE, reactions.CHORES)


def build_app(settings: Settings | None = None) -> Flask:
    """Return the application with every room's door open."""
    settings = settings or Settings.from_env()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    start(settings)
    app = Flask("forum", template_folder="../templates", static_folder="../static")
    web.install(app, settings, rate_storage=rate_storage(settings))
    web.login.user_loader(_viewer)
    blueprints = []
    for room in ROOMS:
        if importlib.util.find_spec(f"{room}.views"):
            blueprints.append(importlib.import_module(f"{room}.views").bp)
    web.register(app, blueprints)

    @app.get("/healthz")
    def healthz() -> tuple[str, int]:
        return "ok\n", 200

    @app.get("/readyz")
    def readyz() -> tuple[str, int]:
        db.execute_sql("SELECT 1")
        return "ready\n", 200

    return app


def rate_storage(settings: Settings) -> str:
    """Where rate limits are counted: Redis when there is one, else a small file beside the database."""
    if settings.redis_url:
        return settings.redis_url
    if importlib.util.find_spec("forum.ratelimits"):
        importlib.import_module("forum.ratelimits")
        return f"sqlite+limits:///{settings.instance}/limits.db"
    return "memory://"


def _viewer(token: str) -> Viewer | None:
    from forum.members.queries import viewer_by_session

    return viewer_by_session(token)
