"""Validate usual values at once: a request may bring 1,000 APVs with 40 fields each.

All other values go through REST framework, which has the last word, and words all errors.
"""

import math
import re
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError as InvalidModel
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from rest_framework import serializers
from rest_framework.fields import SkipField, empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

HALF_CHARACTER = re.compile("[\ud800-\udfff]")
OF_TEXTS = (
    *(MaxLengthValidator, ProhibitNullCharactersValidator),
    ProhibitSurrogateCharactersValidator,
)
"""The validators that every text has."""


class TextField(serializers.CharField):
    """Text."""

    def run_validation(self, data: Any = empty) -> Any:
        if type(data) is str:
            text = data.strip() if self.trim_whitespace else data
            if self._is_usual(text):
                return text
        return super().run_validation(data)

    def _is_usual(self, text: str) -> bool:
        return (
            text != ""
            and len(text) <= self._longest
            and "\0" not in text
            and (text.isascii() or not HALF_CHARACTER.search(text))
            and self._obeys_rules(text)
        )

    @cached_property
    def _longest(self) -> float:
        return math.inf if self.max_length is None else self.max_length

    @cached_property
    def _rules(self) -> list[Any]:
        return [one for one in self.validators if not isinstance(one, OF_TEXTS)]

    def _obeys_rules(self, text: str) -> bool:
        try:
            for rule in self._rules:
                rule(text)
        except (serializers.ValidationError, InvalidModel):
            return False
        return True


class ChoiceField(serializers.ChoiceField):
    """One of several texts."""

    def run_validation(self, data: Any = empty) -> Any:
        if type(data) is str and data in self._usual:
            return self._usual[data]
        return super().run_validation(data)

    @cached_property
    def _usual(self) -> dict[str, Any]:
        return {} if self.validators else self.choice_strings_to_values


class BooleanField(serializers.BooleanField):
    """True or false."""

    def run_validation(self, data: Any = empty) -> Any:
        return data if type(data) is bool and self._is_free else super().run_validation(data)

    @cached_property
    def _is_free(self) -> bool:
        return not self.validators


class GivenFields(serializers.Serializer[Any]):
    """A serializer that looks at the fields that were given, and at those that must be."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return self._usual(data)
        except (serializers.ValidationError, InvalidModel, SkipField):
            return super().to_internal_value(data)

    def _usual(self, data: Any) -> dict[str, Any]:
        if type(data) is not dict or self._has_other_checks:
            raise SkipField
        return {
            field.source: field.run_validation(data.get(name, empty))
            for name, field, must_be_given in self._inputs
            if must_be_given or name in data
        }

    @cached_property
    def _inputs(self) -> list[tuple[str, Any, bool]]:
        fields = {name: one for name, one in self.fields.items() if not one.read_only}
        return [
            (name, one, one.required or one.default is not empty) for name, one in fields.items()
        ]

    @cached_property
    def _has_other_checks(self) -> bool:
        """Return whether a field is checked or named in another way than by itself."""
        return any(
            hasattr(self, f"validate_{name}") or field.source_attrs != [name]
            for name, field, _must_be_given in self._inputs
        )

    def run_validators(self, value: Any) -> None:
        if self.validators:
            super().run_validators(value)
