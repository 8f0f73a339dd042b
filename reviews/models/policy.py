"""Policies: what an approval needs, for which APVs. Their versions never change."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.permissions import Permission


class Policy(models.Model):
    """A rule for approvals, by its name. Its newest version that has begun says what it asks for.

    The `order`, then the name, decide which of several equal rules is named as the reason.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    is_active = models.BooleanField(_("active"), default=False)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["order", "name"]
        default_permissions = ("view",)
        permissions = [(Permission.MANAGE_POLICIES.codename, Permission.MANAGE_POLICIES.label)]
        constraints = [models.CheckConstraint(condition=~models.Q(name=""), name="policy_name")]

    def __str__(self) -> str:
        return str(self.name)


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    def newest(self) -> "PolicyVersionQuerySet":
        """Keep the newest version of each policy that has begun, in the order of policies."""
        begun = self.filter(active_from__lte=clock.now())
        order = ("policy__order", "policy__name", "policy_id")
        return begun.order_by(*order, "-number").distinct(*order).select_related("policy")

    def in_force(self) -> "PolicyVersionQuerySet":
        """Return what active policies ask for now, in their order."""
        return self.filter(policy__is_active=True).newest()


class PolicyVersion(models.Model):
    """What a policy asks for from a moment on. Never edited, never deleted.

    A trigger in the database refuses UPDATE and DELETE. `filter` is the text of a filter of APVs,
    and `requirements` has a value by the name of each requirement. `sha256` is that of the
    canonical content, which decisions keep.
    """

    policy = models.ForeignKey(
        Policy, on_delete=models.PROTECT, related_name="versions", verbose_name=_("policy")
    )
    number = models.PositiveIntegerField(_("number"))
    filter = models.TextField(_("filter"), blank=True)
    requirements = models.JSONField(_("requirements"), default=dict)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    active_from = models.DateTimeField(_("active from"), default=clock.now)
    made_at = models.DateTimeField(_("made at"), default=clock.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("made by"),
    )

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a policy")
        verbose_name_plural = _("versions of policies")
        ordering = ["policy", "-number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.number}"

    @property
    def content(self) -> dict[str, Any]:
        """Return what the hash is of: which version it is, and what that asks for."""
        return {
            "policy": self.policy_id,
            "number": self.number,
            "filter": self.filter,
            "requirements": self.requirements,
        }

    def digest(self) -> str:
        """Return the SHA-256 of the canonical content: sorted keys, no white space, UTF-8."""
        text = json.dumps(self.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()
