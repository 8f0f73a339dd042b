"""The fields in which people choose the values of filters."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from reviews.filters.kinds import BadValue, Choice, Offered, Parameter


class Checkboxes(forms.CheckboxSelectMultiple):
    """A checkbox for each choice; an address may have several values between commas."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return _divided(data.getlist(name))


class SeveralChoices(forms.MultipleChoiceField):
    """Some of the choices. Unknown values are ignored."""

    widget = Checkboxes

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def clean(self, value: Any) -> list[str]:
        return [one for one in value if self.valid_value(one)]


class Joined(forms.TextInput):
    """All values of a parameter, between commas."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        return ",".join(_divided(data.getlist(name)))


class Kept(forms.MultipleHiddenInput):
    """All values of a parameter, which a link has set."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return _divided(data.getlist(name))


class Values(forms.Field):
    """The values of a parameter as text. The faults say why one is not read."""

    def __init__(self, parameter: Parameter, widget: forms.Widget) -> None:
        super().__init__(required=False, label=parameter.label, widget=widget)
        self.parameter = parameter

    def clean(self, value: Any) -> Any:
        reasons = list(self._reasons(value if isinstance(value, list) else [value or ""]))
        if reasons:
            raise ValidationError(reasons)
        return value

    def _reasons(self, texts: Iterable[str]) -> Iterable[str]:
        for text in self.parameter.divided(texts):
            try:
                self.parameter.read(text)
            except BadValue as reason:
                yield from reason.args


def field_for(parameter: Parameter, *, hidden: bool) -> forms.Field:
    """Return the field in which the values of a parameter are chosen or kept."""
    if isinstance(parameter, Choice):
        return SeveralChoices(label=parameter.label, choices=[*parameter.every.items()])
    if isinstance(parameter, Offered):
        return SeveralChoices(label=parameter.label, choices=parameter.offers)
    if hidden:
        return Values(parameter, Kept() if parameter.takes_several else forms.HiddenInput())
    attributes = {"placeholder": parameter.example, "autocomplete": "off", "spellcheck": "false"}
    return Values(parameter, Joined(attrs=attributes))


def _divided(texts: Iterable[str]) -> list[str]:
    parts = [part for text in texts for part in text.split(",")]
    return [part for part in dict.fromkeys(parts) if part]
