"""Advisories in OSV's format, and the APVs that are made of them."""

import json
from typing import Any

from reviews.imports import advisories, bumps, osv
from reviews.models import Advisory

Json = dict[str, Any]

V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
V30 = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"
V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V31_NONE = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"
V40 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"


GHSA: Json = {
    "id": "GHSA-35jh-r3h4-6jhm",
    "modified": "2026-01-01T00:00:00Z",
    "aliases": ["CVE-2021-23337"],
    "summary": "Command Injection in lodash",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "npm", "name": "lodash"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}],
        }
    ],
}
"""An advisory of GitHub's on lodash, which 4.17.21 fixes."""


def span(introduced: str = "0", fixed: str = "", *, last: str = "", kind: str = "SEMVER") -> Json:
    """A range of one line of affected versions."""
    ends = [{"fixed": fixed}] if fixed else [{"last_affected": last}] if last else []
    return {"type": kind, "events": [{"introduced": introduced}, *ends]}


def affected(*ranges: Json, name: str = "jinja", ecosystem: str = "PyPI", **more: Any) -> Json:
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": list(ranges), **more}


def advisory(*packages: Json, **more: Any) -> Json:
    return {
        "id": "PYSEC-2024-1",
        "modified": "2024-01-01T00:00:00Z",
        "aliases": ["GHSA-aaaa-bbbb-cccc", "CVE-2024-1234"],
        "details": "A template can run code. It should not.\n\nMore on this.",
        "affected": list(packages) or [affected(span(fixed="1.2.1"), versions=["1.1", "1.2.0"])],
    } | more


def ratings(*vectors: str) -> list[Json]:
    return [{"type": "CVSS", "score": vector} for vector in vectors]


def results(document: Any) -> list[bumps.Fields | osv.PassedOver]:
    parsed = osv.read(json.dumps(document).encode(), is_yaml=False)
    return list(bumps.apvs_of(parsed, default_severity="MEDIUM"))


def the_apv(document: Json) -> bumps.Fields:
    [made] = results(document)
    assert not isinstance(made, osv.PassedOver), made
    return made


def bump(*packages: Json) -> tuple[str, str]:
    made = the_apv(advisory(*packages))
    return made["package_version"], made["fixed_version"]


def reasons(document: Json) -> list[str]:
    return [made.reason for made in results(document) if isinstance(made, osv.PassedOver)]


def store(document: Json) -> Advisory:
    """Keep an advisory as an import does that makes no APVs."""
    published = advisories.Published(osv.parsed(document), document, [])
    advisories.import_advisories([published], lambda _advisory: [])
    return Advisory.objects.get(osv_id=document["id"])
