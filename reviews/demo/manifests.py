"""The version bump of one dependency, as a diff of its manifest."""

import difflib
from collections.abc import Mapping
from typing import NamedTuple


class Manifest(NamedTuple):
    """How an ecosystem writes dependencies.

    `entry` may use {package}, {version}, and the package's sides of ":", {group} and {artifact}.
    """

    path: str
    head: str
    entry: str
    tail: str
    neighbours: Mapping[str, str]
    separator: str = "\n"
    version_prefix: str = ""


NEUTRAL = Manifest(
    path="dependencies.txt",
    head="# name version\n",
    entry="{package} {version}",
    tail="\n",
    neighbours={"bash": "5.2.15", "curl": "7.88.1", "tzdata": "2024a", "zlib": "1.2.13"},
)

MANIFESTS: dict[str, Manifest] = {
    "pypi": Manifest(
        path="requirements.txt",
        head="# Runtime dependencies\n",
        entry="{package}=={version}",
        tail="\n",
        neighbours={
            "boto3": "1.28.57",
            "gunicorn": "22.0.0",
            "psycopg2-binary": "2.9.9",
            "python-dateutil": "2.8.2",
            "redis": "4.6.0",
            "sentry-sdk": "1.39.2",
        },
    ),
    "npm": Manifest(
        path="package.json",
        head='{\n  "name": "storefront",\n  "private": true,\n  "dependencies": {\n',
        entry='    "{package}": "{version}"',
        tail="\n  }\n}\n",
        neighbours={
            "cors": "2.8.5",
            "dotenv": "16.3.1",
            "helmet": "7.1.0",
            "pg": "8.11.3",
            "pino": "8.17.2",
            "uuid": "9.0.1",
        },
        separator=",\n",
    ),
    "maven": Manifest(
        path="pom.xml",
        head=(
            '<project xmlns="http://maven.apache.org/POM/4.0.0">\n'
            "  <modelVersion>4.0.0</modelVersion>\n"
            "  <groupId>com.example</groupId>\n"
            "  <artifactId>billing</artifactId>\n"
            "  <version>1.8.0</version>\n"
            "  <dependencies>\n"
        ),
        entry=(
            "    <dependency>\n"
            "      <groupId>{group}</groupId>\n"
            "      <artifactId>{artifact}</artifactId>\n"
            "      <version>{version}</version>\n"
            "    </dependency>"
        ),
        tail="\n  </dependencies>\n</project>\n",
        neighbours={
            "com.zaxxer:HikariCP": "5.0.1",
            "org.mapstruct:mapstruct": "1.5.5.Final",
            "org.postgresql:postgresql": "42.6.0",
            "org.slf4j:slf4j-api": "1.7.36",
        },
    ),
    "go": Manifest(
        path="go.mod",
        head="module example.com/gateway\n\ngo 1.20\n\nrequire (\n",
        entry="\t{package} {version}",
        tail="\n)\n",
        neighbours={
            "github.com/go-chi/chi/v5": "v5.0.10",
            "github.com/google/uuid": "v1.3.1",
            "github.com/jackc/pgx/v5": "v5.5.4",
            "github.com/spf13/cobra": "v1.7.0",
            "go.uber.org/zap": "v1.26.0",
            "golang.org/x/sync": "v0.3.0",
        },
        version_prefix="v",
    ),
    "rubygems": Manifest(
        path="Gemfile",
        head='source "https://rubygems.org"\n\nruby "~> 3.1"\n\n',
        entry='gem "{package}", "{version}"',
        tail="\n",
        neighbours={
            "bootsnap": "1.16.0",
            "devise": "4.9.3",
            "pg": "1.5.4",
            "redis": "5.0.8",
            "sidekiq": "7.1.6",
        },
    ),
    "crates.io": Manifest(
        path="Cargo.toml",
        head=(
            '[package]\nname = "ingest"\nversion = "0.4.2"\nedition = "2021"\n\n[dependencies]\n'
        ),
        entry='{package} = "{version}"',
        tail="\n",
        neighbours={
            "anyhow": "1.0.75",
            "clap": "4.4.6",
            "serde": "1.0.188",
            "serde_json": "1.0.107",
            "tracing": "0.1.37",
            "uuid": "1.4.1",
        },
    ),
    "packagist": Manifest(
        path="composer.json",
        head='{\n    "name": "example/portal",\n    "require": {\n        "php": ">=8.1",\n',
        entry='        "{package}": "{version}"',
        tail="\n    }\n}\n",
        neighbours={
            "doctrine/dbal": "3.7.2",
            "league/flysystem": "3.23.0",
            "monolog/monolog": "2.9.2",
            "ramsey/uuid": "4.7.5",
            "vlucas/phpdotenv": "5.6.0",
        },
        separator=",\n",
    ),
    "nuget": Manifest(
        path="src/Orders/Orders.csproj",
        head=(
            '<Project Sdk="Microsoft.NET.Sdk.Web">\n'
            "  <PropertyGroup>\n"
            "    <TargetFramework>net8.0</TargetFramework>\n"
            "  </PropertyGroup>\n"
            "  <ItemGroup>\n"
        ),
        entry='    <PackageReference Include="{package}" Version="{version}" />',
        tail="\n  </ItemGroup>\n</Project>\n",
        neighbours={
            "Dapper": "2.1.24",
            "FluentValidation": "11.8.1",
            "Npgsql": "8.0.3",
            "Polly": "8.2.0",
            "Serilog": "3.1.1",
        },
    ),
    "hex": Manifest(
        path="mix.exs",
        head=(
            "defmodule Notifier.MixProject do\n"
            "  use Mix.Project\n"
            "\n"
            "  def project do\n"
            '    [app: :notifier, version: "0.3.0", deps: deps()]\n'
            "  end\n"
            "\n"
            "  defp deps do\n"
            "    [\n"
        ),
        entry='      {{:{package}, "{version}"}}',
        tail="\n    ]\n  end\nend\n",
        neighbours={
            "ecto_sql": "3.11.1",
            "jason": "1.4.1",
            "postgrex": "0.17.4",
            "telemetry": "1.2.1",
        },
        separator=",\n",
    ),
}


