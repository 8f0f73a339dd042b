"""The form of a policy: a field for each kind of requirement, and what people type in them."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from reviews.choices import WargameVerdict
from reviews.errors import InvalidInput, ReviewError
from reviews.filters import InvalidFilter, parse
from reviews.filters.filter import LONGEST
from reviews.models import PolicyVersion
from reviews.policies.requirements import KINDS
from reviews.policies.schema import FIELD
from reviews.services.policies import LONGEST_NAME


class GroupCounts(forms.CharField):
    """Lines of `group: count` as a dictionary; a group alone counts once."""

    widget = forms.Textarea(attrs={"rows": 2, "placeholder": "security: 1"})

    def clean(self, value: Any) -> Any:
        lines = [line for line in super().clean(value).splitlines() if line.strip()]
        return dict(map(self._pair, lines))

    def _pair(self, line: str) -> tuple[str, int]:
        name, colon, count = line.rpartition(":")
        if not colon:
            return line.strip(), 1
        try:
            return name.strip(), int(count)
        except ValueError:
            message = _("“{line}”: write a group, a colon and a number.")
            raise ValidationError(message.format(line=line.strip())) from None

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{group}: {count}" for group, count in value.items())


def _number(**options: Any) -> forms.Field:
    return forms.IntegerField(widget=forms.NumberInput(attrs={"min": 1}), **options)


def _verdicts(**options: Any) -> forms.Field:
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(choices=WargameVerdict.choices, widget=widget, **options)


def _groups(**options: Any) -> forms.Field:
    names = Group.objects.order_by("name").values_list("name", flat=True)
    choices = [(name, name) for name in names]
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(choices=choices, widget=widget, **options)


FIELDS: dict[str, Any] = {
    "approvals": _number,
    "from_groups": GroupCounts,
    "from_different_groups": _groups,
    "not_by_submitter": forms.BooleanField,
    "not_by_author": forms.BooleanField,
    "not_by_escalator": forms.BooleanField,
    "checks_passed": forms.BooleanField,
    "wargame_verdict": _verdicts,
    "justification_words": _number,
}
"""What people fill in for each kind of requirement."""


class PolicyForm(forms.Form):
    """A version of a policy as somebody enters it. The service checks it."""

    use_required_attribute = False

    name = forms.CharField(label=_("Name"), required=False, max_length=LONGEST_NAME)
    order = forms.IntegerField(
        label=_("Order"),
        required=False,
        help_text=_("Of equal requirements, the policy with the lowest order is named."),
    )
    filter = forms.CharField(
        label=_("Filter"),
        required=False,
        max_length=LONGEST,
        help_text=_("What stands after ? in the queue’s address. An empty one matches every APV."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "class": "code"}),
    )

    def __init__(self, *args: Any, is_new: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        if not is_new:
            del self.fields["name"], self.fields["order"]
        for name, kind in KINDS.items():
            self.fields[name] = FIELDS[name](label=kind.label, help_text=kind.help, required=False)

    @property
    def requirements(self) -> dict[str, Any]:
        """Return what was filled in, by requirement."""
        return {name: value for name in KINDS if (value := self.cleaned_data.get(name))}

    @property
    def contents(self) -> dict[str, Any]:
        return {"filter": self.cleaned_data["filter"], "requirements": self.requirements}

    @property
    def filter_words(self) -> str:
        """Return what the filter means, "" if it is none."""
        try:
            return words_of(str(self["filter"].value() or ""))
        except InvalidFilter:
            return ""

    def take(self, error: ReviewError) -> None:
        """Add the service's errors to their fields, or to the form."""
        reasons = error.errors if isinstance(error, InvalidInput) else {"": [str(error)]}
        for path, why in reasons.items():
            name = path.removeprefix(f"{FIELD}.")
            self.add_error(name if name in self.fields else None, [*why])


def words_of(filter: str) -> str:
    """Return what a filter means for people. Raise InvalidFilter."""
    return parse(filter).words or str(_("every APV"))


def as_entered(version: PolicyVersion | None) -> dict[str, Any]:
    """Return what a form begins with to change a version."""
    return {"filter": version.filter, **version.requirements} if version else {}
