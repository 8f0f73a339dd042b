"""The evidence of an APV, in tabs and groups."""

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.utils.functional import cached_property
from django.utils.translation import ngettext

from forges.choices import CheckState
from realtime.compiled_queries import CompiledQuery
from reviews.choices import Status
from reviews.console import cvss
from reviews.console.apv_fields import (
    APART,
    REPEATS,
    TABS,
    TITLES,
    Fact,
    Group,
    fact,
)
from reviews.console.invisible_characters import count_invisible
from reviews.console.lookalikes import words_with_passing
from reviews.console.number_formats import digits
from reviews.console.signals import Known, Signal, known_of, signals_of
from reviews.console.wargame import Findings, findings_in
from reviews.models import APV, ILLUSTRATIVE, Advisory, APVAdvisory

MOST_WORDS = 5
"""Words with letters that pass for others, of which a notice above the diff speaks."""
RECORDS = (
    ("CVE.org", "https://www.cve.org/CVERecord?id={}"),
    ("NVD", "https://nvd.nist.gov/vuln/detail/{}"),
    ("GitHub", "https://github.com/advisories?query={}"),
    ("OSV", "https://osv.dev/list?q={}"),
)
"""Who keeps public records of CVEs, and where."""
OF_PULL_REQUESTS = frozenset(["pull_request_state"])
OF_WITHDRAWN = frozenset(["withdrawn_at", "withdrawn_by", "withdrawn_reason", "superseded_by"])
"""Fields that other APVs cannot have, so that it is no news that they are missing."""
ORDER_OF_CHECKS = (
    *(CheckState.FAILURE, CheckState.PENDING, CheckState.SUCCESS, CheckState.SKIPPED),
)
ADVISORY = "https://osv.dev/vulnerability/{}"


LINKS = CompiledQuery(
    lambda pk: (
        APVAdvisory.objects.filter(apv=pk)
        .select_related("advisory")
        .defer("advisory__document")
        .order_by("advisory__osv_id")
    ),
    UUID(int=1),
)


@dataclass(frozen=True)
class Tab:
    """One tab: `number` is its key on the keyboard, `mark` a short word next to its title."""

    name: str
    title: Any
    number: int
    groups: list[Group]
    mark: str = ""


@dataclass(frozen=True)
class LinkedAdvisory:
    """An advisory that asked for the APV: whether it still does, and where it is published."""

    advisory: Advisory
    applies: bool
    address: str
    kept: dict[str, Any]
    """What the APV keeps of an advisory that its pull request fixes."""


@dataclass(frozen=True)
class Evidence:
    """What the page shows of one APV."""

    apv: APV

    @cached_property
    def tabs(self) -> list[Tab]:
        lines, warned = self.diff_lines, len(self.apv.validation_warnings)
        marks = {
            "patch": _count(ngettext("{count} line", "{count} lines", lines), lines),
            "wargame": self.signals[0].word,
            "validation": _count(ngettext("{count} warning", "{count} warnings", warned), warned),
        }
        return [
            Tab(name, TITLES[name], number, self.groups_of(name), marks.get(name, ""))
            for number, name in enumerate(TABS, start=1)
        ]

    def groups_of(self, tab: str) -> list[Group]:
        groups = [
            Group(title, [self._fact(name) for name in names if name not in self.apart])
            for title, names in TABS[tab]
        ]
        return [group for group in groups if group.facts]

    @cached_property
    def apart(self) -> frozenset[str]:
        """Return the fields that no group shows: a description that repeats the title is one."""
        apart = APART
        if self.apv.cve_description and not self.beyond_title:
            apart |= {REPEATS}
        if self.apv.pull_request_id is None:
            apart |= OF_PULL_REQUESTS
        return apart if self.apv.status == Status.WITHDRAWN else apart | OF_WITHDRAWN

    @cached_property
    def beyond_title(self) -> str:
        """Return the part of the description that the title does not have."""
        return beyond(self.apv.cve_title, self.apv.cve_description)

    def _fact(self, name: str) -> Fact:
        shown = fact(self.apv, name)
        return replace(shown, value=self.beyond_title or None) if name == REPEATS else shown

    @cached_property
    def signals(self) -> list[Signal]:
        return signals_of(self.apv)

    @cached_property
    def known(self) -> list[Known]:
        """Return what is known of the APV, without what was not run."""
        return known_of(self.apv, self.signals)

    @cached_property
    def not_run(self) -> str:
        """Return the names of those of wargame, validation and confirmation that were not run."""
        return ", ".join(str(one.label) for one in self.signals[:3] if one.tone == "none")

    @cached_property
    def metrics(self) -> list[list[cvss.Metric]]:
        return cvss.grouped(self.apv.cvss_vector)

    @property
    def cvss_percent(self) -> int:
        return round(10 * (self.apv.cvss_score or 0))

    @property
    def records(self) -> list[tuple[str, str]]:
        """Return the public records of the CVE: their keepers and addresses."""
        cve = self.apv.cve_id
        return [(name, address.format(cve)) for name, address in RECORDS] if cve else []

    @cached_property
    def advisories(self) -> list[LinkedAdvisory]:
        """Return the advisories that asked for the APV, by their ids."""
        kept = {one["id"]: one for one in self.apv.advisories}
        return [
            LinkedAdvisory(
                link.advisory,
                link.applies,
                ADVISORY.format(quote(link.advisory.osv_id)),
                kept.get(link.advisory.osv_id, {}),
            )
            for link in LINKS.rows(self.apv.pk)
        ]

    @property
    def gone(self) -> list[LinkedAdvisory]:
        """Return the advisories that no longer ask for this bump."""
        return [one for one in self.advisories if not one.applies]

    @property
    def fixes_nothing(self) -> bool:
        """Return whether its pull request fixes no advisory that is known here."""
        return self.apv.pull_request_id is not None and not self.apv.advisories

    @property
    def checks(self) -> list[tuple[dict[str, Any], Any]]:
        """Return the checks of the head commit, each with its state in words; failed ones first."""
        states = [CheckState(one["state"]) for one in self.apv.checks]
        pairs = list(zip(self.apv.checks, states, strict=True))
        pairs.sort(key=lambda pair: ORDER_OF_CHECKS.index(pair[1]))
        return [(one, state.label) for one, state in pairs]

    @property
    def illustrative(self) -> str:
        return ILLUSTRATIVE if ILLUSTRATIVE in self.apv.validation_warnings else ""

    @cached_property
    def invisible(self) -> int:
        return count_invisible(self.apv.patch_diff.replace("\r\n", "\n"))

    @cached_property
    def passing(self) -> list[str]:
        """Return a few words of the diff that have deceptive letters."""
        return words_with_passing(self.apv.patch_diff, MOST_WORDS)

    @cached_property
    def diff_lines(self) -> int:
        return len(self.apv.patch_diff.splitlines())

    @cached_property
    def wargame(self) -> Findings:
        return findings_in(self.apv.wargame_evidence)


def beyond(title: str, description: str) -> str:
    """Return the rest of a description after the title, which may have been shortened."""
    words = title.removesuffix("…").rstrip(" .").split()
    if not words:
        return description
    said = re.match(
        r"[#*\s]*" + r"\s+".join(re.escape(word) for word in words), description, re.IGNORECASE
    )
    if said is None:
        return description
    rest = description[said.end() :]
    if title.endswith("…"):
        return f"…{rest}" if rest else ""
    return description if rest[:1].isalnum() else rest.lstrip(" .:;*\r\n")


def _count(words: str, count: int) -> str:
    return words.format(count=digits(count)) if count else ""
