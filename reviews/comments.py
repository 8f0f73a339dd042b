"""Comments on an APV as they are read: in order, with where their lines are now."""

from collections.abc import Iterable
from functools import cached_property
from uuid import UUID

from realtime.compiled_queries import CompiledQuery
from reviews.models import APV, Comment, Revision
from reviews.models.comment import Place, Side
from reviews.patch_places import CurrentLines, old_names

ON = CompiledQuery(
    lambda pk: Comment.objects.filter(apv=pk).select_related("author").order_by("created_at", "pk"),
    UUID(int=1),
)


def comments_on(apv: APV) -> list[Comment]:
    """Return the comments on an APV with their authors, the oldest first."""
    return ON.rows(apv.pk)


def with_lines(apv: APV, rows: list[Comment]) -> list[Comment]:
    """Return comments on an APV with `current_place`: where their line is now, None if it is gone.

    Patches are read only if one of them is on a line of an earlier revision.
    """
    lines = _Lines(apv, rows)
    for one in rows:
        one.current_place = lines.of(one)
    return rows


class _Lines:
    def __init__(self, apv: APV, rows: Iterable[Comment]) -> None:
        self._apv = apv
        self._revisions = {one.revision for one in rows if one.path}

    def of(self, comment: Comment) -> Place | None:
        if comment.line is None:
            return None
        place = Place(comment.path, Side(comment.side), comment.line)
        if comment.revision == self._apv.revision:
            return place
        found = self._current.nearest(place, comment.line_text)
        return found or self._of_renamed(place, comment)

    def _of_renamed(self, place: Place, comment: Comment) -> Place | None:
        """Find the file by the name that it had before the patch, which has another one now."""
        old_name = self._old_names.get(comment.revision, {}).get(comment.path)
        return (old_name and self._current.nearest(place, comment.line_text, old_name)) or None

    @cached_property
    def _current(self) -> CurrentLines:
        return CurrentLines(self._apv.patch_diff)

    @cached_property
    def _old_names(self) -> dict[int, dict[str, str]]:
        """Return the names before the patch of what each revision renames."""
        found = Revision.objects.filter(apv=self._apv, number__in=self._revisions)
        return {
            number: old_names(patch) for number, patch in found.values_list("number", "patch_diff")
        }
