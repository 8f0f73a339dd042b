"""Rules that fields of several models keep, as validators and as conditions of constraints."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

UNIT_INTERVAL = (MinValueValidator(0.0), MaxValueValidator(1.0))


def unit_interval(name: Any) -> "models.FloatField[Any, Any]":
    """A confidence or probability: 0 to 1, or unknown."""
    return models.FloatField(name, null=True, blank=True, validators=UNIT_INTERVAL)


def one_of(field: str, choices: type[models.TextChoices], *, null: bool = False) -> models.Q:
    """The condition that `field` holds one of `choices`."""
    condition = models.Q(**{f"{field}__in": choices.values})
    return condition | models.Q(**{f"{field}__isnull": True}) if null else condition


def within(field: str, least: float, most: float) -> models.Q:
    """The condition that `field` is unknown or lies from `least` to `most`; NaN does not."""
    inside = models.Q(**{f"{field}__gte": least, f"{field}__lte": most})
    return inside | models.Q(**{f"{field}__isnull": True})
