"""Base classes for the admin: bounded search, and read-only models."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.utils.translation import gettext

MOST_CHARACTERS, MOST_WORDS = 200, 10
"""Each word is looked for in each field, row by row."""
LOOKUPS = frozenset({"id", "exact", "isnull", "isempty", "gte", "lt", "year", "month", "day"})
"""How the filters of Django's admin compare."""


class BoundedSearch(admin.ModelAdmin):
    """Search for a few words; for more words, find nothing and say why.

    Query strings can narrow a list only by its declared filters. Django would accept lookups on any
    column: a slow one could run for a minute, and others would let users guess hidden values.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        name, *lookups = lookup.split(LOOKUP_SEP)
        is_ours = name in self._narrowed_by() and LOOKUPS.issuperset(lookups)
        return is_ours and super().lookup_allowed(lookup, value, request)

    def _narrowed_by(self) -> set[str]:
        """Return the fields that the list's filters and its dates narrow it by."""
        entries: list[Any] = [*self.list_filter, self.date_hierarchy]
        return {one if isinstance(one, str) else one[0] for one in entries if one}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if len(search_term) <= MOST_CHARACTERS and len(search_term.split()) <= MOST_WORDS:
            return super().get_search_results(request, queryset, search_term)
        said = gettext("Search for {characters} characters in {words} words at most.")
        text = said.format(characters=MOST_CHARACTERS, words=MOST_WORDS)
        self.message_user(request, text, messages.WARNING)
        return queryset.none(), False


class DeleteOnlyAdmin(BoundedSearch):
    """Rows that nobody adds or edits here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(DeleteOnlyAdmin):
    """Rows that nobody adds, edits or deletes here."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    """Rows of another row's page that nobody adds, edits or deletes there."""

    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
