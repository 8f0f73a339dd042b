"""A pull request, as it was last read from its forge."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from forges.choices import PullRequestState
from forges.models.repository import Repository


class PullRequest(models.Model):
    """A pull request, as it was last read from its forge. Merge requests are called so too.

    `checks` is a list of objects with `name`, `state` (of CheckState), `url` and `summary`.
    `mergeable` is None while the forge does not know it. `diff` is empty if `diff_problem` says why
    it could not be read.
    """

    repository = models.ForeignKey(
        Repository,
        on_delete=models.PROTECT,
        related_name="pull_requests",
        verbose_name=_("repository"),
    )
    number = models.PositiveBigIntegerField(_("number"))
    url = models.CharField(_("address"), max_length=2000)
    title = models.TextField(_("title"), blank=True)
    body = models.TextField(_("description"), blank=True)
    message = models.TextField(
        _("commit message"), blank=True, help_text=_("Of its first commit, where bots write.")
    )
    author = models.CharField(
        _("author"), max_length=255, help_text=_("The account that opened it, as the forge says.")
    )
    author_is_bot = models.BooleanField(_("author is a bot"), default=False)
    labels = ArrayField(
        models.CharField(max_length=255), default=list, blank=True, verbose_name=_("labels")
    )
    head_ref = models.CharField(_("branch"), max_length=1000)
    from_fork = models.BooleanField(
        _("from a fork"), default=False, help_text=_("Strangers choose the names of its branches.")
    )
    head_sha = models.CharField(_("head commit"), max_length=64)
    base_ref = models.CharField(_("target branch"), max_length=1000)
    base_sha = models.CharField(_("base commit"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=PullRequestState)
    draft = models.BooleanField(_("draft"), default=False)
    mergeable = models.BooleanField(_("mergeable"), null=True)
    checks = models.JSONField(_("checks"), default=list)
    diff = models.TextField(_("diff"), blank=True)
    diff_problem = models.TextField(_("problem with the diff"), blank=True)
    merged_sha = models.CharField(_("merge commit"), max_length=64, blank=True)
    ended_by = models.CharField(
        _("merged or closed by"), max_length=255, blank=True, help_text=_("As the forge says.")
    )
    ended_at = models.DateTimeField(_("merged or closed at"), null=True)
    forge_updated_at = models.DateTimeField(_("changed on the forge at"))
    read_at = models.DateTimeField(_("read at"))

    class Meta:
        verbose_name = _("pull request")
        verbose_name_plural = _("pull requests")
        default_permissions = ("view",)
        ordering = ["-forge_updated_at"]
        constraints = [
            models.UniqueConstraint(fields=["repository", "number"], name="pull_request_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=PullRequestState.values), name="pull_request_state"
            ),
        ]
        indexes = [
            models.Index(fields=["repository", "head_sha"], name="pull_request_head"),
            models.Index(fields=["author"], name="pull_request_author"),
            GinIndex(fields=["labels"], name="pull_request_labels"),
            models.Index(fields=["id"], include=["repository"], name="pull_request_fold"),
        ]

    def __str__(self) -> str:
        return f"{self.repository}#{self.number}"
