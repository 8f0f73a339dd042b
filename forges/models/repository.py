"""A repository on a forge, and which of its pull requests are taken in."""

import re

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from forges.choices import ForgeKind, MergeMethod
from forges.models.forge import Forge
from realtime import clock


class Repository(models.Model):
    """A repository. The pull requests of a watched one are read; the others are left alone.

    Whatever reads pull requests takes in those of known bots, and those with one of `labels` or
    from a branch that matches one of `branches` (with `*` and `?`).
    """

    forge = models.ForeignKey(
        Forge, on_delete=models.PROTECT, related_name="repositories", verbose_name=_("forge")
    )
    path = models.CharField(
        _("path"), max_length=500, help_text=_("As in its address: owner/name, group/sub/name.")
    )
    remote_id = models.CharField(
        _("id on the forge"),
        max_length=50,
        blank=True,
        editable=False,
        help_text=_("Stays when it is renamed or moved."),
    )
    watched = models.BooleanField(_("watched"), default=True)
    labels = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, verbose_name=_("labels")
    )
    branches = ArrayField(
        models.CharField(max_length=250), default=list, blank=True, verbose_name=_("branches")
    )
    takes_unfixing = models.BooleanField(
        _("takes in updates that fix nothing known"),
        default=True,
        help_text=_("Otherwise a pull request needs an advisory that it fixes."),
    )
    merge_method = models.CharField(
        _("merge method"),
        max_length=10,
        choices=MergeMethod,
        default=MergeMethod.MERGE,
        db_default=MergeMethod.MERGE,
    )
    deletes_branch = models.BooleanField(
        _("deletes the branch after a merge"), default=False, db_default=False
    )
    assignee = models.CharField(
        _("assignee"),
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text=_("The account that escalated pull requests are assigned to; nobody if empty."),
    )
    names_reviewers = models.BooleanField(
        _("names reviewers"),
        default=False,
        db_default=False,
        help_text=_("Comments on the forge then say who decided."),
    )
    synced_at = models.DateTimeField(_("synchronised at"), null=True, editable=False)
    problem = models.TextField(_("problem"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("repository")
        verbose_name_plural = _("repositories")
        ordering = ["forge", "path"]
        constraints = [
            models.UniqueConstraint(fields=["forge", "path"], name="repository_once"),
            models.CheckConstraint(condition=~models.Q(path=""), name="repository_path_given"),
            models.CheckConstraint(
                condition=models.Q(merge_method__in=MergeMethod.values),
                name="repository_merge_method",
            ),
        ]
        indexes = [
            models.Index(
                fields=["forge", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="repository_remote_id",
            )
        ]

    def __str__(self) -> str:
        return str(self.path)

    def clean(self) -> None:
        """Raise ValidationError for a merge method or an account that no forge ever takes."""
        if not re.fullmatch(r"[\w.-]*", self.assignee):
            raise ValidationError({"assignee": _("Write the name of one account, without @.")})
        is_gitlab = self.forge_id and self.forge.kind == ForgeKind.GITLAB
        if self.merge_method == MergeMethod.REBASE and is_gitlab:
            said = _("GitLab rebases if the project is set so; choose another method here.")
            raise ValidationError({"merge_method": said})
