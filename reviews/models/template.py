"""Templates of justifications, which the team shares."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.decision_kinds import DecisionKind
from reviews.models.constraints import one_of
from reviews.permissions import Permission


class Template(models.Model):
    """A text that reviewers can begin a justification with.

    `kind` is the kind of decision that it is for, "" for any. Placeholders in the text are filled
    in for each APV.
    """

    name = models.CharField(_("name"), max_length=60, unique=True)
    text = models.TextField(_("text"), max_length=2000)
    kind = models.CharField(_("decision"), max_length=10, choices=DecisionKind, blank=True)
    changed_at = models.DateTimeField(_("changed at"), default=clock.now)
    changed_by_name = models.CharField(_("changed by"), max_length=255)

    class Meta:
        verbose_name = _("template of justifications")
        verbose_name_plural = _("templates of justifications")
        ordering = ["name"]
        default_permissions = ("view",)
        permissions = [(Permission.MANAGE_TEMPLATES.codename, Permission.MANAGE_TEMPLATES.label)]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="") | one_of("kind", DecisionKind), name="template_kind"
            ),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(text=""), name="template_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)
