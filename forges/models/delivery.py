"""The inbox of webhooks."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from forges.choices import DeliveryState
from forges.models.forge import Forge
from realtime import clock


class Delivery(models.Model):
    """A webhook that was received and whose signature was right."""

    forge = models.ForeignKey(
        Forge, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("forge")
    )
    delivery_id = models.CharField(_("delivery id"), max_length=200)
    event = models.CharField(_("event"), max_length=100)
    body = models.BinaryField(_("body"), help_text=_("As received."))
    state = models.CharField(
        _("state"), max_length=10, choices=DeliveryState, default=DeliveryState.RECEIVED
    )
    note = models.TextField(
        _("note"), blank=True, help_text=_("What it was about, or why it was ignored or failed.")
    )
    received_at = models.DateTimeField(_("received at"), default=clock.now)
    processed_at = models.DateTimeField(_("processed at"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ("view",)
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(fields=["forge", "delivery_id"], name="delivery_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=DeliveryState.values), name="delivery_state"
            ),
        ]
        indexes = [
            models.Index(fields=["received_at"], name="delivery_age"),
            models.Index(fields=["state", "-received_at"], name="delivery_state_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.forge} {self.event} {self.delivery_id}"
