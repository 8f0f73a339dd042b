"""Packagist: composer.json and composer.lock."""

import re
from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, SideLine
from reviews.intake.formats.json_objects import objects
from reviews.intake.requirements import without_v

ECOSYSTEM = "Packagist"
SECTIONS = frozenset(["require", "require-dev"])
ASKED = re.compile(r"[\^~<>=v!]*\s*[0-9*]|dev-|\*|@")


def composer_json(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for one in objects(lines):
        for pair in one.pairs:
            is_package = "/" in pair.key and ASKED.match(pair.value)
            if is_package and (one.key is None or one.key in SECTIONS):
                yield Entry(ECOSYSTEM, pair.key, without_v(pair.value), pair.changed, True)


def composer_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read the objects that have a name and a version; branches only differ by their commit."""
    for one in objects(lines):
        name, version = one.get("name"), one.get("version")
        if name and version and one.key is None:
            changed = name.changed or version.changed
            yield Entry(ECOSYSTEM, name.value, without_v(version.value), changed)
