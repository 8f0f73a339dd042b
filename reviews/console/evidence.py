"""Everything known about an APV, in the tabs and groups a reviewer reads."""

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from reviews.console import cvss, cwe
from reviews.console.digits import digits
from reviews.console.lookalikes import words_with_passing
from reviews.console.unseen import count_unseen, reveal
from reviews.console.wargame import Findings, findings_in
from reviews.models import APV, ILLUSTRATIVE, Advisory

TABS: dict[str, tuple[tuple[Any, tuple[str, ...]], ...]] = {
    "cve": (
        (
            gettext_lazy("Vulnerability"),
            ("cve_title", "cve_description", "cve_id", "severity", "severity_source", "cwe_ids"),
        ),
        (gettext_lazy("Score"), ("cvss_score", "cvss_vector")),
        (
            gettext_lazy("Package"),
            ("package_name", "package_ecosystem", "package_version", "fixed_version"),
        ),
        (
            gettext_lazy("Vulnerable code"),
            ("vulnerable_code_type", "affected_files", "vulnerable_code_signature"),
        ),
    ),
    "patch": (
        (
            gettext_lazy("Patch"),
            ("patch_description", "patch_strategy", "patch_risk_level", "patch_confidence"),
        ),
        (gettext_lazy("Pull request"), ("pr_number", "pr_branch", "pr_url")),
        (gettext_lazy("Diff"), ("patch_diff",)),
    ),
    "wargame": (
        (
            gettext_lazy("Wargame"),
            ("wargame_verdict", "wargame_confidence", "wargame_run_url", "wargame_evidence"),
        ),
    ),
    "validation": (
        (
            gettext_lazy("Validation"),
            ("validation_passed", "validation_confidence", "validation_warnings"),
        ),
        (
            gettext_lazy("Confirmation"),
            (
                "confirmed",
                "confirmation_confidence",
                "static_confidence",
                "dynamic_confidence",
                "false_positive_probability",
            ),
        ),
    ),
    "history": (
        (
            gettext_lazy("Record"),
            (
                "apv_code",
                "status",
                "priority",
                "version",
                "created_at",
                "submitted_by",
                "updated_at",
                "apv_id",
            ),
        ),
    ),
}
"""Every field of an APV, by tab and group."""
GROUPS = tuple(group for groups in TABS.values() for group in groups)
TITLES = {
    "cve": gettext_lazy("CVE"),
    "patch": gettext_lazy("Patch"),
    "wargame": gettext_lazy("Wargame"),
    "validation": gettext_lazy("Validation"),
    "history": gettext_lazy("History"),
}
FIRST_TAB = "cve"
APART = frozenset(
    [
        "cve_title",
        "cvss_score",
        "cvss_vector",
        "patch_diff",
        "validation_warnings",
        "wargame_evidence",
    ]
)
"""Fields that the page shows in a way of their own, not in the list of their group."""
REPEATS = "cve_description"
"""The field that often begins with what the title, which stands above it, has said."""

LABELS = {
    "apv_code": gettext_lazy("Code"),
    "apv_id": gettext_lazy("APV id"),
    "status": gettext_lazy("Status"),
    "version": gettext_lazy("Version"),
    "priority": gettext_lazy("Priority"),
    "severity": gettext_lazy("Severity"),
    "severity_source": gettext_lazy("Who says so"),
    "cve_id": gettext_lazy("CVE"),
    "cve_title": gettext_lazy("Title"),
    "cvss_score": gettext_lazy("CVSS score"),
    "cvss_vector": gettext_lazy("CVSS vector"),
    "cwe_ids": gettext_lazy("Weaknesses"),
    "package_name": gettext_lazy("Package"),
    "package_ecosystem": gettext_lazy("Ecosystem"),
    "fixed_version": gettext_lazy("Fixed version"),
    "affected_files": gettext_lazy("Affected files"),
    "confirmed": gettext_lazy("Confirmed"),
    "confirmation_confidence": gettext_lazy("Confidence of the confirmation"),
    "static_confidence": gettext_lazy("Static analysis"),
    "dynamic_confidence": gettext_lazy("Dynamic analysis"),
    "false_positive_probability": gettext_lazy("False positive"),
    "patch_strategy": gettext_lazy("Strategy"),
    "patch_confidence": gettext_lazy("Confidence of the patch"),
    "patch_diff": gettext_lazy("Diff"),
    "validation_passed": gettext_lazy("Passed"),
    "validation_confidence": gettext_lazy("Confidence of the validation"),
    "validation_warnings": gettext_lazy("Warnings"),
    "pr_number": gettext_lazy("Number"),
    "wargame_verdict": gettext_lazy("Verdict"),
    "wargame_confidence": gettext_lazy("Confidence of the wargame"),
    "wargame_evidence": gettext_lazy("Evidence"),
    "created_at": gettext_lazy("Added"),
    "submitted_by": gettext_lazy("Added by"),
    "updated_at": gettext_lazy("Changed"),
    "cve_description": gettext_lazy("Description"),
    "patch_description": gettext_lazy("Description"),
    "patch_risk_level": gettext_lazy("Risk"),
    "package_version": gettext_lazy("Vulnerable version"),
    "vulnerable_code_signature": gettext_lazy("Signature"),
    "vulnerable_code_type": gettext_lazy("Type"),
    "wargame_run_url": gettext_lazy("Run"),
    "pr_url": gettext_lazy("Address"),
    "pr_branch": gettext_lazy("Branch"),
}
KINDS = {
    "vulnerable_code_signature": "code",
    "pr_url": "link",
    "wargame_run_url": "link",
    "cve_title": "prose",
    "cve_id": "cve",
    "cwe_ids": "cwes",
    "apv_id": "name",
    "pr_branch": "name",
    "package_version": "name",
    "fixed_version": "name",
}
"""How a field is shown; others by the type of their column."""
KIND_OF_COLUMN: tuple[tuple[type[Any], str], ...] = (
    (models.BooleanField, "answer"),
    (models.FloatField, "share"),
    (models.DateTimeField, "time"),
    (models.JSONField, "json"),
    (ArrayField, "list"),
    (models.TextField, "prose"),
)
WIDE = frozenset(["prose", "code", "json", "list", "link", "cwes", "cve"])

