"""Demo APVs: published CVEs with invented, consistent evidence."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from reviews.choices import PatchStrategy, RiskLevel, WargameVerdict
from reviews.demo.manifests import bump_diff, manifest_path
from reviews.demo.workarounds import WORKAROUNDS
from reviews.imports import ratings
from reviews.models import APV

Advisory = dict[str, Any]
Fields = dict[str, Any]

SERVICES = {
    "PyPI": "reports",
    "npm": "storefront",
    "Maven": "billing",
    "Go": "gateway",
    "RubyGems": "community",
    "crates.io": "ingest",
    "Packagist": "portal",
    "NuGet": "orders",
}
"""Ecosystem → the demo service written in it."""

WORKAROUND_SHARE = 0.6
UNREPRODUCED_SHARE = 0.06
NO_WARGAME_SHARE = 0.05
NO_PR_SHARE = 0.08
WEAK_VALIDATION = 0.75

RISK_PENALTY = {RiskLevel.LOW: 0.0, RiskLevel.MEDIUM: 0.08, RiskLevel.HIGH: 0.2}

WARNINGS = {
    PatchStrategy.VERSION_BUMP: [
        "The lock file was not resolved again with the new version.",
        "The changelog of the new version names a breaking change.",
        "No test imports the package directly.",
        "A transitive dependency pins an older version of the package.",
    ],
    PatchStrategy.CODE_REWRITE: [
        "No test covers the changed lines.",
        "The change alters what a public function returns for malformed input.",
        "The vulnerable version stays installed; other callers remain exposed.",
    ],
    PatchStrategy.CONFIG_CHANGE: [
        "The setting was tried in the test environment only.",
        "Throughput in the load test fell by more than 5 %.",
        "The vulnerable version stays installed; a later change may undo the setting.",
    ],
}


def demo_apvs(count: int, seed: int) -> Iterator[APV]:
    """Return `count` unsaved APVs, the same for the same seed; CVEs repeat when all were used."""
    dice = Random(seed)  # noqa: S311 — demo data must repeat # nosec B311
    advisories = load_advisories()
    for number in range(count):
        if number % len(advisories) == 0:
            dice.shuffle(advisories)
        yield make_apv(advisories[number % len(advisories)], dice)


def load_advisories() -> list[Advisory]:
    text = (Path(__file__).parent / "advisories.json").read_text(encoding="utf-8")
    advisories: list[Advisory] = json.loads(text)
    return advisories


def make_apv(advisory: Advisory, dice: Random) -> APV:
    """Return an unsaved, pending APV for one advisory; `dice` decides on the patch and its
    evidence.
    """
    patch = _patch(advisory, dice)
    strength = max(0.0, patch["patch_confidence"] - RISK_PENALTY[patch["patch_risk_level"]])
    return APV(
        **_facts(advisory),
        **_confirmation(dice),
        **patch,
        **_validation(strength, patch["patch_strategy"], dice),
        **_pull_request(advisory, dice),
        **_wargame(strength, advisory, dice),
    )


def _facts(advisory: Advisory) -> Fields:
    rating = ratings.rate([advisory["cvss_vector"]])
    assert rating is not None, advisory["cve_id"]
    return {
        "severity": rating.severity,
        "cvss_score": rating.score,
        "cvss_vector": rating.vector,
        "cve_id": advisory["cve_id"],
        "cve_title": advisory["title"],
        "cve_description": advisory["description"],
        "cwe_ids": list(advisory["cwe_ids"]),
        "package_name": advisory["package"],
        "package_version": advisory["vulnerable_version"],
        "package_ecosystem": advisory["ecosystem"],
        "fixed_version": advisory["fixed_version"],
        "vulnerable_code_signature": advisory["vulnerable_code_signature"],
        "vulnerable_code_type": advisory["vulnerable_code_type"],
        "affected_files": list(advisory["affected_files"]),
    }


def _confirmation(dice: Random) -> Fields:
    """Return the static and dynamic analysis, and their common result."""
    static, dynamic = dice.betavariate(8, 2.5), dice.betavariate(7, 3)
    together = 0.4 * static + 0.6 * dynamic
    return {
        "confirmed": together >= 0.6,
        "static_confidence": round(static, 3),
        "dynamic_confidence": round(dynamic, 3),
        "confirmation_confidence": round(together, 3),
        "false_positive_probability": round((1 - together) * dice.uniform(0.4, 0.9), 3),
    }


def _patch(advisory: Advisory, dice: Random) -> Fields:
    workaround = WORKAROUNDS.get(advisory["cve_id"])
    confidence = round(dice.betavariate(9, 2.2), 3)
    if workaround is None or dice.random() >= WORKAROUND_SHARE:
        return _bump(advisory, dice) | {"patch_confidence": confidence}
    return {
        "patch_strategy": workaround.strategy,
        "patch_description": workaround.description,
        "patch_diff": workaround.diff(advisory["affected_files"][0]),
        "patch_confidence": confidence,
        "patch_risk_level": dice.choice([RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.MEDIUM]),
    }


def _bump(advisory: Advisory, dice: Random) -> Fields:
    ecosystem, package = advisory["ecosystem"], advisory["package"]
    old, new = advisory["vulnerable_version"], advisory["fixed_version"]
    path = manifest_path(ecosystem)
    return {
        "patch_strategy": PatchStrategy.VERSION_BUMP,
        "patch_description": f"Moves {package} from {old} to {new} in {path}.",
        "patch_diff": bump_diff(ecosystem, package, old, new),
        "patch_risk_level": _bump_risk(old, new, dice),
    }


def _bump_risk(old: str, new: str, dice: Random) -> RiskLevel:
    """Return the risk of a move between two versions, which grows with their distance."""
    before, after = old.split("."), new.split(".")
    if before[0] != after[0]:
        return dice.choice([RiskLevel.MEDIUM, RiskLevel.HIGH, RiskLevel.HIGH])
    if before[1:2] != after[1:2]:
        return dice.choice([RiskLevel.LOW, RiskLevel.MEDIUM])
    return dice.choice([RiskLevel.LOW, RiskLevel.LOW, RiskLevel.LOW, RiskLevel.MEDIUM])


def _validation(strength: float, strategy: PatchStrategy, dice: Random) -> Fields:
    confidence = _near(strength + 0.05, 0.08, dice)
    is_weak = confidence < WEAK_VALIDATION
    how_many = dice.randint(1, 2) if is_weak else 0
    return {
        "validation_passed": confidence >= 0.6,
        "validation_confidence": confidence,
        "validation_warnings": dice.sample(WARNINGS[strategy], how_many),
    }


def _pull_request(advisory: Advisory, dice: Random) -> Fields:
    number, is_missing = dice.randint(100, 4999), dice.random() < NO_PR_SHARE
    if is_missing:
        return {}
    package = advisory["package"].lower().replace("@", "").replace("/", "-").replace(":", "-")
    return {
        "pr_number": number,
        "pr_url": f"https://github.com/example/{SERVICES[advisory['ecosystem']]}/pull/{number}",
        "pr_branch": f"fix/{advisory['cve_id'].lower()}-{package}",
    }


def _wargame(strength: float, advisory: Advisory, dice: Random) -> Fields:
    """Return the result of the exploit against the service before and after the patch."""
    verdict = _verdict(strength, dice)
    if verdict is None:
        return {}
    run, service = dice.randint(10_000, 99_999), SERVICES[advisory["ecosystem"]]
    certainty = 0.35 if verdict == WargameVerdict.INCONCLUSIVE else 0.55 + 0.4 * strength
    return {
        "wargame_verdict": verdict,
        "wargame_confidence": _near(certainty, 0.06, dice),
        "wargame_run_url": f"https://ci.example.com/{service}/wargames/{run}",
        "wargame_evidence": _evidence(verdict, dice),
    }


def _verdict(strength: float, dice: Random) -> WargameVerdict | None:
    """Return the verdict: a strong patch mostly wins; None if the wargame was not run."""
    chance, luck = dice.random(), strength + dice.gauss(0, 0.07)
    if chance < NO_WARGAME_SHARE:
        return None
    if chance < NO_WARGAME_SHARE + UNREPRODUCED_SHARE:
        return WargameVerdict.INCONCLUSIVE
    if luck >= 0.7:
        return WargameVerdict.SUCCESS
    return WargameVerdict.PARTIAL if luck >= 0.58 else WargameVerdict.FAILURE


def _evidence(verdict: WargameVerdict, dice: Random) -> Fields:
    attempts, tests = dice.randint(12, 40), dice.randint(80, 900)
    before = dice.randint(attempts * 3 // 4, attempts)
    after, failed = {
        WargameVerdict.SUCCESS: (0, 0),
        WargameVerdict.PARTIAL: (dice.randint(1, before // 3), dice.randint(0, 2)),
        WargameVerdict.FAILURE: (dice.randint(before // 2, before), dice.randint(0, 12)),
        WargameVerdict.INCONCLUSIVE: (0, 0),
    }[verdict]
    return {
        "exploit_attempts": attempts,
        # If the exploit never worked, its failure after the patch shows nothing.
        "exploits_before_patch": 0 if verdict == WargameVerdict.INCONCLUSIVE else before,
        "exploits_after_patch": after,
        "tests_run": tests,
        "tests_failed": failed,
        "duration_seconds": round(dice.uniform(45, 900), 1),
    }


def _near(value: float, spread: float, dice: Random) -> float:
    """Return a confidence near `value`, with three digits."""
    return round(min(0.999, max(0.05, dice.gauss(value, spread))), 3)
