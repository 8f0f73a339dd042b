"""The layout of the tests themselves."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.site import ROOT

FILES = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "tools").rglob("*.py")])


def imported_by(path: Path) -> Iterator[str]:
    """Return the dotted names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def is_of_a_test(name: str) -> bool:
    return any(part == "conftest" or part.startswith("test_") for part in name.split("."))


def test_nothing_imports_from_a_test_file() -> None:
    found = [(path.name, name) for path in FILES for name in imported_by(path)]
    assert [(path, name) for path, name in found if is_of_a_test(name)] == []


def test_support_knows_no_folder_of_tests() -> None:
    for path in (ROOT / "tests" / "support").glob("*.py"):
        ours = [name for name in imported_by(path) if name.startswith(("tests.", "tools."))]
        assert [name for name in ours if not name.startswith("tests.support.")] == [], path.name


def test_no_path_leads_out_of_the_repository() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and re.match(r"(\.\./)+\w", str(node.value)):
                for start in (ROOT, path.parent):
                    target = (start / str(node.value)).resolve()
                    assert ROOT in target.parents or not target.exists(), node.value
