"""Deadlines: until when APVs are to be decided on, by which rule, and what was told of it."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.names import display_name
from realtime import clock
from reviews.models.apv import APV
from reviews.models.constraints import one_of


class Counting(models.TextChoices):
    """Which hours of a deadline count."""

    CLOCK = "clock", pgettext_lazy("hours", "on the clock")
    WORKING = "working", pgettext_lazy("hours", "working hours")


class DeadlineRuleQuerySet(models.QuerySet["DeadlineRule"]):
    def in_force(self) -> "DeadlineRuleQuerySet":
        """Return the active rules, in their order."""
        return self.filter(is_active=True)


class DeadlineRule(models.Model):
    """How long APVs that match a filter may wait, who is warned, and to whom it is escalated.

    Of several that match, the one whose time is over first applies; of equal ones, the first by
    `order` and name. Time before `active_from` counts for nothing.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    is_active = models.BooleanField(_("active"), default=False)
    active_from = models.DateTimeField(_("active from"), null=True, editable=False)
    filter = models.TextField(_("filter"), blank=True)
    hours = models.PositiveSmallIntegerField(_("hours to decide"))
    counting = models.CharField(
        _("which hours count"), max_length=10, choices=Counting, default=Counting.CLOCK
    )
    timetable = models.TextField(_("working hours"), blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    holidays = models.TextField(_("holidays"), blank=True)
    warn_hours = models.PositiveSmallIntegerField(_("warn so many hours before"), default=0)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("person"),
    )
    group = models.ForeignKey(
        Group,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("group"),
    )
    assigns = models.BooleanField(_("assign it to them"), default=True)

    objects = DeadlineRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule for deadlines")
        verbose_name_plural = _("rules for deadlines")
        ordering = ["order", "name"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="deadline_rule_name"),
            models.CheckConstraint(condition=models.Q(hours__gte=1), name="deadline_rule_hours"),
            models.CheckConstraint(
                condition=models.Q(warn_hours__lt=models.F("hours")), name="deadline_rule_warn"
            ),
            models.CheckConstraint(
                condition=one_of("counting", Counting), name="deadline_rule_counting"
            ),
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) | models.Q(group__isnull=True),
                name="deadline_rule_to_one",
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def escalates_to(self) -> str:
        """Return the name of the person or the group, "" if they are not here any more."""
        return display_name(self.user) if self.user else str(self.group or "")


class Deadline(models.Model):
    """Until when an open APV is to be decided on, by the strictest rule that matches it.

    `APV.due_at` is a copy, by which lists are filtered and sorted. Writers lock the APV first.
    """

    apv = models.OneToOneField(
        APV,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="deadline",
        verbose_name=_("APV"),
    )
    rule = models.ForeignKey(
        DeadlineRule, on_delete=models.PROTECT, related_name="+", verbose_name=_("rule")
    )
    began_at = models.DateTimeField(_("waits since"))
    due_at = models.DateTimeField(_("due"))
    warn_at = models.DateTimeField(_("warned from"), null=True)
    warned_at = models.DateTimeField(_("warned at"), null=True)
    passed_at = models.DateTimeField(_("escalated at"), null=True)

    class Meta:
        verbose_name = _("deadline")
        verbose_name_plural = _("deadlines")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["warn_at"], condition=models.Q(warned_at=None), name="deadline_to_warn"
            ),
            models.Index(
                fields=["due_at"], condition=models.Q(passed_at=None), name="deadline_to_escalate"
            ),
            models.Index(fields=["due_at"], name="deadline_due"),
        ]

    def __str__(self) -> str:
        return f"{self.apv}: {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def counted(self) -> tuple[Any, datetime, datetime, datetime | None]:
        """Return what counting gives, without what was told of it."""
        return self.rule_id, self.began_at, self.due_at, self.warn_at


class Recount(models.Model):
    """The deadlines of all open APVs are counted anew, as the rules are another thing now.

    `after` is the id of the last APV that was counted. A newer one takes the place of one that
    has not ended.
    """

    began_at = models.DateTimeField(_("began at"), default=clock.now)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    after = models.UUIDField(null=True, editable=False)
    total = models.PositiveIntegerField(_("open APVs"))
    done = models.PositiveIntegerField(_("counted"), default=0)
    changed = models.PositiveIntegerField(_("with another deadline"), default=0)

    class Meta:
        verbose_name = _("recount of deadlines")
        verbose_name_plural = _("recounts of deadlines")
        ordering = ["-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}"
