"""Model fields that fill themselves when a row is saved, through any interface."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from realtime import clock
from reviews import patch_facts
from reviews.choices import PRIORITY_OF_SEVERITY, Severity

if TYPE_CHECKING:
    from reviews.models import APV


class CodeField(models.CharField):  # type: ignore[type-arg]
    """`APV-{year}-{number}`, numbered per year without gaps if the row has no code."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if add and not getattr(model_instance, self.attname):
            assign_codes([model_instance])
        return super().pre_save(model_instance, add)


class PriorityField(models.PositiveSmallIntegerField):  # type: ignore[type-arg]
    """1 to 10; derived from the severity if the row has no priority."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if getattr(model_instance, self.attname) is None:
            severity = Severity(model_instance.severity)
            setattr(model_instance, self.attname, PRIORITY_OF_SEVERITY[severity])
        return super().pre_save(model_instance, add)


class VersionField(models.PositiveIntegerField):  # type: ignore[type-arg]
    """1 for a new row, and one more at each later save."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if not add:
            setattr(model_instance, self.attname, getattr(model_instance, self.attname) + 1)
        return super().pre_save(model_instance, add)


class SavedTimeField(models.DateTimeField):  # type: ignore[type-arg]
    """When the row was saved last."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        setattr(model_instance, self.attname, clock.now())
        return super().pre_save(model_instance, add)


class PathsField(ArrayField):  # type: ignore[type-arg]
    """The files of the patch, which is read whenever they are saved; None until then."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        patch_facts.fill(model_instance)
        return super().pre_save(model_instance, add)


class WordOfPatchField(models.CharField):  # type: ignore[type-arg]
    """A word about the patch, empty if nothing is known; it is read with the paths, saved before
    it, as a long patch should be parsed once.
    """


def assign_codes(apvs: "Sequence[APV]") -> None:
    """Give each APV without a code the next one of this year.

    Call it in the transaction that saves them: the year's row stays locked until it ends, so a
    rollback leaves no gap. Numbers taken by explicit codes are skipped. Code that adds an explicit
    code takes the lock too, so that nobody takes one between the check and the write.
    """
    from reviews.models import CodeSequence

    nameless = [apv for apv in apvs if not apv.apv_code]
    year = clock.now().year
    CodeSequence.objects.bulk_create([CodeSequence(year=year)], ignore_conflicts=True)
    sequence = CodeSequence.objects.select_for_update().get(year=year)
    given = {apv.apv_code for apv in apvs}
    codes = _free_codes(year, sequence.last, len(nameless), given)
    for apv, (number, code) in zip(nameless, codes, strict=True):
        apv.apv_code, sequence.last = code, number
    sequence.save(update_fields=["last"])


def _free_codes(year: int, last: int, count: int, given: set[str]) -> list[tuple[int, str]]:
    """Return the next `count` free numbers after `last` with their codes.

    Each query covers sixteen times as many: a few find the end of any run of taken numbers.
    """
    free: list[tuple[int, str]] = []
    width = max(count, 1)
    while len(free) < count and last < MOST_NUMBERS:
        upto = min(last + width, MOST_NUMBERS)
        with connection.cursor() as cursor:
            cursor.execute(FREE_CODES, [year, last + 1, upto, [*given], count - len(free)])
            free += cursor.fetchall()
        last, width = upto, 16 * width
    return free


MOST_NUMBERS = 999_999_999
"""A code has nine digits at most."""
FREE_CODES = """
SELECT number, code
FROM (
    SELECT number, 'APV-' || %s || '-' || lpad(number::text, greatest(3, length(number::text)), '0')
        AS code
    FROM generate_series(%s::integer, %s::integer) AS number
) AS numbered
WHERE code <> ALL (%s) AND NOT EXISTS (SELECT FROM reviews_apv WHERE apv_code = code)
ORDER BY number
LIMIT %s
"""
