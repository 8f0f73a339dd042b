"""What people write stays text in the comments on forges."""

import re

import pytest

from reviews.effects import comments

pytestmark = pytest.mark.fast

GITLABS_CODE = re.compile(r"^```.+?\n```$", re.MULTILINE | re.DOTALL)
"""What GitLab leaves out when it looks for commands (lib/gitlab/quick_actions/extractor.rb)."""
TEXTS = [
    "/merge",
    "fine\n/merge\n@all",
    "fine\n```\n/merge\n```",
    "fine\n````\n```\n/merge\n",
    "fine\n</pre>\n/merge",
    "fine\r/merge\r\n/merge",
    "```\n\n/merge",
]


@pytest.mark.parametrize("text", TEXTS)
def test_no_line_of_a_text_is_a_command(text: str) -> None:
    shown = comments.block(text)
    assert "/merge" in shown
    assert not re.search(r"^\s*/", GITLABS_CODE.sub("", shown), re.MULTILINE)


@pytest.mark.parametrize("text", TEXTS)
def test_text_does_not_end_its_code_block(text: str) -> None:
    fence, *lines, end = [line.removeprefix("> ") for line in comments.block(text).split("\n")]
    assert fence == end + "text"
    assert not any(line.strip().startswith(end) for line in lines)
    assert lines == text.splitlines()


@pytest.mark.parametrize("text", [*TEXTS, "`", "a ``b`` c", " ", "a\n\nb"])
def test_text_in_a_line_does_not_end_its_code_span(text: str) -> None:
    shown = comments.inline(text)
    ticks = shown.partition(" ")[0]
    assert "\n" not in shown
    assert re.findall("`+", shown).count(ticks) == 2
