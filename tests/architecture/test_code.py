"""The conventions of the house that a linter does not know. Each list of faults says where."""

import ast
import re
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.reading import FORUM, ROOT, calls, dotted, here, python_files, tree

NOT_OUR_WORDS = re.compile(r"(Manager|Helper|Util|Utils|Service|Handler)$")
CLOCKS = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.time|time\.localtime|time\.gmtime)$")


def is_step(path) -> bool:
    """Migrations are frozen; they keep what they were written with."""
    return (FORUM / "migrations") in path.parents and path.name[0].isdigit()


def test_only_the_database_module_opens_transactions() -> None:
    """`transaction()` alone knows that SQLite needs IMMEDIATE and PostgreSQL refuses it."""
    faults = [
        here(path, line)
        for path in python_files(tests=True)
        if path != FORUM / "database.py" and not is_step(path)
        for _, name, line in calls(path)
        if name.endswith((".atomic", ".manual_commit")) or re.search(r"\bdb\.(begin|commit|rollback)$", name)
    ]
    assert not faults


def test_only_the_clock_tells_the_time() -> None:
    faults = [
        f"{here(path, line)} {name}"
        for path in python_files()
        if path != FORUM / "clock.py"
        for _, name, line in calls(path)
        if CLOCKS.search(name)
    ]
    assert not faults


def test_every_foreign_key_says_what_happens_on_deletion() -> None:
    faults = [
        here(path, line)
        for path in python_files()
        for call, name, line in calls(path)
        if name.split(".")[-1] in ("ForeignKeyField", "DeferredForeignKey")
        and not any(keyword.arg == "on_delete" for keyword in call.keywords)
    ]
    assert not faults


def test_models_have_no_callbacks_and_save_is_never_overridden() -> None:
    faults = [
        f"{here(path, node.lineno)} {node.name}"
        for path in python_files()
        for model in ast.walk(tree(path))
        if isinstance(model, ast.ClassDef)
        for node in model.body
        if isinstance(node, ast.FunctionDef) and node.name in ("save", "pre_save", "post_save", "pre_delete")
    ]
    faults += [
        here(path, node.lineno)
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "playhouse.signals"
    ]
    assert not faults


def test_views_and_queries_write_nothing_themselves() -> None:
    writes = re.compile(
        r"\b[A-Z]\w+\.(create|insert|insert_many|replace|bulk_create|update|delete)$|\.(save|delete_instance)$"
    )
    faults = [
        f"{here(path, line)} {name}"
        for path in python_files()
        if path.name in ("views.py", "queries.py", "forms.py", "web.py", "access.py")
        for _, name, line in calls(path)
        if writes.search(name)
    ]
    assert not faults


def test_nothing_is_called_manager_helper_util_service_handler_or_process() -> None:
    faults = []
    for path in python_files():
        if NOT_OUR_WORDS.search(path.stem.title()):
            faults.append(here(path, 1))
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and NOT_OUR_WORDS.search(node.name):
                faults.append(f"{here(path, node.lineno)} {node.name}")
            if isinstance(node, ast.FunctionDef) and node.name.startswith(("process_", "handle_", "do_process")):
                faults.append(f"{here(path, node.lineno)} {node.name}")
    assert not faults


def test_markup_is_trusted_in_few_places() -> None:
    """What is called safe HTML was made by `forum.text`, or by the frame of the pages."""
    allowed = {FORUM / "web.py", *(FORUM / "text").rglob("*.py"), FORUM / "text.py"}
    faults = [
        f"{here(path, line)} {name}"
        for path in python_files()
        if path not in allowed
        for _, name, line in calls(path)
        if name.split(".")[-1] in ("Markup", "SafeHtml") or name.endswith(("Markup.format", "stored_html"))
        if path != FORUM / "database.py"
    ]
    assert not faults


def test_a_model_class_is_never_deleted_from_through_an_instance() -> None:
    """`row.delete()` is a statement on the whole table; `row.delete_instance()` is what was meant."""
    faults = [
        f"{here(path, line)} {name}"
        for path in python_files()
        if not is_step(path)
        for call, name, line in calls(path)
        if name.endswith(".delete") and name.split(".")[-2][:1].islower() and not call.args
        if name.split(".")[-2] not in ("cls", "model", "table", "session", "db", "redis")
    ]
    assert not faults


def requirement_names(path) -> set[str]:
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return {
        re.sub(r"[-_.]+", "-", line.split("==")[0].split("[")[0]).lower()
        for line in lines
        if line and not line.startswith("-")
    }


def imported_names(paths) -> dict[str, str]:
    """Return the outside packages that *paths* import: top-level module -> where."""
    import sys

    found: dict[str, str] = {}
    for path in paths:
        for node in ast.walk(tree(path)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                top = name.split(".")[0]
                if top not in sys.stdlib_module_names and top not in ("forum", "tests", "bench"):
                    found.setdefault(top, here(path, node.lineno))
    return found


@cache
def packages() -> dict[str, list[str]]:
    return dict(packages_distributions())


def distributions(module: str) -> set[str]:
    return {re.sub(r"[-_.]+", "-", name).lower() for name in packages().get(module, [module])}


def test_every_package_the_product_imports_is_pinned_in_requirements() -> None:
    named = requirement_names(ROOT / "requirements.txt")
    faults = {
        module: where for module, where in imported_names(python_files()).items() if not distributions(module) & named
    }
    assert not faults, "add these to requirements.txt with one line in docs/dependencies.md"


def test_every_package_the_tests_import_is_pinned_in_requirements() -> None:
    named = requirement_names(ROOT / "requirements.txt") | requirement_names(ROOT / "requirements-dev.txt")
    named |= requirement_names(ROOT / "constraints.txt")
    everything = imported_names(python_files(tests=True))
    faults = {module: where for module, where in everything.items() if not distributions(module) & named}
    assert not faults


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_has_its_reason(file: str) -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    reasons = {
        re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^\| ([\w.-]+)[^|]* \| \S", page, re.MULTILINE)
    }
    assert not requirement_names(ROOT / file) - reasons


def test_requirements_are_pinned_exactly() -> None:
    lines = [
        line.split("#")[0].strip()
        for file in ("requirements.txt", "requirements-dev.txt", "constraints.txt")
        for line in (ROOT / file).read_text().splitlines()
    ]
    assert not [
        line
        for line in lines
        if line and not line.startswith("-") and not re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+", line)
    ]


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "tests" / "tools" / "package-lock.json").read_text()


def test_every_room_is_checked_for_the_order_inside_it() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = {room for contract in contracts if contract["id"] == "room" for room in contract["containers"]}
    rooms = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in python_files()
        if path.name in ("models.py", "queries.py", "actions.py", "views.py")
    }
    assert not rooms - named, "add these to the containers of the contract 'room' in pyproject.toml"


def test_reading_names() -> None:
    """The tests above stand on this."""
    call = ast.parse("a.b.c()").body[0].value  # type: ignore[attr-defined]
    assert dotted(call.func) == "a.b.c"
