"""A decision that was taken back."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.models.decision import Decision

REASON_LENGTH = (1, 2000)


class Retraction(models.Model):
    """Who took a decision back, and why. The decision stays as it is. Never edited, never deleted.

    A trigger in the database refuses UPDATE and DELETE (migration 0009).
    """

    decision = models.OneToOneField(
        Decision, on_delete=models.PROTECT, related_name="retraction", verbose_name=_("decision")
    )
    reason = models.TextField(_("reason"))
    retracted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("taken back by"),
    )
    retracted_by_name = models.CharField(_("name"), max_length=301)
    retracted_at = models.DateTimeField(_("taken back at"), default=clock.now)

    class Meta:
        verbose_name = _("retraction")
        verbose_name_plural = _("retractions")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="retraction_reason"),
        ]

    def __str__(self) -> str:
        return str(self.decision)
