"""Add version-bump APVs from OSV advisories."""

import argparse
import lzma
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from realtime.publish import publishing
from reviews import osv, services
from reviews.api.problems import flatten
from reviews.api.serializers import APVSerializer
from reviews.choices import PatchStrategy, Severity
from reviews.models import APV

YAML_SUFFIXES = frozenset([".yaml", ".yml"])
SUFFIXES = YAML_SUFFIXES | {".json"}
ADVISORY_MAX_BYTES = 10 * 1024 * 1024
PER_TRANSACTION = 100
# zipfile lets the errors of its decompressors through; RuntimeError: a password is needed.
UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)

Identity = tuple[str, str, str, str]
"""Ecosystem, package, fixed version, and a CVE or OSV id."""


class Source(NamedTuple):
    """A file, on disk or in a zip, that should hold one advisory."""

    name: str
    is_yaml: bool
    read: Callable[[], bytes]


class Command(BaseCommand):
    help = (
        "Add a version-bump APV for each package with a fixed version in OSV advisories, as "
        "published: JSON or YAML files, folders of them (walked recursively) or zips. What gives "
        "no APV is passed over and counted by reason; -v 2 names each. An advisory says nothing of "
        "a project: the diffs are illustrative, the other lines of their manifests made up, and "
        "each APV carries a warning that says so. Running it twice adds nothing twice: an APV is "
        "known when a version bump of the same package to the same version exists for the same "
        "CVE or the same OSV id."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", type=Path)
        parser.add_argument(
            "--default-severity",
            choices=Severity.values,
            default=Severity.MEDIUM.value,
            help="for advisories without a usable CVSS vector (default: %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="count, but add nothing")

    def handle(
        self, *args: Any, paths: list[Path], default_severity: str, dry_run: bool, **options: Any
    ) -> None:
        self.verbosity: int = options["verbosity"]
        self.passed_over: Counter[str] = Counter()
        self.added = self.known = 0
        self.met: set[Identity] = set()
        with ExitStack() as open_zips:
            sources = self._sources(map(Path, paths), open_zips)
            progress = tqdm(sources, unit=" files", disable=None, leave=False)
            for batch in _batches(self._apvs(progress, default_severity)):
                self._add(batch, dry_run)
        self._summarise(dry_run)

    # -- Finding and reading ------------------------------------------------------------------

    def _sources(self, paths: Iterable[Path], open_zips: ExitStack) -> list[Source]:
        found: list[Source] = []
        for path in paths:
            if not os.path.exists(path):
                raise CommandError(f"{path}: no such file or folder")
            try:
                inside = list(_sources_in(path, open_zips))
                if not inside:
                    raise osv.PassedOver("no advisories in it")
                found += inside
            except osv.PassedOver as why:
                self._pass_over(str(path), why, always=True)
        return found

    def _apvs(self, sources: Iterable[Source], default_severity: str) -> Iterator[APV]:
        for source in sources:
            try:
                advisory = osv.read(_bytes_of(source), is_yaml=source.is_yaml)
            except osv.PassedOver as why:
                self._pass_over(source.name, why, always=True)
                continue
            for made in osv.apvs_of(advisory, default_severity=default_severity):
                try:
                    yield _valid(made)
                except osv.PassedOver as why:
                    self._pass_over(source.name, why)

    def _pass_over(self, name: str, why: osv.PassedOver, *, always: bool = False) -> None:
        self.passed_over[why.reason] += 1
        if always or self.verbosity > 1:
            with tqdm.external_write_mode():
                self.stderr.write(f"{name}: {why}")

    # -- Adding -------------------------------------------------------------------------------

    def _add(self, apvs: list[APV], dry_run: bool) -> None:
        with publishing():
            self.met |= _stored_identities(apvs)
            new = [apv for apv in apvs if self._is_new(apv)]
            if not dry_run:
                services.add_apvs(apvs=new)
        self.added += len(new)
        self.known += len(apvs) - len(new)

    def _is_new(self, apv: APV) -> bool:
        identities = _identities(apv)
        is_new = self.met.isdisjoint(identities)
        self.met |= identities
        return is_new

    def _summarise(self, dry_run: bool) -> None:
        counts = [
            ("would be added" if dry_run else "added", self.added),
            ("known already", self.known),
            *((f"passed over: {reason}", n) for reason, n in self.passed_over.most_common()),
        ]
        width = max(len(what) for what, _ in counts)
        for what, count in counts:
            self.stdout.write(f"{what:<{width}}  {count:>6,}")


def _sources_in(path: Path, open_zips: ExitStack) -> Iterator[Source]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                yield _file(file)
    elif path.suffix.lower() == ".zip":
        yield from _members(path, open_zips)
    else:
        yield _file(path)


def _file(path: Path) -> Source:
    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(ADVISORY_MAX_BYTES + 1)

    return Source(str(path), path.suffix.lower() in YAML_SUFFIXES, read)


def _members(path: Path, open_zips: ExitStack) -> Iterator[Source]:
    try:
        archive = open_zips.enter_context(zipfile.ZipFile(path))
    except UNREADABLE as error:
        raise osv.PassedOver("not a readable zip", str(error)) from None
    for member in archive.infolist():
        suffix = PurePosixPath(member.filename).suffix.lower()
        if suffix in SUFFIXES and not member.is_dir():
            name = f"{path}/{member.filename}"
            yield Source(name, suffix in YAML_SUFFIXES, partial(_read_member, archive, member))


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:
        return file.read(ADVISORY_MAX_BYTES + 1)


def _bytes_of(source: Source) -> bytes:
    try:
        data = source.read()
    except UNREADABLE as error:
        raise osv.PassedOver("cannot be read", str(error)) from None
    if len(data) > ADVISORY_MAX_BYTES:
        raise osv.PassedOver(f"larger than {ADVISORY_MAX_BYTES // 1024**2} MiB")
    return data


def _valid(made: osv.Fields | osv.PassedOver) -> APV:
    """The APV, checked by the rules of REST; raises PassedOver when there is none."""
    if isinstance(made, osv.PassedOver):
        raise made
    serializer = APVSerializer(data=made)
    if serializer.is_valid():
        return APV(**serializer.validated_data)
    reasons = [f"{field}: {' '.join(why)}" for field, why in flatten(serializer.errors).items()]
    raise osv.PassedOver("breaks a rule for APVs", "; ".join(reasons))


def _stored_identities(apvs: Iterable[APV]) -> set[Identity]:
    """The identities of the stored version bumps of these packages."""
    stored = APV.objects.filter(
        patch_strategy=PatchStrategy.VERSION_BUMP,
        package_ecosystem__in={apv.package_ecosystem for apv in apvs},
        package_name__in={apv.package_name for apv in apvs},
    )
    known = stored.only(
        "package_ecosystem", "package_name", "fixed_version", "cve_id", "patch_description"
    )
    return {identity for apv in known.iterator() for identity in _identities(apv)}


def _identities(apv: APV) -> set[Identity]:
    bump = apv.package_ecosystem, apv.package_name, apv.fixed_version
    ids = {apv.cve_id, osv.osv_id(apv.patch_description)}
    return {(*bump, one) for one in ids if one}


def _batches(apvs: Iterator[APV]) -> Iterator[list[APV]]:
    batch: list[APV] = []
    for apv in apvs:
        batch.append(apv)
        if len(batch) == PER_TRANSACTION:
            yield batch
            batch = []
    if batch:
        yield batch
