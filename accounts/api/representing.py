"""Represent rows as JSON, a field at a time: what is JSON already is taken from rows as it is."""

from collections.abc import Sequence
from datetime import datetime
from types import NoneType
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.fields import SkipField
from rest_framework.relations import PKOnlyObject

PLAIN: dict[Any, set[type]] = {
    serializers.CharField.to_representation: {str},
    serializers.ChoiceField.to_representation: {str},
    serializers.BooleanField.to_representation: {bool},
    serializers.IntegerField.to_representation: {int},
    serializers.FloatField.to_representation: {float},
}
"""The types of values that a way to represent one returns unchanged."""
OTHERS: dict[Any, set[type]] = {
    serializers.UUIDField.to_representation: {UUID},
    serializers.DateTimeField.to_representation: {datetime},
    serializers.ListField.to_representation: {list},
    serializers.JSONField.to_representation: {dict, list},
}
"""The types of values that another way is meant for."""
LEFT_OUT = object()
"""Stands for a field that the representation of a row does not have."""


def representations(record: serializers.BaseSerializer[Any], rows: Sequence[Any]) -> list[Any]:
    """Return `rows` as `record.to_representation` represents each of them."""
    is_usual = type(record).to_representation is serializers.Serializer.to_representation
    if not isinstance(record, serializers.Serializer) or not is_usual:
        return [record.to_representation(row) for row in rows]
    fields = [one for one in record.fields.values() if not one.write_only]
    columns = {str(field.field_name): _column(field, rows) for field in fields}
    found = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    for name in [name for name, values in columns.items() if LEFT_OUT in values]:
        for one in found:
            if one[name] is LEFT_OUT:
                del one[name]
    return found


def _column(field: Any, rows: Sequence[Any]) -> list[Any]:
    """Return what all rows have in one field."""
    way = type(field).to_representation
    if len(field.source_attrs) == 1 and (way in PLAIN or way in OTHERS):
        values = [getattr(row, field.source, LEFT_OUT) for row in rows]
        types = {*map(type, values)} - {NoneType}
        if types <= PLAIN.get(way, set()):
            return values
        if types <= OTHERS.get(way, set()):
            return [None if value is None else way(field, value) for value in values]
    if len(field.source_attrs) > 1:
        return _of_related(field, rows)
    return [_represented(row, field) for row in rows]


def _of_related(field: Any, rows: Sequence[Any]) -> list[Any]:
    """Return what related rows have in one field; all rows without one have the same."""
    first = field.source_attrs[0]
    without = next((row for row in rows if getattr(row, first, LEFT_OUT) is None), None)
    of_none = LEFT_OUT if without is None else _represented(without, field)
    return [
        of_none if getattr(row, first, LEFT_OUT) is None else _represented(row, field)
        for row in rows
    ]


def _represented(row: Any, field: Any) -> Any:
    """Return what a row has in one field as REST framework represents it, or LEFT_OUT."""
    try:
        value = field.get_attribute(row)
    except SkipField:
        return LEFT_OUT
    is_null = (value.pk if isinstance(value, PKOnlyObject) else value) is None
    return None if is_null else field.to_representation(value)
