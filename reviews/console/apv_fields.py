"""The fields of an APV as facts: their place, their name, and how they are shown."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from reviews.console import cwe
from reviews.console.invisible_characters import reveal
from reviews.models import APV

TABS: dict[str, tuple[tuple[Any, tuple[str, ...]], ...]] = {
    "cve": (
        (
            gettext_lazy("Vulnerability"),
            (
                *("cve_title", "cve_description", "cve_id"),
                *("severity", "severity_source", "cwe_ids", "advisories"),
            ),
        ),
        (
            gettext_lazy("Score"),
            ("cvss_score", "cvss_vector", "epss", "known_exploited"),
        ),
        (
            gettext_lazy("Package"),
            (
                *("package_name", "package_ecosystem", "package_version", "fixed_version"),
                *("version_step", "dependency"),
            ),
        ),
        (
            gettext_lazy("Vulnerable code"),
            ("vulnerable_code_type", "affected_files", "vulnerable_code_signature"),
        ),
    ),
    "patch": (
        (
            gettext_lazy("Patch"),
            ("patch_description", "patch_strategy", "patch_risk_level", "patch_confidence"),
        ),
        (
            gettext_lazy("Pull request"),
            (
                *("pull_request", "pr_number", "pull_request_state"),
                *("pr_branch", "head_commit", "pr_url", "changes"),
            ),
        ),
        (gettext_lazy("Diff"), ("patch_diff", "paths")),
    ),
    "wargame": (
        (
            gettext_lazy("Wargame"),
            ("wargame_verdict", "wargame_confidence", "wargame_run_url", "wargame_evidence"),
        ),
    ),
    "validation": (
        (
            gettext_lazy("Validation"),
            (
                *("validation_passed", "validation_confidence"),
                *("validation_warnings", "forge_warnings", "checks"),
            ),
        ),
        (
            gettext_lazy("Confirmation"),
            (
                "confirmed",
                "confirmation_confidence",
                "static_confidence",
                "dynamic_confidence",
                "false_positive_probability",
            ),
        ),
    ),
    "history": (
        (
            gettext_lazy("Record"),
            (
                "apv_code",
                "status",
                "priority",
                "revision",
                "approvals",
                "approvals_needed",
                "due_at",
                "version",
                "withdrawn_at",
                "withdrawn_by",
                "withdrawn_reason",
                "superseded_by",
                "created_at",
                "submitted_by",
                "updated_at",
                "apv_id",
            ),
        ),
    ),
}
"""Every field of an APV, by tab and group."""
GROUPS = tuple(group for groups in TABS.values() for group in groups)
TITLES = {
    "cve": gettext_lazy("CVE"),
    "patch": gettext_lazy("Patch"),
    "wargame": gettext_lazy("Wargame"),
    "validation": gettext_lazy("Validation"),
    "history": gettext_lazy("History"),
}
FIRST_TAB = "cve"
APART = frozenset(
    [
        "cve_title",
        "cvss_score",
        "cvss_vector",
        "advisories",
        "pull_request",
        "changes",
        "patch_diff",
        "paths",
        "validation_warnings",
        "forge_warnings",
        "checks",
        "wargame_evidence",
        "approvals",
        "approvals_needed",
    ]
)
"""Fields that the page shows in a way of their own, not in the list of their group."""
REPEATS = "cve_description"
"""The field that often begins with what the title, which stands above it, has said."""

LABELS = {
    "apv_code": gettext_lazy("Code"),
    "apv_id": gettext_lazy("APV id"),
    "status": gettext_lazy("Status"),
    "revision": gettext_lazy("Revision"),
    "approvals": gettext_lazy("Approvals"),
    "approvals_needed": gettext_lazy("Approvals needed"),
    "due_at": gettext_lazy("Due"),
    "withdrawn_at": gettext_lazy("Withdrawn"),
    "withdrawn_by": gettext_lazy("Withdrawn by"),
    "withdrawn_reason": gettext_lazy("Why it was withdrawn"),
    "superseded_by": gettext_lazy("Superseded by pull request"),
    "advisories": gettext_lazy("Fixed advisories"),
    "pull_request_state": gettext_lazy("State"),
    "head_commit": gettext_lazy("Commit"),
    "changes": gettext_lazy("Changes"),
    "checks": gettext_lazy("Checks"),
    "version": gettext_lazy("Version"),
    "priority": gettext_lazy("Priority"),
    "severity": gettext_lazy("Severity"),
    "severity_source": gettext_lazy("Who says so"),
    "cve_id": gettext_lazy("CVE"),
    "cve_title": gettext_lazy("Title"),
    "cvss_score": gettext_lazy("CVSS score"),
    "cvss_vector": gettext_lazy("CVSS vector"),
    "epss": gettext_lazy("EPSS"),
    "known_exploited": gettext_lazy("Known exploited"),
    "cwe_ids": gettext_lazy("Weaknesses"),
    "package_name": gettext_lazy("Package"),
    "package_ecosystem": gettext_lazy("Ecosystem"),
    "fixed_version": gettext_lazy("Fixed version"),
    "version_step": gettext_lazy("Step of the version"),
    "dependency": gettext_lazy("Dependency"),
    "affected_files": gettext_lazy("Affected files"),
    "confirmed": gettext_lazy("Confirmed"),
    "confirmation_confidence": gettext_lazy("Confidence of the confirmation"),
    "static_confidence": gettext_lazy("Static analysis"),
    "dynamic_confidence": gettext_lazy("Dynamic analysis"),
    "false_positive_probability": gettext_lazy("False positive"),
    "patch_strategy": gettext_lazy("Strategy"),
    "patch_confidence": gettext_lazy("Confidence of the patch"),
    "patch_diff": gettext_lazy("Diff"),
    "validation_passed": gettext_lazy("Passed"),
    "validation_confidence": gettext_lazy("Confidence of the validation"),
    "validation_warnings": gettext_lazy("Warnings"),
    "pr_number": gettext_lazy("Number"),
    "wargame_verdict": gettext_lazy("Verdict"),
    "wargame_confidence": gettext_lazy("Confidence of the wargame"),
    "wargame_evidence": gettext_lazy("Evidence"),
    "created_at": gettext_lazy("Added"),
    "submitted_by": gettext_lazy("Added by"),
    "updated_at": gettext_lazy("Changed"),
    "cve_description": gettext_lazy("Description"),
    "patch_description": gettext_lazy("Description"),
    "patch_risk_level": gettext_lazy("Risk"),
    "package_version": gettext_lazy("Vulnerable version"),
    "vulnerable_code_signature": gettext_lazy("Signature"),
    "vulnerable_code_type": gettext_lazy("Type"),
    "wargame_run_url": gettext_lazy("Run"),
    "pr_url": gettext_lazy("Address"),
    "pr_branch": gettext_lazy("Branch"),
}
KINDS = {
    "vulnerable_code_signature": "code",
    "pr_url": "link",
    "wargame_run_url": "link",
    "cve_title": "prose",
    "cve_id": "cve",
    "cwe_ids": "cwes",
    "apv_id": "name",
    "pr_branch": "name",
    "head_commit": "name",
    "package_version": "name",
    "fixed_version": "name",
    "epss": "text",
}
"""How a field is shown; others by the type of their column."""
KIND_OF_COLUMN: tuple[tuple[type[Any], str], ...] = (
    (models.BooleanField, "answer"),
    (models.FloatField, "share"),
    (models.DateTimeField, "time"),
    (models.JSONField, "json"),
    (ArrayField, "list"),
    (models.TextField, "prose"),
)
WIDE = frozenset(["prose", "code", "json", "list", "link", "cwes", "cve"])
NOT_RUN = pgettext_lazy("evidence", "Not run")
CONFIDENCES_OF_CONFIRMATION = (
    "confirmation_confidence",
    "static_confidence",
    "dynamic_confidence",
    "false_positive_probability",
)


@dataclass(frozen=True)
class Fact:
    """A field as a page shows it. `kind` says how; `value` is None if it is unknown."""

    field: str
    label: Any
    kind: str
    value: Any

    @property
    def wide(self) -> bool:
        return self.kind in WIDE

    @property
    def percent(self) -> int:
        return round(float(self.value) * 100)


@dataclass(frozen=True)
class Group:
    """Facts under one heading."""

    title: Any
    facts: list[Fact]

    @property
    def given(self) -> list[Fact]:
        return [fact for fact in self.facts if fact.value is not None]

    @property
    def missing(self) -> str:
        """Return the names of missing facts."""
        return ", ".join(str(fact.label) for fact in self.facts if fact.value is None)


def fact(apv: APV, name: str) -> Fact:
    """Return a field of an APV as a page shows it."""
    column: Any = APV._meta.get_field(name)
    kind = KINDS.get(name) or _kind_of(column)
    return Fact(name, LABELS[name], kind, _value(apv, column, kind))


def _kind_of(column: Any) -> str:
    return next((kind for type_, kind in KIND_OF_COLUMN if isinstance(column, type_)), "text")


def _value(apv: APV, column: Any, kind: str) -> Any:
    """Return what the page shows, or None if it was not given."""
    value = getattr(apv, column.name)
    if value in (None, "", [], {}):
        return None
    if column.name == "epss":
        return f"{number_format(value * 100, 1)} %"
    match kind:
        case "answer":
            return answer(apv, column.name, _("Yes"), _("No"))
        case "code":
            return reveal(value)
        case "cwes":
            return [(one, one.removeprefix("CWE-"), cwe.name_of(one)) for one in value]
    return capfirst(getattr(apv, f"get_{column.name}_display")()) if column.choices else value


def answer(apv: APV, name: str, yes: Any, no: Any) -> Any:
    """Return `yes`, `no` or that nothing was run: an APV's default is "no"."""
    if getattr(apv, name):
        return yes
    return no if _left_traces(apv, name) else NOT_RUN


def _left_traces(apv: APV, name: str) -> bool:
    if name == "confirmed":
        return any(getattr(apv, field) is not None for field in CONFIDENCES_OF_CONFIRMATION)
    return name == "known_exploited" or apv.was_validated
