"""Sentences about a diff: its problems, the kinds of change, and line endings."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reviews.console.invisible_characters import reveal_in_name
from reviews.diffs import File, Problem, ProblemKind

PROBLEMS: dict[ProblemKind, str | Promise] = {
    ProblemKind.COUNTS: gettext_lazy(
        "The header of this hunk counts %(old)s lines before and %(new)s after; "
        "it holds %(held_old)s and %(held_new)s."
    ),
    ProblemKind.CUT_OFF: gettext_lazy(
        "The diff is cut off: this hunk counts %(old)s lines before and %(new)s after; "
        "%(held_old)s and %(held_new)s are there."
    ),
    ProblemKind.NO_NUMBERS: gettext_lazy("The header of this hunk has no usable line numbers."),
    ProblemKind.NO_HEADER: gettext_lazy("These changes have no header with line numbers."),
    ProblemKind.OUT_OF_ORDER: gettext_lazy(
        "This hunk begins at line %(line)s, but the hunk above ends at line %(end)s."
    ),
    ProblemKind.OFFSET: gettext_lazy(
        "The line numbers do not add up: after the change this hunk would begin at line "
        "%(expected)s, not %(line)s."
    ),
    ProblemKind.AFTER_END: gettext_lazy(
        "Lines follow one that is said to be the last of the file."
    ),
    ProblemKind.NAMES: gettext_lazy("The headers name different files: %(first)s and %(second)s."),
    ProblemKind.NO_NAME: gettext_lazy("No header names the file that these changes belong to."),
    ProblemKind.ONE_SIDE: gettext_lazy(
        "One of the two header lines that name the file before and after is missing."
    ),
    ProblemKind.HALF: gettext_lazy("The header line “%(missing)s” is missing."),
    ProblemKind.NEW_HAS_OLD: gettext_lazy("The file is said to be new, yet it has a past."),
    ProblemKind.DELETED_HAS_NEW: gettext_lazy(
        "The header says that the file is deleted, but lines of it remain."
    ),
    ProblemKind.UNCHANGED_CHANGES: gettext_lazy(
        "The header says that the file's content stays the same, but lines of it change."
    ),
    ProblemKind.NOTHING: gettext_lazy("The header announces a change, but none follows."),
    ProblemKind.TWICE: gettext_lazy("The diff changes this file more than once."),
    ProblemKind.NOT_UNIFIED: gettext_lazy(
        "This is a context diff: it is shown as it came, and its lines are not counted."
    ),
    ProblemKind.OUTSIDE: gettext_lazy(
        "These lines look like changes, but are outside every hunk. They are not counted."
    ),
    ProblemKind.UNREAD: gettext_lazy(
        "So many files and hunks come before that the rest is shown as it came. It is not counted."
    ),
}


def problem_in_words(problem: Problem) -> str:
    """Return a sentence about a problem, with all characters of file names visible."""
    if problem.kind is ProblemKind.NO_SIGN:
        count = int(problem.values["count"])
        return ngettext(
            "%(count)s line of this hunk has no sign before it.",
            "%(count)s lines of this hunk have no sign before them.",
            count,
        ) % {"count": count}
    values = {
        key: reveal_in_name(value) if isinstance(value, str) else value
        for key, value in problem.values.items()
    }
    return str(PROBLEMS[problem.kind]) % values


def change_in_words(file: File) -> str:
    """Return what happens to the file besides its lines, or ""."""
    words = {
        "added": _("new"),
        "deleted": _("deleted"),
        "renamed": _("renamed"),
        "copied": _("copied"),
        "changed": "",
    }[file.change]
    parts = [words, _("binary") if file.binary else "", _mode(file)]
    return ", ".join(part for part in parts if part)


def _mode(file: File) -> str:
    if file.old_mode and file.new_mode and file.old_mode != file.new_mode:
        return _("mode %(old)s → %(new)s") % {"old": file.old_mode, "new": file.new_mode}
    return ""


def ends_in_words(old: set[str], new: set[str]) -> str:
    """Return how the line endings differ, or "" if all are alike."""
    if old != new and old and new:
        return _("Line ends change: %(old)s → %(new)s.") % {"old": _ends(old), "new": _ends(new)}
    both = old | new
    return _("Mixed line ends: %(ends)s.") % {"ends": _ends(both)} if len(both) > 1 else ""


def _ends(ends: set[str]) -> str:
    return " + ".join(sorted(ends))
