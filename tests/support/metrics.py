"""The metrics of a server at `/hitl/metrics`."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.site import Server


class Numbers(dict[str, float]):
    """The samples of a server by name with labels, such as `hitl_decisions_total{approve}`."""

    def __missing__(self, name: str) -> float:
        return 0.0

    def since(self, before: "Numbers") -> "Numbers":
        return Numbers({name: value - before[name] for name, value in self.items()})


def numbers(server: Server) -> Numbers:
    answer = httpx.get(f"{server.origin}/hitl/metrics", headers={"Accept": "text/plain"})
    assert answer.status_code == 200, server.printed()[-5000:]
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = Numbers()
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def open_connections(server: Server) -> int:
    answer = httpx.get(f"{server.origin}/hitl/metrics", headers={"Accept": "application/json"})
    return int(answer.json()["websocket_connections"])
