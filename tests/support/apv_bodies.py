"""Bodies of APVs as pipelines send them: usual values, odd ones, and some that are refused."""

from typing import Any

from hypothesis import strategies as st

from reviews.choices import PatchStrategy, RiskLevel, Severity, WargameVerdict
from tests.support.site import DIFF

ODD = ["", " ", " a ", "a\tb", "a\\nb\n", '"{},', "ä\u2028\U0001f600", "\\N", "\\.", "NULL", "\x7f"]
WRONG = ["\0", "\ud800", "x" * 30_000, 5, 1.5, True, None, [], {}, ["a"], {"a": 1}]
"""No text, or none that fits; REST takes some of them as texts."""
TEXTS = st.sampled_from(ODD) | st.text(max_size=20)
NUMBERS = st.sampled_from([0, 1, 0.5, 1e-300, 0.1 + 0.2, -0.0])
ODD_NUMBERS: st.SearchStrategy[Any] = st.sampled_from(
    [-1, 2, 11, "0.5", "nan", "", True, None, [], 1e400, 2**70, "1" * 2000]
)
FLAGS = st.sampled_from([True, False])
ODD_FLAGS: st.SearchStrategy[Any] = st.sampled_from(["yes", "off", 0, 1, 2, "x", None, [], {}])
ITEMS = st.lists(TEXTS.filter(str.strip), max_size=3)
ODD_ITEMS: st.SearchStrategy[Any] = st.sampled_from(
    [None, "a", {}, [""], [" a "], [1, None], ["a\0"], ["x" * 3000], [[]]]
)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e300, 1e300) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CHANGE = {"package": "a", "ecosystem": "npm", "from": "1", "to": None, "file": "package.json"}

USUAL: dict[str, st.SearchStrategy[Any]] = {
    "priority": st.integers(1, 10),
    "severity_source": TEXTS,
    "cve_id": st.sampled_from([None, "CVE-2026-12345"]),
    "cve_title": TEXTS,
    "cve_description": TEXTS,
    "cvss_score": st.none() | NUMBERS,
    "cvss_vector": TEXTS,
    "cwe_ids": st.lists(st.sampled_from(["CWE-79", "CWE-1"]), max_size=3),
    "package_version": st.sampled_from(["1.0", "before 2", ""]),
    "package_ecosystem": st.sampled_from(["PyPI", "npm", "Go", ""]),
    "fixed_version": st.sampled_from(["1.1", "2.0.0", ""]),
    "vulnerable_code_signature": TEXTS,
    "vulnerable_code_type": TEXTS,
    "affected_files": ITEMS,
    "confirmed": FLAGS,
    "confirmation_confidence": st.none() | NUMBERS,
    "static_confidence": st.none() | NUMBERS,
    "patch_description": TEXTS,
    "patch_diff": st.sampled_from([DIFF, "", " \t\\x\r\n", "--- a\n+++ b\n"]) | TEXTS,
    "patch_risk_level": st.sampled_from([None, *RiskLevel.values]),
    "validation_passed": FLAGS,
    "validation_warnings": ITEMS,
    "pr_number": st.sampled_from([None, 7]),
    "pr_url": st.sampled_from(["", "https://git.example.com/shop/pulls/7"]),
    "pr_branch": TEXTS,
    "wargame_verdict": st.sampled_from([None, *WargameVerdict.values]),
    "wargame_evidence": st.dictionaries(TEXTS, JSON, max_size=3),
    "head_commit": st.sampled_from(["", "0123abc"]),
    "changes": st.lists(st.just(CHANGE), max_size=2),
    "known_exploited": st.none() | FLAGS,
    "epss": st.none() | NUMBERS,
}
REQUIRED: dict[str, st.SearchStrategy[Any]] = {
    "severity": st.sampled_from(Severity.values),
    "package_name": TEXTS.map(lambda text: text.strip() or "requests"),
    "patch_strategy": st.sampled_from(PatchStrategy.values),
}
ODD_VALUES = (
    st.sampled_from(WRONG)
    | TEXTS
    | ODD_NUMBERS
    | ODD_FLAGS
    | ODD_ITEMS
    | st.sampled_from(["HUGE", "critical", {"a": "\0"}, [CHANGE | {"to": 1}], [CHANGE, {}]])
)

USUAL_BODIES = st.fixed_dictionaries(REQUIRED, optional=USUAL)


@st.composite
def odd_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Return a body of which some fields are odd, missing or unknown."""
    body = draw(USUAL_BODIES)
    names = st.sampled_from([*REQUIRED, *USUAL, "apv_code", "status", "unknown"])
    body |= draw(st.dictionaries(names, ODD_VALUES, max_size=3))
    for name in draw(st.lists(st.sampled_from([*REQUIRED]), max_size=1)):
        body.pop(name, None)
    return body
