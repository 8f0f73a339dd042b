"""Measure what grows with the data: `python -m tools.growth`.

It fills sites of several sizes with APVs, five decisions for each on as many revisions, twenty
events and an entry of the audit, and times what people and programs do in them, in turn. The table
says how each cost grows from the smallest site to the largest, where the data grow a hundred times.
"""

import tests.support.environment  # noqa: F401, I001 — starts the servers before the settings are read

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import matplotlib
import psutil

from tests.support.site import ROOT, Server, Site, apv, decision
from tools import documented

matplotlib.use("svg")
from matplotlib import pyplot

SIZES = (10_000, 100_000, 1_000_000)
PAGE, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "images" / "growth.svg"
PENDING = 10
"""Of so many APVs one is pending."""
FIRST = (
    "from tests.support.site import apv; from reviews.models import APV;"
    "APV.objects.create(**apv(), revision=5)"
)
"""What `manage.py shell` runs to add the APV that all others are copies of."""
APVS = """
INSERT INTO reviews_apv SELECT copy.* FROM reviews_apv AS one,
    generate_series(2, {count}) AS n,
    jsonb_populate_record(one, jsonb_build_object(
        'apv_id', gen_random_uuid(), 'apv_code', 'APV-2000-' || (1000000 + n),
        'status', CASE WHEN n %% {pending} = 0 THEN 'pending' ELSE 'approved' END,
        'severity', (ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'])[1 + n %% 4],
        'priority', (ARRAY[10, 8, 5, 2])[1 + n %% 4],
        'created_at', now() - random() * interval '900 days',
        'package_name', 'package-' || n %% 5000,
        'cve_id', 'CVE-2026-' || 10000 + n %% 5000
    )) AS copy
"""
DECISIONS = """
INSERT INTO reviews_decision (decision_id, apv_id, decision, justification, confidence,
    modifications, reviewer_id, reviewer_name, reviewer_email, severity, patch_strategy,
    recommendation, diff_sha256, apv_version, revision, review_seconds, action_taken, decided_at)
SELECT gen_random_uuid(), apv_id, 'approve', 'made for measuring', 1, '{{}}',
    (SELECT id FROM auth_user WHERE username = 'lead'), 'Ada', '', severity, patch_strategy,
    'approve', '', version, number, 3000000 * random() ^ 3, 'pr_merged',
    created_at + random() * interval '20 days'
FROM reviews_apv, generate_series(1, 5) AS number
WHERE status = 'approved' AND number <= {each}
"""
EVENTS = """
INSERT INTO realtime_event (channel, "offset", type, message, created_at)
    SELECT 'apvs', n, 'new_apv', '{{"type": "new_apv", "offset": ' || n || '}}',
        now() - interval '400 days' * (1 - n / (20.0 * {count}))
    FROM generate_series((SELECT top FROM realtime_counter WHERE channel = 'apvs') + 1,
        20 * {count}) AS n;
UPDATE realtime_counter SET top = 20 * {count} WHERE channel = 'apvs'
"""
ENTRIES = """
from django.db import connection
from django.utils import timezone
from audit import chain
from audit.models import Entry, Head
from django.conf import settings
key, head, now = settings.HITL_AUDIT_KEYS[0], Head.objects.first(), timezone.now()
last, start = (head.mac, head.sequence) if head else (chain.NO_MAC, 0)
names = [field.column for field in Entry._meta.concrete_fields]
with connection.cursor() as cursor:
    cursor.execute("SET session_replication_role = replica; SET statement_timeout = 0")
    with cursor.copy(f"COPY audit_entry ({{', '.join(names)}}) FROM STDIN") as copy:
        for number in range(start + 1, {count} + 1):
            entry = Entry(sequence=number, at=now, user_id=1, actor="pipeline", source="rest",
                action="added", object="APV-2000-1000002", details="{{}}", address="127.0.0.1",
                request_id="", key=chain.key_id(key), previous=last)
            last = entry.mac = chain.mac(entry, key)
            copy.write_row([getattr(entry, name) for name in names])
    cursor.execute("DELETE FROM audit_head")
    cursor.execute("INSERT INTO audit_head (sequence, mac) VALUES (%s, %s)", [{count}, last])
"""

PAGES = {
    "the queue, ms": "/",
    "search for a package, ms": "/?search=package-10",
    "search for a word of every text, ms": "/?search=proxy&within=text",
    "search for a word of none, ms": "/?search=xyzzy",
    "statistics, ms": "/hitl/reviews/stats",
    "the numbers, ms": "/numbers",
    "decisions over REST, ms": "/hitl/decisions",
    "approved APVs, ms": "/?status=approved",
}
EXPORTED = 200_000
"""How many decisions are exported at most: each takes as long as the others."""

Values = list[float]
"""What a thing took, in each filled site."""


@dataclass(frozen=True)
class Filled:
    """A site with `size` APVs, and its server."""

    size: int
    site: Site
    server: Server


def main() -> int:
    arguments = argparse.ArgumentParser(prog="tools.growth", description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="APVs of each site")
    arguments.add_argument("--rounds", type=int, default=9, help="how often each page is read")
    arguments.add_argument("--write", action="store_true", help="write docs/performance.md")
    given = arguments.parse_args()
    sizes: list[int] = sorted(given.sizes)
    results: dict[str, Values] = {}
    with ExitStack() as stack:
        filled = [stack.enter_context(filled_site(size)) for size in sizes]
        for name, values in measured(filled, given.rounds):
            results[name] = values
            print(f"{name:58} " + " ".join(f"{value:12,.1f}" for value in values), flush=True)
    print("", *rows(sizes, results), sep="\n")
    if given.write:
        write(sizes, results, f'make growth ARGS="{" ".join(sys.argv[1:])}"')
    return 0


