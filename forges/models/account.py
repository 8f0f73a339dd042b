"""Which account of a forge belongs to which user."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from forges.models.forge import Forge


class ForgeAccount(models.Model):
    """An account of a forge that belongs to a user. Administrators say so; nobody says it of
    themselves, and nothing is guessed from addresses that commits name."""

    forge = models.ForeignKey(
        Forge, on_delete=models.CASCADE, related_name="accounts", verbose_name=_("forge")
    )
    name = models.CharField(
        _("name"), max_length=255, help_text=_("As the forge names it, in any case.")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="forge_accounts",
        verbose_name=_("user"),
    )

    class Meta:
        verbose_name = _("account of a forge")
        verbose_name_plural = _("accounts of forges")
        constraints = [
            models.UniqueConstraint("forge", Lower("name"), name="forge_account_once"),
            models.CheckConstraint(condition=~models.Q(name=""), name="forge_account_name"),
        ]

    def __str__(self) -> str:
        return f"{self.forge}/{self.name}"
