"""The audit, for superusers to read."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import Archive, Entry
from realtime.admin_base import ReadOnlyAdmin


class AuditAdmin(ReadOnlyAdmin):
    """Rows for superusers to read."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and bool(request.user.is_superuser)


@admin.register(Entry)
class AuditEntryAdmin(AuditAdmin):
    """The entries that are in the table; a line above them names the archives of the others."""

    list_display = ["sequence", "at", "actor", "action", "object", "source", "address"]
    list_filter = ["action", "source", "at"]
    search_fields = ["actor", "object", "details", "address", "request_id"]
    search_help_text = _("Actor, object, details, address or request id")
    ordering = ["-sequence"]
    show_full_result_count = False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.has_view_permission(request) and (archives := Archive.objects.order_by("last")):
            self.message_user(request, _where(list(archives)), messages.INFO)
        return super().changelist_view(request, extra_context)


@admin.register(Archive)
class ArchiveAdmin(AuditAdmin):
    """The files that have what was deleted from the table."""

    list_display = ["name", "first", "last", "first_at", "last_at", "recorded_in"]
    ordering = ["-last"]


def _where(archives: list[Archive]) -> str:
    """Return the sentence that says where the entries are that the table lacks."""
    said = gettext("Entries up to {last}, until {day}, are not listed here. They are in: {names}.")
    newest = archives[-1]
    names = ", ".join(archive.name for archive in archives)
    return said.format(last=newest.last, day=date_format(newest.last_at), names=names)
