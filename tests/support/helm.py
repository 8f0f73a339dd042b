"""The chart, as Helm renders it with one of its values files."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

from tests.support.site import ROOT

CHART = ROOT / "deploy" / "helm" / "hitl-console"
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
Values = Mapping[str, Any]
Resource = dict[str, Any]


def values_in(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))


def render(values: Values) -> list[Resource]:
    """Return the resources; raise HelmError if the chart refuses the values."""
    with helm_python.Chart.load(CHART) as chart:
        files = chart.render(dict(values), name="demo", namespace="prod")
    texts = [text for path, text in files.items() if path.endswith(".yaml")]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


@cache
def rendered(path: Path) -> list[Resource]:
    return render(values_in(path))


def of_kind(resources: list[Resource], kind: str) -> list[Resource]:
    return [one for one in resources if one["kind"] == kind]


def named(resources: list[Resource], kind: str, name: str) -> Resource:
    [found] = [one for one in of_kind(resources, kind) if one["metadata"]["name"] == name]
    return found


def pods(resources: list[Resource]) -> Iterator[Resource]:
    """Yield the template of each pod, with its metadata."""
    for one in resources:
        match one["kind"]:
            case "Deployment" | "Job":
                yield one["spec"]["template"]
            case "CronJob":
                yield one["spec"]["jobTemplate"]["spec"]["template"]


def containers(pod: Resource) -> list[Resource]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def environment(container: Resource) -> dict[str, str]:
    """Return the variables with a value of their own; fail if one is there twice."""
    names = [one["name"] for one in container["env"]]
    assert len(names) == len(set(names)), names
    return {one["name"]: one["value"] for one in container["env"] if "value" in one}
