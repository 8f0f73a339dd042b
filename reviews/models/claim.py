"""Who works on an APV at the moment, as everybody sees it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.models.apv import APV


class ClaimQuerySet(models.QuerySet["Claim"]):
    def current(self) -> "ClaimQuerySet":
        """Leave out those whose time is over, which the next sweep deletes."""
        return self.filter(expires_at__gt=clock.now())


class Claim(models.Model):
    """A reviewer works on an APV for some minutes, so that nobody else begins. It forbids nothing.

    An APV has one claim at most. Writers lock the APV first.
    """

    apv = models.OneToOneField(
        APV,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="claim",
        verbose_name=_("APV"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("claimed by"),
    )
    claimed_at = models.DateTimeField(_("claimed at"), default=clock.now)
    expires_at = models.DateTimeField(_("expires at"))

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["expires_at"], name="claim_expires")]

    def __str__(self) -> str:
        return f"{self.apv}: {self.user}"

    @property
    def is_current(self) -> bool:
        return self.expires_at > clock.now()
