"""Comments on an APV as they are read: in order, with where their lines are now."""

from collections.abc import Iterable
from functools import cached_property

from django.db.models import QuerySet

from reviews.models import APV, Comment
from reviews.patch_places import CurrentLines


def comments_on(apv: APV) -> QuerySet[Comment]:
    """Return the comments on an APV with their authors, the oldest first."""
    return Comment.objects.filter(apv=apv).select_related("author").order_by("created_at", "pk")


def with_lines(apv: APV, rows: Iterable[Comment]) -> list[Comment]:
    """Return comments on an APV with `current_line`: its number now, None if it is gone.

    The patch is read only if one of them is on a line of an earlier revision.
    """
    lines, found = _Lines(apv), list(rows)
    for one in found:
        one.current_line = lines.of(one)
    return found


class _Lines:
    def __init__(self, apv: APV) -> None:
        self._apv = apv

    @cached_property
    def _current(self) -> CurrentLines:
        return CurrentLines(self._apv.patch_diff)

    def of(self, comment: Comment) -> int | None:
        if comment.line is None or comment.revision == self._apv.revision:
            return comment.line
        return self._current.nearest(comment.path, comment.side, comment.line, comment.line_text)
