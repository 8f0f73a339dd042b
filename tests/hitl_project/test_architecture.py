"""The architecture page and the packages' docstrings agree with the code."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.site import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
WALKS = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
ROWS = re.findall(r"^\| (.+\?) \| `(.+)` \| `(.+)` \|$", PAGE, re.MULTILINE)
APPS = ("accounts", "audit", "forges", "hitl_project", "jobs", "realtime", "reviews")


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names in a file: `name`, and `Class.name` for members."""
    return frozenset(_names(ast.parse(path.read_text()).body))


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.ClassDef():
                yield node.name
                yield from (f"{node.name}.{name}" for name in _names(node.body))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


@pytest.mark.parametrize(("question", "file", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_what_is_asked_for_is_where_the_table_says(question: str, file: str, name: str) -> None:
    assert name in names_in(ROOT / file)


def test_the_table_is_whole() -> None:
    table = PAGE.partition("## Where is …")[2]
    assert len(ROWS) >= 30
    assert len(ROWS) == len(re.findall(r"^\| ", table, re.MULTILINE)) - 2  # without its heading
    assert len({question for question, _, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize("walk", WALKS)
def test_each_step_of_a_walk_is_a_function_of_the_file_that_it_leads_to(walk: str) -> None:
    files = dict(re.findall(r"participant (\w+) as (\S+)", walk))
    steps = re.findall(r"^ +(\w+)->>(\w+): ([\w.]+)\(", walk, re.MULTILINE)
    assert len(steps) == walk.count("->>")
    for _, participant, name in steps:
        if participant in files:
            assert name in names_in(ROOT / files[participant]), f"{files[participant]}: {name}"


def test_all_walks_are_drawn() -> None:
    assert len(WALKS) == 6


def test_the_table_of_rooms_has_every_app() -> None:
    rooms = re.findall(r"^\| `(\w+)/` \|", PAGE, re.MULTILINE)
    assert sorted(rooms) == sorted(APPS)


def packages() -> Iterator[Path]:
    """Return the packages of the product with code, not only Django's apps."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("__init__.py")):
            if not {"migrations", "management"} & set(path.parts):
                yield path


@pytest.mark.parametrize("path", [*packages()], ids=lambda path: path.parent.name)
def test_a_package_says_in_one_sentence_what_lives_there(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    first = said.partition("\n\n")[0].replace("\n", " ")
    assert re.fullmatch(r"[A-Z][^.!?]{15,}\.", first), first or "nothing"


HOSTS_CLOCK = {
    *("time.time", "timezone.now", "timezone.localtime", "timezone.localdate"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
}
"""What reads the clock of a host, which may be minutes away from another host's."""


def readings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            yield node.arg


def test_only_the_clock_of_the_database_is_read() -> None:
    own = {"time.time": {ROOT / "realtime" / "clock.py"}}
    told = HOSTS_CLOCK | {"auto_now", "auto_now_add"}
    found = {
        (str(path.relative_to(ROOT)), name)
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
        for name in readings(path)
        if name in told and path not in own.get(name, set())
    }
    assert found == set()


def test_only_what_loses_nothing_by_it_may_lag() -> None:
    marked = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if any(isinstance(one, ast.Name) and one.id == "may_lag" for one in node.decorator_list)
    }
    assert marked == {
        "reviews/console/export.py: read_first_piece",
        "reviews/console/numbers.py: read_numbers",
    }
