"""The models and the tables that the migrations make say the same, on both databases."""

import importlib
import pkgutil
import re
from typing import Any

import pytest
from peewee import Check, Index

import forum
from forum.database import BaseModel, db, is_postgres

for found in pkgutil.walk_packages(forum.__path__, "forum."):
    if found.name.endswith((".models", ".audit", ".events", ".jobs", ".search")):
        importlib.import_module(found.name)
MODELS = sorted(
    (one for one in BaseModel.__subclasses__() if one.__module__.startswith("forum.")), key=lambda one: one.__name__
)
# What the migrations keep of themselves, and what FTS5 keeps beside its table.
NOT_OURS = ("schema_migration", "search_entry_fts", "sqlite_")
# PostgreSQL derives what search reads; no field writes it.
DERIVED = {("search_entry", "words")}

pytestmark = pytest.mark.usefixtures("stack")


def table(model: Any) -> str:
    return str(model._meta.table_name)


def test_every_table_has_its_model() -> None:
    assert {table(model) for model in MODELS} == {name for name in db.get_tables() if not name.startswith(NOT_OURS)}


def test_columns_and_what_may_be_missing() -> None:
    for model in MODELS:
        there = {
            column.name: column.null
            for column in db.get_columns(table(model))
            if (table(model), column.name) not in DERIVED
        }
        said = {field.column_name: field.null for field in model._meta.sorted_fields}
        assert there == said, table(model)


def test_indexes() -> None:
    for model in MODELS:
        there = {(tuple(one.columns), bool(one.unique)) for one in db.get_indexes(table(model))}
        there -= {(("id",), True), *(((name,), False) for _table, name in DERIVED)}
        assert there == set(_indexes_of(model)), table(model)


def _indexes_of(model: Any) -> Any:
    meta = model._meta
    for field in meta.sorted_fields:
        if (field.index or field.unique) and not field.primary_key:
            yield (field.column_name,), bool(field.unique)
    for one in meta.indexes:
        if isinstance(one, Index):
            yield tuple(field.column_name for field in one._expressions), bool(one._unique)
        else:
            names, is_unique = one
            yield tuple(meta.combined[name].column_name for name in names), bool(is_unique)


def test_what_follows_when_a_row_goes_that_others_point_at() -> None:
    for model in MODELS:
        said = {
            (field.column_name, field.rel_model._meta.table_name, field.on_delete.upper()) for field in model._meta.refs
        }
        assert said == _keys_of(table(model)), table(model)


def _keys_of(name: str) -> set[tuple[str, str, str]]:
    if not is_postgres():
        rows = db.execute_sql(f'SELECT "from", "table", on_delete FROM pragma_foreign_key_list("{name}")')
        return {(row[0], row[1], row[2]) for row in rows.fetchall()}
    words = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
    rows = db.execute_sql(
        """SELECT a.attname, t.relname, c.confdeltype FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] JOIN pg_class t ON t.oid = c.confrelid
        WHERE c.contype = 'f' AND c.conrelid = %s::regclass""",
        (f'"{name}"',),
    )
    return {(row[0], row[1], words[row[2]]) for row in rows.fetchall()}


@pytest.mark.one_stack("sqlite")
def test_checks() -> None:
    for model in MODELS:
        (made,) = db.execute_sql("SELECT sql FROM sqlite_master WHERE name = ?", (table(model),)).fetchone()
        there = made.count("CHECK (")
        said = [one for one in model._meta.constraints or () if isinstance(one, type(Check("1")))]
        for one in said:
            assert _plain(one.sql) in _plain(made), f"{table(model)} lacks {one.sql}"
        assert there == len(said), table(model)


def _plain(text: str) -> str:
    return re.sub(r'[\s"]+', "", text)
