"""Pull requests as bots make them, small, and their diffs."""

from textwrap import dedent
from typing import Any

from reviews.intake import Explanation, PullRequest, Rules, explain

Said = tuple[str, str, str | None, str | None]
"""Package, ecosystem, from, to."""


def diff_of(file: str, *hunks: str) -> str:
    """Return the diff of a file; a hunk is its lines, each with its sign."""
    bodies = "".join(map(_hunk, hunks))
    return f"diff --git a/{file} b/{file}\n--- a/{file}\n+++ b/{file}\n{bodies}"


def _hunk(text: str) -> str:
    lines = [one or " " for one in dedent(text).strip("\n").split("\n")]
    old = sum(one[0] in " -" for one in lines)
    new = sum(one[0] in " +" for one in lines)
    return f"@@ -10,{old} +10,{new} @@\n" + "\n".join(lines) + "\n"


def explained(diff: str = "", rules: Rules | None = None, **fields: Any) -> Explanation:
    return explain(PullRequest(diff=diff, **fields), rules)


def said(explanation: Explanation) -> list[Said]:
    return [(one.package, one.ecosystem, one.old, one.new) for one in explanation.changes]
