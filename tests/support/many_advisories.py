"""Many advisories, copied from a few: each copy has ids, CVEs and packages of its own."""

import json
import re
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

from reviews.imports import osv

OF_A_PACKAGE = 3
"""Copies in a row that name the same packages, as there are often several advisories on one."""
SUFFIXES = {".json", ".yaml", ".yml"}


def write_copies(originals: Path, folder: Path, count: int) -> None:
    """Write `count` files into `folder`: the originals, then copies of each, in its format."""
    found = sorted(one for one in originals.rglob("*") if one.suffix in SUFFIXES)
    for number, original in enumerate(islice(cycle(found), count)):
        turn = number // len(found)
        data = original.read_bytes() if turn == 0 else _copied(original, turn)
        (folder / f"{number:05}{original.suffix}").write_bytes(data)


def _copied(original: Path, turn: int) -> bytes:
    is_yaml = original.suffix != ".json"
    document = osv.load(original.read_bytes(), is_yaml=is_yaml)
    _rename(document, turn)
    if is_yaml:
        dumped = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
        return dumped.encode()
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


def _rename(document: dict[str, Any], turn: int) -> None:
    document["id"] = _other_id(document["id"], turn)
    document["aliases"] = [_other_id(one, turn) for one in document.get("aliases") or []]
    for entry in document.get("affected") or []:
        if package := entry.get("package"):
            package["name"] += f"-{turn // OF_A_PACKAGE}"


def _other_id(name: str, turn: int) -> str:
    """Return another id of the same database. CVEs have digits only."""
    return f"{name}{turn:03}" if re.fullmatch(r"CVE-\d+-\d+", name) else f"{name}-{turn}"
