"""The operator's commands. Each says what it did; trouble is one plain sentence and an exit code that is not zero."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError
from urllib.request import urlopen

import click
from click.exceptions import NoArgsIsHelpError
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


class Unclear(PlainTrouble):
    """What was typed is not a command."""

    exit_code = 2


class Stopped(PlainTrouble):
    """Ctrl-C, as shells count it."""

    exit_code = 130


@contextmanager
def _typed_plainly() -> Iterator[None]:
    """Let what was typed wrongly be one sentence that says where to look."""
    try:
        yield
    except NoArgsIsHelpError:
        raise
    except click.UsageError as trouble:
        words = trouble.format_message().removeprefix("Invalid value for ").replace(". Did you", "; did you")
        see = f"; see {trouble.ctx.command_path} --help." if trouble.ctx else "."
        raise Unclear(words.rstrip(".?") + see) from None


class Number(click.IntRange):
    """A whole number, called so."""

    name = "number"


class PlainCommand(click.Command):
    """A command whose failures are sentences. ``KETTLE_DEBUG=1`` shows where they come from."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _typed_plainly():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        if os.environ.get(DEBUG):
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except click.Abort:
            raise PlainTrouble("Nothing was changed.") from None
        except KeyboardInterrupt:
            raise Stopped("Stopped.") from None
        except Exception as trouble:  # noqa: BLE001 - told in one sentence, and whole with KETTLE_DEBUG
            raise PlainTrouble(_sentence(trouble)) from None


class PlainGroup(click.Group):
    """Commands under one word."""

    command_class = PlainCommand
    group_class = type

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _typed_plainly():
            return super().make_context(*args, **more)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        with _typed_plainly():
            return super().resolve_command(ctx, args)


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
    from forum.database import reach

    settings = _settings(level=level)
    wiring.start(settings)
    reach(settings.database_url)
    waiting = migrations.pending()
    if waiting:
        raise PlainTrouble("The database is not up to date; bring it there with: kettle migrate.")
    return settings


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar for *words* once two seconds have gone by; yields a function that takes how much is done, of how much."""
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
    task = bar.add_task(words, total=None)
    is_shown = False

    def move(done: int, total: int | None) -> None:
        nonlocal is_shown
        if not is_shown and time.monotonic() - began > 2:
            bar.start()
            is_shown = True
        bar.update(task, completed=done, total=total)

    try:
        yield move
    finally:
        if is_shown:
            bar.stop()


@click.group(cls=PlainGroup)
@click.version_option(package_name="kettle", message="Kettle %(version)s")
def cli() -> None:
    """Run and look after a Kettle community. The settings come from the environment; see docs/operating.md."""


# ---- running -------------------------------------------------------------------------------------------------------


@cli.command()
def migrate() -> None:
    """Bring the database up to date. Safe to run twice and from two hosts at once."""
    from forum import migrations, wiring
    from forum.database import reach

    settings = _settings()
    wiring.start(settings)
    reach(settings.database_url)
    steps = migrations.migrate()
    if steps:
        click.echo(f"The database is up to date; steps taken: {', '.join(steps)}.")
    else:
        click.echo("The database was up to date already.")


def _reach_redis(settings: Settings) -> None:
    from redis import Redis
    from redis.exceptions import RedisError

    if not settings.redis_url:
        return
    try:
        with Redis.from_url(settings.redis_url, socket_connect_timeout=5, socket_timeout=5) as connection:
            connection.ping()
    except (RedisError, ValueError) as trouble:
        raise BadSetting(
            f"REDIS_URL names a Redis that does not answer ({' '.join(str(trouble).split()).rstrip('.')}); "
            "write it like REDIS_URL=redis://127.0.0.1:6379/0."
        ) from trouble


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cli.command()
@click.option("--workers", type=Number(1, 64), help="Processes that answer; one for each processor by default.")
@click.option("--port", type=Number(1, 65535), default=8000, envvar="PORT", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 answers other machines too.")
@click.option("--quiet", is_flag=True, help="Do not write a line for each request.")
def serve(workers: int | None, port: int, host: str, quiet: bool) -> None:
    """Answer on the web: the production server."""
    from forum import serving
    from forum.database import close_connection

    settings = _started(level=logging.WARNING if quiet else logging.INFO)
    _reach_redis(settings)
    # The processes that answer open their own.
    close_connection()
    serving.serve(settings, host=host, port=port, processes=workers or max(2, _processors()), logs_access=not quiet)


@cli.command()
@click.option("--threads", type=Number(1, 32), default=2, show_default=True)
@click.option("--quiet", is_flag=True, help="Write only about trouble.")
def worker(threads: int, quiet: bool) -> None:
    """Do what follows: letters, notices, reminders, imports. Several may run at once."""
    from forum import worker as background

    settings = _started(level=logging.WARNING if quiet else logging.INFO)
    _reach_redis(settings)
    background.work(settings, threads=threads)


@cli.command()
@click.option("--port", type=Number(1, 65535), default=8000, envvar="PORT", show_default=True)
def run(port: int) -> None:
    """Start everything here and now: database, demo community, server and worker. Ctrl-C stops it."""
    from forum import migrations, serving, wiring
    from forum.database import db
    from forum.demo import loader

    os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
    settings = _settings()
    try:
        serving.listen("127.0.0.1", port)[0].close()
    except serving.PortInUse:
        raise PlainTrouble(
            f"Port {port} is taken by another program; choose another one: make run PORT={port + 1}"
        ) from None
    wiring.start(settings)
    migrations.migrate()
    if loader.is_empty():
        click.echo("This is an empty database: filling it with the demo community ...")
        _fill("small")
    lines = loader.sign_in_lines()
    if lines and "STAFF_CODES" not in os.environ:
        # The people of the demo have no phones.
        os.environ["STAFF_CODES"] = "optional"
        lines.append("Staff need no codes here, because this is the demo. Where real people talk, they do.")
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
            for line in [*lines, ""] if lines else []:
                click.echo(f"  {line}".rstrip())
            click.echo("  Ctrl-C stops it.")
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


def _fill(scale: str) -> None:
    from forum.demo import loader

    with progress("Filling an empty database with the demo community") as move:
        report = loader.fill(scale, told=lambda part: move(round(part * 100), 100))
    click.echo(
        f"The demo community is in: {report.people:,} people, {report.threads:,} threads, {report.posts:,} posts, "
        f"in {report.seconds:.1f} seconds."
    )


@cli.command()
@click.option("--scale", type=click.Choice(["small", "medium", "large"]), default="small", show_default=True)
def demo(scale: str) -> None:
    """Fill an empty database with a believable community."""
    from forum.demo import loader

    settings = _started()
    _fill(scale)
    lines = loader.sign_in_lines()
    if lines and settings.staff_codes == "required":
        lines.append("Staff are asked to set up codes from a phone first; STAFF_CODES=optional spares you that.")
    for line in lines:
        click.echo(line)


# ---- people --------------------------------------------------------------------------------------------------------

ROLES = ("member", "volunteer", "supporter", "moderator", "commissioner", "admin")


@cli.group()
def user() -> None:
    """Accounts and roles."""


@user.command("create")
@click.argument("email")
@click.option("--name", required=True, help="The name that others see.")
@click.option("--role", type=click.Choice(ROLES), default="member", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
def user_create(email: str, name: str, role: str, password_stdin: bool) -> None:
    """Make a place for EMAIL. Without a password they sign in by a link that is e-mailed to them."""
    from forum.members.actions import create_member

    _started()
    password = _first_line() if password_stdin else None
    if password_stdin and not password:
        raise PlainTrouble("There was no password on the first line of standard input.")
    member = create_member(email, name, role, password)
    click.echo(f"{member.name} ({member.email}) has a place here as {role}.")


def _first_line() -> str:
    """Return the first line of standard input; somebody at a keyboard is asked, and what they type is not shown."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="And once more"))
    return sys.stdin.readline().rstrip("\r\n")


