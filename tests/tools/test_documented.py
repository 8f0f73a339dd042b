"""Tables that tools write into the documentation."""

import re
from pathlib import Path

import pytest

from tests.support.site import ROOT
from tools import documented

PAGES = [
    pytest.param(page, name, id=name)
    for page in sorted((ROOT / "docs").glob("*.md"))
    for name in re.findall(r"<!-- (.+): made by make .* -->", page.read_text())
]


@pytest.mark.parametrize(("page", "name"), PAGES)
def test_table_is_replaced_and_nothing_around_it(page: Path, name: str, tmp_path: Path) -> None:
    text = page.read_text()
    before, rest = re.split(rf"(?<=<!-- {name}: made by make ).*", text, maxsplit=1)
    after = rest.partition(f"<!-- {name}: end -->")[2]
    copy = tmp_path / page.name
    copy.write_text(text)
    for row in ("| first |", "| second |"):
        documented.write(copy, name, [row])
        assert copy.read_text().startswith(before)
        assert copy.read_text().endswith(f"\n{row}\n\n<!-- {name}: end -->{after}")
    assert "| first |" not in copy.read_text()


def test_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks\n")
    with pytest.raises(AssertionError, match="has no place for growth"):
        documented.write(page, "growth", [])
    assert page.read_text() == "no marks\n"
