"""The admin of failed sign-ins."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin_words import reword
from realtime.admin_base import DeleteOnlyAdmin

admin.site.unregister([AccessAttempt, AccessLog, AccessFailureLog])  # the logs are not kept
reword(
    AccessAttempt,
    _("failed sign-in"),
    _("failed sign-ins"),
    username=_("user name"),
    ip_address=_("address"),
    user_agent=_("browser"),
    path_info=_("page"),
    attempt_time=_("last time"),
    failures_since_start=_("failures"),
)
AccessAttempt.__str__ = lambda attempt: f"{attempt.username} {attempt.ip_address}"  # it has no name
apps.get_app_config("axes").verbose_name = _("Failed sign-ins")


@admin.register(AccessAttempt)
class FailedSignInAdmin(DeleteOnlyAdmin):
    """Wrong passwords for a name from an address. Deleting the row unlocks sign-in at once."""

    list_display = ["username", "ip_address", "failures_since_start", "is_locked", "attempt_time"]
    list_filter = ["attempt_time"]
    search_fields = ["username", "ip_address"]
    search_help_text = _("User name or address")
    ordering = ["-attempt_time"]
    fields = [
        *("username", "ip_address", "failures_since_start", "is_locked"),
        *("attempt_time", "path_info", "user_agent"),
    ]

    @admin.display(description=_("locked"), boolean=True)
    def is_locked(self, attempt: Any) -> bool:
        return int(attempt.failures_since_start) >= settings.AXES_FAILURE_LIMIT
