"""What a person is told by name."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.models.apv import APV


class NoticeKind(models.TextChoices):
    """Why somebody is told."""

    ASSIGNED = "assigned", _("assigned it to you")
    TAKEN_OVER = "taken_over", _("took it over from you")
    DUE_SOON = "due_soon", _("says that it is due soon")
    OVERDUE = "overdue", _("says that it is overdue")
    MENTIONED = "mentioned", _("mentioned you")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> "NoticeQuerySet":
        return self.filter(read_at=None)


class Notice(models.Model):
    """A person is told of something, whether they are here or not, until they have read it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notices",
        verbose_name=_("told to"),
    )
    apv = models.ForeignKey(APV, on_delete=models.CASCADE, related_name="+", verbose_name=_("APV"))
    kind = models.CharField(_("kind"), max_length=10, choices=NoticeKind)
    by_name = models.CharField(_("by"), max_length=301)
    text = models.TextField(_("text"), blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        default_permissions = ()
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notice_newest"),
            models.Index(
                fields=["user", "apv"], condition=models.Q(read_at=None), name="notice_unread"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=NoticeKind.values), name="notice_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()}"
