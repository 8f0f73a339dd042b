"""Store advisories, and revise or withdraw the APVs that depend on them.

An APV that an import made is revised while nobody has decided on it, in the fields that nobody has
changed since. It leaves the queue when none of its advisories applies any more, and returns when
one does again. Decided APVs never change; the console shows what became of their advisories.
"""

import hashlib
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from audit import entries
from audit.choices import AuditAction
from realtime.transactions import publishing
from reviews import services
from reviews.choices import (
    PatchStrategy,
    Status,
    WithdrawalReason,
)
from reviews.imports import bumps, osv
from reviews.imports.package_names import identity
from reviews.models import APV, Advisory, APVAdvisory
from reviews.pull_requests.fixed_advisories import is_fixed
from reviews.receivers import publish_change

IMPORTS_LOCK = 0x6F7376
"""Imports take turns, so that two never add the same APV."""
DEEPEST = 200
UNDECIDED = frozenset([Status.PENDING, Status.WITHDRAWN])
"""Nobody has decided on these."""

Fields = bumps.Fields
Key = tuple[str, str, str]
"""Ecosystem, package and fixed version, the same however they are written."""
Known = dict[tuple[Key, str], APV]
"""APVs by what they bump, and the CVE or OSV id that they do it for."""
BumpsOf = Callable[[osv.Advisory], Iterable[Fields]]
"""What the APVs of an advisory would say, checked."""


class Published(NamedTuple):
    """An advisory to import, and the contents of its APVs; its document is `storable`."""

    advisory: osv.Advisory
    document: Any
    bumps: list[Fields]


@dataclass
class Outcome:
    """The result of an import, in APVs; `older` names advisories, `packages` what all are about."""

    added: int = 0
    known: int = 0
    revised: int = 0
    withdrawn: int = 0
    reopened: int = 0
    older: list[str] = field(default_factory=list)
    packages: set[str] = field(default_factory=set)


def import_advisories(
    published: Sequence[Published], bumps_of: BumpsOf, *, tried: Known | None = None
) -> Outcome:
    """Store advisories with distinct ids, and update APVs accordingly, in one transaction.

    An advisory that is older than the stored one changes nothing. With `tried`, which collects the
    APVs that would be added, nothing is stored. `bumps_of` returns the APVs made from an advisory
    that is replaced.
    """
    with publishing():
        _take_turn()
        outcome = _Batch(bumps_of, {} if tried is None else tried).run(published)
        if tried is not None:
            transaction.set_rollback(True)
    return outcome


def _take_turn() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORTS_LOCK])


# -- Keeping advisories -----------------------------------------------------------------------


class Kept(NamedTuple):
    """A stored advisory, and the document that it replaces, if that differs."""

    row: Advisory
    bumps: list[Fields]
    replaced: Any


def keep(published: Sequence[Published], outcome: Outcome) -> list[Kept]:
    """Store advisories; return those that are not older than the stored ones."""
    by_id = {one.advisory.id: one for one in published}
    rows = Advisory.objects.select_for_update().filter(osv_id__in=by_id).order_by("osv_id")
    stored = {row.osv_id: row for row in rows}
    kept, changed = [], []
    for osv_id, one in by_id.items():
        row = stored.get(osv_id) or Advisory(osv_id=osv_id)
        if _is_older(one.advisory, row):
            outcome.older.append(osv_id)
        else:
            before = _small_fields(row)
            kept.append(Kept(row, one.bumps, _write(one, row)))
            changed += [row] if _small_fields(row) != before else []
    Advisory.objects.bulk_create([row for row in changed if row.osv_id not in stored])
    known = [row for row in changed if row.osv_id in stored]
    Advisory.objects.bulk_update(known, FIELDS_OF_ADVISORIES)
    return kept


FIELDS_OF_ADVISORIES = ["modified", "withdrawn", "aliases", "packages", "document", "sha256"]


def _small_fields(row: Advisory) -> list[Any]:
    """Return all that may differ from the stored row; the digest stands for the document."""
    return [getattr(row, name) for name in FIELDS_OF_ADVISORIES if name != "document"]


def _is_older(advisory: osv.Advisory, row: Advisory) -> bool:
    if row.modified is None:
        return False
    return advisory.modified is None or advisory.modified < row.modified


