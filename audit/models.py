"""The audit's entries, its head, and its archives."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.choices import CHANGES_OF_APVS, AuditAction, Source
from realtime.messages import wire_time


class Entry(models.Model):
    """One action of a user, as `entries.record` wrote it. Never edited; deleted once archived.

    The actor is not a foreign key and the details are text, so that an entry outlives the user and
    stays exactly what was signed. Triggers in the database refuse changes (migrations 0002, 0007).
    """

    sequence = models.PositiveBigIntegerField(_("sequence"), primary_key=True)
    at = models.DateTimeField(_("at"))
    user_id = models.BigIntegerField(_("user id"), null=True)
    actor = models.CharField(
        _("actor"),
        max_length=150,
        blank=True,
        help_text=_("The user's name; for a command, the machine's user."),
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    action = models.CharField(_("action"), max_length=30, choices=AuditAction)
    object = models.CharField(_("object"), max_length=200, blank=True)
    details = models.TextField(_("details"), help_text=_("A JSON object."))
    address = models.CharField(_("address"), max_length=45, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    key = models.CharField(
        _("key"), max_length=16, help_text=_("Which of HITL_AUDIT_KEYS signed it.")
    )
    previous = models.CharField(_("previous MAC"), max_length=64)
    mac = models.CharField(_("MAC"), max_length=64)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["-at"], name="audit_newest"),
            models.Index(
                fields=["actor", "address"],
                name="audit_signed_in",
                condition=models.Q(action=AuditAction.SIGNED_IN),
            ),
            models.Index(
                fields=["sequence"],
                name="audit_apv_changed",
                condition=models.Q(action__in=CHANGES_OF_APVS),
            ),
            models.Index(
                fields=["sequence"],
                name="audit_merged_around",
                condition=models.Q(action=AuditAction.MERGED_AROUND),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.actor} {self.get_action_display()} {self.object}"


class Head(models.Model):
    """The last entry. The row's lock orders the entries, and only the database moves it."""

    sequence = models.PositiveBigIntegerField()
    mac = models.CharField("MAC", max_length=64)

    def __str__(self) -> str:
        return f"{self.sequence}:{self.mac}"


class Archive(models.Model):
    """Entries that were moved to a file, and what the rest of the chain follows. Never edited.

    An entry of the audit has the same facts under its MAC. Triggers in the database let nothing
    else be deleted (migration 0007).
    """

    first = models.PositiveBigIntegerField(_("first entry"), unique=True)
    last = models.PositiveBigIntegerField(_("last entry"), primary_key=True)
    first_at = models.DateTimeField(_("from"))
    last_at = models.DateTimeField(_("until"))
    mac = models.CharField(_("MAC"), max_length=64, help_text=_("That of the last entry."))
    name = models.CharField(_("file"), max_length=100)
    sha256 = models.CharField("SHA-256", max_length=64)
    actions = models.JSONField(_("actions"), help_text=_("How many entries there are of each."))
    recorded_in = models.PositiveBigIntegerField(
        _("recorded in"), help_text=_("The entry that says the same.")
    )

    class Meta:
        verbose_name = _("archive of the audit")
        verbose_name_plural = _("archives of the audit")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first__lte=models.F("last"), last__lt=models.F("recorded_in")),
                name="archive_in_order",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def facts(self) -> dict[str, Any]:
        """Return what the entry that records the archive says of it."""
        return {
            "first": self.first,
            "last": self.last,
            "first_at": wire_time(self.first_at),
            "last_at": wire_time(self.last_at),
            "mac": self.mac,
            "sha256": self.sha256,
            "actions": self.actions,
        }
