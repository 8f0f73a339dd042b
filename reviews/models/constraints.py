"""Rules for fields of several models, as validators and as conditions of constraints."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

UNIT_INTERVAL = (MinValueValidator(0.0), MaxValueValidator(1.0))


def unit_interval(name: Any, **options: Any) -> "models.FloatField[Any, Any]":
    """Validate a confidence or probability: from 0 to 1, or unknown."""
    return models.FloatField(name, null=True, blank=True, validators=UNIT_INTERVAL, **options)


def one_of(field: str, choices: type[models.TextChoices], *, null: bool = False) -> models.Q:
    """Return the condition that `field` has one of `choices`."""
    condition = models.Q(**{f"{field}__in": choices.values})
    return condition | models.Q(**{f"{field}__isnull": True}) if null else condition


def within(field: str, least: float, most: float) -> models.Q:
    """Return the condition that `field` is unknown or from `least` to `most`, and not NaN."""
    inside = models.Q(**{f"{field}__gte": least, f"{field}__lte": most})
    return inside | models.Q(**{f"{field}__isnull": True})
