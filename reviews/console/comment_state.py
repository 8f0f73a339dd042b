"""The comments on an APV, as its page shows them."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import cached_property

from reviews import comments, services
from reviews.models import APV, LONGEST_COMMENT, Comment
from reviews.permissions import Permission, is_lead


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


@dataclass(frozen=True)
class Comments:
    """The comments on an APV, as the page shows them to `user`; `typed` was refused."""

    apv: APV
    user: Any
    refusal: str = ""
    typed: str = ""
    place: str = ""

    longest = LONGEST_COMMENT

    @cached_property
    def shown(self) -> list[Shown]:
        """Return all of them, the oldest first."""
        rows = comments.comments_on(self.apv)
        if self._reads_old_texts:
            rows = rows.prefetch_related("old_texts")
        return [self._shown(one) for one in comments.with_lines(self.apv, rows)]

    @property
    def may_comment(self) -> bool:
        return bool(self.user.has_perm(Permission.COMMENT_APV))

    @cached_property
    def _reads_old_texts(self) -> bool:
        return is_lead(self.user)

    def _shown(self, one: Comment) -> Shown:
        return Shown(
            one,
            bool(one.path) and one.revision != self.apv.revision,
            services.may_edit(one, self.user),
            services.may_delete(one, self.user),
            list(one.old_texts.all()) if self._reads_old_texts else [],
        )
