"""The decision form: its fields, and the errors that the service reports."""

import json
from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError as RefusedObject

from reviews.api.fields import ObjectField
from reviews.console import confidence, sent_json
from reviews.console.changes import Difference, differences, seen
from reviews.console.effects import effect
from reviews.console.number_formats import digits
from reviews.console.question import SEALED
from reviews.decision_kinds import DecisionKind
from reviews.errors import InvalidInput, ReviewError, VersionChanged
from reviews.models import APV, JUSTIFICATION_LENGTH
from reviews.policies.explaining import Explanation


def add_errors(form: forms.Form, error: ReviewError) -> None:
    """Add what a service refuses to the fields of a form, or to the form."""
    reasons = error.errors if isinstance(error, InvalidInput) else {"": [str(error)]}
    for name, why in reasons.items():
        form.add_error(name if name in form.fields else None, [*why])


class SignInForm(AuthenticationForm):
    """Keep the name after a wrong password, and focus the password."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.data.get("username"):
            del self.fields["username"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True


class KeysAndValues(forms.Widget):
    """Rows of keys and values; a text under the field's own name takes precedence."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        text = data.get(name, "")
        if text.strip() or not hasattr(data, "getlist"):
            return text
        keys, values = data.getlist(f"{name}-key"), data.getlist(f"{name}-value")
        return [pair for pair in zip(keys, values, strict=False) if any(pair)]


class ModificationsField(forms.CharField):
    """A JSON object, lines of `key: value`, or pairs of a key and a value, as a dictionary."""

    widget = forms.Textarea(
        attrs={"rows": 3, "spellcheck": "false", "class": "code", "placeholder": " "}
    )

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, list) else super().to_python(value)

    def run_validators(self, value: Any) -> None:
        for text in (
            [part for pair in value for part in pair] if isinstance(value, list) else [value]
        ):
            super().run_validators(text)

    def clean(self, value: Any) -> Any:
        given = super().clean(value)
        if isinstance(given, list):
            read: Any = read_pairs(given)
        else:
            read = read_json(given) if given.startswith("{") else read_lines(given)
        try:
            return ObjectField().run_validation(read)
        except RefusedObject as error:
            raise ValidationError([str(reason) for reason in error.get_full_details()]) from None


