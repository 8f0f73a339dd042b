"""Debian's order, https://www.debian.org/doc/debian-policy/ch-controlfields.html#version."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion

_FORM = re.compile(r"(?:(?P<epoch>[0-9]+):)?(?P<rest>[0-9A-Za-z.+~:-]+)", re.ASCII)
_RUNS = re.compile(r"([^0-9]*)([0-9]*)")
_END = ((0,), 0)
_AFTER_LETTERS = 256


def key(version: str) -> Any:
    """Order by epoch, then upstream version, then revision."""
    found = _FORM.fullmatch(version.strip())
    if found is None:
        raise NotAVersion(version)
    upstream, _dash, revision = found["rest"].rpartition("-")
    if not _dash:
        upstream, revision = revision, ""
    if not upstream or (found["epoch"] is None and ":" in version):
        raise NotAVersion(version)
    return int(found["epoch"] or 0), runs_key(upstream), runs_key(revision)


def opam_key(version: str) -> Any:
    """Order as opam does: Debian's order of characters, without epochs and revisions."""
    if not re.fullmatch(r"[0-9A-Za-z.+~_-]+", version, re.ASCII):
        raise NotAVersion(version)
    return runs_key(version)


def runs_key(text: str) -> Any:
    """Return alternating runs of other characters and of digits; a missing number is 0."""
    runs = [(_letters_key(letters), int(digits or 0)) for letters, digits in _RUNS.findall(text)]
    while runs and runs[-1] == _END:
        runs.pop()
    return [*runs, _END]


def _letters_key(text: str) -> tuple[int, ...]:
    """Order a tilde before the end of a run, then letters, then other characters."""
    weights = (
        -1 if char == "~" else ord(char) if char.isalpha() else ord(char) + _AFTER_LETTERS
        for char in text
    )
    return (*weights, 0)
