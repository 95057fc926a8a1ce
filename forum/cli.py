"""The operator's commands. Each says what it did; trouble is one plain sentence and an exit code that is not zero."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.error import URLError
from urllib.request import urlopen

import click
from peewee import DatabaseError, InterfaceError

from forum import logs
from forum.errors import Trouble
from forum.settings import BadSetting, Settings

DEBUG = "KETTLE_DEBUG"


# ---- how every command speaks --------------------------------------------------------------------------------------


class PlainTrouble(click.ClickException):
    """One sentence on standard error, and nothing else."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file or sys.stderr)


class PlainCommand(click.Command):
    """A command whose failures are sentences. ``KETTLE_DEBUG=1`` shows where they come from."""

    def invoke(self, ctx: click.Context) -> Any:
        if os.environ.get(DEBUG):
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as trouble:  # noqa: BLE001 - told in one sentence, and whole with KETTLE_DEBUG
            raise PlainTrouble(_sentence(trouble)) from None


class PlainGroup(click.Group):
    """Commands under one word."""

    command_class = PlainCommand
    group_class = type


def _sentence(trouble: Exception) -> str:
    """Return what an operator needs to hear about *trouble*, on one line."""
    if isinstance(trouble, BadSetting):
        return str(trouble)
    if isinstance(trouble, Trouble):
        return trouble.message
    detail = " ".join(str(trouble).split())
    if isinstance(trouble, (DatabaseError, InterfaceError)):
        if "no such table" in detail or ("does not exist" in detail and "relation" in detail):
            return "The database has no tables yet; bring it up to date with: kettle migrate."
        return f"The database did not do what was asked: {detail.rstrip('.')}."
    if isinstance(trouble, OSError) and trouble.strerror:
        return f"{trouble.strerror}: {trouble.filename or ''}".rstrip(": ") + "."
    return (
        f"Something unexpected happened ({type(trouble).__name__}: {detail[:300].rstrip('.')}). "
        f"Set {DEBUG}=1 and try again to see where."
    )


def _settings(*, level: int = logging.WARNING) -> Settings:
    settings = Settings.from_env()
    logs.configure(settings.log_format, level=level)
    return settings


def _started(*, level: int = logging.WARNING) -> Settings:
    """Return the settings, with the database open and up to date."""
    from forum import migrations, wiring

    settings = _settings(level=level)
    wiring.start(settings)
    waiting = migrations.pending()
    if waiting:
        raise PlainTrouble("The database is not up to date; bring it there with: kettle migrate.")
    return settings


@contextmanager
def progress(words: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar for *words* once two seconds have gone by; yields a function that takes how much is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    began = time.monotonic()
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(words, total=total)
    is_shown = False

    def move(done: int) -> None:
        nonlocal is_shown
        if not is_shown and time.monotonic() - began > 2:
            bar.start()
            is_shown = True
        bar.update(task, completed=done)

    try:
        yield move
    finally:
        if is_shown:
            bar.stop()


@click.group(cls=PlainGroup)
def cli() -> None:
    """Run and look after a Kettle community. The settings come from the environment; see docs/operating.md."""


# ---- running -------------------------------------------------------------------------------------------------------


@cli.command()
def migrate() -> None:
    """Bring the database up to date. Safe to run twice and from two hosts at once."""
    from forum import migrations, wiring

    settings = _settings()
    wiring.start(settings)
    steps = migrations.migrate()
    if steps:
        click.echo(f"The database is up to date; took {len(steps)} steps: {', '.join(steps)}.")
    else:
        click.echo("The database was up to date already.")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cli.command()
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer; one for each processor by default.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, envvar="PORT", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 answers other machines too.")
@click.option("--quiet", is_flag=True, help="Do not write a line for each request.")
def serve(workers: int | None, port: int, host: str, quiet: bool) -> None:
    """Answer on the web: the production server."""
    from forum import serving

    settings = _settings(level=logging.WARNING if quiet else logging.INFO)
    serving.serve(settings, host=host, port=port, processes=workers or max(2, _processors()), logs_access=not quiet)


@cli.command()
@click.option("--threads", type=click.IntRange(1, 32), default=2, show_default=True)
@click.option("--quiet", is_flag=True, help="Write only about trouble.")
def worker(threads: int, quiet: bool) -> None:
    """Do what follows: letters, notices, reminders, imports. Several may run at once."""
    from forum import worker as background

    settings = _started(level=logging.WARNING if quiet else logging.INFO)
    background.work(settings, threads=threads)


@cli.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, envvar="PORT", show_default=True)
def run(port: int) -> None:
    """Start everything here and now: database, demo community, server and worker. Ctrl-C stops it."""
    from forum import migrations, serving, wiring
    from forum.database import db

    os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
    settings = _settings()
    try:
        serving.listen("127.0.0.1", port).close()
    except serving.PortInUse:
        raise PlainTrouble(
            f"Port {port} is taken by another program; choose another one: make run PORT={port + 1}"
        ) from None
    wiring.start(settings)
    migrations.migrate()
    if _is_empty():
        click.echo("Filling an empty database with the demo community ...")
        _fill("small")
    lines = _sign_in_lines()
    db.obj.close()
    sys.exit(_keep_running(port, lines))


