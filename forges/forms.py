"""The form with which the admin connects a forge. What it stores secretly is never shown again."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from forges import connecting
from forges.clients.base import Grants
from forges.encryption import CannotDecrypt
from forges.errors import ForgeError
from forges.models import Credentials, Forge

OF_ROW = ("name", "kind", "url", "api_url", "ca_certificates")


def hidden(label: Any, help_text: Any, **options: Any) -> forms.CharField:
    """Return a field for something secret: what is stored is never shown, and may stay."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"})
    return forms.CharField(
        label=label, help_text=help_text, required=False, widget=widget, **options
    )


class KeyInput(forms.Textarea):
    """A text of several lines that the page never shows again."""

    def format_value(self, value: Any) -> str:
        return ""


class ForgeForm(forms.ModelForm):
    """How a forge is reached. It is asked what the credentials may do before they are stored."""

    token = hidden(_("Token"), _("Left empty, the stored one stays."))
    app_id = forms.CharField(label=_("App id"), required=False, help_text=_("Of a GitHub App."))
    installation_id = forms.CharField(label=_("Installation id"), required=False)
    private_key = forms.CharField(
        label=_("Private key"),
        required=False,
        widget=KeyInput(attrs={"rows": 3, "class": "vLargeTextField", "autocomplete": "off"}),
        help_text=_("PEM. Left empty, the stored one stays."),
    )
    webhook_secret = hidden(
        _("New webhook secret"),
        _("A long random text, the same as at the forge. The last ones stay valid too."),
    )
    forget_old_secrets = forms.BooleanField(
        label=_("Accept the newest webhook secret alone"), required=False
    )
    grants: Grants | None = None

    class Meta:
        model = Forge
        fields = ["name", "kind", "ca_certificates"]  # and the two addresses, which the admin adds

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "api_url" in self.fields:
            self.fields["api_url"].required = False

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.instance.pk and not given.get("webhook_secret"):
            self.add_error("webhook_secret", _("Enter one: webhooks are accepted with it alone."))
        return given

    def _post_clean(self) -> None:
        """Ask the forge, once the fields are right; Django has put them into the row by then."""
        if not self.errors and "kind" in self.cleaned_data:
            for name in OF_ROW:
                if name in self.cleaned_data:  # otherwise it is shown, and stays
                    setattr(self.instance, name, self.cleaned_data[name])
            try:
                self._prepare()
                self.grants = connecting.check(self.instance)
            except ValidationError as error:
                self.add_error(None, error.messages)
            except (ForgeError, CannotDecrypt) as error:
                self.add_error(None, str(error))
        self.cleaned_data["api_url"] = self.instance.api_url

    def _prepare(self) -> None:
        connecting.prepare(
            self.instance,
            credentials=self._credentials(),
            secret=self.cleaned_data["webhook_secret"],
            forget_old_secrets=self.cleaned_data["forget_old_secrets"],
        )

    def _credentials(self) -> Credentials | None:
        given = self.cleaned_data
        app = [given[name] for name in ("app_id", "installation_id", "private_key")]
        if given["token"] and any(app):
            raise ValidationError(gettext("Enter a token or an app's key, not both."))
        if any(app) and not all(app):
            raise ValidationError(gettext("An app needs its id, its installation and its key."))
        if given["token"]:
            return Credentials(token=given["token"])
        return Credentials("", *app) if all(app) else None
