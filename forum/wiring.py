"""Puts the rooms together, in the order things happen: settings, database, doors, what follows what."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask

from forum import jobs, live, ratelimits, reactions, web
from forum.channels.views import bp as channels_door
from forum.channels.views import unread_frame
from forum.database import db, open_database
from forum.legacy.views import bp as legacy_door
from forum.listening.cuppas.views import bp as cuppas_door
from forum.listening.views import bp as listening_door
from forum.members.queries import viewer_by_session
from forum.members.views import bp as members_door
from forum.safety.views import bp as safety_door
from forum.settings import Settings, use
from forum.threads.views import FRAMES
from forum.threads.views import bp as threads_door

DOORS = (members_door, threads_door, safety_door, listening_door, cuppas_door, legacy_door, channels_door)


def start(settings: Settings) -> None:
    """Open the database and learn what follows what; enough for commands and the worker."""
    use(settings)
    open_database(settings.database_url)
    live.prepare(settings)
    jobs.use_reactions(reactions.TABLE, reactions.CHORES)
    _introduce_threads()
    _introduce_safety()
    _introduce_asking()
    _introduce_listening()
    _introduce_cuppas()
    _introduce_legacy()
    _introduce_channels()


def _joins(registry: list[Any], *entries: Any) -> None:
    """Add to a lower room's list what is not there yet: an application may be made twice in one process."""
    registry.extend(entry for entry in entries if entry not in registry)


def _holds_personal_data(name: str, about: Callable[[int], Any], forget: Callable[[int], None]) -> None:
    """What a room with personal data owes to members: what it holds, for their export, and to let them go."""
    from forum.members import actions as members
    from forum.members import queries as people

    people.exports[name] = about
    _joins(members.farewells, forget)


def _introduce_threads() -> None:
    """What threads adds to members: leaving and exports, and names that are in use for one thread only."""
    from forum.members import names
    from forum.threads import actions, queries
    from forum.threads.voices.queries import is_in_use

    _joins(names.in_use, is_in_use)
    _holds_personal_data("threads", queries.about_member, actions.forget_member)


def _introduce_safety() -> None:
    """What safety adds to the rooms below: the hours on every page, help while writing, leaving and exports."""
    from forum.safety import actions, queries, views
    from forum.threads import views as threads

    web.frame_facts["hours_line"] = queries.hours_line
    _holds_personal_data("safety", queries.about_member, actions.forget_member)
    _joins(threads.composer_notes, views.hours_note)
    _joins(threads.writing_notes, views.crisis_note)
    _joins(threads.thread_banners, views.help_banner)


def _introduce_asking() -> None:
    """What asking adds to members: leaving and exports."""
    from forum.asking import actions, queries

    _holds_personal_data("asks", queries.about_member, actions.forget_member)


def _introduce_cuppas() -> None:
    """What cuppas add to the rooms below: the next one on home, a thread's plan and room, invitations, my cuppas."""
    from forum.listening import queries as listening
    from forum.listening import views as workbench
    from forum.listening.cuppas import actions, queries, views
    from forum.members import queries as people
    from forum.threads import views as threads

    _holds_personal_data("cuppas", queries.about_member, actions.forget_member)
    people.me_extras["invitations"] = views.invitations_shelf
    _joins(threads.home_extras, views.next_on_home)
    _joins(threads.thread_tools, views.plan_tools)
    _joins(threads.closed_words, views.hours_words)
    _joins(workbench.theme_tools, views.theme_tools)
    _joins(workbench.insight_notes, views.insight_note)
    listening.today_extras["cuppas"] = views.my_cuppas_shelf


def _introduce_legacy() -> None:
    """What legacy adds to the rooms below: the latest change on home, a fix behind a post, what came of one's words."""
    from forum.legacy import actions, queries, views
    from forum.listening.consent import queries as consent
    from forum.listening.ideas import views as ideas
    from forum.members import queries as people
    from forum.safety import queries as safety
    from forum.threads import views as threads

    _holds_personal_data("changes", queries.about_member, actions.forget_member)
    people.me_extras["changed"] = views.changed_shelf
    _joins(threads.home_extras, views.latest_on_home)
    _joins(threads.post_tools, views.fix_tools)
    _joins(ideas.idea_tools, views.answer_tools)
    _joins(ideas.idea_notes, views.answers_note)
    threads.search_addresses["change"] = views.found_addresses
    safety.reportable["change"] = queries.reported_change
    _joins(consent.uses, queries.changes_quoting)


def _introduce_listening() -> None:
    """What listening adds to the rooms below: who listens in a thread, whose words wait for a yes, settings, leaving."""
    from forum.listening import actions, queries, views
    from forum.listening.cuppas.views import room_banner
    from forum.listening.ideas import queries as ideas
    from forum.members import actions as members
    from forum.members import queries as people
    from forum.safety import queries as safety
    from forum.threads import views as threads

    _holds_personal_data("listening", queries.about_member, actions.forget_member)
    people.me_extras["answer"] = queries.to_answer
    safety.reportable["idea"] = ideas.reported_idea
    _joins(members.on_words_changed, actions.words_setting_changed)
    # In a cuppa's room the first thing to know is whether its door is open.
    _joins(threads.thread_banners, room_banner, views.listening_banner)
    _joins(threads.thread_tools, views.thread_tools)
    _joins(threads.post_tools, views.post_tools)
    _joins(threads.listening_threads, queries.listening_among)


def _introduce_channels() -> None:
    """What channels add to the rooms below: the count beside Me, what is new on Me, leaving and exports."""
    from forum.channels import actions, queries
    from forum.members import queries as people
    from forum.threads import actions as threads
    from forum.threads.voices.actions import namings

    web.frame_facts["unread_notices"] = queries.unread_notices
    people.me_extras["replies"] = queries.newest_shelf
    _joins(namings, actions.drop_letters_with_own_name)
    _holds_personal_data("channels", queries.about_member, actions.forget_member)
    _joins(threads.readings, actions.read_thread)


def build_app(settings: Settings | None = None) -> Flask:
    """Return the application with every room's door open."""
    settings = settings or Settings.from_env()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    start(settings)
    app = Flask("forum", template_folder="../templates", static_folder="../static")
    web.install(app, settings, rate_storage=rate_storage(settings))
    web.login.user_loader(viewer_by_session)
    web.register(app, DOORS)
    live.frames.makers.update(FRAMES)
    live.frames.makers["notice.added"] = unread_frame

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
    return f"{ratelimits.SqliteLimits.STORAGE_SCHEME[0]}:///{settings.instance}/limits.db"
