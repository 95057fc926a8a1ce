"""The databases that tests run on: SQLite, from a migrated file copied for each test; PostgreSQL, one for each worker.

Both are built by the real migrations. Emptying goes past the models, so that it works whatever rooms there are.
"""

import os
import shutil
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

STALE_SECONDS = 3 * 3600
PREFIX = "kettle_test"


def migrate(url: str) -> None:
    """Bring the database that *url* names to the newest schema, as `kettle migrate` does, and close it again."""
    from forum import database, migrations

    opened = database.open_database(url)
    migrations.migrate()
    opened.close()


@dataclass(frozen=True)
class Stack:
    """One database, empty but for what the migrations put there. *name* is ``sqlite`` or ``postgresql``."""

    name: str
    url: str


class SqliteTemplate:
    """A migrated file that is never written to again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "template.db"
        migrate(f"sqlite:///{self.path}")
        with sqlite3.connect(self.path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def copy(self, folder: Path) -> Stack:
        """Put a fresh database into *folder*."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "kettle.db"
        shutil.copyfile(self.path, path)
        return Stack("sqlite", f"sqlite:///{path}")


def empty_sqlite(path: Path, template: Path) -> None:
    """Empty a database that others have open, in one transaction. Ids go on counting, so that no link means two things.

    Triggers that refuse deletion (append-only tables) step aside for the moment.
    """
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("ATTACH ? AS pristine", (str(template),))
        connection.execute("BEGIN IMMEDIATE")
        guards = connection.execute(
            "SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(%'"
        ).fetchall()
        for name, _ in guards:
            connection.execute(f'DROP TRIGGER "{name}"')
        # Shadow tables belong to their FTS table, which is emptied by the triggers of what it indexes.
        tables = connection.execute(
            "SELECT name FROM pragma_table_list"
            " WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name != 'sqlite_schema'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f'DELETE FROM main."{table}"')
            connection.execute(f'INSERT INTO main."{table}" SELECT * FROM pristine."{table}"')
        for _, statement in guards:
            connection.execute(statement)
        connection.execute("COMMIT")
    finally:
        connection.close()


class PostgresDatabase:
    """A migrated database of our own on the server at *server*, dropped by `drop`."""

    def __init__(self, server: str, worker: str) -> None:
        self.server = server
        self.name = f"{PREFIX}_{int(time.time())}_{os.getpid()}_{worker}"
        with psycopg.connect(server, autocommit=True) as connection:
            self._drop_stale(connection)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(self.name))
            )
        migrate(self.url)
        self._emptying = self._write_emptying()

    @property
    def url(self) -> str:
        return urlsplit(self.server)._replace(path=f"/{self.name}").geturl()

    @property
    def stack(self) -> Stack:
        return Stack("postgresql", self.url)

    @staticmethod
    def _drop_stale(connection: psycopg.Connection) -> None:
        """Take away what killed runs left behind."""
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{PREFIX}_%",)).fetchall()
        for (name,) in rows:
            made = name.removeprefix(f"{PREFIX}_").split("_")[0]
            if made.isdigit() and int(made) < time.time() - STALE_SECONDS:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _write_emptying(self) -> sql.Composed:
        """Remember what the migrations put into tables; return the statements that bring it back to that."""
        steps: list[sql.Composable] = []
        with psycopg.connect(self.url) as connection:
            superuser = connection.execute("SELECT current_setting('is_superuser') = 'on'").fetchone()
            tables = [
                row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ]
            connection.execute("CREATE SCHEMA pristine")
            if superuser and superuser[0]:
                # Neither foreign keys nor append-only guards stand in the way, whatever the order.
                steps.append(sql.SQL("SET LOCAL session_replication_role = replica"))
                steps += [sql.SQL("DELETE FROM public.{}").format(sql.Identifier(table)) for table in tables]
            else:
                names = sql.SQL(", ").join(sql.Identifier("public", table) for table in tables)
                steps.append(sql.SQL("TRUNCATE {} CASCADE").format(names))
            for table in tables:
                name = sql.Identifier(table)
                if connection.execute(sql.SQL("SELECT 1 FROM public.{} LIMIT 1").format(name)).fetchone():
                    columns = sql.SQL(", ").join(
                        sql.Identifier(row[0])
                        for row in connection.execute(
                            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
                            " AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
                            (table,),
                        )
                    )
                    connection.execute(
                        sql.SQL("CREATE TABLE pristine.{} AS SELECT {} FROM public.{}").format(name, columns, name)
                    )
                    steps.append(
                        sql.SQL("INSERT INTO public.{} ({}) SELECT {} FROM pristine.{}").format(
                            name, columns, columns, name
                        )
                    )
        return sql.SQL("; ").join(steps)

    def empty(self) -> None:
        """Bring the database back to what the migrations made. Ids go on counting."""
        with psycopg.connect(self.url) as connection:
            try:
                connection.execute("SET lock_timeout = '5s'")
                connection.execute(self._emptying)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                # A test left a transaction open in some thread.
                connection.rollback()
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid != pg_backend_pid()"
                )
                connection.execute(self._emptying)

    def drop(self) -> None:
        """Take the database away."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))
