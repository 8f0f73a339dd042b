"""Counters in rows: for codes, and for the statistics of APVs and decisions."""

from django.db import models


class CodeSequence(models.Model):
    """The last number of an APV code in a year. Its row is the lock on numbering."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"APV-{self.year}-{self.last:03d}"


class Tally(models.Model):
    """Part of a counter that triggers keep (migration 0004); `reviews.tally` reads them."""

    pk = models.CompositePrimaryKey("key", "slot")
    key = models.CharField(max_length=100)
    slot = models.SmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        verbose_name = "counter"
        verbose_name_plural = "counters"

    def __str__(self) -> str:
        return self.key
