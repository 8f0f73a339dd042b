"""Serializer fields that are stricter than REST framework's own."""

import json
import math
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from rest_framework import serializers
from rest_framework.fields import empty

JSON_MAX_BYTES = 256 * 1024
JSON_MAX_DEPTH = 50
BOUNDS = (MinValueValidator, MaxValueValidator)
NUMBER_MAX = 1e300
"""What can be reckoned with and still be a double; JSON itself has no bound."""


class NumberField(serializers.FloatField):
    """A finite number; not NaN or Infinity, in any spelling."""

    def run_validation(self, data: Any = empty) -> Any:
        """Return a usual number at once; REST framework has the last word on all others."""
        if type(data) is float and self._lowest <= data <= self._highest and self._is_bounded_only:
            return data
        return super().run_validation(data)

    @cached_property
    def _lowest(self) -> float:
        return -sys.float_info.max if self.min_value is None else self.min_value

    @cached_property
    def _highest(self) -> float:
        return sys.float_info.max if self.max_value is None else self.max_value

    @cached_property
    def _is_bounded_only(self) -> bool:
        return all(isinstance(one, BOUNDS) for one in self.validators)

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        try:
            value = super().to_internal_value(data)
        except OverflowError:
            self.fail("invalid")
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class ObjectField(serializers.JSONField):
    """A JSON object that PostgreSQL can store: no NUL, no half surrogates, no huge numbers."""

    default_error_messages = {
        "object": "Give a JSON object.",
        "size": f"Give at most {JSON_MAX_BYTES // 1024} KiB.",
        "depth": f"Nest at most {JSON_MAX_DEPTH} levels.",
        "null": "Null characters are not allowed.",
        "text": "Text must be valid Unicode.",
        "number": "Numbers must be finite.",
        "range": f"Numbers must lie between -{NUMBER_MAX:g} and {NUMBER_MAX:g}.",
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            self.fail("object")
        self._check(data, JSON_MAX_DEPTH)
        if len(json.dumps(data, ensure_ascii=False).encode()) > JSON_MAX_BYTES:
            self.fail("size")
        return data

    def _check(self, value: Any, depth: int) -> None:
        if depth == 0:
            self.fail("depth")
        if isinstance(value, dict):
            for key, item in value.items():
                self._check(key, depth)
                self._check(item, depth - 1)
        elif isinstance(value, list):
            for item in value:
                self._check(item, depth - 1)
        elif isinstance(value, str):
            self._check_text(value)
        elif isinstance(value, float) and not math.isfinite(value):
            self.fail("number")
        elif isinstance(value, int | float) and abs(value) > NUMBER_MAX:
            self.fail("range")

    def _check_text(self, value: str) -> None:
        if "\0" in value:
            self.fail("null")
        if any("\ud800" <= character <= "\udfff" for character in value):
            self.fail("text")


class BoundedBytes:
    """Validate that a text has at most `most` bytes as UTF-8."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, value: str) -> None:
        if len(value.encode(errors="surrogatepass")) > self.most:
            raise serializers.ValidationError(f"Give at most {self.most:,} bytes.")


MOST_BAD_ITEMS = 10
"""After so many bad items of a list nobody reads on, and neither does the validation."""


class BoundedListField(serializers.ListField):
    """A list whose length is checked before its items. Errors name the first bad items."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list):
            self.run_validators(data)
        return list(super().to_internal_value(data))

    def run_child_validation(self, data: Any) -> list[Any]:
        return first_errors(self.child.run_validation, data)


class FirstErrors(serializers.ListSerializer[Any]):
    """A list of objects. Errors name the first bad ones."""

    def to_internal_value(self, data: Any) -> list[Any]:
        return first_errors(self.run_child_validation, data)


def first_errors(validate: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Validate `items`; raise ValidationError with the errors of the first bad ones by index."""
    valid: list[Any] = []
    errors: Any = {}
    for index, item in enumerate(items):
        try:
            valid.append(validate(item))
        except serializers.ValidationError as error:
            errors[index] = error.detail
        if len(errors) == MOST_BAD_ITEMS:
            break
    if errors:
        raise serializers.ValidationError(errors)
    return valid
