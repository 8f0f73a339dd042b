"""The decision form: its fields, and how the service's refusal comes back to them."""

import json
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from rest_framework.exceptions import ValidationError as RefusedObject

from reviews.api.fields import ObjectField
from reviews.choices import Status, Verb
from reviews.console.effects import effect
from reviews.errors import InvalidInput, ReviewError, VersionChanged
from reviews.models import APV, JUSTIFICATION_LENGTH


class ModificationsField(forms.CharField):
    """A JSON object, or lines of `key: value`, as a dictionary."""

    widget = forms.Textarea(
        attrs={"rows": 3, "spellcheck": "false", "class": "code", "placeholder": " "}
    )

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value))
        read = read_json(text) if text.startswith("{") else read_lines(text)
        try:
            return ObjectField().run_validation(read)
        except RefusedObject as error:
            raise ValidationError([str(reason) for reason in error.get_full_details()]) from None


def read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"This is no JSON object: {error}.") from None


def read_lines(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip():
            continue
        if not (key and colon):
            raise ValidationError(f"Line {number}: write it as key: value.")
        if key in found:
            raise ValidationError(f"Line {number}: {key} stands there twice.")
        found[key] = value
    return found


class Option(NamedTuple):
    """A verb as the form offers it, with what it sets in motion."""

    verb: Verb
    effect: str
    chosen: bool
    available: bool


class DecisionForm(forms.Form):
    """A decision as a reviewer writes it.

    Rules stand in `services.decide`: what is left to it here comes back in one round.
    """

    use_required_attribute = False

    decision = forms.ChoiceField(required=False, choices=Verb.choices, widget=forms.RadioSelect)
    modifications = ModificationsField(
        required=False,
        help_text="Needed to modify: lines of “key: value”, or a JSON object.",
    )
    justification = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=f"{JUSTIFICATION_LENGTH[0]} to {JUSTIFICATION_LENGTH[1]:,} characters; "
        "it stays on record.",
    )
    confidence = forms.FloatField(
        initial=1.0,
        widget=forms.NumberInput(
            attrs={"min": 0, "max": 1, "step": "0.05", "inputmode": "decimal"}
        ),
        help_text="How sure you are, from 0 to 1.",
    )
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    data: Any

    def clean_justification(self) -> str:
        return str(self.cleaned_data["justification"]).replace("\r\n", "\n")

    def options(self, apv: APV) -> list[Option]:
        """The verbs, and which of them `apv` is open to."""
        closed = {}
        if apv.pr_number is None:
            closed[Verb.APPROVE] = "Not possible: this APV has no pull request to merge"
            closed[Verb.REJECT] = "Not possible: this APV has no pull request to close"
        if apv.status == Status.ESCALATED:
            closed[Verb.ESCALATE] = "It is with the leads already"
        chosen = self["decision"].value()
        return [
            Option(
                verb=verb,
                effect=closed.get(verb) or capfirst(effect(apv, verb)),
                chosen=verb == chosen,
                available=verb not in closed,
            )
            for verb in Verb
        ]

    def take(self, error: ReviewError) -> None:
        """Show the service's refusal at the fields it names, or above all."""
        reasons = error.errors if isinstance(error, InvalidInput) else {"": [str(error)]}
        for name, why in reasons.items():
            self.add_error(name if name in self.fields else None, [*why])
        if isinstance(error, VersionChanged):
            self.data = {**self.data.dict(), "version": error.current}  # the page shows that one
