from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class RealtimeConfig(AppConfig):
    name = "realtime"
    verbose_name = _("Events")

    def ready(self) -> None:
        from realtime.log import start_logs

        post_migrate.connect(start_logs, sender=self)
