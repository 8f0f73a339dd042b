"""A program's sign-in, and the ticket that opens one socket."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from realtime import clock

FORGOTTEN_AT_ONCE = 20


class SignIn(models.Model):
    """A program's sign-in with a password. Its JSON web tokens are valid while this row exists.

    As with a browser's session, a new password ends it.
    """

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user")
    )
    auth_hash = models.CharField(
        _("auth hash"), max_length=128, help_text=_("Of the password that was given.")
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        verbose_name = _("sign-in of a program")
        verbose_name_plural = _("sign-ins of programs")
        indexes = [models.Index(fields=["expires_at"], name="sign_in_age")]

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d %H:%M}"

    def is_good(self) -> bool:
        """Return whether its user is active and still has the password they signed in with."""
        user = self.user
        return user.is_active and constant_time_compare(
            self.auth_hash, user.get_session_auth_hash()
        )


class Ticket(models.Model):
    """A credential that opens one socket within seconds, for a user who has shown a better one."""

    digest = models.CharField("SHA-256", max_length=64, primary_key=True)
    proof = models.JSONField(help_text="What its user showed; the socket stands on that.")
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="ticket_age")]

    def __str__(self) -> str:
        return self.digest[:8]


class AccountOwner(models.Model):
    """A person who answers for the account of a program, and can act as it.

    Who makes a token of an account is one from then on; administrators add others.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="owners",
        verbose_name=_("account"),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="owned_accounts",
        verbose_name=_("owner"),
    )
    since = models.DateTimeField(_("since"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("owner of an account")
        verbose_name_plural = _("owners of accounts")
        constraints = [
            models.UniqueConstraint(fields=["account", "owner"], name="account_owner_once"),
            models.CheckConstraint(
                condition=~models.Q(account=models.F("owner")),
                name="account_owner_is_another",
                violation_error_message=_("Nobody needs to own their own account."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} – {self.account}"


def forget_expired(model: Any) -> None:
    """Delete a few expired rows of `model`. Each write deletes more rows than it adds."""
    old = model.objects.filter(expires_at__lt=clock.now())
    few = old.order_by("expires_at").values("pk")[:FORGOTTEN_AT_ONCE]
    model.objects.filter(pk__in=few).delete()
