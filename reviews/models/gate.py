"""The commit status that keeps a pull request from being merged around the console."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from forges.choices import CheckState
from reviews.models.apv import APV


class Gate(models.Model):
    """The status that the console has set last on the head commit of an APV's pull request.

    `problem` is what setting the next one failed with.
    """

    apv = models.OneToOneField(
        APV, on_delete=models.CASCADE, related_name="gate", primary_key=True, verbose_name=_("APV")
    )
    head_commit = models.CharField(_("head commit"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=CheckState, blank=True)
    description = models.CharField(_("description"), max_length=140, blank=True)
    set_at = models.DateTimeField(_("set at"), null=True)
    problem = models.TextField(_("problem"), blank=True)

    class Meta:
        verbose_name = _("gate")
        verbose_name_plural = _("gates")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.apv} {self.state}"