def _write(published: Published, row: Advisory) -> Any:
    """Fill the row; return the previous document, if it differs."""
    advisory, document = published.advisory, published.document
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    replaced = row.document if row.sha256 not in {"", digest} else None
    row.modified, row.withdrawn = advisory.modified, advisory.withdrawn
    row.aliases = [alias[:200] for alias in storable(advisory.aliases)]
    row.packages = storable(osv.packages_of(advisory))
    row.document, row.sha256 = document, digest
    return replaced


def storable(value: Any) -> Any:
    """Return a JSON value that PostgreSQL can store: no NUL, no lone surrogates, no NaN.

    Raise PassedOver if it is nested too deeply.
    """
    return value if _is_storable(value) else _storable(value, 0)


UNSTORABLE = re.compile(r"\\u0000|\\ud[89a-f]|NaN|Infinity|[{\[]")


def _is_storable(value: Any) -> bool:
    """Return whether a value is plainly storable: its JSON shows at once that most are."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    found = Counter(UNSTORABLE.findall(text))
    return found.total() == found["{"] + found["["] <= DEEPEST


def _storable(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise osv.PassedOver("not an OSV advisory", "nested too deeply")
    match value:
        case dict():
            return {_storable(key, 0): _storable(one, depth + 1) for key, one in value.items()}
        case list():
            return [_storable(one, depth + 1) for one in value]
        case str():
            return value.replace("\0", "\ufffd").encode(errors="replace").decode()
        case float() if not math.isfinite(value):
            return None
    return value


# -- Their APVs --------------------------------------------------------------------------------


class _Batch:
    """Some advisories, their links, and their APVs."""

    def __init__(self, bumps_of: BumpsOf, known: Known) -> None:
        self._bumps_of = bumps_of
        self._outcome = Outcome()
        self._links: dict[int, list[APVAdvisory]] = defaultdict(list)
        self._known = known
        self._new: list[APV] = []
        self._new_links: list[APVAdvisory] = []
        self._applies: dict[int, bool] = {}
        """Whether stored links apply now, of those where that changed."""

    def run(self, published: Sequence[Published]) -> Outcome:
        kept = keep(published, self._outcome)
        self._outcome.packages.update(*(one.row.packages for one in kept))
        self._read_links([one.row for one in kept])
        self._read_known([made for one in kept for made in one.bumps])
        for one in kept:
            self._follow(one)
        if self._new:
            services.add_apvs(apvs=self._new)
        self._outcome.added = len(self._new)
        self._write_links()
        self._settle()
        return self._outcome

    def _read_links(self, rows: list[Advisory]) -> None:
        links = APVAdvisory.objects.filter(advisory__in=rows).select_related("apv")
        for link in links.select_for_update(of=("apv",)).order_by("apv_id"):
            self._links[link.advisory_id].append(link)

    def _read_known(self, wanted: list[Fields]) -> None:
        """Read the stored bumps of these packages, whoever made them."""
        names = {made["package_name"] for made in wanted}
        cves = {made["cve_id"] for made in wanted if made["cve_id"]}
        stored = APV.objects.filter(
            Q(cve_id__in=cves) | Q(package_name__in=names),
            patch_strategy=PatchStrategy.VERSION_BUMP,
        )
        for apv in stored.only(*KNOWN_BY).iterator():
            self._remember(apv)

    def _remember(self, apv: APV) -> None:
        for one in (apv.cve_id, _origin(apv)):
            if one:
                self._known.setdefault((_key_of(apv), one), apv)

    def _follow(self, kept: Kept) -> None:
        links = self._links[kept.row.pk]
        keys = {_key(made) for made in kept.bumps}
        for link in links:
            self._apply(link, _asks_for(kept.row, keys, link.apv))
        replaced = self._replaced(kept, links)
        for made in kept.bumps:
            self._want(kept.row, made, replaced)

    def _apply(self, link: APVAdvisory, applies: bool) -> None:
        if link.pk is not None and link.applies != applies:
            self._applies[link.pk] = applies
        link.applies = applies

    def _replaced(self, kept: Kept, links: list[APVAdvisory]) -> dict[Key, Fields]:
        """Return the APVs of the replaced document, if there are APVs to compare with it."""
        if kept.replaced is None or not links:
            return {}
        advisory = osv.parsed(kept.replaced).model_copy(update={"withdrawn": None})
        return {_key(made): made for made in self._bumps_of(advisory)}

    def _want(self, row: Advisory, made: Fields, replaced: dict[Key, Fields]) -> None:
        """Make sure that a bump has an APV: its own, an outdated, a matching, or a new one."""
        key, links = _key(made), self._links[row.pk]
        link = next((one for one in links if _key_of(one.apv) == key), None)
        link = link or next((one for one in links if self._is_outdated(one, key)), None)
        if link is not None:
            self._revise(link, replaced.get(_key_of(link.apv)), made)
        elif apv := self._find(key, made, row.osv_id):
            self._link(apv, row, origin=_origin(apv) == row.osv_id)
            self._outcome.known += 1
        else:
            self._add(row, made)

    def _is_outdated(self, link: APVAdvisory, key: Key) -> bool:
        """Return whether an APV was made from this advisory alone, for another fix."""
        return (
            link.origin
            and not link.applies
            and _key_of(link.apv)[:2] == key[:2]
            and link.apv.status in UNDECIDED
            and not link.apv.advisory_links.exclude(pk=link.pk).filter(applies=True).exists()
        )

    def _revise(self, link: APVAdvisory, old: Fields | None, new: Fields) -> None:
        self._apply(link, True)
        if old and link.origin and link.apv.status in UNDECIDED and _change(link, old, new):
            self._outcome.revised += 1
        else:
            self._outcome.known += 1

    def _find(self, key: Key, made: Fields, osv_id: str) -> APV | None:
        return self._known.get((key, made["cve_id"] or "")) or self._known.get((key, osv_id))

    def _link(self, apv: APV, row: Advisory, *, origin: bool) -> None:
        link = APVAdvisory(apv=apv, advisory=row, origin=origin)
        self._new_links.append(link)
        self._links[row.pk].append(link)

    def _add(self, row: Advisory, made: Fields) -> None:
        apv = APV(**made)
        self._new.append(apv)
        self._remember(apv)
        self._link(apv, row, origin=True)

    def _write_links(self) -> None:
        APVAdvisory.objects.bulk_create(self._new_links)
        for applies in (True, False):
            changed = [pk for pk, now in self._applies.items() if now is applies]
            if changed:
                APVAdvisory.objects.filter(pk__in=changed).update(applies=applies)

    def _settle(self) -> None:
        """Remove APVs without an advisory that applies from the queue, and restore others."""
        touched = [link.apv_id for links in self._links.values() for link in links]
        links = APVAdvisory.objects.filter(apv=OuterRef("pk"))
        stands = Exists(links.filter(applies=True))
        imported = APV.objects.filter(Exists(links.filter(origin=True)), pk__in=touched)
        imported = imported.order_by("pk").select_for_update(of=("self",))
        for apv in imported.filter(~stands, status=Status.PENDING):
            withdrawal = services.Withdrawal(WithdrawalReason.ADVISORIES)
            services.withdraw(apv, withdrawal, advisories=_names(apv))
            self._outcome.withdrawn += 1
        for apv in imported.filter(stands, status=Status.WITHDRAWN):
            services.reopen(apv, advisories=_names(apv))
            self._outcome.reopened += 1


KNOWN_BY = (
    *("package_ecosystem", "package_name", "fixed_version"),
    *("cve_id", "patch_description", "pull_request"),
)


def _key(made: Fields) -> Key:
    return *identity(made["package_ecosystem"], made["package_name"]), made["fixed_version"]


def _key_of(apv: APV) -> Key:
    return *identity(apv.package_ecosystem, apv.package_name), apv.fixed_version


def _change(link: APVAdvisory, old: Fields, new: Fields) -> bool:
    """Change the APV as its advisory changed, except in fields that somebody else changed since."""
    apv = link.apv
    changed = [
        name for name in new if new[name] != old.get(name) and getattr(apv, name) == old.get(name)
    ]
    values = services.with_priority(apv, {name: new[name] for name in changed})
    if values:
        services.save_values(apv, values)
        about = sorted(values)
        publish_change(apv, "evidence")
        entries.record(
            AuditAction.APV_CHANGED, apv.apv_code, fields=about, advisory=str(link.advisory)
        )
    return bool(values)


def _asks_for(row: Advisory, keys: set[Key], apv: APV) -> bool:
    """Return whether an advisory asks for the bump of an APV, or its pull request fixes it."""
    if apv.pull_request_id is None:
        return _key_of(apv) in keys
    return row.withdrawn is None and is_fixed(row.document, apv.changes)


def _origin(apv: APV) -> str:
    """Return the id of the advisory that an APV was made from, or "": its description names it.

    The description of a pull request does not count: its author writes what they like there.
    """
    return "" if apv.pull_request_id else bumps.osv_id(apv.patch_description)


def _names(apv: APV) -> list[str]:
    return sorted(apv.advisory_links.values_list("advisory__osv_id", flat=True))
