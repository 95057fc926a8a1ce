"""One SQL text for both databases: the few words that differ stand in braces."""

import re
from typing import Any

from peewee import PostgresqlDatabase

_WORDS = {
    "sqlite": {"ID": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "AT": "TEXT", "YES": "INTEGER"},
    "postgresql": {"ID": "BIGSERIAL NOT NULL PRIMARY KEY", "AT": "TIMESTAMPTZ", "YES": "BOOLEAN"},
}
# A statement ends at a semicolon that ends a line; the body of a trigger ends at its END.
_STATEMENTS = re.compile(r"\s*CREATE TRIGGER.*?^END;$|.*?;$", re.DOTALL | re.MULTILINE)


def run(db: Any, sql: str = "", *, sqlite: str = "", postgresql: str = "") -> None:
    """Run *sql* on both databases, or a text for each of them, one statement after the other."""
    dialect = "postgresql" if isinstance(getattr(db, "obj", db), PostgresqlDatabase) else "sqlite"
    text = sql + (postgresql if dialect == "postgresql" else sqlite)
    for word, meaning in _WORDS[dialect].items():
        text = text.replace("{" + word + "}", meaning)
    for statement in _STATEMENTS.findall(text):
        if statement.strip():
            db.execute_sql(statement.strip().removesuffix(";"))
