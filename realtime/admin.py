"""The admin: the event log, for reading."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from realtime.models import Event


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """What was told, in each channel's order."""

    list_display = ["channel", "offset", "type", "created_at"]
    list_filter = ["channel", "type"]
    search_fields = ["message"]
    ordering = ["-created_at", "-offset"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
