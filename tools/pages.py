"""Measure what the console's pages cost the server: `python -m tools.pages`.

It prints, of each page, the median CPU time of the server with its lexers and the median time to
the whole answer. With `--against COMMIT`, that commit is served too, on a database like this one,
and both are asked in turn: on a busy machine, only the ratio means something. Exits with 1 if a
page takes longer than it may.
"""

import tests.support.environment  # noqa: F401, I001 — starts the servers before the settings are read

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psutil

from tests.support.site import ROOT, Server, Site, apv
from tools.against import Tree, this_and

GOAL_MS, GOAL_SHARE = 25.0, 0.4
"""What a page may take on a quiet machine, or of what it took at the other commit."""
LINES, MANY_LINES = 5_000, 17_000
"""Of a long patch, and of one of 1 MiB."""
DECIDED = 10_000
FILL = """
INSERT INTO reviews_apv
SELECT copy.* FROM (SELECT reviews_apv AS whole FROM reviews_apv WHERE apv_code = %s) AS one,
    generate_series(1, %s) AS number,
    jsonb_populate_record(whole, jsonb_build_object(
        'apv_id', gen_random_uuid(), 'apv_code', 'APV-2000-' || (1000 + number),
        'status', CASE WHEN number <= %s THEN 'approved' ELSE 'pending' END,
        'severity', (ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'])[1 + number %% 4],
        'priority', (ARRAY[10, 8, 5, 2])[1 + number %% 4],
        'package_name', 'package-' || number %% 500,
        'cve_id', 'CVE-2026-' || 10000 + number %% 500,
        'created_at', now() - number * interval '1 minute')) AS copy
"""
DECIDE = """
INSERT INTO reviews_decision (decision_id, apv_id, decision, justification, confidence,
    modifications, reviewer_id, reviewer_name, reviewer_email, severity, patch_strategy,
    recommendation, diff_sha256, apv_version, review_seconds, action_taken, decided_at)
SELECT gen_random_uuid(), apv_id, 'approve', 'made for measuring', 1, '{}',
    (SELECT min(id) FROM auth_user), 'Ada', '', severity, patch_strategy, 'approve', '', version,
    60 * (1 + extract(minute FROM created_at)), 'pr_merged', created_at
FROM reviews_apv WHERE status = 'approved'
"""
PAGES = {
    "the queue": "/",
    "an APV in its page": "/apvs/{short}",
    "an APV alone, as a key opens it": "/apvs/{short} alone",
    f"a patch of {LINES:,} lines": "/apvs/{long}/diff alone",
    f"a patch of {LINES:,} lines, for the first time": "/apvs/{unseen}/diff alone",
    "a patch of 1 MiB": "/apvs/{longest}/diff alone",
    "the numbers": "/numbers",
}


@dataclass
class Served:
    """One server, the codes of APVs there, and what a page cost it, in milliseconds a request."""

    server: Server
    codes: dict[str, list[str]]
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def request(self, path: str, number: int) -> None:
        codes = {name: some[number % len(some)] for name, some in self.codes.items()}
        address, _, alone = path.format(**codes).partition(" ")
        client = self.server.client()
        cpu, began = cpu_seconds(self.server.process.pid), time.perf_counter()
        answer = client.get(address, headers={"HX-Request": "true"} if alone else {})
        self.wall.append((time.perf_counter() - began) * 1e3)
        self.cpu.append((cpu_seconds(self.server.process.pid) - cpu) * 1e3)
        assert answer.status_code == 200, answer.text


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.pages", description=__doc__)
    parser.add_argument("--against", default="", metavar="COMMIT", help="an earlier commit")
    parser.add_argument("--pending", type=int, default=10_000, help="APVs (default: 10,000)")
    parser.add_argument("--times", type=int, default=60, help="of each page (default: 60)")
    parser.add_argument("--only", default="", help="what the names of the pages contain")
    given = parser.parse_args()
    some = {name: path for name, path in PAGES.items() if given.only in name}
    with servers(given.against, given.pending, given.times) as served:
        reached = [measured(name, path, served, given.times) for name, path in some.items()]
    return 0 if all(reached) else 1


@contextmanager
def servers(commit: str, pending: int, unseen: int) -> Iterator[list[Served]]:
    """Serve this tree last, after `commit` if one is named, each with a filled database."""
    with ExitStack() as stack:
        trees = stack.enter_context(this_and(commit)) if commit else [Tree("now", ROOT)]
        sites = [(tree, tree.site()) for tree in trees]
        running = [(site, stack.enter_context(tree.serving(site))) for tree, site in sites]
        yield [Served(server, fill(site, server, pending, unseen)) for site, server in running]


def fill(site: Site, server: Server, pending: int, unseen: int) -> dict[str, list[str]]:
    """Add APVs and decisions; return the codes of those with a short and with long patches."""
    short, long, longest = (add(server, one) for one in ("", patch(LINES), patch(MANY_LINES)))
    first = [add(server, patch(LINES, f"_{number}")) for number in range(unseen + 1)]
    site.execute(FILL, short, DECIDED + pending, DECIDED)
    site.execute(DECIDE)
    site.vacuum()
    return {"short": [short], "long": [long], "longest": [longest], "unseen": first}


def add(server: Server, diff: str) -> str:
    given = apv(patch_diff=diff) if diff else apv()
    answer = server.post("/hitl/apvs", given, user="pipeline")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["apv_code"])


def patch(lines: int, suffix: str = "") -> str:
    """Return a patch of ten files of Python; names in them end with `suffix`."""
    return "".join(_file(f"part_{number}{suffix}", lines // 10) for number in range(10))


def _file(name: str, lines: int) -> str:
    path, count = f"src/{name}.py", lines * 3 // 4
    header = f"--- a/{path}\n+++ b/{path}\n@@ -1,{count} +1,{count} @@\n"
    return header + "".join(_function(f"read_{name}_{at}", at) for at in range(lines // 4))


def _function(name: str, number: int) -> str:
    return (
        f" def {name}(path: str, limit: int = {number}) -> list[str]:\n"
        '     """Return the lines of a file, at most `limit`."""\n'
        f"-    return open(path).read().split('\\n')[:{number}]\n"
        f"+    return Path(path).read_text().splitlines()[:limit]  # {number}\n"
    )


def measured(name: str, path: str, served: list[Served], times: int) -> bool:
    """Request a page of each server in turn, and print the medians; return whether it is fast."""
    for one in served:
        one.request(path, times)  # compiles templates, and connects
        one.cpu, one.wall = [], []
    for number in range(times):
        for one in served:
            one.request(path, number)
    cpu = [statistics.median(one.cpu) for one in served]
    wall = [statistics.median(one.wall) for one in served]
    columns = "".join(
        "{:8.1f} ms CPU {:7.1f} ms".format(*both) for both in zip(cpu, wall, strict=True)
    )
    share = cpu[-1] / cpu[0]
    reached = wall[-1] <= GOAL_MS or (len(served) > 1 and share <= GOAL_SHARE)
    print(f"{name:44}{columns}  {share:5.2f} × {'' if reached else 'too long'}", flush=True)
    return reached


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children so far, to the microsecond.

    The kernel has a clock for each process (clock_getcpuclockid(3)); /proc counts ticks of 10 ms.
    """
    root = psutil.Process(pid)
    return sum(_clock(one.pid) for one in (root, *root.children(recursive=True)))


def _clock(pid: int) -> float:
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:  # a child has just ended
        return 0.0


if __name__ == "__main__":
    sys.exit(main())
