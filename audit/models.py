"""The audit's entries, and its head."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.choices import CHANGES_OF_APVS, AuditAction, Source


class Entry(models.Model):
    """One action of a user, as `entries.record` wrote it. Never edited, never deleted.

    The actor is not a foreign key and the details are text, so that an entry outlives the user and
    stays exactly what was signed. Triggers in the database refuse changes (migration 0002).
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
