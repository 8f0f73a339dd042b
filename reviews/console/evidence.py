"""Everything known about an APV, in the groups a reviewer reads."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.text import capfirst

from reviews import osv
from reviews.console.code import highlighted, reveal
from reviews.models import APV

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Patch", ("patch_strategy", "patch_risk_level", "patch_confidence", "patch_description")),
    ("Diff", ("patch_diff",)),
    (
        "Vulnerability",
        ("cve_id", "severity", "cvss_score", "cwe_ids", "cve_title", "cve_description"),
    ),
    ("Package", ("package_name", "package_ecosystem", "package_version", "fixed_version")),
    ("Pull request", ("pr_number", "pr_branch", "pr_url")),
    (
        "Wargame",
        ("wargame_verdict", "wargame_confidence", "wargame_run_url", "wargame_evidence"),
    ),
    (
        "Vulnerable code",
        ("vulnerable_code_type", "affected_files", "vulnerable_code_signature"),
    ),
    (
        "Confirmation",
        (
            "confirmed",
            "confirmation_confidence",
            "static_confidence",
            "dynamic_confidence",
            "false_positive_probability",
        ),
    ),
    ("Validation", ("validation_passed", "validation_confidence", "validation_warnings")),
    (
        "Record",
        ("apv_code", "status", "priority", "version", "created_at", "updated_at", "apv_id"),
    ),
)
ACROSS = frozenset(["Patch", "Diff", "Vulnerability", "Record"])
"""Groups as wide as the page; the others stand side by side."""

LABELS = {
    "patch_risk_level": "Risk",
    "package_version": "Vulnerable version",
    "vulnerable_code_signature": "Signature",
    "vulnerable_code_type": "Type",
    "wargame_run_url": "Run",
    "pr_url": "Address",
    "pr_branch": "Branch",
}
KINDS = {
    "cvss_score": "score",
    "patch_diff": "diff",
    "vulnerable_code_signature": "code",
    "pr_url": "link",
    "wargame_run_url": "link",
    "cve_title": "prose",
    "cve_id": "cve",
    "cwe_ids": "cwes",
    "apv_id": "name",
    "pr_branch": "name",
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
WIDE = frozenset(["prose", "code", "json", "diff", "list", "link", "name"])


NOT_RUN = "Not run"
CONFIDENCES_OF_CONFIRMATION = (
    "confirmation_confidence",
    "static_confidence",
    "dynamic_confidence",
    "false_positive_probability",
)


@dataclass(frozen=True)
class Fact:
    """One field as it is shown; `kind` says how, `value` is None where nothing is known."""

    field: str
    label: str
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

    title: str
    facts: list[Fact]

    @property
    def across(self) -> bool:
        return self.title in ACROSS


def groups_of(apv: APV) -> list[Group]:
    """Every field of `apv`, in groups."""
    return [Group(title, [fact(apv, name) for name in names]) for title, names in GROUPS]


@dataclass(frozen=True)
class Signal:
    """One of the few words that sum an APV up; `tone` is a class of the style sheet."""

    label: str
    word: str
    tone: str = ""


def signals_of(apv: APV) -> list[Signal]:
    """What a reviewer reads first."""
    validation = _answer(apv, "validation_passed", "Passed", "Not passed")
    confirmation = _answer(apv, "confirmed", "Confirmed", "Not confirmed")
    tone = "success" if apv.validation_passed else "failure"
    verdict, risk = apv.get_wargame_verdict_display(), apv.get_patch_risk_level_display()
    return [
        Signal("Wargame", capfirst(verdict or NOT_RUN), apv.wargame_verdict or "none"),
        Signal("Validation", validation, "none" if validation == NOT_RUN else tone),
        Signal("Confirmation", confirmation, "none" if confirmation == NOT_RUN else ""),
        Signal("Risk of the patch", capfirst(risk or "unknown")),
        Signal("The machine would", capfirst(apv.recommendation.label)),
    ]


def _answer(apv: APV, name: str, yes: str, no: str) -> str:
    """`yes` or `no`, or that nothing was run: a bare "no" is what an APV has by default."""
    if getattr(apv, name):
        return yes
    return no if _left_traces(apv, name) else NOT_RUN


def _left_traces(apv: APV, name: str) -> bool:
    if name == "confirmed":
        return any(getattr(apv, field) is not None for field in CONFIDENCES_OF_CONFIRMATION)
    warned = apv.validation_warnings and osv.ILLUSTRATIVE not in apv.validation_warnings
    return apv.validation_confidence is not None or bool(warned)


def fact(apv: APV, name: str) -> Fact:
    column: Any = APV._meta.get_field(name)
    kind = KINDS.get(name) or _kind_of(column)
    label = LABELS.get(name) or capfirst(column.verbose_name)
    return Fact(name, str(label), kind, _value(apv, column, kind))


def _kind_of(column: Any) -> str:
    return next((kind for type_, kind in KIND_OF_COLUMN if isinstance(column, type_)), "text")


def _value(apv: APV, column: Any, kind: str) -> Any:
    """What the page shows; None for what was not given."""
    value = getattr(apv, column.name)
    if value in (None, "", [], {}):
        return None
    match kind:
        case "answer":
            return _answer(apv, column.name, "Yes", "No")
        case "diff":
            return highlighted(value)
        case "code":
            return reveal(value)
        case "json":
            return reveal(json.dumps(value, indent=2, ensure_ascii=False))
        case "cwes":
            return [(cwe, cwe.removeprefix("CWE-")) for cwe in value]
    return capfirst(getattr(apv, f"get_{column.name}_display")()) if column.choices else value
