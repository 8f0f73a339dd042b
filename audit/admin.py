"""The audit, for superusers to read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.models import Entry
from realtime.admin_base import ReadOnlyAdmin


@admin.register(Entry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The audit, for superusers to read."""

    list_display = ["sequence", "at", "actor", "action", "object", "source", "address"]
    list_filter = ["action", "source", "at"]
    search_fields = ["actor", "object", "details", "address", "request_id"]
    search_help_text = _("Actor, object, details, address or request id")
    ordering = ["-sequence"]
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and bool(request.user.is_superuser)