MOST_WORDS = 5
"""Words with letters that pass for others, of which a notice above the diff speaks."""
NOT_RUN = pgettext_lazy("evidence", "Not run")
CONFIDENCES_OF_CONFIRMATION = (
    "confirmation_confidence",
    "static_confidence",
    "dynamic_confidence",
    "false_positive_probability",
)
RECORDS = (
    ("CVE.org", "https://www.cve.org/CVERecord?id={}"),
    ("NVD", "https://nvd.nist.gov/vuln/detail/{}"),
    ("GitHub", "https://github.com/advisories?query={}"),
    ("OSV", "https://osv.dev/list?q={}"),
)
"""Who keeps public records of CVEs, and where."""
ADVISORY = "https://osv.dev/vulnerability/{}"


@dataclass(frozen=True)
class Fact:
    """One field as it is shown; `kind` says how, `value` is None where nothing is known."""

    field: str
    label: Any
    kind: str
    value: Any

    @property
    def wide(self) -> bool:
        return self.kind in WIDE

    @property
    def percent(self) -> int:
        return round(float(self.value) * 100)


@dataclass(frozen=True)
class Group:
    """Facts under one heading."""

    title: Any
    facts: list[Fact]

    @property
    def given(self) -> list[Fact]:
        return [fact for fact in self.facts if fact.value is not None]

    @property
    def missing(self) -> str:
        """The names of what was not given."""
        return ", ".join(str(fact.label) for fact in self.facts if fact.value is None)


@dataclass(frozen=True)
class Tab:
    """One tab: `number` is its key on the keyboard, `mark` a short word beside its title."""

    name: str
    title: Any
    number: int
    groups: list[Group]
    mark: str = ""


@dataclass(frozen=True)
class Signal:
    """One of the few words that sum an APV up; `tone` is a class of the style sheet."""

    label: Any
    word: Any
    tone: str = ""


@dataclass(frozen=True)
class Known:
    """A signal that says something, and how sure the machine is of it, if it said so."""

    signal: Signal
    score: "Score | None" = None


@dataclass(frozen=True)
class Score:
    """A number of the machine from 0 to 1, for a plot; None where it is unknown."""

    label: Any
    value: float | None
    good_when_high: bool = True

    @property
    def percent(self) -> int | None:
        return None if self.value is None else round(self.value * 100)

    @property
    def tone(self) -> str:
        if self.value is None:
            return "none"
        good = self.value if self.good_when_high else 1 - self.value
        return "good" if good >= 0.8 else "fair" if good >= 0.6 else "weak"


