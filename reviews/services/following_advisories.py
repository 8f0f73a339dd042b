"""Look again at what open pull requests fix, after advisories were imported.

Advisories often come later than the pull requests that fix them.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from audit import entries
from audit.choices import AuditAction
from forges.choices import PullRequestState
from forges.models import PullRequest
from realtime.transactions import publishing
from reviews.imports.package_names import search_key
from reviews.models import APV
from reviews.permissions import DECIDERS
from reviews.pull_requests.assessment import assess
from reviews.pull_requests.fields import Fields
from reviews.receivers import publish_change
from reviews.services.adding import save_values, with_priority
from reviews.services.taking_in import link, name_of, take_in

OF_ADVISORIES = (
    *("advisories", "severity", "severity_source"),
    *("cve_id", "cve_title", "cve_description", "cwe_ids", "cvss_score", "cvss_vector"),
    *("package_name", "package_ecosystem", "package_version", "fixed_version"),
)
"""What an APV takes from the advisories that its pull request fixes."""


def follow_advisories(packages: Collection[str]) -> int:
    """Update open APVs whose pull requests change `packages`, given as they are searched by.

    Pull requests that waited for an advisory are taken in. Return the number of both.
    """
    if not packages:
        return 0
    updated = sum(_update(pk) for pk in _about(set(packages)))
    return updated + sum(_take_in(pk) for pk in _waiting())


def _about(packages: set[str]) -> list[UUID]:
    """Return the open APVs with a pull request that changes one of the packages."""
    found = APV.objects.filter(pull_request__isnull=False, status__in=DECIDERS)
    pairs = found.order_by("created_at").values_list("pk", "changes")
    return [pk for pk, changes in pairs if packages & set(_keys(changes))]


def _keys(changes: Iterable[Fields]) -> Iterable[str]:
    return (search_key(one["ecosystem"], one["package"]) for one in changes)


def _update(pk: UUID) -> bool:
    """Update one APV; return whether its advisories are others now."""
    with publishing():
        apv = APV.objects.select_for_update(of=("self",)).select_related("pull_request").get(pk=pk)
        if apv.pull_request is None or apv.status not in DECIDERS:
            return False
        assessment = assess(apv.pull_request)
        if assessment.fields["advisories"] == apv.advisories:
            return False
        values = {name: assessment.fields[name] for name in OF_ADVISORIES}
        save_values(apv, with_priority(apv, values))
        link(apv, assessment.fixes)
        publish_change(apv, "evidence")
        entries.record(
            AuditAction.APV_CHANGED,
            apv.apv_code,
            pull_request=name_of(apv.pull_request),
            advisories=[one["id"] for one in apv.advisories],
        )
    return True


def _waiting() -> list[int]:
    """Return the open pull requests that are taken in only with an advisory that they fix."""
    waiting = PullRequest.objects.filter(
        state=PullRequestState.OPEN,
        apv=None,
        repository__watched=True,
        repository__takes_unfixing=False,
    )
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _take_in(pk: int) -> bool:
    with publishing():
        pull_request = PullRequest.objects.select_for_update().filter(pk=pk).first()
        return pull_request is not None and take_in(pull_request) is not None
