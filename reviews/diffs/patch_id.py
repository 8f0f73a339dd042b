"""The identity of a patch: the same for two diffs that make the same change.

As `git patch-id --verbatim` defines it: line numbers, hashes of blobs and text around the patch do
not count; the lines around each change do, and so does white space, which has a meaning in YAML and
Python. Here the order of files does not count either.
"""

import hashlib

from reviews.diffs.model import File, Notes
from reviews.diffs.parse import parse


def patch_id(diff: str) -> str:
    """Return the identity of the patch in a diff, or "" if the diff has no file."""
    digests = sorted(_digest(one) for one in parse(diff).files)
    return hashlib.sha256("".join(digests).encode()).hexdigest() if digests else ""


def _digest(file: File) -> str:
    lines = [file.old_name, file.new_name, file.change, file.old_mode, file.new_mode]
    for part in file.parts:
        lines += part.body if not isinstance(part, Notes) or part.role == "binary" else []
    if file.binary:  # its contents are known by their hashes alone
        lines += file.header
    text = "\n".join(lines)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