@user.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES), metavar="ROLE")
@click.option("--reason", default="changed by the operator", show_default=True, help="Stands in the audit trail.")
def user_role(email: str, role: str, reason: str) -> None:
    """Give whoever has EMAIL another role."""
    from forum.access import HOUSE
    from forum.members.actions import change_role

    _started()
    member = _member(email)
    change_role(HOUSE, member.id, role, reason=reason)
    click.echo(f"{member.name} is {role} now." if member.role != role else f"{member.name} was {role} already.")


@user.command("codes-off")
@click.argument("email")
@click.option("--reason", required=True, help="Stands in the audit trail.")
def user_codes_off(email: str, reason: str) -> None:
    """Turn off the codes of whoever has EMAIL and lost their phone. They are signed out everywhere and told by letter."""
    from forum.access import HOUSE
    from forum.members.codes.actions import turn_off_for

    _started()
    member = _member(email)
    turn_off_for(HOUSE, member.id, reason=reason)
    click.echo(f"{member.name} signs in without codes now, and is signed out everywhere.")


def _member(email: str) -> Any:
    from forum.members.models import Member

    member = Member.get_or_none(Member.email == email.strip().lower())
    if member is None:
        raise PlainTrouble(f"Nobody here has the address {email}.")
    return member


@cli.group("member")
def member_group() -> None:
    """Data rights: what we hold about somebody, and forgetting them."""


@member_group.command("export")
@click.argument("email")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def member_export(email: str, file: Path) -> None:
    """Write everything we hold about EMAIL to FILE, as JSON. Only its owner may read the file."""
    from forum.members.queries import everything_about

    _every_room()
    member = _member(email)
    held = everything_about(member.id)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(held, out, ensure_ascii=False, indent=2, default=str)
    click.echo(f"Everything we hold about {member.name} is in {file}.")


