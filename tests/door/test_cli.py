"""The operator's commands: what they say, what they do, and how they fail."""

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from forum import cli, events, jobs, logs
from forum.clock import now
from forum.database import close_connection, db, open_database, transaction
from forum.members.codes.queries import are_on
from forum.members.models import ROLES, Member
from forum.threads.models import Category, Post, Thread
from tests.factories import a_category, a_member, a_post, a_thread
from tests.live import PATIENCE, free_port, wait_until
from tests.members.phone import set_up
from tests.stacks import Stack

Kettle = Callable[..., Result]
PASSPHRASE = "seven warm mugs on the sill"


@pytest.fixture
def environ(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    settings = {
        "DATABASE_URL": stack.url,
        "KETTLE_INSTANCE": str(tmp_path / "instance"),
        "SECRET_KEY": "only for tests, and long enough",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def kettle(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, stack: Stack) -> Iterator[Kettle]:
    """Run a command: ``kettle("user", "role", …)``. It must succeed unless ``fails=True``."""
    monkeypatch.setattr(logs, "configure", lambda *_, **__: None)

    def run(*words: object, typed: str | None = None, fails: bool = False) -> Result:
        result = CliRunner().invoke(cli.cli, [str(word) for word in words], input=typed)
        open_database(stack.url)
        assert (result.exit_code != 0) == fails, result.output
        if fails:
            assert len(result.stderr.strip().splitlines()) == 1
        return result

    yield run
    close_connection()


def in_a_process(
    *words: str, environ: dict[str, str], module: bool = False, **more: Any
) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).parent / ("flask" if module else "kettle")
    return subprocess.run(
        [str(command), *words],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        **more,
    )


# ---- how they speak


@pytest.mark.parametrize(
    "words",
    [
        ("migrate",),
        ("serve",),
        ("worker",),
        ("run",),
        ("demo",),
        ("doctor",),
        ("repair",),
        ("audit", "verify"),
        ("backup", "b.tar"),
        ("restore", "b.tar"),
        ("user", "role", "sam@example.org", "admin"),
        ("import", "discourse", "nowhere"),
        ("member", "export", "sam@example.org", "sam.json"),
    ],
    ids=" ".join,
)
@pytest.mark.one_stack("sqlite")
def test_a_wrong_setting_stops_every_command_with_one_sentence(
    kettle: Kettle, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MAIL_FROM", "nobody")
    assert kettle(*words, fails=True).stderr.startswith("MAIL_FROM must be")


@pytest.mark.one_stack("sqlite")
def test_a_database_that_cannot_be_opened_is_named_and_the_doctor_looks_on(
    kettle: Kettle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    junk = tmp_path / "junk.db"
    junk.write_text("no database at all")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{junk}")
    said = kettle("migrate", fails=True).stderr
    assert said.startswith(f"DATABASE_URL names the file {junk}, which cannot be opened (file is not a database)")
    lines = CliRunner().invoke(cli.cli, ["doctor"]).output.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["ok", "settings"], ["WRONG", "database"], ["ok", "mail"]]


@pytest.mark.network
@pytest.mark.one_stack("sqlite")
def test_a_server_that_does_not_answer_is_named_without_its_password(
    kettle: Kettle, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = f"127.0.0.1:{free_port()}"
    with monkeypatch.context() as other:
        other.setenv("REDIS_URL", f"redis://:hush@{where}/0")
        for command in ("serve", "worker"):
            said = kettle(command, fails=True).stderr
            assert said.startswith("REDIS_URL names a Redis that does not answer")
            assert "hush" not in said
    monkeypatch.setenv("DATABASE_URL", f"postgresql://kettle:hush@{where}/carers")
    said = kettle("serve", fails=True).stderr
    assert said.startswith("DATABASE_URL names the database carers, which cannot be opened")
    assert "hush" not in said


@pytest.mark.one_stack("sqlite")
def test_a_folder_that_cannot_be_made_is_named(kettle: Kettle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////dev/null/kettle.db")
    assert kettle("migrate", fails=True).stderr.startswith("DATABASE_URL names the file /dev/null/kettle.db, which")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["brew"], "No such command 'brew'; see kettle --help.\n"),
        (["user", "forget"], "No such command 'forget'; see kettle user --help.\n"),
        (["migrate", "--now"], "No such option '--now'; see kettle migrate --help.\n"),
        (["backup"], "Missing argument 'FILE'; see kettle backup --help.\n"),
        (["user", "create", "sam@example.org"], "Missing option '--name'; see kettle user create --help.\n"),
        (["serve", "--port", "http"], "'--port': 'http' is not a valid number; see kettle serve --help.\n"),
        (
            ["demo", "--scale", "vast"],
            "'--scale': 'vast' is not one of 'small', 'medium', 'large'; see kettle demo --help.\n",
        ),
    ],
)
def test_what_was_typed_wrongly_is_one_sentence_that_says_where_to_look(words: list[str], sentence: str) -> None:
    result = CliRunner().invoke(cli.cli, words, prog_name="kettle")
    assert (result.stderr, result.exit_code) == (sentence, 2)


def test_a_port_from_the_environment_is_looked_at_too() -> None:
    result = CliRunner().invoke(cli.cli, ["run"], prog_name="kettle", env={"PORT": "eighty"})
    assert (result.stderr, result.exit_code) == (
        "'--port': 'eighty' is not a valid number; see kettle run --help.\n",
        2,
    )


def test_the_version_can_be_asked_for() -> None:
    assert CliRunner().invoke(cli.cli, ["--version"]).output.startswith("Kettle 0.")


@pytest.mark.one_stack("sqlite")
def test_a_command_stopped_by_ctrl_c_says_so(kettle: Kettle, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("forum.audit.first_broken_entry", interrupted)
    result = kettle("audit", "verify", fails=True)
    assert (result.stderr, result.exit_code) == ("Stopped.\n", 130)


@pytest.mark.one_stack("sqlite")
def test_what_nobody_foresaw_is_one_sentence_too(kettle: Kettle, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down() -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("forum.audit.first_broken_entry", break_down)
    said = kettle("audit", "verify", fails=True).stderr
    assert "Something unexpected happened (KeyError: 'surprise')" in said
    assert "KETTLE_DEBUG=1" in said


def test_a_command_before_the_first_migration_says_what_to_do(kettle: Kettle, tmp_path: Path) -> None:
    os.environ["DATABASE_URL"] = f"sqlite:///{tmp_path}/new.db"
    assert kettle("audit", "verify", fails=True).stderr == (
        "The database is not up to date; bring it there with: kettle migrate.\n"
    )


@pytest.mark.one_stack("sqlite")
def test_flask_knows_the_same_commands(environ: dict[str, str]) -> None:
    known = {point.name for point in entry_points(group="flask.commands") if point.value.startswith("forum.cli:")}
    # `flask run` stays Flask's own.
    assert known == set(cli.cli.commands) - {"run"}
    said = in_a_process("--app", "forum", "audit", "verify", environ=environ, module=True)
    assert (said.returncode, said.stdout) == (0, "The audit trail is whole: 0 entries.\n")


@pytest.mark.one_stack("sqlite")
def test_every_command_explains_itself(kettle: Kettle) -> None:
    def walk(group: Any, words: list[str]) -> None:
        for name, command in group.commands.items():
            assert kettle(*words, name, "--help").output.startswith("Usage")
            assert command.help
            if hasattr(command, "commands"):
                walk(command, [*words, name])

    walk(cli.cli, [])


# ---- people


def test_an_operator_makes_places_and_gives_roles(kettle: Kettle, app: Any) -> None:
    said = kettle("user", "create", "Sam@Example.org", "--name", "Sam", "--password-stdin", typed=f"{PASSPHRASE}\n")
    assert said.output == "Sam (sam@example.org) has a place here as member.\n"
    kettle("user", "role", "sam@example.org", "moderator")
    member = Member.get(Member.email == "sam@example.org")
    assert member.role == "moderator"
    assert member.password_hash.startswith("$argon2id$")


def test_a_place_cannot_be_made_twice_nor_for_nobody(kettle: Kettle) -> None:
    kettle("user", "create", "sam@example.org", "--name", "Sam")
    kettle("user", "create", "sam@example.org", "--name", "Another", fails=True)
    kettle("user", "create", "not an address", "--name", "Mo", fails=True)
    kettle("user", "role", "nobody@example.org", "admin", fails=True)
    kettle("user", "create", "mo@example.org", "--name", "Mo", "--password-stdin", typed="\n", fails=True)


def test_an_operator_opens_places_to_talk(kettle: Kettle, new_client: Any) -> None:
    said = kettle("category", "create", "Caring from far away", "--audience", "public", "--description", "By phone.")
    assert said.output == "Caring from far away is open for everybody to read: /c/caring-from-far-away\n"
    kettle("category", "create", "Nights")
    assert [(row.name, row.audience) for row in Category.select().order_by(Category.position)] == [
        ("Caring from far away", "public"),
        ("Nights", "members"),
    ]
    assert "By phone." in new_client().soup("/c/caring-from-far-away").text
    assert new_client().get("/c/nights").status_code != 200
    assert kettle("category", "create", "nights", fails=True).stderr == "There is a category of that name already.\n"
    assert kettle("category", "create", "  ", fails=True).stderr == "Give the category a name.\n"
    assert kettle("audit", "verify").output == "The audit trail is whole: 2 entries.\n"


def test_an_operator_lets_somebody_in_who_lost_their_phone(kettle: Kettle, app: Any) -> None:
    sam = a_member(name="Sam", role="moderator", email="sam@example.org")
    set_up(sam)
    assert "reason" in kettle("user", "codes-off", "sam@example.org", fails=True).stderr
    kettle("user", "codes-off", "sam@example.org", "--reason", "lost phone, rang back")
    assert not are_on(sam.id)
    assert "no codes" in kettle("user", "codes-off", "sam@example.org", "--reason", "again", fails=True).stderr
    assert kettle("audit", "verify").output == "The audit trail is whole: 1 entries.\n"


def test_the_roles_offered_are_the_roles_there_are() -> None:
    assert cli.ROLES == ROLES


def test_somebody_s_own_export_is_theirs_alone_to_read(kettle: Kettle, tmp_path: Path) -> None:
    post = a_post(source="We take turns.")
    file = tmp_path / "export.json"
    kettle("member", "export", Member.fetch(post.author_id).email, file)
    assert "We take turns." in json.dumps(json.loads(file.read_text()))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_erasing_asks_first_and_then_forgets(kettle: Kettle) -> None:
    post = a_post(source="My words.")
    email = Member.fetch(post.author_id).email
    assert kettle("member", "erase", email, typed="n\n", fails=True).stderr == "Nothing was changed.\n"
    assert Post.fetch(post.id).source == "My words."
    kettle("member", "erase", email, "--yes")
    assert "My words." not in Post.fetch(post.id).source
    assert kettle("audit", "verify").output == "The audit trail is whole: 1 entries.\n"


# ---- looking after it


def test_the_first_entry_that_was_changed_is_named(kettle: Kettle) -> None:
    member = a_member()
    for role in ("supporter", "moderator", "member"):
        kettle("user", "role", member.email, role)
    with transaction():
        guards = _without_guards()
        db.execute_sql("UPDATE audit_entry SET deed = 'nothing' WHERE id = (SELECT MAX(id) - 1 FROM audit_entry)")
        guards()
    (id,) = db.execute_sql("SELECT MAX(id) - 1 FROM audit_entry").fetchone()
    assert f"Entry {id} of the audit trail" in kettle("audit", "verify", fails=True).stderr


def _without_guards() -> Callable[[], None]:
    """Take the triggers away that keep the trail append-only, as somebody with the database in hand could."""
    from forum.database import is_postgres

    if is_postgres():
        db.execute_sql("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        return lambda: db.execute_sql("ALTER TABLE audit_entry ENABLE TRIGGER USER")
    kept = db.execute_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'"
    ).fetchall()
    for name, _ in kept:
        db.execute_sql(f'DROP TRIGGER "{name}"')
    return lambda: [db.execute_sql(sql) for _, sql in kept] and None


def test_counts_that_drifted_are_put_right(kettle: Kettle) -> None:
    thread = a_thread()
    a_post(thread)
    right = a_thread()
    Thread.update(post_count=40, last_number=1).where(Thread.id == thread.id).execute()
    said = kettle("repair").output
    assert said == "Looked at 2 threads; the numbers of 1 were put right.\n"
    assert (Thread.fetch(thread.id).post_count, Thread.fetch(thread.id).last_number) == (2, 2)
    assert Thread.fetch(right.id).post_count == 1


def test_the_doctor_finds_a_well_kept_place_well(kettle: Kettle) -> None:
    lines = kettle("doctor").output.splitlines()
    assert [line.split()[1] for line in lines] == ["settings", "database", "migrations", "queue", "mail", "disk"]
    assert all(line.startswith("ok ") for line in lines)


def test_the_doctor_names_what_waits_and_what_was_given_up(kettle: Kettle) -> None:
    with transaction():
        event = events.record("told", subject=("thing", 1))
    events.Event.update(at=now() - timedelta(hours=1)).execute()
    result = CliRunner().invoke(cli.cli, ["doctor"])
    assert result.exit_code == 1
    assert "is kettle worker running?" in result.output
    jobs.Todo.create(event=event, reaction="send", due_at=now(), attempts=8, trouble="OSError('no route')")
    result = CliRunner().invoke(cli.cli, ["doctor"])
    assert "1 things failed eight times" in result.output
    assert "OSError('no route')" in result.output
    assert kettle("repair", "--try-again").output.endswith("1 things are tried again.\n")


# ---- backup and restore


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "instance" / "uploads" / "ab" / "abcdef"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a picture")
    return file


@pytest.mark.parametrize("name", ["copy.tar", "copy.tar.gz"])
def test_what_was_kept_comes_back_and_what_it_replaces_is_kept_too(
    kettle: Kettle, tmp_path: Path, picture: Path, name: str
) -> None:
    thread = a_thread(title="Before")
    file = tmp_path / name
    kettle("backup", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    Thread.update(title="After").execute()
    a_post(thread)
    picture.unlink()
    said = kettle("restore", file).output
    assert Thread.fetch(thread.id).title == "Before"
    assert Post.select().count() == 1
    assert picture.read_bytes() == b"a picture"
    (before,) = (tmp_path / "instance").glob("before-restore-*.tar")
    assert str(before) in said
    kettle("restore", before)
    assert Thread.fetch(thread.id).title == "After"
    assert not list((tmp_path / "instance").glob(".kettle-*"))


def test_a_damaged_backup_replaces_nothing(kettle: Kettle, tmp_path: Path) -> None:
    a_thread(title="Here")
    file = tmp_path / "copy.tar"
    kettle("backup", file)
    whole = file.read_bytes()
    middle = len(whole) // 2
    for damaged in (
        b"",
        b"not a backup",
        whole[:middle],
        whole[:middle] + b"\xff" * 5_000 + whole[middle + 5_000 :],
    ):
        file.write_bytes(damaged)
        assert "othing was changed" in kettle("restore", file, fails=True).stderr
        assert Thread.select().count() == 1
    assert "There is no file" in kettle("restore", tmp_path / "none.tar", fails=True).stderr


def test_a_backup_with_paths_that_lead_out_is_refused(kettle: Kettle, tmp_path: Path) -> None:
    file, words = tmp_path / "copy.tar", tmp_path / "words"
    words.write_text("mine now")
    with tarfile.open(file, "w") as archive:
        archive.add(words, "uploads/../../escaped")
    kettle("restore", file, fails=True)
    assert not (tmp_path / "escaped").exists()


def test_a_backup_of_a_newer_kettle_is_refused(kettle: Kettle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from forum import migrations

    file = tmp_path / "copy.tar"
    kettle("backup", file)
    monkeypatch.setattr(migrations, "names", list)
    assert "newer Kettle" in kettle("restore", file, fails=True).stderr


@pytest.mark.one_stack("sqlite")
def test_a_backup_of_the_other_database_is_refused(kettle: Kettle, tmp_path: Path) -> None:
    file = tmp_path / "copy.tar"
    kettle("backup", file)
    with tarfile.open(file) as archive:
        archive.extractall(tmp_path / "in")
    manifest = json.loads((tmp_path / "in" / "manifest.json").read_text())
    (tmp_path / "in" / "kettle.db").rename(tmp_path / "in" / "kettle.pgdump")
    (tmp_path / "in" / "manifest.json").write_text(json.dumps(manifest | {"database": "kettle.pgdump"}))
    with tarfile.open(file, "w") as archive:
        for name in ("manifest.json", "kettle.pgdump"):
            archive.add(tmp_path / "in" / name, name)
    assert "PostgreSQL and the site runs on SQLite" in kettle("restore", file, fails=True).stderr


@pytest.mark.one_stack("sqlite")
def test_a_backup_can_be_made_and_brought_back_under_open_connections(kettle: Kettle, tmp_path: Path) -> None:
    thread = a_thread(title="Before")
    file, path = tmp_path / "copy.tar", db.obj.database
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE thread SET title = 'Half said'")
        kettle("backup", file)
        other.execute("COMMIT")
        assert other.execute("SELECT title FROM thread").fetchone() == ("Half said",)
        kettle("restore", file)
        # The connection that was open all along sees what was brought back, and may go on writing.
        assert other.execute("SELECT title FROM thread").fetchone() == ("Before",)
        other.execute("UPDATE thread SET title = 'Written after' WHERE id = ?", (thread.id,))
    finally:
        other.close()
    assert Thread.fetch(thread.id).title == "Written after"


# ---- everything at once


@pytest.mark.network
@pytest.mark.one_stack("sqlite")
def test_make_run_serves_what_is_there_says_where_and_stops_on_ctrl_c(environ: dict[str, str]) -> None:
    a_category()
    close_connection()
    port = free_port()
    command = [str(Path(sys.executable).parent / "kettle"), "run", "--port", str(port)]
    out = Path(environ["KETTLE_INSTANCE"]) / "said"
    with out.open("w") as said:
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], **environ},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: f"http://127.0.0.1:{port}" in out.read_text(), what="the address")
        assert "Filling" not in out.read_text()
        second = in_a_process("run", "--port", str(port), environ=environ)
        assert second.returncode == 1
        assert second.stderr == (
            f"Port {port} is taken by another program; choose another one: make run PORT={port + 1}\n"
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert "Traceback" not in out.read_text()


@pytest.mark.network
@pytest.mark.one_stack("sqlite")
def test_when_run_is_killed_nothing_goes_on_behind_its_back(environ: dict[str, str]) -> None:
    a_category()
    close_connection()
    port = free_port()
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "kettle"), "run", "--port", str(port)],
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def is_open() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(is_open, what="the start")
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not is_open(), what="the end")
