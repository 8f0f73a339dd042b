"""The recorded decisions, read-only, with what became of them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_field
from django.db import models
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from realtime.admin_base import ReadOnlyAdmin
from reviews.models import Decision, Effect, Retraction
from reviews.pull_requests.addresses import outcome_address
from reviews.templatetags.shown import linked

NOTHING = "–"


def field_of(
    relation: str, model: type[models.Model], name: str, label: Any = ""
) -> Callable[..., Any]:
    """Return what shows a field of the row that belongs to a decision, if there is one."""
    field: Any = model._meta.get_field(name)

    @admin.display(description=label or field.verbose_name)
    def shown(_admin: Any, decision: Decision) -> Any:
        row = getattr(decision, relation)
        return NOTHING if row is None else display_for_field(getattr(row, name), field, NOTHING)

    return shown


class OfEffect:
    """The fields of the effect on a decision's page. Its id is none of them: see the model."""

    effect_kind = field_of("effect_or_none", Effect, "kind")
    effect_state = field_of("effect_or_none", Effect, "state")
    effect_head_commit = field_of("effect_or_none", Effect, "head_commit")
    effect_attempts = field_of("effect_or_none", Effect, "attempts")
    effect_answer = field_of("effect_or_none", Effect, "answer")
    effect_merged_commit = field_of("effect_or_none", Effect, "merged_commit")
    effect_held_until = field_of("effect_or_none", Effect, "held_until")
    effect_next_at = field_of("effect_or_none", Effect, "next_at")
    effect_changed_at = field_of("effect_or_none", Effect, "changed_at")
    effect_done_at = field_of("effect_or_none", Effect, "done_at")

    @admin.display(description=_("address of the outcome"))
    def effect_address(self, decision: Decision) -> SafeString | str:
        found = decision.effect_or_none
        address = outcome_address(found) if found else ""
        return linked(address, address) if address else NOTHING


class OfRetraction:
    """The fields of the retraction on a decision's page."""

    retracted_at = field_of("retraction_or_none", Retraction, "retracted_at")
    retracted_by_name = field_of(
        "retraction_or_none", Retraction, "retracted_by_name", _("taken back by")
    )
    retraction_reason = field_of("retraction_or_none", Retraction, "reason")


EFFECT = [name for name in vars(OfEffect) if name.startswith("effect_")]
RETRACTION = [name for name in vars(OfRetraction) if name.startswith("retract")]


@admin.register(Decision)
class DecisionAdmin(OfEffect, OfRetraction, ReadOnlyAdmin):
    """The recorded decisions, read-only, with what became of them."""

    list_display = [
        "decided_at",
        "apv",
        "decision",
        "reviewer_name",
        "severity",
        "cve_id",
        "action_taken",
        "effect_state",
        "is_retracted",
    ]
    list_filter = ["decision", "severity", "patch_strategy", "decided_at"]
    list_select_related = ["apv", "effect", "retraction"]
    search_fields = ["apv__apv_code", "cve_id", "reviewer_name", "justification"]
    date_hierarchy = "decided_at"
    ordering = ["-decided_at", "-decision_id"]
    show_full_result_count = False
    readonly_fields = [*EFFECT, *RETRACTION]
    fieldsets = [
        (None, {"fields": [one.name for one in Decision._meta.fields if one.editable]}),
        (capfirst(pgettext_lazy("of a decision", "effect")), {"fields": [*EFFECT]}),
        (capfirst(_("taken back")), {"fields": [*RETRACTION]}),
    ]

    @admin.display(description=_("taken back"), boolean=True)
    def is_retracted(self, decision: Decision) -> bool:
        return decision.retraction_or_none is not None
