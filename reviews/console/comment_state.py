"""The comments on an APV, as its pages show them: at their lines, and below the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils.functional import cached_property

from reviews import comments, services
from reviews.models import APV, LONGEST_COMMENT, Comment
from reviews.models.comment import Place
from reviews.patch_places import sections_of
from reviews.permissions import Permission, is_lead

LONG_COMMENTS, LONG_CHARACTERS = 6, 3_000
"""A thread with more than these scrolls."""


@dataclass(frozen=True)
class Refused:
    """A comment that was not taken: why, what was typed, and in which form."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    """By field."""
    text: str = ""
    place: str = ""
    edited: str = ""
    """The id of the comment whose text it would have become."""


@dataclass(frozen=True)
class Shown:
    """A comment as the page shows it to a user."""

    comment: Comment
    is_past: bool
    """Whether it is on a line of an earlier revision."""
    may_edit: bool
    may_delete: bool
    old_texts: list[Any]
    """Only leads read them."""
    refused: Refused | None
    """What its author would have changed it to."""


@dataclass(frozen=True)
class Thread:
    """The comments on a line of the patch."""

    place: Place
    comments: list[Shown]

    @property
    def name(self) -> str:
        """Return what names it on the page: the id of its first comment."""
        return str(self.comments[0].comment.pk)

    @property
    def is_long(self) -> bool:
        """Return whether it gets a height of its own, so that the diff goes on in reach."""
        sizes = [len(one.comment.text) for one in self.comments]
        return len(sizes) > LONG_COMMENTS or sum(sizes) > LONG_CHARACTERS


Talk = Mapping[tuple[str, int], Thread]
"""The threads of a file of the patch, by side and line."""


@dataclass(frozen=True)
class Comments:
    """The comments on an APV, as the page shows them to `user`."""

    apv: APV
    user: Any
    refused: Refused = Refused()

    longest = LONGEST_COMMENT

    @property
    def general(self) -> Refused:
        """Return what the form for a new comment shows again."""
        return Refused() if self.refused.edited else self.refused

    @property
    def elsewhere(self) -> list[Shown]:
        """Return those on the whole APV, and those whose line is gone, the oldest first."""
        return [one for one in self._all if one.comment.current_place is None]

    @cached_property
    def threads(self) -> list[Thread]:
        """Return the others by their line, in the order of files and lines."""
        found: dict[Place, list[Shown]] = {}
        for one in self._all:
            if one.comment.current_place:
                found.setdefault(one.comment.current_place, []).append(one)
        return [Thread(place, found[place]) for place in sorted(found, key=_in_order)]

    @cached_property
    def by_section(self) -> dict[int, Talk]:
        """Return the threads of each section of the diff."""
        found: dict[int, dict[tuple[str, int], Thread]] = {}
        sections = sections_of(self.apv.patch_diff, {one.place for one in self.threads})
        for one in self.threads:
            if (section := sections.get(one.place)) is not None:
                found.setdefault(section, {})[one.place.side, one.place.line] = one
        return dict(found)

    @cached_property
    def may_comment(self) -> bool:
        return bool(self.user.has_perm(Permission.COMMENT_APV))

    @cached_property
    def _reads_old_texts(self) -> bool:
        return is_lead(self.user)

    @cached_property
    def _all(self) -> list[Shown]:
        rows = comments.comments_on(self.apv)
        if self._reads_old_texts:
            prefetch_related_objects(rows, "old_texts")
        return [self._shown(one) for one in comments.with_lines(self.apv, rows)]

    def _shown(self, one: Comment) -> Shown:
        return Shown(
            one,
            bool(one.path) and one.revision != self.apv.revision,
            services.may_edit(one, self.user),
            services.may_delete(one, self.user),
            list(one.old_texts.all()) if self._reads_old_texts else [],
            self.refused if self.refused.edited == str(one.pk) else None,
        )


def _in_order(place: Place) -> tuple[str, int, str]:
    return place.path, place.line, place.side
