"""Container images, in Dockerfiles and in any YAML with `image:`."""

import re
from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, Found, SideLine, Variable, referred

ECOSYSTEM = "Docker"
FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE)
COPY_FROM = re.compile(r"\s*COPY\s+(?:--\S+\s+)*?--from=(\S+)", re.IGNORECASE)
ARG = re.compile(r"\s*(?:ARG|ENV)\s+(\w+)[=\s]\s*[\"']?(v?[0-9][\w.+-]*)[\"']?\s*$", re.IGNORECASE)
IMAGE = re.compile(r"\s*(?:-\s+)?[\"']?(?:image|container)[\"']?\s*:\s*[\"']?([^\s\"'#]+)")
REFERENCE = re.compile(r"\$\{?(\w+)(?::?-[^{}]*)?\}?")


def dockerfile(lines: Sequence[SideLine]) -> Iterator[Found]:
    for text, changed in lines:
        if found := FROM.match(text) or COPY_FROM.match(text):
            yield from image_entry(found[1], changed)
        elif held := ARG.match(text):
            yield Variable(ECOSYSTEM, held[1], held[2], changed)


def images(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for text, changed in lines:
        if found := IMAGE.match(text):
            yield from image_entry(found[1], changed)


def image_entry(reference: str, changed: bool) -> Iterator[Entry]:
    """Yield the image of `host:5000/name:tag@sha256:…`, if it has a tag or a digest."""
    plain, _at, digest = reference.partition("@")
    path, slash, last = plain.rpartition("/")
    last, _colon, tag = last.partition(":")
    name = path + slash + last
    if name and "$" not in name and (tag or digest):
        version, variable = tag or digest, referred(REFERENCE, tag)
        yield Entry(ECOSYSTEM, name, version, changed, True, digest=digest, variable=variable)