def _keep_running(port: int, lines: list[str]) -> int:
    """Start server and worker, say where they are, and stop both when told to. Return an exit code."""
    from forum.serving import LIFELINE

    reading, _writing = os.pipe()
    told: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: told.append(number))

    def start(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, "-m", "forum.cli", *words],
            env=os.environ | {LIFELINE: str(reading)},
            pass_fds=(reading,),
            start_new_session=True,
        )

    server, background = start("serve", "--port", str(port), "--quiet"), start("worker", "--quiet")
    is_said = False
    while not told and server.poll() is None:
        if background.poll() is not None:
            background = start("worker", "--quiet")
        if not is_said and _answers(port):
            is_said = True
            click.echo(f"\n  Kettle is on at http://127.0.0.1:{port}\n")
            for line in lines:
                click.echo(f"  {line}")
            click.echo("\n  Ctrl-C stops it.")
        time.sleep(0.2)
    for process in (server, background):
        if process.poll() is None:
            process.terminate()
    for process in (server, background):
        process.wait()
    if told:
        click.echo("\nStopped. Everything is kept; type make run to go on.")
        return 0
    return server.returncode or 1


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


# ---- the demo community --------------------------------------------------------------------------------------------


def _is_empty() -> bool:
    from forum.members.models import Member
    from forum.threads.models import Category

    return not Member.select().exists() and not Category.select().exists()


def _fill(scale: str) -> None:
    from forum.demo import loader

    loader.fill(scale)


def _sign_in_lines() -> list[str]:
    """Return how to sign in as the demo's people, nothing when this is not the demo."""
    return []


@cli.command()
@click.option("--scale", type=click.Choice(["small", "medium", "large"]), default="small", show_default=True)
def demo(scale: str) -> None:
    """Fill an empty database with a believable community."""
    _started()
    if not _is_empty():
        raise PlainTrouble("This database has people or categories in it; the demo only fills an empty one.")
    _fill(scale)
    click.echo("The demo community is in.")
    for line in _sign_in_lines():
        click.echo(line)


# ---- the audit trail -----------------------------------------------------------------------------------------------


@cli.group()
def audit() -> None:
    """The record of what staff did."""


@audit.command("verify")
def audit_verify() -> None:
    """Check that nobody changed the record; print the first entry that does not fit."""
    from forum import audit as trail

    _started()
    broken, checked = trail.first_broken_entry()
    if broken is not None:
        raise PlainTrouble(f"Entry {broken} of the audit trail does not fit the {checked} entries before it.")
    click.echo(f"The audit trail is whole: {checked} entries.")


def main() -> None:
    """The `kettle` command."""
    cli(prog_name="kettle")


if __name__ == "__main__":
    main()