def read_pairs(pairs: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, (key, value) in enumerate(pairs, start=1):
        if not key.strip():
            raise ValidationError(_("Row {number}: give it a key.").format(number=number))
        if key.strip() in found:
            message = _("Row {number}: {key} is there twice.")
            raise ValidationError(message.format(number=number, key=key.strip()))
        found[key.strip()] = value.strip()
    return found


def read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = _("This is no JSON object: {error}.")
        raise ValidationError(message.format(error=error)) from None


def read_lines(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip():
            continue
        if not (key and colon):
            message = _("Line {number}: write it as key: value.")
            raise ValidationError(message.format(number=number))
        if key in found:
            message = _("Line {number}: {key} is there twice.")
            raise ValidationError(message.format(number=number, key=key))
        found[key] = value
    return found


class Option(NamedTuple):
    """A kind of decision in the form, with its effect, or why it is not possible.

    One that is not `offered` cannot be chosen for this APV; the form still gives its reason.
    """

    kind: DecisionKind
    effect: str
    chosen: bool
    available: bool
    offered: bool


def _option(kind: DecisionKind, apv: APV, chosen: Any, why_not: str, follows: str) -> Option:
    """Return an option; `why_not` and `follows` say what policies make of it."""
    fits = kind.fits(apv.pr_number, apv.status)
    text = str(capfirst(effect(apv, kind)) if fits else kind.traits.impossible)
    if fits:
        text = why_not or (f"{text}: {follows}" if follows else text)
    offered = fits or not kind.traits.for_none
    available = fits and not why_not
    return Option(kind, text, kind == chosen and available, available, offered)


class DecisionForm(forms.Form):
    """A decision as a reviewer enters it.

    The rules are in `services.decide`. The form checks the rest, so that all errors come at once.
    """

    use_required_attribute = False

    decision = forms.ChoiceField(
        label=_("Decision"), required=False, choices=DecisionKind.choices, widget=forms.RadioSelect
    )
    modifications = ModificationsField(
        label=_("Modifications"),
        required=False,
        help_text=_("Needed to modify: lines of “key: value”, or a JSON object."),
    )
    justification = forms.CharField(
        label=_("Justification"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=format_lazy(
            _("{least} to {most} characters; it stays on record."),
            least=JUSTIFICATION_LENGTH[0],
            most=lazy(digits, str)(JUSTIFICATION_LENGTH[1]),
        ),
    )
    confidence = forms.FloatField(
        label=_("How sure are you?"),
        required=False,
        widget=forms.RadioSelect(choices=confidence.form_choices),
    )
    escalate_to = forms.CharField(
        label=_("Escalate to"), required=False, max_length=160, widget=forms.HiddenInput
    )
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    data: Any

    @property
    def given(self) -> dict[str, Any]:
        """Return the arguments for the service."""
        kind, _colon, name = self._addressee.partition(":")
        to = {"escalate_to_user": "", "escalate_to_group": ""}
        if f"escalate_to_{kind}" in to:
            to[f"escalate_to_{kind}"] = name
        return {one: to[one] if one in to else self.cleaned_data[one] for one in SEALED}

    @property
    def _addressee(self) -> str:
        """Return whom the decision is for as it was sent, if it is an escalation at all."""
        is_escalation = self.cleaned_data["decision"] == DecisionKind.ESCALATE
        return str(self.cleaned_data["escalate_to"]) if is_escalation else ""

    def clean_justification(self) -> str:
        return str(self.cleaned_data["justification"]).replace("\r\n", "\n")

    def options(self, apv: APV, asked: Explanation | None = None) -> list[Option]:
        """Return the kinds of decision, and which of them are possible for `apv`.

        `asked` is what the policies ask of the reader's approval.
        """
        chosen = self["decision"].value()
        why_not = asked.why_not if asked else ""
        follows = asked.follows if asked and not why_not else ""
        said = {DecisionKind.APPROVE: (why_not, follows)}
        return [_option(kind, apv, chosen, *said.get(kind, ("", ""))) for kind in DecisionKind]

    def take(self, error: ReviewError) -> None:
        """Add the service's errors to their fields, or to the form."""
        add_errors(self, _at_their_field(error))
        if isinstance(error, VersionChanged):
            self.data = self.data.copy()
            self.data["version"] = error.current  # the page shows that decision


def _at_their_field(error: ReviewError) -> ReviewError:
    """Return an error with what it says of an addressee at the one field of the form for that."""
    if not isinstance(error, InvalidInput):
        return error
    joint = dict.fromkeys(("escalate_to_user", "escalate_to_group"), "escalate_to")
    return InvalidInput({joint.get(name, name): why for name, why in error.errors.items()})


class ConsoleForm(DecisionForm):
    """The decision form as the console shows it."""

    modifications = ModificationsField(
        label=_("Modifications"),
        required=False,
        widget=KeysAndValues,
        help_text=_("What to change, as keys and values. Some keys are suggested."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    since = forms.CharField(required=False, widget=forms.HiddenInput)

    BLANK_ROWS = 2
    VOCABULARY = (
        ("version", _("the version to go to instead")),
        ("file", _("the file to change")),
        ("line", _("the line to change, as file:line")),
        ("replacement", _("what to write there")),
        ("test", _("the test to add or to run")),
        ("scope", _("what else to change, or to leave alone")),
        ("strategy", _("another kind of patch")),
        ("reviewer", _("who should look at it next")),
    )
    """Keys that a machine can act on; others are taken as well."""

    @property
    def confidences(self) -> list[tuple[str, str]]:
        """Return the answers to the question of confidence, as values and labels."""
        return confidence.choices(self.confidence_sent)

    @property
    def confidence_sent(self) -> str:
        """Return the chosen answer as it was sent."""
        value = self["confidence"].value()
        return "" if value is None else str(value)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Return the modifications as rows of the editor, with empty rows for more."""
        return [*(self.pairs or []), *[("", "")] * self.BLANK_ROWS]

    @property
    def text(self) -> str:
        """Return modifications that were sent as a text and cannot be shown as rows."""
        value = self["modifications"].value()
        return value if isinstance(value, str) and self.pairs is None else ""

    @property
    def pairs(self) -> list[tuple[str, str]] | None:
        """Return the sent modifications as pairs, or None if they are not plain keys and values."""
        value = self["modifications"].value()
        if isinstance(value, list):
            return value
        try:
            read = sent_json.read(value or "{}")
        except (ValueError, RecursionError):
            return None
        is_plain = isinstance(read, dict) and all(isinstance(one, str) for one in read.values())
        return list(read.items()) if is_plain else None

    def differences(self, apv: APV) -> list[Difference]:
        """Return what changed on `apv` since the reviewer opened this form's page."""
        return differences(apv, self["seen"].value() or "")

    def read_again(self, apv: APV) -> None:
        """Continue with the current `apv`; the page shows the changes before the next decision."""
        self.data = self.data.copy()
        self.data["since"] = self["since"].value() or self["seen"].value() or ""
        self.data["seen"] = seen(apv)
