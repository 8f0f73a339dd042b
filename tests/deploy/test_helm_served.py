"""The chart's web container, run as the chart says: its probes and Prometheus get their answers."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.helm import CHART, containers, environment, named, rendered
from tests.support.site import Server, Site

POD_IP = "127.0.0.1"
ELSEWHERE = {"X-Forwarded-For": "10.9.9.9"}
"""So that the server believes that a client here is on another machine."""


@pytest.fixture(scope="module")
def container() -> dict[str, Any]:
    resources = rendered(CHART / "ci" / "existing-secret-values.yaml")
    web = named(resources, "Deployment", "demo-hitl-console-web")
    return containers(web["spec"]["template"])[0]


@pytest.fixture(scope="module")
def served(container: dict[str, Any]) -> Iterator[tuple[Site, Server]]:
    given = environment(container)
    variables: dict[str, Any] = {
        name: text.replace("$(POD_IP)", POD_IP) for name, text in given.items()
    }
    variables["HITL_TRUSTED_PROXIES"] = POD_IP
    site = Site("chart")
    with site.uvicorn(**variables) as server:
        yield site, server
    site.close()


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_probe_gets_200(served: tuple[Site, Server], container: dict[str, Any], probe: str) -> None:
    request = container[probe]["httpGet"]
    headers = {one["name"]: one["value"] for one in request["httpHeaders"]}
    answer = httpx.get(served[1].origin + request["path"], headers=headers)
    assert answer.status_code == 200, answer.text


def test_prometheus_reads_a_pod_by_its_address_with_a_token(served: tuple[Site, Server]) -> None:
    site, server = served
    token = site.manage("issue_token", "lead", "--days", "1").split()[0]
    url = f"{server.origin}/hitl/metrics"
    bearer = {**ELSEWHERE, "Authorization": f"Bearer {token}"}
    tls = {"X-Forwarded-Proto": "https"}
    answer = httpx.get(url, headers={**bearer, **tls})
    assert answer.status_code == 200, answer.text
    assert "hitl_websocket_connections_active 0.0" in answer.text
    assert httpx.get(url, headers={**ELSEWHERE, **tls}).status_code == 403
    assert httpx.get(url, headers=bearer).status_code == 301


def test_host_that_is_not_named_is_refused(served: tuple[Site, Server]) -> None:
    answer = httpx.get(f"{served[1].origin}/sign-in", headers={"Host": "evil.example.com"})
    assert answer.status_code == 400
