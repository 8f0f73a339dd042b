"""APVs as rows of a list, made without a template: a page has fifty, of a dozen cells each."""

from functools import cache, lru_cache
from typing import Any

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext, pgettext

from reviews.choices import Severity, WargameVerdict
from reviews.console.due import Due
from reviews.console.rows import Row
from reviews.models import APV
from reviews.templatetags.shown import identifier, identifier_in_two, identifier_text

LONGEST_BEFORE = 14
"""A longer version is left out before the arrow."""
KEPT = 1024
"""Cells of each kind that are kept: packages, versions and people come again and again."""


class Words:
    """The words of rows in one language."""

    def __init__(self) -> None:
        self.severities = {one: capfirst(str(one.label)) for one in Severity}
        self.verdicts = {one: capfirst(str(one.label)) for one in WargameVerdict}
        self.not_run = pgettext("wargame", "Not run")
        self.no_cve = gettext("no CVE")
        self.withdrawn = gettext("Advisory withdrawn")
        self.unknown = gettext("Unknown")
        self.approvals = gettext("%(count)s of %(needed)s")
        self.select = gettext("Select %(code)s")
        self.to = gettext("to")
        self.claimed = gettext("Claimed by")
        self.assigned = gettext("Assigned to")


def words() -> Words:
    """Return the words in the reader's language, each of which was looked up once."""
    return _words_in(get_language())


@cache
def _words_in(_language: str | None) -> Words:
    return Words()


class RowWriter:
    """Makes the rows of a page.

    `kept` is the query of the list, `open_code` the code of the APV that is open next to it.
    """

    def __init__(self, *, kept: str = "", open_code: str = "", selectable: bool = False) -> None:
        self.kept, self.open_code, self.selectable = kept, open_code, selectable
        self.words = words()

    def write(self, row: Row) -> SafeString:
        apv = row.apv
        lines = [
            f'<tr role="row" id="apv-{apv.apv_id}" data-apv-id="{apv.apv_id}"'
            f' data-order="{row.order}">',
            self._severity(apv.severity),
            package_cell(apv),
            _cell("time", _time(row)),
            self._code(apv),
            _cell("cve", self._cve(apv)),
            version_cell(apv, self.words),
            _cell(f"strategy {escape(apv.patch_strategy)}", escape(row.strategy)),
            self._verdict(apv.wargame_verdict),
            _cell("share", self._share(row.confidence)),
            team_cell(row, self.words),
            _cell("due", due_time(row.due) if row.due else ""),
            self._select(apv) if self.selectable else "",
            "</tr>\n",
        ]
        return _safe("\n".join(lines))

    def _severity(self, severity: Any) -> str:
        label = escape(self.words.severities[severity])
        return _cell("severity", f'<span class="badge {escape(severity.lower())}">{label}</span>')

    def _code(self, apv: APV) -> str:
        is_open = ' aria-current="true"' if apv.apv_code == self.open_code else ""
        address = escape(_address(apv.apv_code) + self.kept)
        link = f'<a href="{address}"{is_open}>{apv.apv_code}</a>{self._approvals(apv)}'
        return f'<th role="rowheader" scope="row" class="at-code">{link}</th>'

    def _approvals(self, apv: APV) -> str:
        if not apv.approvals:
            return ""
        numbers = {"count": apv.approvals, "needed": apv.approvals_needed}
        return f' <span class="badge approvals">{escape(self.words.approvals % numbers)}</span>'

    def _cve(self, apv: Any) -> str:
        if apv.withdrawn_links:
            said, cve = escape(self.words.withdrawn), escape(apv.cve_id or "OSV")
            return f'<del title="{said}">{cve}</del><span class="visually-hidden"> {said}</span>'
        if apv.cve_id:
            return escape(apv.cve_id)
        return f'<span class="quiet">{escape(self.words.no_cve)}</span>'

    def _verdict(self, verdict: Any) -> str:
        label = escape(self.words.verdicts[verdict] if verdict else self.words.not_run)
        shown = f'<span class="verdict {escape(verdict or "none")}">{label}</span>'
        return f'<td role="cell" class="at-verdict" title="{label}">{shown}</td>'

    def _share(self, percent: int | None) -> str:
        if percent is None:
            return f'<span class="visually-hidden">{escape(self.words.unknown)}</span>'
        return f"{percent} %"

    def _select(self, apv: APV) -> str:
        label = escape(self.words.select % {"code": apv.apv_code})
        return _cell(
            "select",
            '<input type="checkbox" form="many" name="apv"'
            f' value="{apv.apv_code}:{apv.version}" autocomplete="off" aria-label="{label}">',
        )


