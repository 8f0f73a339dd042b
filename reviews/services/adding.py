"""Add APVs, and change them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError

from audit import entries
from audit.choices import AuditAction
from realtime.compiled_queries import update
from realtime.transactions import publishing
from reviews.choices import PRIORITY_OF_SEVERITY, Severity
from reviews.deadlines import counting
from reviews.errors import CodeInUse
from reviews.models import APV
from reviews.patch_facts import with_columns
from reviews.receivers import publish_change


def add_apvs(*, apvs: Sequence[APV], submitter: Any = None) -> list[APV]:
    """Add APVs, all or none; those without a code get the next ones of this year.

    `submitter` is the user who adds them, or None for a command. Raise CodeInUse if another APV,
    stored or among `apvs`, has one of their codes.
    """
    for apv in apvs:
        apv.submitted_by = submitter
    codes = [apv.apv_code for apv in apvs if apv.apv_code]
    twice = sorted(code for code, times in Counter(codes).items() if times > 1)
    if taken := twice or codes_in_use(codes):
        raise CodeInUse(taken)
    try:
        with publishing():
            added = APV.objects.bulk_create(apvs)
            if added:
                counting.follow(added)
                _record_added([apv.apv_code for apv in added])
            return added
    except IntegrityError:
        if taken := codes_in_use(codes):  # somebody took it between the check and the write
            raise CodeInUse(taken) from None
        raise


def _record_added(codes: list[str]) -> None:
    about = codes[0] if len(codes) == 1 else f"{len(codes)} APVs"
    entries.record(AuditAction.APVS_ADDED, about, codes=codes)


def change_apv(*, apv: APV, fields: Sequence[str]) -> None:
    """Save the changed fields in `fields` of an APV; others may have changed elsewhere."""
    with publishing():
        save_changed(apv, fields)
        publish_change(apv, "evidence")
        entries.record(AuditAction.APV_CHANGED, apv.apv_code, fields=list(fields))


def save_changed(apv: APV, fields: Iterable[str]) -> None:
    """Save `fields` of an APV as its next version, inside the caller's transaction.

    Its deadline follows.
    """
    update(apv, [*with_columns(fields), "version", "updated_at"])
    counting.follow([apv])


def save_values(apv: APV, values: Mapping[str, Any]) -> None:
    """Set `values` on an APV and save them as its next version, inside the caller's transaction."""
    for name, value in values.items():
        setattr(apv, name, value)
    save_changed(apv, values)


def with_priority(apv: APV, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with the priority of their severity, unless somebody chose the APV's own."""
    if "severity" in values and apv.priority == PRIORITY_OF_SEVERITY[Severity(apv.severity)]:
        return {**values, "priority": PRIORITY_OF_SEVERITY[Severity(values["severity"])]}
    return dict(values)


def codes_in_use(codes: Sequence[str]) -> list[str]:
    used = APV.objects.filter(apv_code__in=codes).order_by("apv_code")
    return list(used.values_list("apv_code", flat=True))