def bump_diff(ecosystem: str, package: str, old: str, new: str) -> str:
    """Return the unified diff that moves a package from old to new in its ecosystem's manifest.

    It applies to `manifest_text` of the old version. An ecosystem without its own manifest gets the
    neutral one; `ecosystem` is an OSV name, in any case, with or without a ":suffix".
    """
    path = manifest_path(ecosystem)
    before, after = (_lines(manifest_text(ecosystem, package, version)) for version in (old, new))
    sides = (f"a/{path}", f"b/{path}")
    hunks = _one_line(before, after, *sides) or difflib.unified_diff(before, after, *sides)
    return f"diff --git a/{path} b/{path}\n" + "".join(hunks)


CONTEXT = 3


def _one_line(before: list[str], after: list[str], old_name: str, new_name: str) -> list[str]:
    """Return the diff that difflib finds too, but at once, if a single line is another one.

    It is empty if there are other differences, or the line also stands elsewhere.
    """
    places = [at for at, line in enumerate(after) if line not in before]
    is_simple = len(before) == len(after) and len(places) == 1
    if not is_simple or before[places[0]] in after:
        return []
    at = places[0]
    begin, end = max(0, at - CONTEXT), min(len(after), at + 1 + CONTEXT)
    if before[:at] != after[:at] or before[at + 1 :] != after[at + 1 :]:
        return []
    lines = f"{begin + 1},{end - begin}"
    return [
        *(f"--- {old_name}\n", f"+++ {new_name}\n", f"@@ -{lines} +{lines} @@\n"),
        *(f" {line}" for line in before[begin:at]),
        *(f"-{before[at]}", f"+{after[at]}"),
        *(f" {line}" for line in after[at + 1 : end]),
    ]


def manifest_path(ecosystem: str) -> str:
    """Return the path of the file in which a project of this ecosystem lists its dependencies."""
    return _manifest(ecosystem).path


def manifest_text(ecosystem: str, package: str, version: str) -> str:
    """Return a whole manifest with the package at this version, among a few others."""
    manifest = _manifest(ecosystem)
    pinned = {
        **_neighbours_without(manifest, package),
        package: _prefixed(version, manifest.version_prefix),
    }
    entries = (_entry(manifest, name, pinned[name]) for name in sorted(pinned, key=str.lower))
    return manifest.head + manifest.separator.join(entries) + manifest.tail


def _manifest(ecosystem: str) -> Manifest:
    return MANIFESTS.get(ecosystem.partition(":")[0].strip().lower(), NEUTRAL)


def _neighbours_without(manifest: Manifest, package: str) -> dict[str, str]:
    # Registries that ignore case would treat it as the same package twice.
    return {
        name: version
        for name, version in manifest.neighbours.items()
        if name.lower() != package.lower()
    }


def _prefixed(version: str, prefix: str) -> str:
    """Prefix the version, also in "before 1.2.3"."""
    words, _space, number = version.rpartition(" ")
    return f"{words}{_space}{prefix}{number.removeprefix(prefix)}"


def _entry(manifest: Manifest, package: str, version: str) -> str:
    group, _, artifact = package.rpartition(":")
    return manifest.entry.format(package=package, version=version, group=group, artifact=artifact)


def _lines(text: str) -> list[str]:
    # str.splitlines would also break at characters that are not line ends for git.
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
