"""An overfull queue: thousands of APVs with the names that real advisories have.

Long names that differ only at their end, one package many times over, APVs on which nothing was
run, and patches of many files.
"""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

JACKSON = ("com.fasterxml.jackson.core:jackson-databind", "2.9.10.7", "2.9.10.8", "Maven")
LONG = [
    ("org.springframework.security:spring-security-oauth2-client", "5.7.13", "5.8.16", "Maven"),
    ("org.springframework.security:spring-security-oauth2-core", "5.7.13", "5.8.16", "Maven"),
    ("org.apache.logging.log4j:log4j-slf4j-impl", "2.14.1", "2.17.1", "Maven"),
    ("com.fasterxml.jackson.dataformat:jackson-dataformat-xml", "2.8.0", "2.8.9", "Maven"),
    ("github.com/hashicorp/terraform-provider-aws/internal/service", "4.0.0", "5.1.0", "Go"),
    (
        "github.com/opencontainers/image-spec/specs-go/v1",
        "v0.0.0-20190101000000-775207bd45b6",
        "v1.0.2",
        "Go",
    ),
    ("golang.org/x/crypto", "v0.0.0-20211108221036-ceb1ce70b4fa", "v0.17.0", "Go"),
    ("stdlib", "1.20.3", "1.20.12", "Go"),
    ("requests", "2.30.0", "2.31.0", "PyPI"),
    ("@babel/plugin-transform-modules-systemjs", "7.22.5", "7.23.2", "npm"),
    ("lodash", "4.17.20", "4.17.21", "npm"),
    ("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets", "2.1.1", "2.1.40", "NuGet"),
]
SEVERITIES = ("CRITICAL", "HIGH", "HIGH", "MEDIUM", "MEDIUM", "LOW")
RUN = {
    "wargame_verdict": "success",
    "wargame_confidence": 0.91,
    "wargame_evidence": {
        "exploits_before_patch": 7,
        "exploits_after_patch": 0,
        "requests_replayed": 12_480,
    },
    "validation_passed": True,
    "validation_confidence": 0.88,
    "confirmed": True,
    "confirmation_confidence": 0.93,
    "static_confidence": 0.9,
    "dynamic_confidence": 0.8,
    "false_positive_probability": 0.05,
    "patch_confidence": 0.9,
    "patch_risk_level": "low",
}


def overfull(count: int, jacksons: int = 33) -> Iterator[dict[str, Any]]:
    """Return `count` APVs for `POST /hitl/apvs`; the first `jacksons` bump one package."""
    severities = cycle(SEVERITIES)
    for number in range(jacksons):
        yield one_of(JACKSON, number, "CRITICAL" if number % 3 else "HIGH")
    for number, package in enumerate(islice(cycle(LONG), count - jacksons), start=jacksons):
        yield one_of(package, number, next(severities))


def one_of(package: tuple[str, str, str, str], number: int, severity: str) -> dict[str, Any]:
    """Return an APV for `package`; for two in three nothing was run, as after an import."""
    name, version, fixed, ecosystem = package
    was_run = number % 3 == 0
    summary = f"Input of an attacker reaches a parser of {name.rpartition('/')[2]} unchecked"
    return {
        "severity": severity,
        "cve_id": f"CVE-{2019 + number % 7}-{10_000 + number}",
        "cve_title": summary,
        "cve_description": f"{summary}. Update {name} to {fixed}.",
        "cvss_score": 9.8 if severity == "CRITICAL" else 6.1,
        "cvss_vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "package_name": name,
        "package_version": version,
        "package_ecosystem": ecosystem,
        "fixed_version": fixed,
        "patch_strategy": "version_bump",
        "patch_diff": many_files(13 if number % 12 == 0 else 1, fixed),
        **(RUN | {"pr_number": 100 + number, "pr_url": pull(number)} if was_run else {}),
    }


def pull(number: int) -> str:
    return f"https://github.com/example/shop/pull/{100 + number}"


def many_files(count: int, fixed: str) -> str:
    """Return a patch that changes a version in `count` files."""
    return "".join(
        f"diff --git a/services/shop-{at}/build.txt b/services/shop-{at}/build.txt\n"
        f"--- a/services/shop-{at}/build.txt\n+++ b/services/shop-{at}/build.txt\n"
        f"@@ -1,3 +1,3 @@\n name: shop-{at}\n-version: 1.0\n+version: {fixed}\n end\n"
        for at in range(count)
    )
