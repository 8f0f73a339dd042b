"""A reader for each kind of manifest and lock file, found by the file's name."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from reviews.intake.entries import Entry, Reader, SideLine
from reviews.intake.formats import (
    actions,
    docker,
    go,
    jvm,
    locks,
    npm,
    nuget,
    php,
    python,
    ruby,
    rust,
)


class Format(NamedTuple):
    """How to read a file; `is_lock` if a tool wrote it from a manifest.

    `names_elsewhere` says that it may hold the version of a package which another line, another
    file or its own name names.
    """

    reader: Reader
    is_lock: bool = False
    names_elsewhere: bool = False


def _runtime(name: str, lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read a file that holds one version, such as .python-version."""
    for text, changed in lines:
        if RUNTIME.fullmatch(text.strip()):
            yield Entry("Runtime", name, text.strip().removeprefix("v"), changed, True)


RUNTIME = re.compile(r"v?[0-9]+(?:\.[0-9]+)*(?:[a-z]+[0-9]+)?")

FORMATS: tuple[tuple[str, Format], ...] = (
    (r"package\.json", Format(npm.package_json)),
    (r"package-lock\.json|npm-shrinkwrap\.json", Format(npm.package_lock, is_lock=True)),
    (r"yarn\.lock", Format(npm.yarn_lock, is_lock=True)),
    (r"pnpm-lock\.yaml", Format(npm.pnpm_lock, is_lock=True)),
    (r"bun\.lock", Format(npm.bun_lock, is_lock=True)),
    (r"pnpm-workspace\.yaml", Format(npm.pnpm_workspace)),
    (
        r"(?:.*[._-])?(?:requirements?|constraints?)(?:[._-].*)?\.(?:txt|in|pip|lock)"
        r"|(?:.*/)?requirements/[^/]+\.(?:txt|in)",
        Format(python.requirements),
    ),
    (r"pyproject\.toml", Format(python.pyproject)),
    (r"setup\.py", Format(python.setup_py)),
    (r"setup\.cfg", Format(python.setup_cfg)),
    (r"Pipfile", Format(python.pipfile)),
    (r"Pipfile\.lock", Format(python.pipfile_lock, is_lock=True)),
    (r"(?:poetry|uv|pdm)\.lock|pylock(?:\..+)?\.toml", Format(locks.python_lock, is_lock=True)),
    (r"go\.mod", Format(go.go_mod)),
    (r"go\.sum", Format(go.go_sum, is_lock=True)),
    (r"pom\.xml|.*\.pom", Format(jvm.pom_xml, names_elsewhere=True)),
    (r".*\.gradle(?:\.kts)?", Format(jvm.gradle, names_elsewhere=True)),
    (r"gradle\.properties", Format(jvm.gradle_properties, names_elsewhere=True)),
    (r".*\.versions\.toml", Format(jvm.version_catalog, names_elsewhere=True)),
    (r".*gradle\.lockfile", Format(jvm.gradle_lock, is_lock=True)),
    (r"Gemfile|gems\.rb|.*\.gemspec", Format(ruby.gemfile)),
    (r"(?:Gemfile|gems)\.lock(?:ed)?|gems\.locked", Format(ruby.gemfile_lock, is_lock=True)),
    (r"Cargo\.toml", Format(rust.cargo_toml)),
    (r"Cargo\.lock", Format(locks.cargo_lock, is_lock=True)),
    (r"composer\.json", Format(php.composer_json)),
    (r"composer\.lock", Format(php.composer_lock, is_lock=True)),
    (
        r".*\.(?:cs|fs|vb)proj|.*\.(?:props|targets)|packages\.config",
        Format(nuget.project, names_elsewhere=True),
    ),
    (r"packages\.lock\.json", Format(nuget.packages_lock, is_lock=True)),
    (r"dotnet-tools\.json", Format(nuget.dotnet_tools)),
    (
        r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml|action\.ya?ml",
        Format(actions.workflow),
    ),
    (r"\.pre-commit-(?:config|hooks)\.ya?ml", Format(actions.pre_commit)),
    (
        r"(?:.*\.)?(?:Dockerfile|Containerfile)(?:[._-].*)?|.*\.dockerfile",
        Format(docker.dockerfile, names_elsewhere=True),
    ),
    (
        r"(?:docker-)?compose(?:[._-].*)?\.ya?ml|\.gitlab-ci\.ya?ml",
        Format(docker.images),
    ),
    (r"\.python-version", Format(partial(_runtime, "python"), names_elsewhere=True)),
    (r"\.(?:nvmrc|node-version)", Format(partial(_runtime, "node"), names_elsewhere=True)),
    (r"\.ruby-version", Format(partial(_runtime, "ruby"), names_elsewhere=True)),
    (r"\.go-version", Format(partial(_runtime, "go"), names_elsewhere=True)),
)
"""By the last part of a file's name, or by the whole of it."""
_COMPILED = [(re.compile(form), found) for form, found in FORMATS]


def format_of(file: str) -> Format | None:
    """Return how to read a file of this name; None if it is not a known manifest or lock file."""
    return _format_of(file) if len(file) <= 4096 else None


@lru_cache(maxsize=1000)
def _format_of(file: str) -> Format | None:
    last = file.rpartition("/")[2]
    return next(
        (found for form, found in _COMPILED if form.fullmatch(last) or form.fullmatch(file)), None
    )
