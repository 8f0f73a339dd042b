"""Whom an APV is assigned to."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.names import display_name
from realtime import clock
from reviews.models.apv import APV


class Assignment(models.Model):
    """A person or a group is to decide on an APV. It forbids nobody else to. Writers lock the APV
    first.
    """

    apv = models.OneToOneField(
        APV,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="assignment",
        verbose_name=_("APV"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("person"),
    )
    group = models.ForeignKey(
        Group,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("group"),
    )
    assigned_at = models.DateTimeField(_("assigned at"), default=clock.now)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(group__isnull=True),
                name="assignment_to_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.apv}: {self.name}"

    @property
    def name(self) -> str:
        """Return the name of the person or the group."""
        return display_name(self.user) if self.user else str(self.group)
