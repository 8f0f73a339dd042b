"""Our scripts and style sheets as they were written."""

from functools import cache
from pathlib import Path

from django.contrib.staticfiles.finders import AppDirectoriesFinder

APPS = ["realtime", "reviews"]
SUFFIXES = (".css", ".js")


@cache
def sources() -> dict[str, str]:
    """Return the text of each file, by its name below STATIC_URL."""
    files = AppDirectoriesFinder(APPS).list([])
    return {
        name: Path(storage.path(name)).read_text(encoding="utf-8")
        for name, storage in files
        if name.endswith(SUFFIXES)
    }
