"""Represent rows as JSON: what is JSON already is taken from a row as it is."""

from collections.abc import Callable
from typing import Any, NamedTuple

from rest_framework import serializers
from rest_framework.fields import SkipField
from rest_framework.relations import PKOnlyObject

PLAIN: dict[Any, type] = {
    serializers.CharField.to_representation: str,
    serializers.ChoiceField.to_representation: str,
    serializers.BooleanField.to_representation: bool,
    serializers.IntegerField.to_representation: int,
    serializers.FloatField.to_representation: float,
}
"""The type of value that a way to represent one returns unchanged."""
NOTHING = object()


class Output(NamedTuple):
    """A field; `plain` is the type of its attribute's values that stay as they are, if any."""

    field: Any
    attribute: str
    plain: type | None


def representer(record: serializers.BaseSerializer[Any]) -> Callable[[Any], Any]:
    """Return what represents rows as `record.to_representation` does."""
    is_usual = type(record).to_representation is serializers.Serializer.to_representation
    if not isinstance(record, serializers.Serializer) or not is_usual:
        return record.to_representation
    outputs = [_output(field) for field in record.fields.values() if not field.write_only]
    return lambda row: _represented(row, outputs)


def _output(field: Any) -> Output:
    is_attribute = len(field.source_attrs) == 1
    plain = PLAIN.get(type(field).to_representation) if is_attribute else None
    return Output(field, field.source, plain)


def _represented(row: Any, outputs: list[Output]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for field, attribute, plain in outputs:
        value = getattr(row, attribute, NOTHING) if plain else NOTHING
        if value is None or type(value) is plain:
            given[field.field_name] = value
        else:
            _represent(row, field, given)
    return given


def _represent(row: Any, field: Any, given: dict[str, Any]) -> None:
    """Represent one field as REST framework does."""
    try:
        value = field.get_attribute(row)
    except SkipField:
        return
    is_null = (value.pk if isinstance(value, PKOnlyObject) else value) is None
    given[field.field_name] = None if is_null else field.to_representation(value)
