from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ForgesConfig(AppConfig):
    name = "forges"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Forges")