@dataclass(frozen=True)
class Behind:
    """An advisory behind the APV: whether it asks for this bump, and where it is published."""

    advisory: Advisory
    applies: bool
    address: str


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
        """The fields that no group shows: a description that adds nothing to the title is one."""
        repeated = bool(self.apv.cve_description) and not self.beyond_title
        return APART | {REPEATS} if repeated else APART

    @cached_property
    def beyond_title(self) -> str:
        """What the description says that the title has not said."""
        return beyond(self.apv.cve_title, self.apv.cve_description)

    def _fact(self, name: str) -> Fact:
        shown = fact(self.apv, name)
        return replace(shown, value=self.beyond_title or None) if name == REPEATS else shown

    @cached_property
    def signals(self) -> list[Signal]:
        return signals_of(self.apv)

    @cached_property
    def known(self) -> list[Known]:
        """What is known of the APV, to weigh it by; what was not run is not among it."""
        apv = self.apv
        wargame, validation, confirmation, *others = self.signals
        scored = [
            Known(wargame, score_of(wargame.label, apv.wargame_confidence)),
            Known(validation, score_of(validation.label, apv.validation_confidence)),
            Known(confirmation, score_of(confirmation.label, apv.confirmation_confidence)),
            *(Known(one) for one in others),
        ]
        return [one for one in scored if one.signal.tone != "none" or one.score]

    @cached_property
    def not_run(self) -> str:
        """The names of those of wargame, validation and confirmation that were not run."""
        return ", ".join(str(one.label) for one in self.signals[:3] if one.tone == "none")

    @cached_property
    def metrics(self) -> list[list[cvss.Metric]]:
        return cvss.grouped(self.apv.cvss_vector)

    @property
    def cvss_percent(self) -> int:
        return round(10 * (self.apv.cvss_score or 0))

    @property
    def records(self) -> list[tuple[str, str]]:
        """The public records of the CVE: who keeps them, and where."""
        cve = self.apv.cve_id
        return [(name, address.format(cve)) for name, address in RECORDS] if cve else []

    @cached_property
    def advisories(self) -> list[Behind]:
        """The advisories behind the APV, by their ids."""
        links = self.apv.advisory_links.select_related("advisory").order_by("advisory__osv_id")
        return [
            Behind(link.advisory, link.applies, ADVISORY.format(quote(link.advisory.osv_id)))
            for link in links
        ]

    @property
    def gone(self) -> list[Behind]:
        """Those of the advisories that do not ask for this bump any more."""
        return [one for one in self.advisories if not one.applies]

    @property
    def illustrative(self) -> str:
        return ILLUSTRATIVE if ILLUSTRATIVE in self.apv.validation_warnings else ""

    @cached_property
    def unseen(self) -> int:
        return count_unseen(self.apv.patch_diff.replace("\r\n", "\n"))

    @cached_property
    def passing(self) -> list[str]:
        """The words of the diff in which letters pass for others, up to a few."""
        return words_with_passing(self.apv.patch_diff, MOST_WORDS)

    @cached_property
    def diff_lines(self) -> int:
        return len(self.apv.patch_diff.splitlines())

    @cached_property
    def wargame(self) -> Findings:
        return findings_in(self.apv.wargame_evidence)


def score_of(label: Any, value: float | None) -> Score | None:
    return None if value is None else Score(label, value)


def beyond(title: str, description: str) -> str:
    """What a description says after it has said the title, which may have been shortened."""
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


def signals_of(apv: APV) -> list[Signal]:
    """What a reviewer reads first."""
    validation = _answer(apv, "validation_passed", _("Passed"), _("Not passed"))
    confirmation = _answer(apv, "confirmed", _("Confirmed"), _("Not confirmed"))
    tone = "success" if apv.validation_passed else "failure"
    verdict, risk = apv.get_wargame_verdict_display(), apv.get_patch_risk_level_display()
    risk_tone = {"low": "success", "medium": "partial", "high": "failure"}
    return [
        Signal(_("Wargame"), capfirst(verdict or NOT_RUN), apv.wargame_verdict or "none"),
        Signal(_("Validation"), validation, "none" if validation == NOT_RUN else tone),
        Signal(_("Confirmation"), confirmation, "none" if confirmation == NOT_RUN else ""),
        Signal(
            _("Risk of the patch"),
            capfirst(risk or pgettext("risk", "unknown")),
            risk_tone.get(apv.patch_risk_level or "", "none"),
        ),
        Signal(_("The machine would"), *_recommendation(apv)),
    ]


def _recommendation(apv: APV) -> tuple[Any, str]:
    """What the machine would do, and its tone; it has no opinion where nothing was run."""
    said = apv.recommendation
    return (NOT_RUN, "none") if said is None else (capfirst(said.label), "")


def _answer(apv: APV, name: str, yes: Any, no: Any) -> Any:
    """`yes` or `no`, or that nothing was run: a bare "no" is what an APV has by default."""
    if getattr(apv, name):
        return yes
    return no if _left_traces(apv, name) else NOT_RUN


def _left_traces(apv: APV, name: str) -> bool:
    if name == "confirmed":
        return any(getattr(apv, field) is not None for field in CONFIDENCES_OF_CONFIRMATION)
    return apv.was_validated


def fact(apv: APV, name: str) -> Fact:
    column: Any = APV._meta.get_field(name)
    kind = KINDS.get(name) or _kind_of(column)
    return Fact(name, LABELS[name], kind, _value(apv, column, kind))


def _kind_of(column: Any) -> str:
    return next((kind for type_, kind in KIND_OF_COLUMN if isinstance(column, type_)), "text")


def _value(apv: APV, column: Any, kind: str) -> Any:
    """What the page shows; None for what was not given."""
    value = getattr(apv, column.name)
    if value in (None, "", [], {}):
        return None
    match kind:
        case "answer":
            return _answer(apv, column.name, _("Yes"), _("No"))
        case "code":
            return reveal(value)
        case "cwes":
            return [(one, one.removeprefix("CWE-"), cwe.name_of(one)) for one in value]
    return capfirst(getattr(apv, f"get_{column.name}_display")()) if column.choices else value