@lru_cache(KEPT)
def _address(code: str) -> str:
    return reverse("apv", args=[code])


def _cell(name: str, content: str) -> str:
    return f'<td role="cell" class="at-{name}">{content}</td>'


def _time(row: Row) -> str:
    return f'<time class="waiting" datetime="{row.since}">{escape(row.waiting)}</time>'


# -- Cells that other rows and pages have too -------------------------------------------------


def package_cell(apv: APV) -> SafeString:
    return _package(apv.package_name, apv.package_version, apv.fixed_version)


@lru_cache(KEPT)
def _package(name: str, before: str, after: str) -> SafeString:
    title = [escape(identifier_text(one)) for one in (name, before, after)]
    return _safe(
        f'<td role="cell" class="at-package" title="{title[0]} {title[1]} → {title[2]}">'
        f'<bdi class="package cut">{identifier_in_two(name)}</bdi></td>'
    )


def version_cell(apv: APV, said: Words | None = None) -> SafeString:
    return _version(apv.package_version, apv.fixed_version, (said or words()).to)


@lru_cache(KEPT)
def _version(before: str, after: str, to: str) -> SafeString:
    title = [escape(identifier_text(one or "?")) for one in (before, after)]
    shown = _arrow(before, after, to) if after else ""
    return _safe(f'<td role="cell" class="at-version" title="{title[0]} → {title[1]}">{shown}</td>')


def _arrow(before: str, after: str, to: str) -> str:
    is_short = before and len(before) <= LONGEST_BEFORE
    shown = f'<span class="from"><bdi>{identifier(before)}</bdi></span>' if is_short else ""
    return (
        f'{shown}<span aria-hidden="true">→</span>'
        f'<span class="visually-hidden">{escape(to)} </span>'
        f'<bdi class="target cut">{identifier_in_two(after)}</bdi>'
    )


def team_cell(row: Row | None = None, said: Words | None = None) -> SafeString:
    """Return who has claimed the APV of a row and whom it is assigned to; both hidden for none."""
    said = said or words()
    claimed = _person("claimed", said.claimed, row.claimed_by if row else "")
    assigned = _person("assigned", said.assigned, row.assigned_to if row else "")
    return _safe(_cell("team", claimed + assigned) + "\n")


@lru_cache(KEPT)
def _person(css: str, label: str, name: str) -> str:
    hidden = "" if name else " hidden"
    return (
        f'<span class="{css}"{hidden}><span class="visually-hidden">{escape(label)} </span>'
        f"<bdi>{identifier(name)}</bdi></span>"
    )


def due_time(due: Due) -> SafeString:
    """Return until when an APV is to be decided on."""
    rule = escape(identifier_text(due.rule))
    return _safe(
        f'<time class="due {due.tone}" datetime="{due.at}" data-warn="{due.warn}"'
        f' data-rule="{rule}" title="{due.due_at:%Y-%m-%d %H:%M} UTC – {rule}">'
        f"{escape(due.words)}</time>"
    )


def _safe(html: str) -> SafeString:
    return mark_safe(html)  # noqa: S308 — escaped # nosec B308, B703
