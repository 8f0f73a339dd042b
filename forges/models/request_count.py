"""How many requests were sent to a forge, and how it answered."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from forges.models.forge import Forge


class RequestCount(models.Model):
    """How many requests of a method got one status from a forge.

    Processes that run jobs send most of them and are scraped by nobody, so that each process adds
    what it has sent (`forges.request_counts`). `status` is the code of an answer; `timeout` or
    `error` if there was none.
    """

    forge = models.ForeignKey(Forge, on_delete=models.CASCADE, related_name="request_counts")
    method = models.CharField(max_length=10)
    status = models.CharField(max_length=10)
    count = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("count of requests")
        verbose_name_plural = _("counts of requests")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["forge", "method", "status"], name="request_count_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.forge} {self.method} {self.status}: {self.count}"
