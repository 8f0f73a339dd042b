"""A forge, and the credentials that the console shows it."""

from dataclasses import asdict, dataclass, field

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from forges.choices import ForgeKind
from forges.encryption import decrypted, encrypted
from realtime import clock

NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$"


@dataclass(frozen=True)
class Credentials:
    """What the console shows a forge: a token, or a GitHub App's key for one installation."""

    token: str = field(default="", repr=False)
    app_id: str = ""
    installation_id: str = ""
    private_key: str = field(default="", repr=False)

    @property
    def are_an_app(self) -> bool:
        return bool(self.app_id)


class Forge(models.Model):
    """A forge that the console reads pull requests from and carries decisions out on.

    `credentials` and `webhook_secrets` are encrypted. The secrets are a list, the newest first: a
    webhook signed with any of them is accepted, so that they can be exchanged one by one.
    """

    name = models.CharField(
        _("name"),
        max_length=50,
        unique=True,
        validators=[RegexValidator(NAME_PATTERN, _("Use a to z, 0 to 9 and hyphens."))],
        help_text=_(
            "Part of the webhook's address: who changes it must change that on the forge, too."
        ),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ForgeKind)
    url = models.URLField(_("address"), max_length=500, help_text=_("Where people open it."))
    api_url = models.URLField(
        _("API address"), max_length=500, help_text=_("Left empty, the usual one of its kind.")
    )
    ca_certificates = models.TextField(
        _("CA certificates"), blank=True, help_text=_("PEM, if it has an authority of its own.")
    )
    credentials = models.BinaryField(_("credentials"))
    webhook_secrets = models.BinaryField(_("webhook secrets"))
    checked_at = models.DateTimeField(_("checked at"), null=True, editable=False)
    problem = models.TextField(
        _("problem"), blank=True, editable=False, help_text=_("What its last answer failed with.")
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("forge")
        verbose_name_plural = _("forges")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=ForgeKind.values), name="forge_kind"
            ),
            models.CheckConstraint(condition=models.Q(name__regex=NAME_PATTERN), name="forge_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)

    def decrypted_credentials(self) -> Credentials:
        """Decrypt the credentials. Raise CannotDecrypt."""
        return Credentials(**decrypted(bytes(self.credentials)))

    def set_credentials(self, credentials: Credentials) -> None:
        self.credentials = encrypted(asdict(credentials))

    def secrets(self) -> list[str]:
        """Decrypt the webhook secrets. Raise CannotDecrypt."""
        found: list[str] = decrypted(bytes(self.webhook_secrets))
        return found

    def set_secrets(self, secrets: list[str]) -> None:
        self.webhook_secrets = encrypted(secrets)
