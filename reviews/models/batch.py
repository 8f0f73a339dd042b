"""Many APVs that a person acts on together, one after the other."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.models.apv import APV
from reviews.models.constraints import one_of
from reviews.models.decision import Decision


class ItemState(models.TextChoices):
    """What has become of one APV of a batch."""

    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    STOPPED = "stopped", _("stopped")


class Batch(models.Model):
    """What one person wants done with many APVs: one act, with one justification.

    A job does it, so that it goes on whatever happens to the page that asked. `action` is a name in
    `reviews.batches.actions`. `language`, `address` and `request_id` are those of the request, for
    the reasons that are kept and for the audit. `undoes` is the batch whose decisions this one
    takes back.
    """

    batch_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="batches",
        verbose_name=_("user"),
    )
    action = models.CharField(_("action"), max_length=20)
    justification = models.TextField(_("justification"), blank=True)
    confidence = models.FloatField(_("confidence"), null=True, blank=True)
    undoes = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="undone_by"
    )
    language = models.CharField(_("language"), max_length=10)
    address = models.CharField(_("address"), max_length=45, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["user", "-created_at"], name="batch_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.batch_id}"


class BatchItem(models.Model):
    """One APV of a batch, at the version that the person had seen, and what has become of it.

    `decision` is the one that was made of it, or the one to take back.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(_("position"))
    apv = models.ForeignKey(APV, on_delete=models.PROTECT, related_name="+", verbose_name=_("APV"))
    version = models.PositiveIntegerField(_("version"))
    state = models.CharField(
        _("state"), max_length=10, choices=ItemState, default=ItemState.WAITING
    )
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, null=True, related_name="batch_items"
    )
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it was not done."))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        default_permissions = ()
        ordering: ClassVar[list[str]] = ["position"]
        indexes = [models.Index(fields=["batch", "state", "position"], name="batch_item_state")]
        constraints = [
            models.UniqueConstraint(fields=["batch", "apv"], name="batch_item_once"),
            models.CheckConstraint(condition=one_of("state", ItemState), name="batch_item_state"),
            models.CheckConstraint(
                condition=models.Q(state=ItemState.WAITING) ^ models.Q(ended_at__isnull=False),
                name="batch_item_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.position}"
