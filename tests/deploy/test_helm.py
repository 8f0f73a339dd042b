"""The chart: what Helm and Kubernetes accept, what it demands, and that it fits the product."""

import re
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from hitl_project import __version__
from hitl_project.servers.supervisor import REQUEST_SECONDS
from jobs.worker import FINISH_SECONDS
from realtime.metrics import REGISTRY
from tests.support.helm import (
    CHART,
    VALUES,
    Resource,
    containers,
    environment,
    named,
    of_kind,
    pods,
    render,
    rendered,
    values_in,
)
from tests.support.site import ROOT

WARNING = 2
"""Helm's severity; 1 is a hint, such as that there is no icon."""
VERSIONS = ("1.27", "1.31", kubernetes_validate.latest_version())
LEAST, OWN, EVERYTHING, LITTLE = (
    CHART / "ci" / f"{name}-values.yaml"
    for name in ("existing-secret", "own-secret", "everything", "little")
)
each_file = pytest.mark.parametrize("path", VALUES, ids=lambda path: path.stem)


def test_values_files_are_these() -> None:
    assert set(VALUES) == {LEAST, OWN, EVERYTHING, LITTLE}


# -- What Helm and Kubernetes say -------------------------------------------------------------


@each_file
def test_helm_finds_nothing_wrong(path: Path) -> None:
    report = helm_python.lint(CHART, values_in(path), strict=True)
    assert report["errors"] == []
    assert [one for one in report["messages"] if one["severity"] >= WARNING] == []


@pytest.mark.parametrize("version", VERSIONS)
@each_file
def test_kubernetes_knows_every_field(path: Path, version: str) -> None:
    resources = rendered(path)
    assert resources
    for one in resources:
        kubernetes_validate.validate(one, version, strict=True)


def test_validation_tells_a_field_that_does_not_exist() -> None:
    broken = {**named(rendered(LEAST), "Service", "demo-hitl-console-web"), "nonsense": 1}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        (LITTLE, "CronJob Deployment Deployment Service"),
        (
            LEAST,
            "CronJob Deployment Deployment Ingress Job NetworkPolicy NetworkPolicy NetworkPolicy"
            " PodDisruptionBudget PodDisruptionBudget Service",
        ),
    ],
)
def test_what_is_switched_off_is_not_there(path: Path, kinds: str) -> None:
    assert sorted(one["kind"] for one in rendered(path)) == kinds.split()


# -- What it demands --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["host", "trustedProxies", "image", "secret"])
def test_what_has_no_default_is_demanded_by_its_name(name: str) -> None:
    values = {key: value for key, value in values_in(LEAST).items() if key != name}
    with pytest.raises(helm_python.HelmError, match=rf"{name}(\.repository|\.databaseUrl)?[:,] "):
        render(values)


@pytest.mark.parametrize("name", ["databaseUrl", "redisUrl", "secretKey"])
def test_no_secret_has_a_default(name: str) -> None:
    values = values_in(OWN)
    del values["secret"][name]
    with pytest.raises(helm_python.HelmError, match=f"secret.{name}, or secret.existing"):
        render(values)


@pytest.mark.parametrize(
    "change",
    [
        {"nonsense": 1},
        {"web": {"worker": 2}},
        {"host": "https://console.example.com"},
        {"trustedProxies": ["*"]},
        {"settings": {"SECRET_KEY": "in the open"}},
        {"settings": {"HITL_SHUTDOWN_GRACE_SECONDS": "60"}},
        {"secret": {"secretKey": "short"}},
    ],
    ids=str,
)
def test_values_that_cannot_be_meant_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(helm_python.HelmValuesError):
        render({**values_in(LEAST), **change})


def test_secret_is_made_only_of_what_is_given() -> None:
    assert {path for path in VALUES if of_kind(rendered(path), "Secret")} == {OWN}
    [made] = of_kind(rendered(OWN), "Secret")
    given = values_in(OWN)["secret"]
    assert made["stringData"] == {
        "DATABASE_URL": given["databaseUrl"],
        "REDIS_URL": given["redisUrl"],
        "SECRET_KEY": given["secretKey"],
    }


# -- What runs --------------------------------------------------------------------------------


@each_file
def test_pods_have_no_rights_and_a_read_only_root(path: Path) -> None:
    for pod in pods(rendered(path)):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


@each_file
def test_containers_run_commands_with_options_and_settings_that_exist(path: Path) -> None:
    for pod in pods(rendered(path)):
        for container in containers(pod):
            name, *options = container["args"]
            command = load_command_class(get_commands()[name], name)
            command.create_parser("manage.py", name).parse_args(options)
            assert set(environment(container)) <= settings.HITL_VARIABLES


def test_settings_replace_what_follows_from_the_values() -> None:
    [web] = containers(web_of(EVERYTHING)["spec"]["template"])
    given = environment(web)
    assert given["HITL_ALLOWED_ORIGINS"].endswith(",https://other.example.com")
    assert given["ALLOWED_HOSTS"] == "console.example.com,$(POD_IP),[$(POD_IP)]"
    assert given["HITL_TRUSTED_PROXIES"] == "10.244.0.0/16,fd00:10:244::/56"


