"""Published advisories, and their links to APVs."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.models.apv import APV


class Advisory(models.Model):
    """A published advisory, as last imported."""

    osv_id = models.CharField(_("OSV id"), max_length=200, unique=True)
    modified = models.DateTimeField(_("modified"), null=True, blank=True)
    withdrawn = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    aliases = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, verbose_name=_("aliases")
    )
    packages = ArrayField(
        models.CharField(max_length=500),
        default=list,
        blank=True,
        editable=False,
        verbose_name=_("packages"),
        help_text=_("What it is found by: ecosystem and name, in the spelling of the registry."),
    )
    document = models.JSONField(_("document"))
    sha256 = models.CharField(_("SHA-256 of the document"), max_length=64)
    imported_at = models.DateTimeField(_("imported at"), default=clock.now)

    class Meta:
        verbose_name = _("advisory")
        verbose_name_plural = _("advisories")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-modified", "osv_id"], name="advisory_newest"),
            GinIndex(fields=["packages"], name="advisory_packages"),
        ]

    def __str__(self) -> str:
        return str(self.osv_id)


class APVAdvisory(models.Model):
    """The link between an APV and an advisory.

    It `applies` while the current advisory asks for exactly this bump. If it is the `origin`, an
    import made the APV from the advisory.
    """

    apv = models.ForeignKey(APV, on_delete=models.CASCADE, related_name="advisory_links")
    advisory = models.ForeignKey(Advisory, on_delete=models.PROTECT, related_name="apv_links")
    origin = models.BooleanField(default=False)
    applies = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["apv", "advisory"], name="apv_advisory_once")
        ]

    def __str__(self) -> str:
        return f"{self.apv} {self.advisory}"
