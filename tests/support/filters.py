"""Filters and APVs at random, of values so few that they often meet."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import Group, User
from hypothesis import strategies as st

from forges.models import PullRequest, Repository
from reviews.choices import PatchStrategy, Severity, WargameVerdict
from reviews.filters import PARAMETERS
from reviews.models import APV, Assignment, Claim, Comment
from reviews.versions import Step
from tests.support import forge_rows
from tests.support.site import DIFF

PACKAGES = ("requests", "openssl", "com.example:lib", "@types/node")
ECOSYSTEMS = ("PyPI", "npm", "Maven", "")
VERSIONS = ("1.2.3", "1.2.4", "1.3.0", "2.0.0", "")
CVES = ("CVE-2023-32681", "CVE-2024-0001")
BRANCHES = ("renovate/openssl-3.x", "main", "a%b_c\\d", "")
FILES = ("services/api/go.mod", "services/web/package.json", "package.json", "a%b_c\\[1].lock")
GLOBS = (
    *FILES,
    *BRANCHES[:-1],
    "services/",
    "*.json",
    "services/*/go.???",
    "a%*",
    "[1]*",
    "*",
    "?",
)
NOW = datetime(2026, 11, 27, tzinfo=UTC)
AGES = (0, 1, 23, 24, 25, 167, 168, 1000)
LEFT = (-100, -1, 0, 1, 8, 23, 24, 25, 1000)
"""Hours until a deadline."""
CHANGES = [
    {
        **{"package": "requests", "ecosystem": "PyPI", "from": "1.2.3", "to": "1.2.4"},
        **{"direct": False, "file": "uv.lock"},
    }
]
TEXTS = ("A handshake panics.", "50 % of REQUESTS_ fail \\ twice", "")

FIELDS = st.fixed_dictionaries(
    {
        "severity": st.sampled_from(Severity.values),
        "patch_strategy": st.sampled_from(PatchStrategy.values),
        "wargame_verdict": st.sampled_from([None, *WargameVerdict.values]),
        "package_name": st.sampled_from(PACKAGES),
        "package_ecosystem": st.sampled_from(ECOSYSTEMS),
        "package_version": st.sampled_from(VERSIONS),
        "fixed_version": st.sampled_from(VERSIONS),
        "cve_id": st.sampled_from([None, *CVES]),
        "cve_title": st.sampled_from(TEXTS),
        "cve_description": st.sampled_from(TEXTS),
        "pr_number": st.sampled_from([None, 7]),
        "pr_branch": st.sampled_from(BRANCHES),
        "affected_files": st.lists(st.sampled_from(FILES), max_size=3),
        "patch_diff": st.sampled_from(["", DIFF]),
        "changes": st.sampled_from([[], CHANGES]),
        "epss": st.sampled_from([None, 0.0, 0.25, 0.5, 1.0]),
        "known_exploited": st.sampled_from([None, True, False]),
        "approvals": st.integers(0, 3),
        "approvals_needed": st.integers(0, 3),
        "created_at": st.sampled_from([NOW - timedelta(hours=hours) for hours in AGES]),
        "due_at": st.sampled_from([None, *(NOW + timedelta(hours=hours) for hours in LEFT)]),
    }
)
"""The fields of an APV."""
TEAMWORK = st.fixed_dictionaries(
    {
        "claim": st.none() | st.tuples(st.integers(0, 2), st.sampled_from([-1, 0, 1])),
        "comments": st.lists(st.booleans(), max_size=2),
        "assigned": st.none() | st.tuples(st.sampled_from(["user", "group"]), st.integers(0, 2)),
    }
)
"""Who has an APV and for how many hours from NOW, whom it is assigned to, and whether each comment
on it was deleted."""
PULL_REQUESTS = st.none() | st.fixed_dictionaries(
    {
        "author": st.sampled_from(["dependabot[bot]", "lena"]),
        "labels": st.lists(st.sampled_from(["security", "deps"]), max_size=2),
    }
)
"""The fields of its pull request, if it has one."""

VALUES: dict[str, "st.SearchStrategy[str]"] = {
    "search": st.sampled_from(["req", "APV-", "cve-2024", "panics", "% of", "_", "\\"]),
    "severity": st.sampled_from(Severity.values),
    "patch_strategy": st.sampled_from(PatchStrategy.values),
    "wargame_verdict": st.sampled_from(["none", *WargameVerdict.values]),
    "package_name": st.sampled_from(PACKAGES),
    "package_ecosystem": st.sampled_from(ECOSYSTEMS[:-1]),
    "package_version": st.sampled_from(VERSIONS[:-1]),
    "fixed_version": st.sampled_from(VERSIONS[:-1]),
    "cve_id": st.sampled_from(CVES),
    "pull_request": st.sampled_from(["yes", "no"]),
    "repository": st.sampled_from(["forge/shop/app", "forge/shop/web", "forge", "other/shop/app"]),
    "author": st.sampled_from(["dependabot[bot]", "lena"]),
    "branch": st.sampled_from(GLOBS),
    "path": st.sampled_from(GLOBS),
    "label": st.sampled_from(["security", "deps", "Security"]),
    "step": st.sampled_from([*Step, "unknown"]),
    "dependency": st.sampled_from(["direct", "transitive", "unknown"]),
    "age": st.sampled_from(["1h-", "-1d", "1d-1w", "25h-168h"]),
    "due": st.sampled_from(["overdue", "soon", "none", "-8h", "1h-1d", "24h-", "0h-"]),
    "epss": st.sampled_from(["unknown", "0.25-", "-0.5", "0.1-0.5", "0-1"]),
    "kev": st.sampled_from(["yes", "no", "unknown"]),
    "claimed": st.sampled_from(["me", "free", "anybody"]),
    "assigned": st.sampled_from(["me", "groups", "nobody", "anybody"]),
    "commented": st.sampled_from(["yes", "no"]),
    "approvals": st.sampled_from(["none", "some", "last"]),
}
"""Some values of each parameter, in a text."""


@st.composite
def texts_of_filters(draw: Any, most: int = 3) -> str:
    """Return the text of a filter by one to `most` parameters."""
    names = draw(st.lists(st.sampled_from([*VALUES]), min_size=1, max_size=most, unique=True))
    given = {name: draw(_values(name)) for name in names}
    if "search" in given and draw(st.booleans()):
        given["within"] = "text"
    return urlencode(given)


def _values(name: str) -> "st.SearchStrategy[str]":
    most = 3 if PARAMETERS[name].takes_several else 1
    return st.lists(VALUES[name], min_size=1, max_size=most).map(",".join)


def store(fields: dict[str, Any], pull_request: dict[str, Any] | None) -> APV:
    """Store an APV, of a pull request with these fields if there are any."""
    row = None
    if pull_request is not None:
        number = PullRequest.objects.count() + 1
        row = forge_rows.pull_request(_repository(), number, **pull_request)
        row.save()
    return APV.objects.create(**fields, pull_request=row)


def put_to_work(apv: APV, teamwork: dict[str, Any]) -> None:
    """Let one of three people claim an APV, assign it to one of them or a group, comment on it."""
    if teamwork["claim"] is not None:
        who, hours = teamwork["claim"]
        until = NOW + timedelta(hours=hours)
        Claim.objects.create(apv=apv, user=person(who), expires_at=until)
    for deleted in teamwork["comments"]:
        text, moment = ("", NOW) if deleted else ("Why?", None)
        Comment.objects.create(apv=apv, text=text, deleted_at=moment, revision=1)
    if teamwork["assigned"] is not None:
        kind, who = teamwork["assigned"]
        to = {kind: person(who) if kind == "user" else group(who)}
        Assignment.objects.create(apv=apv, **to)


def person(number: int) -> User:
    return User.objects.get_or_create(username=f"person-{number}")[0]


def group(number: int) -> Group:
    return Group.objects.get_or_create(name=f"group-{number}")[0]


def _repository() -> Repository:
    found = Repository.objects.filter(forge__name="forge").first()
    return found or _named(forge_rows.repository(path="shop/app"))


def _named(made: Repository) -> Repository:
    made.forge.name = "forge"
    made.forge.save()
    return made
