"""APVs with their evidence, a form to decide, and advisories."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from realtime.admin_base import BoundedSearch, ReadOnlyAdmin, ReadOnlyInline
from reviews import services
from reviews.console.code import highlighted
from reviews.console.effects import effect
from reviews.console.forms import DecisionForm
from reviews.console.question import GO_BACK, SEAL, Question, check_seal
from reviews.console.wargame import MOST_RAW, raw_text
from reviews.errors import ReviewError
from reviews.models import (
    APV,
    Advisory,
    Decision,
)
from reviews.permissions import Permission
from reviews.templatetags.shown import linked


class DecisionsOfAPV(ReadOnlyInline):
    model = Decision
    fields = (
        *("decided_at", "decision", "reviewer_name", "justification", "action_taken"),
        *("effect_state", "is_retracted"),
    )
    readonly_fields = fields
    ordering = ["-decided_at", "-decision_id"]
    show_change_link = True

    @admin.display(description=pgettext_lazy("of a decision", "effect"))
    def effect_state(self, decision: Decision) -> str:
        found = decision.effect_or_none
        return found.get_state_display() if found else "–"

    @admin.display(description=_("taken back"), boolean=True)
    def is_retracted(self, decision: Decision) -> bool:
        return decision.retraction_or_none is not None

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("effect", "retraction")


@admin.register(APV)
class APVAdmin(BoundedSearch):
    """APVs: open ones can be corrected, decided ones are read-only, and none can be deleted."""

    list_display = [
        "apv_code",
        "severity",
        "cve_id",
        "package_name",
        "package_ecosystem",
        "patch_strategy",
        "wargame_verdict",
        "status",
        "created_at",
    ]
    list_filter = ["status", "severity", "patch_strategy", "wargame_verdict", "package_ecosystem"]
    search_fields = ["apv_code", "cve_id", "package_name", "cve_title", "cve_description"]
    search_help_text = _("Code, CVE, package, title or description")
    date_hierarchy = "created_at"
    ordering = ["-created_at", "apv_id"]
    show_full_result_count = False
    inlines = [DecisionsOfAPV]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "apv_code",
                    "status",
                    "severity",
                    "severity_source",
                    "priority",
                    "version",
                ]
            },
        ),
        (
            _("Vulnerability"),
            {
                "fields": [
                    "cve_id",
                    "cve_title",
                    "cve_description",
                    "cvss_score",
                    "cvss_vector",
                    "epss",
                    "known_exploited",
                    "cwe_ids",
                ]
            },
        ),
        (
            _("Package"),
            {"fields": ["package_name", "package_ecosystem", "package_version", "fixed_version"]},
        ),
        (
            _("Confirmation"),
            {
                "fields": [
                    "confirmed",
                    "confirmation_confidence",
                    "static_confidence",
                    "dynamic_confidence",
                    "false_positive_probability",
                    "vulnerable_code_type",
                    "vulnerable_code_signature",
                    "files",
                ]
            },
        ),
        (
            _("Patch"),
            {
                "fields": [
                    "patch_strategy",
                    "patch_description",
                    "patch_confidence",
                    "patch_risk_level",
                    "patch_diff",
                ]
            },
        ),
        (_("Validation"), {"fields": ["validation_passed", "validation_confidence", "warnings"]}),
        (
            _("Pull request"),
            {
                "fields": [
                    *("pr_number", "pr_url", "pr_link", "pr_branch"),
                    *("pull_request_state", "head_commit", "revision"),
                    *("withdrawn_at", "withdrawn_by", "withdrawn_reason"),
                ]
            },
        ),
        (
            _("Wargame"),
            {
                "fields": [
                    *("wargame_verdict", "wargame_confidence", "wargame_run_url", "run_link"),
                    "evidence",
                ]
            },
        ),
        (_("Times"), {"fields": ["created_at", "updated_at", "submitted_by"]}),
    ]
    readonly_fields = [
        *("status", "version", "created_at", "updated_at", "submitted_by"),
        *("pr_link", "run_link"),
        *("pull_request_state", "head_commit", "revision"),
        *("withdrawn_at", "withdrawn_by", "withdrawn_reason"),
        *("files", "warnings", "evidence", "diff"),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: APV | None = None) -> Any:
        """Return the fieldsets: the diff is editable for a new APV, and shown in colours later."""
        if obj is None:
            return self.fieldsets
        return [
            (
                name,
                {"fields": ["diff" if one == "patch_diff" else one for one in options["fields"]]},
            )
            for name, options in self.fieldsets or []
        ]

    def get_inlines(self, request: HttpRequest, obj: APV | None) -> Any:
        return self.inlines if obj and obj.decisions.exists() else []

    def has_change_permission(self, request: HttpRequest, obj: APV | None = None) -> bool:
        is_open = obj is None or obj.status in services.DECIDERS
        return is_open and super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Lock the row while its form is saved, so that no decision comes in between."""
        rows = super().get_queryset(request)
        is_saving = request.method == "POST" and connection.in_atomic_block
        return rows.select_for_update(of=["self"]) if is_saving else rows

    def save_model(self, request: HttpRequest, obj: APV, form: Any, change: bool) -> None:
        """Write only the fields that the form changed: others may have changed elsewhere."""
        if change:
            services.change_apv(apv=obj, fields=form.changed_data)
        else:
            services.add_apvs(apvs=[obj], submitter=request.user)

    def has_delete_permission(self, request: HttpRequest, obj: APV | None = None) -> bool:
        return False

    @admin.display(description=_("Open"))
    def pr_link(self, apv: APV) -> SafeString | str:
        return linked(apv.pr_url, apv.pr_url) if apv.pr_url else "–"

    @admin.display(description=_("Open"))
    def run_link(self, apv: APV) -> SafeString | str:
        return linked(apv.wargame_run_url, apv.wargame_run_url) if apv.wargame_run_url else "–"

    @admin.display(description=_("Affected files"))
    def files(self, apv: APV) -> str:
        return "\n".join(apv.affected_files) or "–"

    @admin.display(description=_("Warnings"))
    def warnings(self, apv: APV) -> str:
        return "\n".join(apv.validation_warnings) or "–"

    @admin.display(description=_("Evidence"))
    def evidence(self, apv: APV) -> SafeString:
        text = raw_text(apv.wargame_evidence)
        shown = text if len(text) <= MOST_RAW else f"{text[:MOST_RAW]}…"
        return format_html('<pre class="evidence">{}</pre>', shown)

    @admin.display(description=_("Diff"))
    def diff(self, apv: APV) -> SafeString | str:
        return highlighted(apv.patch_diff) if apv.patch_diff else "–"

    def get_urls(self) -> Any:
        decide = self.admin_site.admin_view(self.decide)
        return [path("<uuid:pk>/decide/", decide, name="reviews_apv_decide"), *super().get_urls()]

    def decide(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the form that decides on one APV, or the question that its answer must match."""
        if not request.user.has_perm(Permission.DECIDE_APV):
            raise PermissionDenied
        apv = get_object_or_404(APV, pk=pk)
        form = DecisionForm(request.POST or None, initial={"version": apv.version})
        if request.method == "POST" and GO_BACK not in request.POST and form.is_valid():
            try:
                return self._answer(request, apv, form)
            except ReviewError as error:
                form.take(error)
        return self._show(request, apv, "decide", form=form, diff=self.diff(apv))

    def _answer(self, request: HttpRequest, apv: APV, form: DecisionForm) -> HttpResponse:
        """Ask the question, or record what it showed."""
        if SEAL not in request.POST:
            services.check(apv=apv, reviewer=request.user, **form.given)
            question = Question(apv, request.user, form.given)
            return self._show(request, apv, "question", question=question)
        check_seal(request.POST[SEAL], request.user, apv, form.given)
        decision = services.decide(apv_id=apv.pk, reviewer=request.user, **form.given)
        messages.success(request, f"{apv}: {effect(apv, decision.decision)}.")
        return redirect(reverse("admin:reviews_apv_changelist"))

    def _show(self, request: HttpRequest, apv: APV, name: str, **context: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Decide on {code}").format(code=apv.apv_code),
            "opts": self.opts,
            "apv": apv,
            "media": self.media,
            **context,
        }
        return TemplateResponse(request, f"admin/reviews/apv/{name}.html", context)


@admin.register(Advisory)
class AdvisoryAdmin(ReadOnlyAdmin):
    """Imported advisories in their latest form, read-only."""

    list_display = ["osv_id", "modified", "withdrawn", "imported_at"]
    list_filter = [("withdrawn", admin.EmptyFieldListFilter), "modified"]
    search_fields = ["osv_id"]
    ordering = ["-modified", "osv_id"]
    show_full_result_count = False
