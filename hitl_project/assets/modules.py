"""Join the console's modules into one script.

Each becomes a function, so that its names stay its own. A module that is imported later is served
alone, and must not load again what the page has already: it finds that in the global `modules`.
"""

import re
from functools import cache
from posixpath import dirname, join, normpath

from django.conf import settings

from hitl_project.assets.sources import sources

ENTRY = "reviews/console.js"
QUERY = "joined"
"""What an address asks with for a file as the functions here and in `sheets` make it."""

IMPORT = re.compile(
    r'^import (?:(?P<names>[^"]+) from )?"(?P<path>\.[^"]+)";(?: *//.*)?$', re.MULTILINE
)
LATER = re.compile(r'\bimport\("(?P<path>\.[^"]+)"\)')
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
EXPORTS = re.compile(r"^export \{ ([\w, ]+) \};$", re.MULTILINE)


def joined(name: str) -> str:
    """Return ENTRY with all that it needs, or another module as it is imported later."""
    if name != ENTRY:
        return _linked(name)
    return "\n".join(["globalThis.modules = {};", *map(_as_function, loaded())])


@cache
def loaded(name: str = ENTRY) -> list[str]:
    """Return a module and all that it imports at once, each after those that it imports itself."""
    imported = (_path(name, found) for found in IMPORT.finditer(sources()[name]))
    return [*dict.fromkeys(one for path in imported for one in loaded(path)), name]


def _path(name: str, found: re.Match[str]) -> str:
    """Return the name of the module that the module `name` imports there."""
    return normpath(join(dirname(name), found["path"]))


def _as_function(name: str) -> str:
    text = _linked(name)
    exported = ", ".join([*EXPORT.findall(text), *EXPORTS.findall(text)])
    body = EXPORTS.sub("", EXPORT.sub("", text))
    return f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();'


def _linked(name: str) -> str:
    """Return the text of a module that finds in `modules` what is loaded, and imports the rest."""

    def link(found: re.Match[str]) -> str:
        path, names = _path(name, found), found["names"] or ""
        if path not in loaded():
            return f'import {names} from "{_address(path)}";'
        names = names.removeprefix("* as ").replace(" as ", ": ")
        return f'const {names} = modules["{path}"];' if names else ""

    text = IMPORT.sub(link, sources()[name])
    return LATER.sub(lambda found: f'import("{_address(_path(name, found))}")', text)


def _address(name: str) -> str:
    return f"{settings.STATIC_URL}{name}?{QUERY}"
