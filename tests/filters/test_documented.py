"""The page about filters has every parameter."""

import re

from reviews.filters import PARAMETERS
from reviews.filters.kinds import Choice
from tests.support.site import ROOT

PAGE = (ROOT / "docs" / "filters.md").read_text()
ROWS = dict(re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.+?) \|", PAGE, re.MULTILINE))


def test_page_has_every_parameter_and_no_other() -> None:
    named = [name for row in ROWS for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(PARAMETERS)


def test_page_has_every_choice_and_no_other() -> None:
    for name, parameter in PARAMETERS.items():
        if isinstance(parameter, Choice):
            assert re.findall(r"`(\w+)`", ROWS[f"`{name}`"]) == [*parameter.every], name
