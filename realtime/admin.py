"""The admin of the event log, read-only."""

from django.contrib import admin

from realtime.admin_base import ReadOnlyAdmin
from realtime.models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The published events, in each channel's order."""

    list_display = ["channel", "offset", "type", "created_at"]
    list_filter = ["channel", "type"]
    search_fields = ["message"]
    ordering = ["-created_at", "-offset"]
    show_full_result_count = False
