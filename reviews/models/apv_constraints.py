"""The rules that the database holds for every APV."""

from django.db import models
from django.db.models.lookups import LessThanOrEqual

from forges.choices import PullRequestState
from reviews.choices import (
    PatchStrategy,
    RiskLevel,
    Severity,
    Status,
    WargameVerdict,
    WithdrawalReason,
)
from reviews.models.constraints import one_of, within

CVE_PATTERN = r"^CVE-[0-9]{4}-[0-9]{4,19}$"
CWE_PATTERN = r"^CWE-[0-9]{1,6}$"
CODE_PATTERN = r"^APV-[0-9]{4}-[0-9]{3,9}$"
URL_PATTERN = r"^https?://[^\s]+$"
COMMIT_PATTERN = r"^[0-9a-f]{7,64}$"
DIFF_MAX_BYTES = 1024 * 1024

CONSTRAINTS: list[models.BaseConstraint] = [
    models.CheckConstraint(condition=one_of("status", Status), name="apv_status"),
    models.CheckConstraint(condition=one_of("severity", Severity), name="apv_severity"),
    models.CheckConstraint(
        condition=one_of("patch_strategy", PatchStrategy), name="apv_patch_strategy"
    ),
    models.CheckConstraint(
        condition=one_of("patch_risk_level", RiskLevel, null=True), name="apv_risk_level"
    ),
    models.CheckConstraint(
        condition=one_of("wargame_verdict", WargameVerdict, null=True),
        name="apv_wargame_verdict",
    ),
    models.CheckConstraint(condition=models.Q(apv_code__regex=CODE_PATTERN), name="apv_code_form"),
    models.CheckConstraint(
        condition=models.Q(pull_request_state__in=["", *PullRequestState.values]),
        name="apv_pull_request_state",
    ),
    models.CheckConstraint(
        condition=models.Q(withdrawn_reason__in=["", *WithdrawalReason.values]),
        name="apv_withdrawn_reason",
    ),
    models.CheckConstraint(
        condition=models.Q(priority__range=(1, 10), priority__isnull=False),
        name="apv_priority",
    ),
    models.CheckConstraint(
        condition=models.Q(cve_id__isnull=True) | models.Q(cve_id__regex=CVE_PATTERN),
        name="apv_cve_form",
    ),
    models.CheckConstraint(condition=~models.Q(package_name=""), name="apv_package_name_given"),
    models.CheckConstraint(condition=within("cvss_score", 0, 10), name="apv_cvss_score"),
    *(
        models.CheckConstraint(condition=within(field, 0, 1), name=f"apv_{field}")
        for field in (
            "confirmation_confidence",
            "static_confidence",
            "dynamic_confidence",
            "false_positive_probability",
            "patch_confidence",
            "validation_confidence",
            "wargame_confidence",
            "epss",
        )
    ),
    models.CheckConstraint(
        condition=models.Q(pr_url="") | models.Q(pr_url__regex=URL_PATTERN),
        name="apv_pr_url",
    ),
    models.CheckConstraint(
        condition=models.Q(wargame_run_url="") | models.Q(wargame_run_url__regex=URL_PATTERN),
        name="apv_wargame_run_url",
    ),
    models.CheckConstraint(
        condition=LessThanOrEqual(
            models.Func(
                "patch_diff",
                function="octet_length",
                output_field=models.IntegerField(),
            ),
            DIFF_MAX_BYTES,
        ),
        name="apv_patch_diff_size",
    ),
]
