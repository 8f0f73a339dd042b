"""Cargo.toml; Cargo.lock is read like the other locks of its format."""

from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, SideLine
from reviews.intake.formats import toml_lines
from reviews.intake.formats.python import PLAIN

ECOSYSTEM = "crates.io"
OTHER_KEYS = frozenset(
    ["version", "edition", "rust-version", "name", "resolver", "description", "opt-level"]
)


def cargo_toml(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for item in toml_lines.items(lines):
        if not item.key or item.in_array:
            continue
        inner = toml_lines.table(item.value)
        value = toml_lines.string(item.value)
        if value is None:
            value = next((inner[one] for one in ("version", "tag", "rev") if one in inner), "")
        name = _name(item, value)
        if name and value:
            yield Entry(ECOSYSTEM, inner.get("package", name), value, item.changed, True)


def _name(item: toml_lines.Item, value: str) -> str:
    if item.section is None:
        return item.key if item.key not in OTHER_KEYS and PLAIN.fullmatch(value) else ""
    _before, table, name = item.section.rpartition("dependencies.")
    if table:
        return name if item.key == "version" else ""
    return item.key if item.section.endswith("dependencies") else ""
