"""Everything known about an APV, in the groups a reviewer reads."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.text import capfirst

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
        case "diff":
            return highlighted(value)
        case "code":
            return reveal(value)
        case "json":
            return reveal(json.dumps(value, indent=2, ensure_ascii=False))
        case "cwes":
            return [(cwe, cwe.removeprefix("CWE-")) for cwe in value]
    return capfirst(getattr(apv, f"get_{column.name}_display")()) if column.choices else value
