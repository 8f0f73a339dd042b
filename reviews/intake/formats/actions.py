"""GitHub Actions, and hooks of pre-commit: both name a repository and a ref in it."""

import re
from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, SideLine
from reviews.intake.formats import npm, python
from reviews.intake.formats.docker import image_entry, images
from reviews.intake.requirements import ANY, without_v

ECOSYSTEM = "GitHub Actions"
USES = re.compile(r"\s*(?:-\s+)?[\"']?uses[\"']?\s*:\s*[\"']?([^\s\"'#]+)[\"']?\s*(?:#\s*(.*))?")
SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SAID = re.compile(r"(?:[\w.-]+\s*[:=@]\s*|tag\s+|pin\s+@?)?(v?[0-9][\w.+-]*)", re.IGNORECASE)


def workflow(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read `uses:`, and the images that jobs run in."""
    for line in lines:
        if found := USES.match(line.text):
            yield from _used(found[1], found[2] or "", line.changed)
        else:
            yield from images([line])


def _used(used: str, comment: str, changed: bool) -> Iterator[Entry]:
    if used.startswith("docker://"):
        yield from image_entry(used.removeprefix("docker://"), changed)
        return
    path, at, ref = used.partition("@")
    name = "/".join(path.split("/")[:2])
    if at and "/" in path and not path.startswith("."):
        version, digest = _version_of(ref, comment)
        yield Entry(ECOSYSTEM, name, version, changed, True, key=path, digest=digest)


def _version_of(ref: str, comment: str) -> tuple[str, str]:
    """Return the version and, if a commit is pinned, the commit; the comment names its tag."""
    if not SHA.fullmatch(ref):
        return without_v(ref), ""
    said = SAID.match(comment.strip())
    return (without_v(said[1]) if said else ref), ref


# -- pre-commit -------------------------------------------------------------------------------

HOOKS = "pre-commit"
REPOSITORY = re.compile(r"\s*-\s+[\"']?repo[\"']?\s*:\s*[\"']?(\S+?)(?:\.git)?/?[\"']?\s*$")
REV = re.compile(
    r"\s*[\"']?rev[\"']?\s*:\s*[\"']?([^\s\"'#]+)[\"']?\s*(?:#\s*(?:frozen:\s*)?(.*))?"
)
LISTED = re.compile(r"\s*-\s+[\"']?([^\"'#]+?)[\"']?\s*(?:#.*)?$")
NPM = re.compile(r"(@?[a-z0-9][\w./-]*)@([0-9][\w.+-]*)$", re.IGNORECASE)


def pre_commit(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read the hooks' repositories, and what their environments install in addition."""
    repository, named = "", False
    for text, changed in lines:
        if len(text) > 1000:
            continue
        if found := REPOSITORY.match(text):
            repository, named = "/".join(found[1].split("/")[-2:]), changed
        elif found := REV.match(text):
            if repository:
                version, digest = _version_of(found[1], found[2] or "")
                is_changed = changed or named
                yield Entry(HOOKS, repository, version, is_changed, True, digest=digest)
        elif found := LISTED.match(text):
            yield from _installed(found[1].strip(), changed)


def _installed(text: str, changed: bool) -> Iterator[Entry]:
    if named := NPM.match(text):
        yield Entry(npm.ECOSYSTEM, named[1], named[2], changed, True)
    elif (asked := python.requirement(text)) and asked[1] != ANY:
        yield Entry(python.ECOSYSTEM, *asked, changed, True)
