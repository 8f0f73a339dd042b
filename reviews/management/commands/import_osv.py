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

from realtime.management.progress import add_progress_argument, follow
from reviews import services
from reviews.api.apv_rules import APVRules
from reviews.choices import Severity
from reviews.imports import advisories, bumps, osv

YAML_SUFFIXES = frozenset([".yaml", ".yml"])
SUFFIXES = YAML_SUFFIXES | {".json"}
ADVISORY_MAX_BYTES = 10 * 1024 * 1024
PER_TRANSACTION = 250
"""Packages, about: watchers hear of so many at once, and other writers wait as long."""
# zipfile passes the errors of its decompressors on; RuntimeError means a password is needed.
UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


class Source(NamedTuple):
    """A file, on disk or in a zip, that should contain one advisory."""

    name: str
    is_yaml: bool
    read: Callable[[], bytes]


class Advised(NamedTuple):
    """An advisory, and the name of the file it was read from."""

    name: str
    published: advisories.Published


COUNTED = {
    "added": "added",
    "known": "known already",
    "revised": "revised",
    "withdrawn": "withdrawn from the queue",
    "reopened": "back in the queue",
    "followed": "pull requests with other advisories",
}
OF_REVISIONS = ("revised", "withdrawn", "reopened", "followed")


class Command(BaseCommand):
    help = (
        "Keep OSV advisories, as published: JSON or YAML files, folders of them (walked "
        "recursively) or zips; and add a version-bump APV for each package with a fixed version. "
        "What gives no APV is passed over and counted by reason; -v 2 names each. An advisory says "
        "nothing of a project: the diffs are illustrative, the other lines of their manifests made "
        "up, and each APV carries a warning that says so. Running it twice adds nothing twice: an "
        "APV is known when a version bump of the same package to the same version exists for the "
        "same CVE or the same OSV id. An advisory that was modified since revises its pending "
        "APVs; one that was withdrawn takes those out of the queue that stand on nothing else; an "
        "older one changes nothing."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", type=Path)
        parser.add_argument(
            "--default-severity",
            choices=Severity.values,
            default=Severity.MEDIUM.value,
            help="for advisories that name no severity (default: %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="count, but store nothing")
        add_progress_argument(parser)

    def handle(
        self,
        *args: Any,
        paths: list[Path],
        default_severity: str,
        dry_run: bool,
        progress: bool | None,
        **options: Any,
    ) -> None:
        self.verbosity: int = options["verbosity"]
        self.default_severity = default_severity
        self.rules = APVRules()
        self.passed_over: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.packages: set[str] = set()
        self.tried: advisories.Known | None = {} if dry_run else None
        with ExitStack() as open_zips:
            sources = self._sources(map(Path, paths), open_zips)
            followed = follow(sources, " files", self.stderr, wanted=progress)
            for batch in _batches(self._read(followed)):
                self._import(batch)
        if not dry_run:
            self.done["followed"] = services.follow_advisories(self.packages)
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

    def _read(self, sources: Iterable[Source]) -> Iterator[Advised]:
        for source in sources:
            try:
                document = osv.load(_bytes_of(source), is_yaml=source.is_yaml)
                advisory = osv.parsed(document)
                storable = advisories.storable(document)
            except osv.PassedOver as why:
                self._pass_over(source.name, why, always=True)
                continue
            made = list(self._bumps_of(advisory, source.name))
            yield Advised(source.name, advisories.Published(advisory, storable, made))

    def _bumps_of(self, advisory: osv.Advisory, name: str = "") -> Iterator[bumps.Fields]:
        """Return the valid APVs of an advisory, by REST's rules; skip others in the file."""
        for made in bumps.apvs_of(advisory, default_severity=self.default_severity):
            try:
                yield self._checked(made)
            except osv.PassedOver as why:
                if name:
                    self._pass_over(name, why)

    def _checked(self, made: bumps.Fields | osv.PassedOver) -> bumps.Fields:
        if isinstance(made, osv.PassedOver):
            raise made
        fields, errors = self.rules.check(made)
        if errors:
            reasons = "; ".join(f"{name}: {' '.join(why)}" for name, why in errors.items())
            raise osv.PassedOver("breaks a rule for APVs", reasons)
        return fields

    def _pass_over(self, name: str, why: osv.PassedOver, *, always: bool = False) -> None:
        self.passed_over[why.reason] += 1
        if always or self.verbosity > 1:
            with tqdm.external_write_mode():
                self.stderr.write(f"{name}: {why}")

    # -- Importing ----------------------------------------------------------------------------

    def _import(self, batch: list[Advised]) -> None:
        names = {one.published.advisory.id: one.name for one in batch}
        published = [one.published for one in batch]
        outcome = advisories.import_advisories(published, self._bumps_of, tried=self.tried)
        for what in (one for one in COUNTED if one != "followed"):
            self.done[what] += getattr(outcome, what)
        self.packages |= outcome.packages
        for osv_id in outcome.older:
            self._pass_over(names[osv_id], osv.PassedOver("older than what is kept"))

    def _summarise(self, dry_run: bool) -> None:
        counts = [
            ("would be added" if dry_run else "added", self.done["added"]),
            ("known already", self.done["known"]),
            *((COUNTED[what], self.done[what]) for what in OF_REVISIONS if self.done[what]),
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


def _batches(advised: Iterable[Advised]) -> Iterator[list[Advised]]:
    """Yield lists of a few packages each, in which no advisory occurs twice."""
    batch: dict[str, Advised] = {}
    packages = 0
    for one in advised:
        if packages >= PER_TRANSACTION or one.published.advisory.id in batch:
            yield list(batch.values())
            batch, packages = {}, 0
        batch[one.published.advisory.id] = one
        packages += max(1, len(one.published.bumps))
    if batch:
        yield list(batch.values())
