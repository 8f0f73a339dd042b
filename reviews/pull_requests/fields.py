"""The fields of an APV that a pull request fills."""

from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError

from forges.models import PullRequest
from reviews import links
from reviews.choices import PatchStrategy, Severity
from reviews.diffs import parse
from reviews.imports.bumps import cve_of, cwes_of
from reviews.imports.osv import title_of
from reviews.imports.package_names import identity
from reviews.intake import Change
from reviews.lengths import LONGEST_PATH, longest, shortened
from reviews.models import DIFF_MAX_BYTES
from reviews.pull_requests.checks import check_fields
from reviews.pull_requests.fixed_advisories import Fix, Fixed
from reviews.pull_requests.warnings import bounded

Fields = dict[str, Any]

MOST_FILES, MOST_WARNINGS = 1000, 50
LARGEST_NUMBER = 2**31 - 1
FIXES_NOTHING = "It fixes no advisory that is known here: low by default."
SOMETHING_UNRATED = Severity.MEDIUM
"""How severe an advisory counts if it does not say: as in an import."""


def fields_of(
    pull_request: PullRequest, changes: list[Change], found: list[Fix], warnings: list[str]
) -> Fields:
    """Return the fields of an APV about a pull request, with its changes and the fixes `found`.

    Its warnings are `warnings` and those about what is cut or left out here.
    """
    return _Fields(pull_request, changes, found, warnings).read()


class _Fields:
    """Reads the fields of one pull request, and collects warnings meanwhile."""

    def __init__(
        self,
        pull_request: PullRequest,
        changes: list[Change],
        found: list[Fix],
        warnings: list[str],
    ) -> None:
        self._pull_request = pull_request
        self._changes = changes
        self._fixes = found
        self._warnings = [*warnings]

    def read(self) -> Fields:
        fields = {
            **self._package(),
            **self._vulnerability(),
            **self._patch(),
            **self._address(),
            "pull_request_state": self._pull_request.state,
            "head_commit": self._pull_request.head_sha,
            "changes": [one.as_json() for one in self._changes],
            "advisories": [_kept(one.fixed) for one in self._fixes],
        }
        return {
            **fields,
            **check_fields(self._pull_request),
            "forge_warnings": bounded(self._warnings, MOST_WARNINGS),  # complete by now
        }

    def _package(self) -> Fields:
        change = self._gravest()
        if change is None:
            self._warnings.append("No change of a package was found in its diff.")
            return {
                "package_name": shortened(self._pull_request.repository.path, "package_name"),
                "package_ecosystem": "",
                "package_version": "",
                "fixed_version": "",
                "patch_strategy": PatchStrategy.CODE_REWRITE,
            }
        return {
            "package_name": change.package,
            "package_ecosystem": change.ecosystem,
            "package_version": change.old or "",
            "fixed_version": change.new or "",
            "patch_strategy": PatchStrategy.VERSION_BUMP,
        }

    def _gravest(self) -> Change | None:
        """Return the change that the gravest advisory is about, else the first one."""
        packages = [one.package for one in self._fixes[:1]]
        concerned = [one for one in self._changes if _identity(one) in packages]
        whole = [one for one in concerned if one.old and one.new]
        return next(iter([*whole, *concerned, *self._changes]), None)

    def _vulnerability(self) -> Fields:
        """Return what the gravest advisory says, and of those with a CVE the gravest."""
        if not self._fixes:
            return {
                **NO_VULNERABILITY,
                "severity": Severity.LOW,
                "severity_source": FIXES_NOTHING,
            }
        gravest = self._fixes[0]
        about = next((one for one in self._fixes if cve_of(one.advisory)), gravest)
        entries = about.advisory.affected
        return {
            **_severity(gravest),
            "cve_id": cve_of(about.advisory),
            "cve_title": shortened(title_of(about.advisory), "cve_title"),
            "cve_description": shortened(about.advisory.details or "", "cve_description"),
            "cwe_ids": cwes_of(about.advisory, entries),
            "cvss_score": about.rated.score if about.rated else None,
            "cvss_vector": shortened(about.rated.vector, "cvss_vector") if about.rated else "",
        }

    def _patch(self) -> Fields:
        pull_request = self._pull_request
        description = f"{pull_request.title}\n\n{pull_request.body}".strip()
        return {
            "patch_description": shortened(description, "patch_description"),
            "patch_diff": self._diff(),
            "affected_files": self._files(),
        }

    def _diff(self) -> str:
        diff = self._pull_request.diff
        if problem := self._pull_request.diff_problem:
            self._warnings.append(f"The diff could not be read: {problem}")
            return ""
        if (size := len(diff.encode(errors="replace"))) > DIFF_MAX_BYTES:
            self._warnings.append(
                f"The diff is not shown: it has {size:,} bytes, more than {DIFF_MAX_BYTES:,}."
            )
            return ""
        return diff

    def _files(self) -> list[str]:
        diff = self._pull_request.diff
        if len(diff) <= DIFF_MAX_BYTES:
            names = (name for file in parse(diff).files for name in file.names)
        else:
            names = (one.file for one in self._changes)
        return list(
            islice(dict.fromkeys(name[:LONGEST_PATH] for name in names if name), MOST_FILES)
        )

    def _address(self) -> Fields:
        number: int | None = self._pull_request.number
        if not 1 <= self._pull_request.number <= LARGEST_NUMBER:
            self._warnings.append("The number of the pull request is too large to be kept.")
            number = None
        branch = self._pull_request.head_ref
        if len(branch) > longest("pr_branch"):
            self._warnings.append("The name of the branch is cut: it is too long.")
        return {
            "pr_number": number,
            "pr_url": self._url(),
            "pr_branch": shortened(branch, "pr_branch"),
        }

    def _url(self) -> str:
        """Return the address, if it may be a link and leads to this pull request."""
        try:
            return _checked_url(self._pull_request)
        except ValidationError as error:
            self._warnings.append(f"The address is left out: {' '.join(error.messages)}")
            return ""


NO_VULNERABILITY: Fields = {
    "cve_id": None,
    "cve_title": "",
    "cve_description": "",
    "cwe_ids": [],
    "cvss_score": None,
    "cvss_vector": "",
}


def _identity(change: Change) -> tuple[str, str]:
    return identity(change.ecosystem, change.package)


def _kept(fixed: Fixed) -> Fields:
    """Return what is kept of an advisory, with as many and as long texts as are shown."""
    return fixed._replace(
        aliases=fixed.aliases[:20], summary=shortened(fixed.summary, "cve_title")
    ).as_json()


def _severity(fix: Fix) -> Fields:
    return {
        "severity": fix.rated.severity if fix.rated else SOMETHING_UNRATED,
        "severity_source": shortened(_source(fix), "severity_source"),
    }


def _source(fix: Fix) -> str:
    """Return who says how severe an advisory is: its id once, and the place in it."""
    name = fix.fixed.id
    if fix.rated is None:
        return f"{name} names no severity: {SOMETHING_UNRATED.value} by default."
    return f"{name}: {fix.rated.source.replace(f' of {name}', '')}"


def _checked_url(pull_request: PullRequest) -> str:
    """Return the address of a pull request on its own forge. Raise ValidationError."""
    link = links.read(pull_request.url)
    if len(link.address) > longest("pr_url"):
        raise ValidationError("It is too long.")
    if link.host != links.read(pull_request.repository.forge.url).host:
        raise ValidationError("It leads to another host than the forge's.")
    links.check_number(pull_request.number, link.address)
    return link.address