@member_group.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask whether this is meant.")
@click.option("--reason", default="asked for by the member", show_default=True, help="Stands in the audit trail.")
def member_erase(email: str, yes: bool, reason: str) -> None:
    """Take away the words of EMAIL and everything we hold about them. Conversations and counts stay."""
    from forum.access import HOUSE
    from forum.members.actions import erase_member

    _every_room()
    member = _member(email)
    if not yes:
        click.confirm(f"Erase {member.name} for good?", abort=True)
    erase_member(HOUSE, member.id, reason=reason)
    click.echo(f"{member.name} is forgotten: their words are gone, conversations and counts stay.")


def _every_room() -> None:
    """Open every room, because each has its part in exports and farewells."""
    from forum import wiring

    wiring.build_app(_started())


# ---- places to talk ------------------------------------------------------------------------------------------------


WHO = {"public": "everybody to read", "members": "members", "staff": "staff"}


@cli.group("category")
def category_group() -> None:
    """Places for threads."""


@category_group.command("create")
@click.argument("name")
@click.option(
    "--audience",
    type=click.Choice(["public", "members", "staff"]),
    default="members",
    show_default=True,
    help="Who may read there.",
)
@click.option("--description", default="", help="One line that says what it is for.")
def category_create(name: str, audience: str, description: str) -> None:
    """Open a place for threads called NAME."""
    from forum.access import HOUSE
    from forum.threads.categories.actions import open_category

    _started()
    category = open_category(HOUSE, name, audience=audience, description=description)
    click.echo(f"{category.name} is open for {WHO[category.audience]}: /c/{category.slug}")


# ---- bringing a community in ---------------------------------------------------------------------------------------


@cli.group("import")
def import_group() -> None:
    """Bring in a community that lives elsewhere."""


@import_group.command("discourse")
@click.argument("source")
@click.option("--api-key", envvar="DISCOURSE_API_KEY", help="When SOURCE is the address of a Discourse.")
@click.option("--api-username", envvar="DISCOURSE_API_USERNAME", help="Whose key it is.")
def import_discourse(source: str, api_key: str | None, api_username: str | None) -> None:
    """Bring a Discourse in: SOURCE is a folder or file of its JSON, or its address with a key.

    Twice adds nothing twice; what was stopped goes on.
    """
    from forum.discourse import command

    _started()
    command.bring_in(source, api_key=api_key, api_username=api_username)


# ---- keeping it safe -----------------------------------------------------------------------------------------------


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Write everything to FILE while the site goes on serving; compressed when it ends in .gz."""
    from forum import backup as keeping

    settings = _started()
    with progress(f"Writing {file}") as move:
        kept = keeping.make(file, settings, progress=move)
    click.echo(
        f"Everything is in {file}: {kept.size:,} bytes, with {kept.uploads:,} uploads. Keep it where it is safe."
    )


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask whether this is meant.")
def restore(file: Path, yes: bool) -> None:
    """Check the backup FILE and put it in the place of what is here; what was here is kept beside it."""
    from forum import backup as keeping
    from forum import wiring

    settings = _settings()
    wiring.start(settings)
    if not yes and sys.stdin.isatty():
        click.confirm(f"Replace everything here by {file}?", abort=True)
    with progress(f"Bringing back {file}") as move:
        kept = keeping.bring_back(file, settings, progress=move)
    click.echo(f"The backup of {kept.made_at} is back, with {kept.uploads:,} uploads.")
    if kept.before is not None:
        click.echo(f"What was here before is in {kept.before}.")


@cli.command()
@click.option("--try-again", is_flag=True, help="Also give what failed eight times another eight tries.")
def repair(try_again: bool) -> None:
    """Derive again what is kept count of, and put right what differs."""
    from forum import jobs
    from forum.threads.counts import repair_counts

    _started()
    with progress("Counting again") as move:
        looked_at, put_right = repair_counts(progress=lambda done: move(done, None))
    click.echo(f"Looked at {looked_at:,} threads; the numbers of {put_right:,} were put right.")
    if try_again:
        click.echo(f"{jobs.try_again():,} things are tried again.")


@cli.command()
def doctor() -> None:
    """Look at settings, database, queue, mail and disk: one line each; fails when something needs doing."""
    from forum import doctor as surgery
    from forum import wiring

    settings = _settings()
    wiring.start(settings)
    wrong = 0
    for finding in surgery.look(settings):
        wrong += finding.is_wrong
        click.echo(f"{'WRONG' if finding.is_wrong else 'ok':<6} {finding.about:<11} {finding.words}")
    if wrong:
        sys.exit(1)


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
