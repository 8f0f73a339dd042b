from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ForgesConfig(AppConfig):
    name = "forges"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Forges")

    def ready(self) -> None:
        from forges.tasks import reconcile_at_start
        from jobs.deferring import STARTS

        STARTS.append(reconcile_at_start)
