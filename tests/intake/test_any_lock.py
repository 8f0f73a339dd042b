"""Two states of a file give a diff, and the diff gives the changes from one to the other."""

import difflib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.intake import PullRequest, explain

State = dict[str, str]
"""Versions of packages."""


def toml_lock(state: State) -> str:
    blocks = [
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = "registry+x"\n'
        for name, version in state.items()
    ]
    return "version = 3\n\n" + "\n".join(blocks)


def package_lock(state: State) -> str:
    entries = [
        f'    "node_modules/{name}": {{\n      "version": "{version}",\n      "dev": true\n    }}'
        for name, version in state.items()
    ]
    return '{\n  "packages": {\n' + ",\n".join(entries) + "\n  }\n}\n"


def composer_lock(state: State) -> str:
    entries = [
        f'        {{\n            "name": "v/{name}",\n            "version": "v{version}",\n'
        '            "type": "library"\n        }'
        for name, version in state.items()
    ]
    return '{\n    "packages": [\n' + ",\n".join(entries) + "\n    ]\n}\n"


def yarn_lock(state: State) -> str:
    return "# yarn lockfile v1\n\n" + "\n".join(
        f'{name}@^1.0.0:\n  version "{version}"\n  integrity sha512-x\n'
        for name, version in state.items()
    )


def pom(state: State) -> str:
    return "<project>\n  <dependencies>\n" + "".join(
        f"    <dependency>\n      <groupId>org.x</groupId>\n      <artifactId>{name}</artifactId>\n"
        f"      <version>{version}</version>\n    </dependency>\n"
        for name, version in state.items()
    )


def objects(form: str, head: str) -> Callable[[State], str]:
    """Return what writes a JSON object of objects, one for each package."""
    return lambda state: head + ",\n".join(form.format(*one) for one in state.items()) + "\n}}\n"


PIPFILE_LOCK = (
    '        "{0}": {{\n            "hashes": [\n                "sha256:{0}{1}"\n            ],\n'
    '            "index": "pypi",\n            "version": "=={1}"\n        }}'
)
NUGET_LOCK = (
    '      "{}": {{\n        "type": "Transitive",\n        "resolved": "{}",\n'
    '        "contentHash": "x"\n      }}'
)


def pinned_actions(state: State) -> str:
    return "    steps:\n" + "".join(
        f"      - uses: o/{name}@{version.replace('.', '').zfill(40)} # v{version}\n"
        for name, version in state.items()
    )


def lines(form: str, head: str = "") -> Callable[[State], str]:
    return lambda state: head + "".join(form.format(*one) for one in state.items())


FILES: dict[str, tuple[Callable[[State], str], str]] = {
    "Cargo.lock": (toml_lock, "{}"),
    "poetry.lock": (toml_lock, "{}"),
    "package-lock.json": (package_lock, "{}"),
    "composer.lock": (composer_lock, "v/{}"),
    "yarn.lock": (yarn_lock, "{}"),
    "pom.xml": (pom, "org.x:{}"),
    "requirements.txt": (lines("{}=={}\n"), "{}"),
    "go.mod": (lines("\ta.x/{} v{}\n", "module own\n\nrequire (\n"), "a.x/{}"),
    "Gemfile.lock": (lines("    {} ({})\n", "GEM\n  specs:\n"), "{}"),
    "gradle.lockfile": (lines("g:{}:{}=classpath\n"), "g:{}"),
    "npm-shrinkwrap.json": (
        objects('    "{}": {{\n      "version": "{}"\n    }}', '{\n  "dependencies": {\n'),
        "{}",
    ),
    "Pipfile.lock": (objects(PIPFILE_LOCK, '{\n    "default": {\n'), "{}"),
    "packages.lock.json": (objects(NUGET_LOCK, '{\n  "net8.0": {\n'), "{}"),
    "a/pnpm-lock.yaml": (
        lines("      {}:\n        specifier: ^1.0.0\n        version: {}\n", "importers:\n"),
        "{}",
    ),
    "pnpm-lock.yaml": (
        lines("  {}@{}:\n    resolution: {{integrity: x}}\n\n", "packages:\n\n"),
        "{}",
    ),
    "berry/yarn.lock": (
        lines(
            '"{0}@npm:^1.0.0":\n  version: {1}\n  resolution: "{0}@npm:{1}"\n  linkType: hard\n\n'
        ),
        "{}",
    ),
    "a.csproj": (lines('    <PackageReference Include="{}" Version="{}" />\n'), "{}"),
    "build.gradle": (lines("    implementation 'g:{}:{}'\n", "dependencies {\n"), "g:{}"),
    "pyproject.toml": (lines('{} = "{}"\n', "[tool.poetry.dependencies]\n"), "{}"),
    "Cargo.toml": (lines('{} = {{ version = "{}" }}\n', "[dependencies]\n"), "{}"),
    "Pipfile": (lines('{} = "=={}"\n', "[packages]\n"), "{}"),
    "Gemfile": (lines('gem "{}", "{}"\n'), "{}"),
    "composer.json": (lines('        "v/{}": "{}",\n', '{\n    "require": {\n'), "v/{}"),
    "setup.py": (lines('        "{}=={}",\n', "setup(\n    install_requires=[\n"), "{}"),
    ".github/workflows/a.yml": (lines("      - uses: o/{}@v{}\n", "    steps:\n"), "o/{}"),
    "action.yml": (pinned_actions, "o/{}"),
    "Dockerfile": (lines("FROM {}:{}\n"), "{}"),
    "compose.yml": (lines("  x:\n    image: {}:{}\n", "services:\n"), "{}"),
    ".pre-commit-config.yaml": (
        lines("  - repo: https://github.com/o/{}\n    rev: v{}\n    hooks:\n", "repos:\n"),
        "o/{}",
    ),
    "package.json": (lines('    "{}": "{}",\n', '{\n  "dependencies": {\n'), "{}"),
}

STATES = st.dictionaries(
    st.sampled_from([f"p{letter}" for letter in "abcdefghij"]),
    st.sampled_from(["1.0.0", "1.0.1", "2.0.0"]),
    max_size=8,
).map(lambda state: dict(sorted(state.items())))


@pytest.mark.parametrize("file", FILES)
@given(old=STATES, new=STATES)
def test_changes_are_those_between_the_two_states(file: str, old: State, new: State) -> None:
    write, form = FILES[file]
    before, after = (write(state).splitlines(keepends=True) for state in (old, new))
    diff = "".join(difflib.unified_diff(before, after, f"a/{file}", f"b/{file}"))
    found = {
        (one.package, one.old, one.new)
        for one in explain(PullRequest(diff=f"diff --git a/{file} b/{file}\n{diff}")).changes
    }
    assert found == {
        (form.format(name), old.get(name), new.get(name))
        for name in old.keys() | new.keys()
        if old.get(name) != new.get(name)
    }
