"""Who is reading an APV now."""

from django.conf import settings
from django.db import models

from reviews.models.apv import APV


class Reading(models.Model):
    """A user reads an APV in a tab, or did so until just now."""

    apv = models.ForeignKey(APV, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    tab = models.CharField(max_length=36, blank=True)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["apv", "user", "tab"], name="reading_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.apv}"
