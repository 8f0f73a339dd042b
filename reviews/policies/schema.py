"""Read the requirements of a policy from JSON, and check them."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _
from pydantic import ValidationError

from reviews.errors import FieldErrors, InvalidInput
from reviews.policies.requirements import KINDS, Requirement

FIELD = "requirements"


def requirements_of(stored: Mapping[str, Any]) -> list[Requirement]:
    """Return the requirements that a version has, in the order in which they are shown."""
    return [kind(stored[name]) for name, kind in KINDS.items() if name in stored]


def checked(given: Any) -> dict[str, Any]:
    """Return requirements as they are stored. Raise InvalidInput with the reasons by path."""
    if not isinstance(given, dict):
        raise InvalidInput({FIELD: [_("Give a JSON object.")]})
    errors: FieldErrors = {}
    values = {str(name): _value(str(name), value, errors) for name, value in given.items()}
    if errors:
        raise InvalidInput(errors)
    if not values:
        raise InvalidInput({FIELD: [_("Give at least one requirement.")]})
    if unknown := _unknown_groups(values):
        message = _("There is no group {group}.")
        raise InvalidInput({FIELD: [message.format(group=name) for name in unknown]})
    return values


def _value(name: str, given: Any, errors: FieldErrors) -> Any:
    """Return the value of a requirement, or note why it is none."""
    path = f"{FIELD}.{name[:100]}"
    if name not in KINDS:
        message = _("There is no such requirement. Choose from {names}.")
        errors[path] = [message.format(names=", ".join(KINDS))]
        return None
    try:
        value = KINDS[name].schema.validate_python(given)
    except ValidationError as error:
        errors[path] = [_reason(one) for one in error.errors()]
        return None
    if isinstance(value, list):
        if len(set(value)) < len(value):
            errors[path] = [_("Name each once.")]
        return sorted(value)
    return value


def _reason(error: Any) -> str:
    """Return one fault in words, with where it is."""
    place = ".".join(str(step) for step in error["loc"])
    return f"{place}: {error['msg']}" if place else str(error["msg"])


def _unknown_groups(values: Mapping[str, Any]) -> list[str]:
    named = {group for one in requirements_of(values) for group in one.groups}
    known = Group.objects.filter(name__in=named).values_list("name", flat=True)
    return sorted(named.difference(known))
