"""Add APVs from JSON."""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError
from django.db.models.functions import MD5
from tqdm import tqdm

from reviews import services
from reviews.api.apv_rules import APVRules
from reviews.errors import FieldErrors, ReviewError
from reviews.models import APV

PER_TRANSACTION = 5000
"""More than any pipeline's export; a longer transaction would hold up everybody else's writes."""
IDENTITY = (
    "cve_id",
    "cve_title",
    "package_ecosystem",
    "package_name",
    "package_version",
    "fixed_version",
    "patch_strategy",
    "pr_number",
    "pr_url",
)
"""With the diff: what makes an APV without a code the same as another."""

Identity = tuple[Any, ...]


class Record(NamedTuple):
    """The JSON text of one APV, and the line on which it starts."""

    line: int
    text: str


class BadFile(Exception):
    """A file has no records; `line` is where the error is, if known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


class Command(BaseCommand):
    help = (
        "Add APVs from JSON (one object or a list of them) or JSON Lines, by the rules of "
        "POST /hitl/apvs. Every bad one is named with its file, line and reason. Running it twice "
        "adds nothing twice: an APV is known when its apv_code exists or, without one, when there "
        f"is an APV with the same patch_diff, {', '.join(IDENTITY)}. Up to {PER_TRANSACTION:,} "
        "APVs are added in one transaction. The exit code is not 0 when any was invalid."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="+", metavar="FILE", help="a file, or - for standard input"
        )
        parser.add_argument(
            "--skip-invalid",
            action="store_true",
            help="add the valid ones even if others are invalid (otherwise: all or none)",
        )

    def handle(self, *args: Any, files: list[str], skip_invalid: bool, **options: Any) -> None:
        self.known = self.invalid = 0
        self.codes: dict[str, Identity] = {}
        apvs = [apv for file in files for apv in self._valid(file)]
        new = self._unknown(apvs)
        if self.invalid and not skip_invalid:
            new = []
        self._add(new)
        self.stdout.write(f"{len(new)} added, {self.known} known already, {self.invalid} invalid.")
        if self.invalid:
            hint = "" if skip_invalid else "; nothing was added (see --skip-invalid)"
            raise CommandError(f"{self.invalid} invalid{hint}")

    # -- Valid or not -------------------------------------------------------------------------

    def _valid(self, file: str) -> Iterator[APV]:
        """Return the file's valid APVs; report the others."""
        try:
            records = _records(_text(file))
        except BadFile as bad:
            self._name_invalid(file, bad.line, str(bad))
            return
        rules = APVRules()
        for record in tqdm(records, file, unit=" APVs", disable=None, leave=False):
            try:
                data = json.loads(record.text, parse_constant=_refuse_constant)
            except (ValueError, RecursionError) as error:
                self._name_invalid(file, record.line, _why_not_json(error))
                continue
            fields, errors = rules.check(data)
            if not errors:
                apv = APV(**fields)
                errors = self._check_code(apv)
            for field, reasons in errors.items():
                self._tell(file, record.line, f"{field}: {' '.join(reasons)}")
            if errors:
                self.invalid += 1
            else:
                yield apv

    def _check_code(self, apv: APV) -> FieldErrors:
        """Refuse a code that an earlier record gave to a different APV."""
        identity = _identity(apv)
        if not apv.apv_code or self.codes.setdefault(apv.apv_code, identity) == identity:
            return {}
        return {"apv_code": [f"An earlier APV, a different one, is called {apv.apv_code} too."]}

    def _name_invalid(self, file: str, line: int | None, reason: str) -> None:
        self.invalid += 1
        self._tell(file, line, reason)

    def _tell(self, file: str, line: int | None, reason: str) -> None:
        place = file if line is None else f"{file}:{line}"
        with tqdm.external_write_mode():
            self.stderr.write(f"{place}: {reason}")

    # -- New or known -------------------------------------------------------------------------

    def _unknown(self, apvs: Sequence[APV]) -> list[APV]:
        codes = set(services.codes_in_use([apv.apv_code for apv in apvs if apv.apv_code]))
        identities = _stored_identities({apv.package_name for apv in apvs if not apv.apv_code})
        new: list[APV] = []
        for apv in apvs:
            if apv.apv_code:
                is_known = apv.apv_code in codes
                codes.add(apv.apv_code)
            else:
                is_known = _identity(apv) in identities
            identities.add(_identity(apv))
            if is_known:
                self.known += 1
            else:
                new.append(apv)
        return new

    def _add(self, apvs: Sequence[APV]) -> None:
        rest = iter(apvs)
        try:
            while batch := list(islice(rest, PER_TRANSACTION)):
                services.add_apvs(apvs=batch)
        except ReviewError as error:  # somebody took a code since the check
            raise CommandError(str(error)) from None


# -- Reading ----------------------------------------------------------------------------------


def _text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BadFile(error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadFile("not UTF-8", line) from None
    if not text.strip():
        raise BadFile("is empty")
    return text


def _records(text: str) -> list[Record]:
    """Yield the records of a JSON document, else of JSON Lines; raise BadFile if it is neither."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        if _is_lines(text):
            return [
                Record(number, line)
                for number, line in enumerate(text.split("\n"), start=1)
                if line.strip()
            ]
        raise BadFile(_why_not_json(error), getattr(error, "lineno", None)) from None
    if isinstance(document, list):
        return list(_members(text))
    before = len(text) - len(text.lstrip())
    return [Record(text.count("\n", 0, before) + 1, text)]


def _is_lines(text: str) -> bool:
    """Return whether any line is an object by itself, as none is in a broken or truncated list."""
    if text.lstrip().startswith("["):
        return False
    return any(_is_object(line) for line in text.split("\n"))


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _members(text: str) -> Iterator[Record]:
    """Yield the members of a valid JSON list, each as written."""
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    at = _skip(text, text.index("[") + 1, " \t\r\n")
    while text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        _, end = decoder.raw_decode(text, at)
        yield Record(line, text[at:end])
        at = _skip(text, end, " \t\r\n,")


def _skip(text: str, at: int, characters: str) -> int:
    while text[at] in characters:
        at += 1
    return at


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _why_not_json(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "not JSON: nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} (column {error.colno})"
    return f"not JSON: {error}"


# -- What makes two APVs the same -------------------------------------------------------------


def _identity(apv: APV) -> Identity:
    digest = hashlib.md5(apv.patch_diff.encode(), usedforsecurity=False).hexdigest()
    return *(getattr(apv, field) for field in IDENTITY), digest


def _stored_identities(package_names: set[str]) -> set[Identity]:
    # The database hashes the diffs, which can be a MiB each, with MD5, as every PostgreSQL has it.
    stored = APV.objects.filter(package_name__in=package_names)
    return set(stored.values_list(*IDENTITY, MD5("patch_diff")))
