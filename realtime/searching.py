"""Searching in the admin, by as much text as a person types."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

MOST_CHARACTERS, MOST_WORDS = 200, 10
"""Each word is looked for in each field, row by row."""


class BoundedSearch(admin.ModelAdmin):
    """Searches for a few words; for more it finds nothing, and says why."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if len(search_term) <= MOST_CHARACTERS and len(search_term.split()) <= MOST_WORDS:
            return super().get_search_results(request, queryset, search_term)
        said = gettext("Search for {characters} characters in {words} words at most.")
        text = said.format(characters=MOST_CHARACTERS, words=MOST_WORDS)
        self.message_user(request, text, messages.WARNING)
        return queryset.none(), False
