"""The values that fields of forges, pull requests and deliveries may have."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ForgeKind(models.TextChoices):
    """What a forge speaks. Forgejo speaks what Gitea does."""

    GITHUB = "github", "GitHub"
    GITLAB = "gitlab", "GitLab"
    GITEA = "gitea", _("Gitea or Forgejo")


class PullRequestState(models.TextChoices):
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")
    MERGED = "merged", _("merged")


class MergeMethod(models.TextChoices):
    """How a forge merges a pull request."""

    MERGE = "merge", _("merge commit")
    SQUASH = "squash", _("squash")
    REBASE = "rebase", _("rebase")


class CheckState(models.TextChoices):
    """The state of one check, whatever the forge's word for it."""

    PENDING = "pending", _("pending")
    SUCCESS = "success", _("success")
    FAILURE = "failure", _("failure")
    SKIPPED = "skipped", _("skipped")


class DeliveryState(models.TextChoices):
    RECEIVED = "received", _("received")
    PROCESSED = "processed", _("processed")
    IGNORED = "ignored", _("ignored")
    FAILED = "failed", _("failed")
