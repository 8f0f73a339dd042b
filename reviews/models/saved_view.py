"""Views of the queue that a person or the whole team keeps by name."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.orders import QUEUE_SORTS
from reviews.permissions import Permission


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def shared(self) -> "SavedViewQuerySet":
        return self.filter(owner=None)

    def seen_by(self, user: Any) -> "SavedViewQuerySet":
        """Return the shared views, then the user's own, each in their order."""
        seen = self.filter(models.Q(owner=None) | models.Q(owner=user.pk))
        return seen.order_by(models.F("owner").asc(nulls_first=True), "position", "pk")


class SavedView(models.Model):
    """A filter of the queue and an order, by name. One without an owner is shared by all."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=60)
    filter = models.TextField(_("filter"), blank=True)
    sort = models.CharField(_("order"), max_length=10)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    created_at = models.DateTimeField(_("created at"), default=clock.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        default_permissions = ()
        permissions = [(Permission.MANAGE_VIEWS.codename, Permission.MANAGE_VIEWS.label)]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_view_of_one"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(owner=None), name="saved_view_shared"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_view_has_name"),
            models.CheckConstraint(
                condition=models.Q(sort__in=[*QUEUE_SORTS]), name="saved_view_sort"
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None