@contextmanager
def filled_site(count: int) -> Iterator[Filled]:
    """Serve a site with so many APVs, and say how long it took to fill."""
    began = time.perf_counter()
    site = Site(f"growth-{count}")
    site.manage("shell", "-c", FIRST)
    site.execute(APVS.format(count=count, pending=PENDING))
    site.execute(DECISIONS.format(each=5))
    site.execute(EVENTS.format(count=count))
    site.manage("shell", "-c", ENTRIES.format(count=count))
    site.vacuum()
    print(f"{count:,} APVs: filled in {time.perf_counter() - began:.0f} s", flush=True)
    with site.uvicorn() as server:
        yield Filled(count, site, server)


def measured(filled: list[Filled], rounds: int) -> Iterator[tuple[str, Values]]:
    """Yield the name of each thing that is done, and what it cost in each site."""
    for name, address in PAGES.items():
        yield name, in_turn(filled, rounds, partial(read, address=address))
    yield "adding an APV, ms", in_turn(filled, rounds, add)
    yield "deciding, ms", in_turn(filled, rounds, decide)
    times, memory = zip(*map(exported, filled), strict=True)
    yield "exporting 1,000 decisions, ms", list(times)
    yield "memory of the server in an export, MiB", list(memory)
    yield "verify_audit, µs an entry", [each(one, one.size, "verify_audit") for one in filled]
    yield (
        "pruning, µs an event",
        [each(one, 20 * one.size * 370 // 400, "prune_events", "--days", "30") for one in filled],
    )


def in_turn(filled: list[Filled], rounds: int, action: Callable[[Filled], None]) -> Values:
    """Return how many milliseconds an action takes, done in each site in turn."""
    times: list[Values] = [[] for _ in filled]
    for one in filled:
        action(one)  # a first time, which is not counted
    for _ in range(rounds):
        for one, those in zip(filled, times, strict=True):
            those.append(seconds(partial(action, one)) * 1e3)
    return [statistics.median(those) for those in times]


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def read(one: Filled, address: str) -> None:
    answer = one.server.client("lead").get(address)
    assert answer.status_code == 200, answer.text


def add(one: Filled) -> None:
    answer = one.server.post("/hitl/apvs", apv(), user="pipeline")
    assert answer.status_code == 201, answer.text


def decide(one: Filled) -> None:
    [(pending,)] = one.site.rows("SELECT apv_id FROM reviews_apv WHERE status='pending' LIMIT 1")
    answer = one.server.post("/hitl/decisions", decision(str(pending)), user="lead")
    assert answer.status_code == 200, answer.text


def exported(one: Filled) -> tuple[float, float]:
    """Export decisions; return the ms for 1,000, and by how many MiB the server grew."""
    process = psutil.Process(one.server.process.pid)
    before = most = process.memory_info().rss
    began, lines = time.perf_counter(), 0
    with one.server.client("lead").stream("GET", "/decisions.jsonl", timeout=None) as answer:
        for piece in answer.iter_bytes():
            lines += piece.count(b"\n")
            most = max(most, process.memory_info().rss)
            if lines > EXPORTED:
                break
    return (time.perf_counter() - began) / lines * 1e6, (most - before) / 2**20


def each(one: Filled, count: int, *command: str) -> float:
    """Return how many microseconds a command takes for each of `count` things."""
    return seconds(partial(one.site.manage, *command)) / count * 1e6


# -- What is written ----------------------------------------------------------------------------


def rows(sizes: list[int], results: dict[str, Values]) -> list[str]:
    table = documented.head(["", *(f"{size:,} APVs" for size in sizes), "growth"])
    for name, values in results.items():
        growth = f"{values[-1] / values[0]:.2f} ×" if values[0] > 0 else "–"
        cells = [f"{value:,.1f}" for value in values]
        table.append(documented.row([name, *cells, growth]))
    return table


def write(sizes: list[int], results: dict[str, Values], command: str) -> None:
    """Write the table, made by `command`, to docs/performance.md, and draw the plot."""
    documented.write(PAGE, "growth", [*rows(sizes, results), "", documented.made(command)])
    draw(sizes, results)


def draw(sizes: list[int], results: dict[str, Values]) -> None:
    """Plot how each cost grows, against its cost in the smallest site."""
    matplotlib.rcParams["svg.hashsalt"] = "hitl"  # the same figures make the same file
    figure, axes = pyplot.subplots(figsize=(9, 6), layout="constrained")
    axes.set_prop_cycle(color=[pyplot.get_cmap("tab20")(number) for number in range(20)])
    for name, values in results.items():
        if values[0] > 0:
            growth = [value / values[0] for value in values]
            axes.plot(sizes, growth, marker="o", label=name.rpartition(", ")[0])
    proportion = [size / sizes[0] for size in sizes]
    axes.plot(sizes, proportion, "k:", label="as many times as there are APVs")
    axes.set(xscale="log", yscale="log", xlabel="APVs", ylabel="cost, against the smallest site")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ticks = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
    axes.set_yticks(ticks, [f"{tick:g} ×" for tick in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(PLOT, metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    sys.exit(main())
