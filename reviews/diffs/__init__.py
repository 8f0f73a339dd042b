"""Read diffs of git, svn, hg, quilt and machines: their files, hunks, lines and problems.

This package does not depend on Django: `parse` takes text and returns dataclasses.
"""

from reviews.diffs.model import Diff, File, Hunk, Line, LineEnd, LineKind, Notes, Range, Text
from reviews.diffs.parse import parse
from reviews.diffs.problems import Problem, ProblemKind

__all__ = [
    "Diff",
    "File",
    "Hunk",
    "Line",
    "LineEnd",
    "LineKind",
    "Notes",
    "Problem",
    "ProblemKind",
    "Range",
    "Text",
    "parse",
]