@each_file
def test_probes_ask_the_health_addresses_of_the_host(path: Path) -> None:
    [web] = containers(web_of(path)["spec"]["template"])
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        request = web[probe]["httpGet"]
        assert resolve(request["path"]).url_name
        assert request["httpHeaders"] == [{"name": "Host", "value": "console.example.com"}]
        assert request["port"] == "http"
    assert web["readinessProbe"]["httpGet"]["path"] != web["livenessProbe"]["httpGet"]["path"]


def web_of(path: Path) -> Resource:
    return named(rendered(path), "Deployment", "demo-hitl-console-web")


@each_file
def test_pods_have_time_to_end(path: Path) -> None:
    spec = web_of(path)["spec"]["template"]["spec"]
    given = environment(spec["containers"][0])
    needed = sum(int(given[f"HITL_SHUTDOWN_{name}_SECONDS"]) for name in ("GRACE", "SPREAD"))
    assert spec["terminationGracePeriodSeconds"] > needed + REQUEST_SECONDS
    worker = named(rendered(path), "Deployment", "demo-hitl-console-worker")
    assert worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > FINISH_SECONDS


# -- How it hangs together --------------------------------------------------------------------


@each_file
def test_every_selector_finds_pods(path: Path) -> None:
    resources = rendered(path)
    labels = [pod["metadata"]["labels"] for pod in pods(resources)]
    selectors = [one["spec"]["selector"] for one in of_kind(resources, "Service")]
    for kind in ("Deployment", "PodDisruptionBudget"):
        selectors += [one["spec"]["selector"]["matchLabels"] for one in of_kind(resources, kind)]
    for one in of_kind(resources, "NetworkPolicy"):
        selectors.append(one["spec"]["podSelector"]["matchLabels"])
    for selector in selectors:
        assert len([one for one in labels if selector.items() <= one.items()]) == 1, selector


def test_traffic_goes_from_the_ingress_to_the_port_that_is_served() -> None:
    resources = rendered(EVERYTHING)
    [ingress] = of_kind(resources, "Ingress")
    [rule] = ingress["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    service = named(resources, "Service", backend["name"])
    [port] = service["spec"]["ports"]
    [web] = web_of(EVERYTHING)["spec"]["template"]["spec"]["containers"]
    assert port["name"] == backend["port"]["name"]
    assert web["ports"] == [{"name": port["targetPort"], "containerPort": 8003}]
    assert web["args"][web["args"].index("--port") + 1] == "8003"
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]


def test_migration_runs_first_as_the_owner_and_finds_its_secret() -> None:
    [job] = of_kind(rendered(EVERYTHING), "Job")
    assert "pre-upgrade" in job["metadata"]["annotations"]["helm.sh/hook"]
    [container] = containers(job["spec"]["template"])
    assert container["env"][-1]["valueFrom"]["secretKeyRef"]["name"] == "hitl-console-owner"
    [job], [secret] = (of_kind(rendered(OWN), kind) for kind in ("Job", "Secret"))
    weights = [int(one["metadata"]["annotations"]["helm.sh/hook-weight"]) for one in (secret, job)]
    assert weights[0] < weights[1]
    reference = containers(job["spec"]["template"])[0]["envFrom"][0]["secretRef"]
    assert reference["name"] == secret["metadata"]["name"]


def test_pods_are_scaled_by_a_metric_that_the_product_has() -> None:
    [scaler] = of_kind(rendered(EVERYTHING), "HorizontalPodAutoscaler")
    assert scaler["spec"]["scaleTargetRef"]["name"] == web_of(EVERYTHING)["metadata"]["name"]
    assert "replicas" not in web_of(EVERYTHING)["spec"]  # or each upgrade would undo the scaling
    [metric] = scaler["spec"]["metrics"]
    names = {one.name for one in REGISTRY.collect()}
    assert metric["pods"]["metric"]["name"] in names


def test_only_web_pods_can_be_reached_and_only_by_who_is_named() -> None:
    policies = of_kind(rendered(EVERYTHING), "NetworkPolicy")
    for policy in policies:
        spec = policy["spec"]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        is_web = spec["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "web"
        assert ("ingress" in spec) == is_web
        if is_web:
            assert spec["ingress"][0]["from"] == values_in(EVERYTHING)["networkPolicy"]["from"]
        assert {port["port"] for port in spec["egress"][0]["ports"]} == {53, 5433, 6380, 443}


def test_new_secret_replaces_the_pods_that_read_it() -> None:
    values = values_in(OWN)
    before = render(values)
    values["secret"]["redisUrl"] = "redis://other.example.com"
    after = render(values)
    for old, new in zip(of_kind(before, "Deployment"), of_kind(after, "Deployment"), strict=True):
        assert old["spec"]["template"] != new["spec"]["template"]


@each_file
def test_pods_run_the_image_as_the_dockerfile_makes_it(path: Path) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    [user] = re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE)
    [port] = re.findall(r"^EXPOSE (.+)$", dockerfile, re.MULTILINE)
    assert 'ENTRYPOINT ["python", "manage.py"]' in dockerfile  # to which the arguments are added
    for pod in pods(rendered(path)):
        security = pod["spec"]["securityContext"]
        assert user == f"{security['runAsUser']}:{security['runAsGroup']}"
    [web] = containers(web_of(path)["spec"]["template"])
    assert str(web["ports"][0]["containerPort"]) == port


def test_chart_installs_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
