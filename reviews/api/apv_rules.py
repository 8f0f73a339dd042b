"""REST's rules for APVs, for commands that add them."""

from typing import Any

from rest_framework.exceptions import ValidationError

from reviews.api.problems import flatten
from reviews.api.serializers.apvs import APVSerializer
from reviews.errors import FieldErrors


class APVRules:
    """Checks many APVs with one serializer: making its fields takes longer than a check."""

    def __init__(self) -> None:
        self._serializer = APVSerializer()

    def check(self, data: Any) -> tuple[dict[str, Any], FieldErrors]:
        """Return the fields to store of an APV as JSON, and what is wrong with it."""
        if data is None:
            return {}, _errors_of_nothing()
        try:
            return dict(self._serializer.run_validation(data)), {}
        except ValidationError as error:
            return {}, flatten(error.detail)


def _errors_of_nothing() -> FieldErrors:
    """Return the errors of a null, which only a serializer with data words as REST does."""
    serializer = APVSerializer(data=None)
    serializer.is_valid()
    return flatten(serializer.errors)
