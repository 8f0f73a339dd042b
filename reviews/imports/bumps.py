"""Turn OSV advisories into version-bump APVs, without using the database.

Evaluation rules: https://ossf.github.io/osv-schema/.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from reviews.choices import PatchStrategy
from reviews.demo.manifests import bump_diff, manifest_path
from reviews.imports.affected import Bump, NoFix, find_bump
from reviews.imports.osv import Advisory, Affected, Package, PassedOver, by_package, title_of
from reviews.imports.package_names import canonical
from reviews.imports.ratings import Rated, Statement, rate_statements, statements
from reviews.lengths import shortened
from reviews.models import CVE_PATTERN, CWE_PATTERN, ILLUSTRATIVE

Fields = dict[str, Any]
"""An APV as REST takes it: field name → value."""
MOST_UNUSABLE = 3
"""Statements that are quoted."""


def apvs_of(advisory: Advisory, *, default_severity: str) -> Iterator[Fields | PassedOver]:
    """Return an APV for each affected package with a fixed version, and reasons for the others.

    Entries of `affected` that name the same package count as one. An advisory without a severity
    gets `default_severity`, and a validation warning that says so.
    """
    packages = by_package(advisory.affected)
    if advisory.withdrawn:
        yield PassedOver("withdrawn")
    elif not packages:
        yield PassedOver("no affected package")
    else:
        for entries in packages.values():
            package = entries[0].package
            assert package is not None
            try:
                yield _apv(advisory, package, entries, default_severity)
            except (NoFix, PassedOver) as why:
                yield PassedOver(why.reason, f"{package.ecosystem} {package.name}")


def osv_id(patch_description: str) -> str:
    """Return the id of an imported APV's advisory, with which its description starts."""
    return patch_description.partition(": ")[0]


def rating_of(advisory: Advisory, entries: list[Affected]) -> Rated | None:
    """Return how severe an advisory is for a package; None where nobody says."""
    return rate_statements(*_statements(advisory, entries))


def _apv(
    advisory: Advisory, package: Package, entries: list[Affected], default_severity: str
) -> Fields:
    ecosystem, name = package.ecosystem, canonical(package.ecosystem, package.name)
    bump = find_bump(ecosystem, entries)
    said = _statements(advisory, entries)
    rated = rate_statements(*said)
    return {
        **_severity(rated, default_severity),
        "cve_id": cve_of(advisory),
        "cve_title": shortened(title_of(advisory), "cve_title"),
        "cve_description": shortened(advisory.details or "", "cve_description"),
        "cwe_ids": cwes_of(advisory, entries),
        "package_name": name,
        "package_ecosystem": ecosystem,
        "package_version": shortened(bump.old, "package_version"),
        "fixed_version": bump.new,
        "affected_files": [manifest_path(ecosystem)],
        "patch_strategy": PatchStrategy.VERSION_BUMP,
        "patch_description": f"{advisory.id}: {_move(name, bump)}",
        "patch_diff": bump_diff(ecosystem, name, bump.old, bump.new),
        "validation_warnings": [
            ILLUSTRATIVE,
            *bump.warnings,
            *([] if rated else [_unrated(advisory, [*said[0], *said[1]], default_severity)]),
        ],
    }


def _unrated(advisory: Advisory, said: list[Statement], default: str) -> str:
    """Return a warning that says why the default severity is used."""
    unusable = list(dict.fromkeys(one.text[:100] for one in said if one.text))[:MOST_UNUSABLE]
    if not unusable:
        return f"{advisory.id} names no severity: {default} by default."
    named = ", ".join(f'"{text}"' for text in unusable)
    return f"{advisory.id} names no severity that can be used, only {named}: {default} by default."


def _move(name: str, bump: Bump) -> str:
    if bump.is_listed:
        return f"moves {name} from {bump.old} to {bump.new}."
    return f"moves {name} to {bump.new}, from any version before it."


def _severity(rated: Rated | None, default: str) -> Fields:
    if rated is None:
        return {
            "severity": default,
            "severity_source": "default of the import",
            "cvss_score": None,
            "cvss_vector": "",
        }
    return {
        "severity": rated.severity,
        "severity_source": shortened(rated.source, "severity_source"),
        "cvss_score": rated.score,
        "cvss_vector": rated.vector,
    }


def _statements(
    advisory: Advisory, entries: Iterable[Affected]
) -> tuple[list[Statement], list[Statement]]:
    """Return the statements of severity for the package and for the whole advisory."""
    package = [
        one
        for entry in entries
        for one in (
            *statements(entry.severity, entry.ecosystem_specific, "the package"),
            *statements([], entry.database_specific, "the package"),
        )
    ]
    whole = [
        *statements(advisory.severity, advisory.ecosystem_specific, advisory.id),
        *statements([], advisory.database_specific, advisory.id),
    ]
    return package, whole


def cve_of(advisory: Advisory) -> str | None:
    names = [advisory.id, *advisory.aliases, *advisory.upstream]
    return next((name for name in names if re.fullmatch(CVE_PATTERN, name)), None)


def cwes_of(advisory: Advisory, entries: Iterable[Affected]) -> list[str]:
    """Return the CWE ids of advisory or packages: `cwe_ids` (GitHub) or `cwes` (OpenSSF)."""
    places = [advisory.database_specific, *(entry.database_specific for entry in entries)]
    listed = [_list(advisory.cwe_ids)]
    for place in places:
        if isinstance(place, dict):
            listed += [_list(place.get("cwe_ids")), _list(place.get("cwes"))]
    named = [one.get("cweId") if isinstance(one, dict) else one for some in listed for one in some]
    known = [one for one in named if isinstance(one, str) and re.fullmatch(CWE_PATTERN, one)]
    return list(dict.fromkeys(known))[:50]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
