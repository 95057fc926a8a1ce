"""`kettle import discourse`: what an operator sees of an import. The `kettle` command opens the database first."""

import time

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from forum.discourse import actions
from forum.discourse.actions import ImportReport, Progress
from forum.errors import Invalid
from forum.text import _, n_

SECONDS_BEFORE_BAR = 2.0
SKIPS_SHOWN = 20


def bring_in(source: str, *, api_key: str | None = None, api_username: str | None = None) -> None:
    """Import *source* (a folder or file of Discourse JSON, or an address with key and name), showing how it goes.

    Raises Invalid, NotFound, NotAllowed or Conflict with a sentence for the operator.
    """
    with _Shown() as shown:
        if not source.lower().startswith(("http://", "https://")):
            report = actions.import_archive(source, progress=shown.move)
        elif api_key and api_username:
            report = actions.import_discourse(source, api_key=api_key, api_username=api_username, progress=shown.move)
        else:
            raise Invalid(_("An address needs --api-key and --api-username as well."))
    for line in told(report):
        click.echo(line)


def told(report: ImportReport) -> list[str]:
    """What an import did, as lines for an operator."""
    lines = [
        str(
            _(
                "Brought in: threads %(topics)s, posts %(posts)s, people %(people)s, categories %(categories)s. "
                "It took %(seconds)s seconds, %(speed)s posts a second.",
                topics=f"{report.topics:,}",
                posts=f"{report.posts:,}",
                people=f"{report.people:,}",
                categories=f"{report.categories:,}",
                seconds=f"{report.seconds:,.1f}",
                speed=f"{report.posts_per_second:,.0f}",
            )
        )
    ]
    if report.posts_here_already:
        lines.append(str(_("Posts that were here already: %(posts)s.", posts=f"{report.posts_here_already:,}")))
    if report.posts_taken_back:
        lines.append(
            str(_("Posts deleted there since, whose words are gone here too: %(n)s.", n=report.posts_taken_back))
        )
    if report.skipped:
        lines.append(
            str(n_("One thing was left out:", "%(count)s things were left out:", report.skipped, count=report.skipped))
        )
        lines += [f"  {skip.path}: {skip.sentence}" for skip in report.skips[:SKIPS_SHOWN]]
        more = report.skipped - min(report.skipped, SKIPS_SHOWN)
        if more:
            lines.append(f"  {_('and %(more)s more; the database keeps the whole list.', more=f'{more:,}')}")
    if report.posts:
        lines.append(
            str(
                _(
                    "These words are for use inside this place only: their writers have not been asked about quoting them."
                )
            )
        )
    return lines


class _Shown:
    """A bar on standard error, once the import takes longer than two seconds."""

    def __init__(self) -> None:
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[posts]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(escape(str(_("Importing topics"))), total=None, posts="")
        self._began = time.monotonic()
        self._is_shown = False

    def __enter__(self) -> "_Shown":
        return self

    def __exit__(self, *_details: object) -> None:
        if self._is_shown:
            self._bar.stop()

    def move(self, progress: Progress) -> None:
        """Show how far it is."""
        if not self._is_shown and time.monotonic() - self._began > SECONDS_BEFORE_BAR:
            self._bar.start()
            self._is_shown = True
        self._bar.update(
            self._task,
            total=progress.files,
            completed=progress.files_read,
            posts=escape(str(_("%(posts)s posts", posts=f"{progress.posts:,}"))),
        )
