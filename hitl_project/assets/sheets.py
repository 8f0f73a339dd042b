"""Join a style sheet with those that it imports."""

import re
from posixpath import dirname, join

from hitl_project.assets.sources import sources

IMPORT = re.compile(r'^@import url\("([^"]+)"\);$', re.MULTILINE)


def joined(name: str) -> str:
    """Return the text of a sheet, with each `@import` replaced by the sheet that it names."""
    return IMPORT.sub(lambda found: joined(join(dirname(name), found[1])), sources()[name])
