"""The form of a batch: one justification for all that was chosen."""

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from reviews.batches.actions import OFFERED
from reviews.console import confidence
from reviews.console.number_formats import digits
from reviews.models import JUSTIFICATION_LENGTH
from reviews.placeholders import PLACEHOLDERS


def _choices() -> list[tuple[str, Any]]:
    return [(one.name, capfirst(one.label)) for one in OFFERED]


class BatchForm(forms.Form):
    """What to do with many APVs, and why. The service checks the rest, for each APV."""

    use_required_attribute = False

    decision = forms.ChoiceField(label=_("Decision"), choices=_choices, widget=forms.RadioSelect)
    justification = forms.CharField(
        label=_("Justification"),
        min_length=JUSTIFICATION_LENGTH[0],
        max_length=JUSTIFICATION_LENGTH[1],
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True}),
        help_text=format_lazy(
            _("{least} to {most} characters, for each of them. Filled in for each: {names}."),
            least=JUSTIFICATION_LENGTH[0],
            most=lazy(digits, str)(JUSTIFICATION_LENGTH[1]),
            names=" ".join(f"{{{name}}}" for name in PLACEHOLDERS),
        ),
    )
    confidence = forms.FloatField(
        label=_("How sure are you?"),
        required=False,
        min_value=0,
        max_value=1,
        widget=forms.RadioSelect(choices=confidence.form_choices),
    )

    batch = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @property
    def given(self) -> dict[str, Any]:
        """Return what every APV gets."""
        text = self.cleaned_data["justification"].replace("\r\n", "\n")
        return {"justification": text, "confidence": self.cleaned_data["confidence"]}
