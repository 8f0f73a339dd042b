"""What carries decisions out, what was taken back, and commit statuses: read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from realtime.admin_base import ReadOnlyAdmin
from reviews.models import Effect, Gate, Retraction

SHOWN_CHARACTERS = 100
"""How much of a text a list shows."""


def shortened(text: str) -> str:
    return Truncator(text).chars(SHOWN_CHARACTERS)


@admin.register(Effect)
class EffectAdmin(ReadOnlyAdmin):
    """Effects, each with a link to the page of its decision, where all of it stands.

    Their own pages would have their ids in the address, which are told to nobody.
    """

    list_display = [
        *("changed_at", "decided", "kind", "state", "next_at"),
        "beginning_of_answer",
    ]
    list_display_links = None
    list_filter = ["state", "kind", "changed_at"]
    list_select_related = ["decision__apv"]
    search_fields = ["decision__apv__apv_code"]
    search_help_text = _("Code")
    ordering = ["-changed_at", "id"]
    show_full_result_count = False

    @admin.display(description=_("decision"), ordering="decision__apv__apv_code")
    def decided(self, effect: Effect) -> SafeString:
        address = reverse("admin:reviews_decision_change", args=[effect.decision_id])
        return format_html('<a class="nowrap" href="{}">{}</a>', address, effect.decision)

    @admin.display(description=_("answer"))
    def beginning_of_answer(self, effect: Effect) -> str:
        return shortened(effect.answer)

    def change_view(self, request: HttpRequest, object_id: str, *_: Any, **__: Any) -> HttpResponse:
        """Lead to the decision's page."""
        effect = self.get_object(request, object_id)
        if effect is None or not self.has_view_permission(request, effect):
            return redirect("admin:reviews_effect_changelist")
        return redirect("admin:reviews_decision_change", effect.decision_id)


@admin.register(Retraction)
class RetractionAdmin(ReadOnlyAdmin):
    """Decisions that were taken back, by whom and why."""

    list_display = ["retracted_at", "decision", "retracted_by_name", "beginning_of_reason"]
    list_filter = ["retracted_at"]
    list_select_related = ["decision__apv"]
    search_fields = ["decision__apv__apv_code", "retracted_by_name", "reason"]
    ordering = ["-retracted_at", "-id"]
    show_full_result_count = False
    fields = ["decision", "retracted_at", "retracted_by", "retracted_by_name", "reason"]

    @admin.display(description=_("reason"))
    def beginning_of_reason(self, retraction: Retraction) -> str:
        return shortened(retraction.reason)


@admin.register(Gate)
class GateAdmin(ReadOnlyAdmin):
    """The commit status that was set last for each APV, and why the next one could not be."""

    list_display = ["apv", "state", "description", "commit", "set_at", "beginning_of_problem"]
    list_filter = ["state", ("problem", admin.EmptyFieldListFilter), "set_at"]
    list_select_related = ["apv"]
    search_fields = ["apv__apv_code", "head_commit"]
    ordering = ["-set_at", "apv"]
    show_full_result_count = False
    fields = ["apv", "state", "description", "head_commit", "set_at", "problem"]

    @admin.display(description=_("head commit"))
    def commit(self, gate: Gate) -> str:
        return str(gate.head_commit[:12])

    @admin.display(description=_("problem"))
    def beginning_of_problem(self, gate: Gate) -> str:
        return shortened(gate.problem)
