"""Comments on APVs, and the texts that they had before."""

import uuid
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.models.apv import APV
from reviews.models.constraints import one_of
from reviews.permissions import Permission

LONGEST_COMMENT = 5_000
"""In characters."""
LONGEST_LINE = 500
"""As many characters of a line of the patch are kept with its comment."""


class Side(models.TextChoices):
    """Which file a line is counted in: the one before or after the patch."""

    OLD = "old", _("before")
    NEW = "new", _("after")


class Place(NamedTuple):
    """A line of a patch: `path:12` is one as the patch leaves it, `path:-12` a removed one."""

    path: str
    side: Side
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{'-' if self.side == Side.OLD else ''}{self.line}"


class Comment(models.Model):
    """What a person says about an APV, or about a line of the patch of one of its revisions.

    `path` is "" for a comment on the whole APV. The text of a deleted comment is among its old
    ones.
    """

    comment_id = models.UUIDField(
        _("comment id"), primary_key=True, default=uuid.uuid4, editable=False
    )
    apv = models.ForeignKey(
        APV, on_delete=models.CASCADE, related_name="comments", verbose_name=_("APV")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        verbose_name=_("author"),
    )
    author_name = models.CharField(_("name of the author"), max_length=301)
    text = models.TextField(_("text"), max_length=LONGEST_COMMENT, blank=True)
    revision = models.PositiveIntegerField(_("revision"))
    path = models.CharField(_("file"), max_length=1000, blank=True)
    side = models.CharField(_("side"), max_length=3, choices=Side, blank=True)
    line = models.PositiveIntegerField(_("line"), null=True)
    line_text = models.CharField(_("text of the line"), max_length=LONGEST_LINE, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    edited_at = models.DateTimeField(_("edited at"), null=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True)

    current_place: Place | None = None
    """Where the line is in the current patch, as `reviews.comments` finds it."""

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        default_permissions = ()
        permissions = [(Permission.COMMENT_APV.codename, Permission.COMMENT_APV.label)]
        indexes = [models.Index(fields=["apv", "created_at"], name="comment_of_apv")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(path="", side="", line=None)
                | (~models.Q(path="") & one_of("side", Side) & models.Q(line__isnull=False)),
                name="comment_on_apv_or_line",
            ),
            models.CheckConstraint(
                condition=models.Q(text="") ^ models.Q(deleted_at=None),
                name="comment_text_unless_deleted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.apv}: {self.author_name}"

    @property
    def place(self) -> str:
        """Return the line as people write it, `file:line`, or "" if it is on the whole APV."""
        if self.line is None:
            return ""
        return str(Place(self.path, Side(self.side), self.line))

    @property
    def current_line(self) -> int | None:
        """Return the number of the line in the current patch, None if it is gone."""
        return self.current_place.line if self.current_place else None


class OldText(models.Model):
    """A text that a comment had until it was edited or deleted."""

    comment = models.ForeignKey(
        Comment, on_delete=models.CASCADE, related_name="old_texts", verbose_name=_("comment")
    )
    text = models.TextField(_("text"), max_length=LONGEST_COMMENT)
    replaced_at = models.DateTimeField(_("replaced at"), default=clock.now)

    class Meta:
        verbose_name = _("old text of a comment")
        verbose_name_plural = _("old texts of comments")
        default_permissions = ()
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.comment}: {self.replaced_at}"
