"""Model fields that fill themselves while a row is saved, whichever door it comes through."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from reviews.choices import PRIORITY_OF_SEVERITY, Severity

if TYPE_CHECKING:
    from reviews.models import APV


class CodeField(models.CharField):  # type: ignore[type-arg]
    """`APV-{year}-{number}`, numbered per year without gaps when the row brings none."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if add and not getattr(model_instance, self.attname):
            assign_codes([model_instance])
        return super().pre_save(model_instance, add)


class PriorityField(models.PositiveSmallIntegerField):  # type: ignore[type-arg]
    """1 to 10; follows from the severity when the row brings none."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if getattr(model_instance, self.attname) is None:
            severity = Severity(model_instance.severity)
            setattr(model_instance, self.attname, PRIORITY_OF_SEVERITY[severity])
        return super().pre_save(model_instance, add)


class VersionField(models.PositiveIntegerField):  # type: ignore[type-arg]
    """1 for a new row, one more at each later save."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if not add:
            setattr(model_instance, self.attname, getattr(model_instance, self.attname) + 1)
        return super().pre_save(model_instance, add)


def assign_codes(apvs: "Iterable[APV]") -> None:
    """Give each APV without a code the next of this year.

    Must run in the transaction that saves them: the year's row stays locked until it ends, so a
    rollback leaves no gap. Numbers that somebody took by giving a code are stepped over.
    """
    from reviews.models import APV, CodeSequence

    nameless = [apv for apv in apvs if not apv.apv_code]
    if not nameless:
        return
    year = timezone.now().year
    CodeSequence.objects.bulk_create([CodeSequence(year=year)], ignore_conflicts=True)
    sequence = CodeSequence.objects.select_for_update().get(year=year)
    numbers = (number for number in range(sequence.last + 1, 10**9))
    for apv in nameless:
        code, sequence.last = next(
            (code, number)
            for number in numbers
            if not APV.objects.filter(apv_code=(code := f"APV-{year}-{number:03d}")).exists()
        )
        apv.apv_code = code
    sequence.save(update_fields=["last"])
