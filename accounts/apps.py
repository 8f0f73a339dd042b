from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Sign-ins")

    def ready(self) -> None:
        from accounts import receivers, socket_access  # noqa: F401 — connects the receivers
        from realtime import access

        access.register(access.Access(socket_access.authenticate, socket_access.identities))
