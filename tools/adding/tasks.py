"""What is timed: an import of advisories, and a request with many APVs."""

import time
from pathlib import Path
from typing import Any

from tests.support.people import api, issue
from tests.support.site import DIFF, Server, apv
from tools.adding.results import Done
from tools.against import Spent, Tree
from tools.bench.processes import cpu_seconds

AT_ONCE = 1000
"""The most that a request may have."""
PACKAGES = 300
"""How many packages they are of, each with one patch for all its advisories."""


def import_advisories(tree: Tree, folder: Path) -> Done:
    """Import a folder of advisories into a new site."""
    site = tree.site()
    printed, spent = tree.run(site, "import_osv", str(folder), "-v2")
    return Done(spent, printed, site)


def post_apvs(tree: Tree) -> Done:
    """Post APVs in one request to a server that has answered one with other patches before."""
    site = tree.site()
    with tree.serving(site) as server:
        token = f"Bearer {issue(site, 'pipeline')}"
        _post(server, token, "other")
        spent, answer = _post(server, token, "package")
    return Done(spent, [_without_own(one) for one in answer], site)


def _post(server: Server, token: str, packages: str) -> tuple[Spent, list[dict[str, Any]]]:
    body = [_apv(number, f"{packages}-{number % PACKAGES}") for number in range(AT_ONCE)]
    with api(server, token) as client:
        client.get("/hitl/reviews/stats")  # opens the connection
        cpu, began = cpu_seconds(server.process.pid), time.perf_counter()
        answer = client.post("/hitl/apvs", json=body)
        wall = time.perf_counter() - began
        spent = Spent(cpu_seconds(server.process.pid) - cpu, wall)
    assert answer.status_code == 201, answer.text
    return spent, answer.json()


def _apv(number: int, name: str) -> dict[str, Any]:
    return apv(
        cve_id=f"CVE-2023-{10_000 + number}",
        cve_description=f"A request through a proxy sends what {name} was given to it. " * 5,
        package_name=name,
        patch_diff=DIFF.replace("requests", name),
        affected_files=["requirements.txt"],
        patch_description=f"Moves {name} from 2.30.0 to 2.31.0.",
    )


def _without_own(answered: dict[str, Any]) -> dict[str, Any]:
    own = ("apv_id", "created_at", "updated_at")
    return {name: value for name, value in answered.items() if name not in own}
