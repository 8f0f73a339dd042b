"""RubyGems: Gemfile, gemspecs and Gemfile.lock."""

import re
from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, SideLine
from reviews.intake.formats.toml_lines import strings
from reviews.intake.requirements import ANY, without_v

ECOSYSTEM = "RubyGems"
GEM = re.compile(r"\s*(?:gem|\w+\.add_(?:development_|runtime_)?dependency)[\s(]\s*(?=[\"'%])")
TAG = re.compile(r"\b(?:tag|ref):?\s*(?:=>)?\s*[\"']([^\"']+)[\"']")
LOCKED = re.compile(r" {4}([A-Za-z0-9][\w.-]*) \(([0-9][^()\s]*)\)$")
PLATFORM = re.compile(
    r"-(?:x86_64|x86|x64|arm64|aarch64|arm|universal|java|jruby|mingw|mswin|ruby)\b.*"
)
ASKED = re.compile(r"[=~<>!]*\s*[0-9][\w.]*")


def gemfile(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read `gem "name", "~> 1.2"` and the dependencies of a gemspec."""
    for text, changed in lines:
        if found := GEM.match(text):
            name, *rest = [*strings(text[found.end() :]), ""]
            asked = [one.strip() for one in rest if ASKED.fullmatch(one.strip())]
            tag = TAG.search(text)
            version = ", ".join(asked) or (without_v(tag[1]) if tag else ANY)
            yield Entry(ECOSYSTEM, name, version, changed, True)


def gemfile_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read the versions of `specs`; the same gem may be listed for several platforms."""
    for text, changed in lines:
        if found := LOCKED.match(text):
            yield Entry(ECOSYSTEM, found[1], PLATFORM.sub("", found[2]), changed)
