"""Python: requirements, pyproject.toml, setup.py and setup.cfg, Pipfile."""

import re
from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, SideLine
from reviews.intake.formats import toml_lines
from reviews.intake.formats.json_objects import objects
from reviews.intake.requirements import ANY, without_v

ECOSYSTEM = "PyPI"
NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?:\[[^\]]*+\])?+\s*+")
SPECIFIER = re.compile(r"(?:\(\s*)?((?:(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,;()#]+\s*,?\s*)+)\)?")
END = re.compile(r"\s+#|;|\s+--|\\|$")
EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
GIT_REF = re.compile(r"@([^@/#&;\s]+)(?:[#&;\s]|$)")


def requirement(text: str) -> tuple[str, str] | None:
    """Return the name and the version or range of a requirement, as in PEP 508.

    A pinned one gives the version itself; one without a version gives `*`.
    """
    text = text.strip()
    found = NAME.match(text)
    if not found:
        return None
    rest = text[found.end() :]
    if rest.startswith("@"):
        return found[1], _ref(rest[1:].strip())
    if END.match(rest):
        return found[1], ANY
    specifier = SPECIFIER.match(rest)
    if not specifier or not END.match(rest[specifier.end() :].lstrip()):
        return None
    return found[1], pinned(specifier[1])


def pinned(specifier: str) -> str:
    """Return the version of `==1.2`, and other ranges without their spaces."""
    text = re.sub(r"\s+", "", specifier).rstrip(",")
    is_one = text.startswith("==") and "," not in text and "*" not in text
    return text.lstrip("=") if is_one else text


def _ref(url: str) -> str:
    """Return the tag, branch or commit that a URL names, else the URL."""
    url = url.partition(" ")[0].partition(";")[0]
    found = GIT_REF.search(url.partition("://")[2])
    return without_v(found[1]) if found else url


def requirements(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read requirements.txt, .in, and constraints. Hashes are on lines of their own."""
    for text, changed in lines:
        said = text.strip()
        if said.startswith(("-e ", "--editable ", "git+", "http://", "https://")):
            if named := EGG.search(said):
                yield Entry(ECOSYSTEM, named[1], _ref(said), changed, True)
        elif not said.startswith(("#", "-")) and (found := requirement(said)):
            yield Entry(ECOSYSTEM, *found, changed, True, key=said.partition(";")[2].strip(" \\"))


def setup_py(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read the quoted requirements that have a version, and ignore other strings."""
    for text, changed in lines:
        for one in toml_lines.strings(text.partition("#")[0]):
            found = requirement(one)
            if found and found[1] != ANY:
                yield Entry(ECOSYSTEM, *found, changed, True)


CFG_KEY = re.compile(r"\s*(?:install_requires|setup_requires|tests_require|\w+)\s*=(?!=)\s*")


def setup_cfg(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for text, changed in lines:
        key = CFG_KEY.match(text)
        found = requirement(text[key.end() :] if key else text)
        if found and found[1] != ANY:
            yield Entry(ECOSYSTEM, *found, changed, True)


# -- pyproject.toml and Pipfile ---------------------------------------------------------------

ARRAYS = frozenset(["dependencies", "requires", "dev-dependencies"])
SECTIONS_OF_ARRAYS = ("project.optional-dependencies", "dependency-groups")
OTHER_KEYS = frozenset(
    [
        "python",
        "version",
        "name",
        "requires-python",
        "python_version",
        "python_full_version",
        "target-version",
        "minversion",
        "min_version",
        "required-version",
        "line-length",
        "description",
        "url",
        "rev",
        "edition",
        "fail_under",
        "py-version",
        "pythonVersion",
        "current_version",
        "lock-version",
    ]
)
PLAIN = re.compile(r"[\^~=<>!]*\s*[0-9]+(?:\.[0-9*]+)*[\w.+!-]*(?:\s*,.*)?|\*", re.ASCII)


def pyproject(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for item in toml_lines.items(lines):
        if item.in_array:
            yield from _in_array(item)
        elif item.key and _is_of_poetry(item):
            yield from of_table(item)


def pipfile(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for item in toml_lines.items(lines):
        is_package = item.section in {None, "packages", "dev-packages"}
        if is_package and item.key and not item.in_array and item.key not in OTHER_KEYS:
            yield from of_table(item)


def _in_array(item: toml_lines.Item) -> Iterator[Entry]:
    is_known = item.key in ARRAYS or (item.section or "").startswith(SECTIONS_OF_ARRAYS)
    value = item.value.partition(" #")[0]
    for text in toml_lines.strings(value):
        found = requirement(text)
        if found and (is_known or found[1] != ANY):
            yield Entry(ECOSYSTEM, *found, item.changed, True)


def _is_of_poetry(item: toml_lines.Item) -> bool:
    if item.key in OTHER_KEYS and item.key != "version":
        return False
    if item.section is not None:
        return "dependencies" in item.section
    if item.key == "version":
        return False
    inner = toml_lines.table(item.value)
    value = toml_lines.string(item.value) or inner.get("version", "")
    return bool(PLAIN.fullmatch(value)) or "git" in inner


def of_table(item: toml_lines.Item) -> Iterator[Entry]:
    """Yield the package of `name = "^1"`, `name = {version = "^1"}`, and of its own table."""
    name, inner = item.key, toml_lines.table(item.value)
    section = (item.section or "").rpartition("dependencies.")[2]
    if item.key == "version" and section and section != item.section:
        name = section
    value = toml_lines.string(item.value)
    if value is None:
        value = next(
            (inner[one] for one in ("version", "tag", "rev", "branch") if one in inner), ""
        )
    if value:
        yield Entry(ECOSYSTEM, name, without_v(pinned(value)), item.changed, True)


def pipfile_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for one in objects(lines):
        version = one.get("version") or one.get("ref")
        if one.key and version:
            changed = version.changed or one.changed
            yield Entry(ECOSYSTEM, one.key, pinned(version.value), changed)
