"""What an APV says of a pull request that was read from a forge.

A pull request may contain anything. What is too long is cut, and a validation warning says so;
nothing in it names another repository, another pull request or another APV.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError

from forges.models import PullRequest, Repository
from reviews import intake, links
from reviews.checks import few, of_checks
from reviews.choices import PatchStrategy, Severity
from reviews.diffs import parse
from reviews.fixed_advisories import Fix, Fixed, fixes
from reviews.imports.bumps import cve_of, cwes_of, shortened
from reviews.imports.osv import title_of
from reviews.imports.package_names import identity
from reviews.intake.model import MOST_CHARACTERS, MOST_LABELS, Change
from reviews.models import APV, DIFF_MAX_BYTES

Fields = dict[str, Any]

MOST_CHANGES, MOST_ADVISORIES, MOST_FILES, MOST_WARNINGS = 1000, 200, 1000, 50
LARGEST_NUMBER = 2**31 - 1
FIXES_NOTHING = "It fixes no advisory that is known here: low by default."
SOMETHING_UNRATED = Severity.MEDIUM
"""How severe an advisory counts if it does not say: as in an import."""


class Account(NamedTuple):
    """Whether a pull request is accepted and why, and what an APV says of it."""

    taken: bool
    why: str
    fields: Fields
    fixes: list[Fix]


def account_of(pull_request: PullRequest) -> Account:
    """Return what an APV says of a pull request, by the rules of its repository."""
    given, cut = _given(pull_request)
    explanation = intake.explain(given, rules_of(pull_request.repository))
    changes, warnings = _bounded(explanation.changes)
    found = fixes(changes)[:MOST_ADVISORIES]
    said = _Said(pull_request, changes, found)
    said.warnings += [*cut, *warnings, *explanation.problems]
    fields = said.fields()
    taken, why = explanation.taken, explanation.why
    if taken and not found and not pull_request.repository.takes_unfixing:
        taken, why = False, "It fixes no advisory that is known here."
    return Account(taken, why, fields, found)


def rules_of(repository: Repository) -> intake.Rules:
    """Return the rules by which a repository takes pull requests in."""
    return intake.Rules(
        intake.BOTS | frozenset(settings.HITL_BOTS),
        tuple(repository.labels),
        tuple(repository.branches),
    )


def _given(pull_request: PullRequest) -> tuple[intake.PullRequest, list[str]]:
    """Return the pull request as the intake reads it, and what was cut."""
    texts = {
        "title": pull_request.title,
        "message": f"{pull_request.body}\n\n{pull_request.message}",
        "author": pull_request.author,
        # Anybody may name a branch of their own fork so that a pattern matches it.
        "branch": "" if pull_request.from_fork else pull_request.head_ref,
        "diff": pull_request.diff,
    }
    cut = [
        f"The {name} is longer than is read: the rest of it was not looked at."
        for name, text in texts.items()
        if len(text) > MOST_CHARACTERS[name]
    ]
    bounded = {name: text[: MOST_CHARACTERS[name]] for name, text in texts.items()}
    labels = tuple(pull_request.labels[:MOST_LABELS])
    return intake.PullRequest(**bounded, labels=labels), cut


def _bounded(changes: Sequence[Change]) -> tuple[list[Change], list[str]]:
    """Return as many changes as are kept, with names as long as are kept."""
    kept = [
        one._replace(
            package=one.package[:214],
            ecosystem=one.ecosystem[:50],
            old=one.old and one.old[:100],
            new=one.new and one.new[:100],
            file=one.file[:1000],
        )
        for one in changes[:MOST_CHANGES]
    ]
    if len(changes) > MOST_CHANGES:
        return kept, [f"It makes {len(changes):,} changes; the first {MOST_CHANGES:,} are listed."]
    return kept, []


class _Said:
    """The fields of an APV about a pull request, and the warnings that come with them."""

    def __init__(self, pull_request: PullRequest, changes: list[Change], found: list[Fix]) -> None:
        self._pull_request = pull_request
        self._changes = changes
        self._fixes = found
        self.warnings: list[str] = []

    def fields(self) -> Fields:
        """Return the fields; the warnings are complete after this."""
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
            **of_checks(self._pull_request),
            "forge_warnings": few(self.warnings, MOST_WARNINGS),
        }

    def _package(self) -> Fields:
        change = self._gravest()
        if change is None:
            self.warnings.append("No change of a package was found in its diff.")
            return {
                "package_name": _cut(self._pull_request.repository.path, "package_name"),
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
            "cve_title": _cut(title_of(about.advisory), "cve_title"),
            "cve_description": _cut(about.advisory.details or "", "cve_description"),
            "cwe_ids": cwes_of(about.advisory, entries),
            "cvss_score": about.rated.score if about.rated else None,
            "cvss_vector": _cut(about.rated.vector, "cvss_vector") if about.rated else "",
        }

    def _patch(self) -> Fields:
        pull_request = self._pull_request
        description = f"{pull_request.title}\n\n{pull_request.body}".strip()
        return {
            "patch_description": _cut(description, "patch_description"),
            "patch_diff": self._diff(),
            "affected_files": self._files(),
        }

    def _diff(self) -> str:
        diff = self._pull_request.diff
        if problem := self._pull_request.diff_problem:
            self.warnings.append(f"The diff could not be read: {problem}")
            return ""
        if (size := len(diff.encode(errors="replace"))) > DIFF_MAX_BYTES:
            self.warnings.append(
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
        return list(islice(dict.fromkeys(name[:1000] for name in names if name), MOST_FILES))

    def _address(self) -> Fields:
        number: int | None = self._pull_request.number
        if not 1 <= self._pull_request.number <= LARGEST_NUMBER:
            self.warnings.append("The number of the pull request is too large to be kept.")
            number = None
        branch = self._pull_request.head_ref
        if len(branch) > _most("pr_branch"):
            self.warnings.append("The name of the branch is cut: it is too long.")
        return {
            "pr_number": number,
            "pr_url": self._url(),
            "pr_branch": _cut(branch, "pr_branch"),
        }

    def _url(self) -> str:
        """Return the address, if it may be a link and leads to this pull request."""
        try:
            return _checked_url(self._pull_request)
        except ValidationError as error:
            self.warnings.append(f"The address is left out: {' '.join(error.messages)}")
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
        aliases=fixed.aliases[:20], summary=_cut(fixed.summary, "cve_title")
    ).as_json()


def _severity(fix: Fix) -> Fields:
    if fix.rated is None:
        source = f"{fix.fixed.id} names no severity: {SOMETHING_UNRATED.value} by default."
        return {"severity": SOMETHING_UNRATED, "severity_source": _cut(source, "severity_source")}
    source = f"{fix.fixed.id}: {fix.rated.source}"
    return {"severity": fix.rated.severity, "severity_source": _cut(source, "severity_source")}


def _checked_url(pull_request: PullRequest) -> str:
    """Return the address of a pull request on its own forge. Raise ValidationError."""
    link = links.read(pull_request.url)
    if len(link.address) > _most("pr_url"):
        raise ValidationError("It is too long.")
    if link.host != links.read(pull_request.repository.forge.url).host:
        raise ValidationError("It leads to another host than the forge's.")
    links.check_number(pull_request.number, link.address)
    return link.address


# -- Lengths ----------------------------------------------------------------------------------


def _cut(text: str, field: str) -> str:
    return shortened(text, field)


def _most(field: str) -> int:
    most: int = APV._meta.get_field(field).max_length  # type: ignore[union-attr, assignment]
    return most
