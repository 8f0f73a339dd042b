"""Time a page of the queue under each filter: `python -m tools.queue_filters`.

It fills two sites, with 1,000 and with 100,000 pending APVs of as many pull requests, and reads the
first page of the queue under filters that most of them match, and under filters that few or none
do, and the counts of ten saved views. Each, of the long queue, may take twice the time of a page of
the whole short one. Exits with 1 if one takes longer.
"""

import tests.support.environment  # noqa: F401, I001 — starts the servers before the settings are read

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.site import Server, Site

FEW, MANY = 1_000, 100_000
MOST = 2.0
FIRST = (
    "from tests.support import forge_rows as rows; from tests.support.site import apv;"
    "from reviews.models import APV;"
    "row = rows.pull_request(rows.repository(), 1); row.save();"
    "APV.objects.create(**apv(), pull_request=row)"
)
"""What `manage.py shell` runs to add the APV that all others are copies of."""
FILL = """
UPDATE forges_forge SET name = 'forge';
INSERT INTO forges_repository SELECT copy.* FROM forges_repository AS one,
    generate_series(2, 200) AS n,
    jsonb_populate_record(one, jsonb_build_object(
        'id', one.id + n, 'path', 'shop/app-' || n
    )) AS copy;
INSERT INTO forges_pullrequest SELECT copy.* FROM forges_pullrequest AS one,
    generate_series(2, {count}) AS n,
    jsonb_populate_record(one, jsonb_build_object(
        'id', one.id + n, 'number', n,
        'repository_id', one.repository_id + CASE WHEN n %% 200 < 2 THEN 0 ELSE n %% 200 END,
        'author', CASE WHEN n %% 500 = 3 THEN 'snyk-bot' ELSE 'dependabot[bot]' END,
        'labels', CASE WHEN n %% 500 = 3 THEN '["deps", "rare"]' ELSE '["deps"]' END::jsonb
    )) AS copy;
INSERT INTO reviews_apv SELECT copy.* FROM reviews_apv AS one,
    generate_series(2, {count}) AS n,
    jsonb_populate_record(one, jsonb_build_object(
        'apv_id', gen_random_uuid(), 'apv_code', 'APV-2000-' || (100000 + n),
        'pull_request_id', one.pull_request_id + n,
        'severity', (ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'])[1 + n %% 4],
        'priority', (ARRAY[10, 8, 5, 2])[1 + n %% 4],
        'created_at', now() - n * interval '1 minute' * 50000 / {count},
        'package_name', 'package-' || n %% 500,
        'package_version', '1.' || n %% 500,
        'cve_id', 'CVE-2026-' || 10000 + n %% 500,
        'patch_strategy', CASE WHEN n %% 500 = 3 THEN 'code_rewrite' ELSE 'version_bump' END,
        'wargame_verdict', CASE WHEN n %% 500 = 3 THEN 'failure' ELSE 'success' END,
        'pr_number', n,
        'pr_branch', 'renovate/package-' || n %% 500,
        'paths', ARRAY['services/app-' || n %% 500 || '/uv.lock', 'README.md'],
        'version_step', CASE WHEN n %% 500 = 3 THEN 'major' ELSE 'minor' END,
        'dependency', CASE WHEN n %% 500 = 3 THEN 'transitive' ELSE 'direct' END,
        'epss', (n %% 500) / 500.0,
        'known_exploited', n %% 500 = 3,
        'approvals', (n %% 500 = 3)::integer,
        'approvals_needed', 2 * (n %% 500 = 3)::integer,
        'due_at', CASE WHEN n %% 2 = 0 THEN now() + (n %% 1000 - 100) * interval '1 hour' END
    )) AS copy;
INSERT INTO reviews_deadlinerule (name, "order", is_active, filter, hours, counting, timetable,
        time_zone, holidays, warn_hours, assigns)
    VALUES ('In time', 1, true, '', 1000, 'clock', '', 'UTC', '', 0, false);
INSERT INTO reviews_deadline (apv_id, rule_id, began_at, due_at, passed_at)
    SELECT apv_id, (SELECT min(id) FROM reviews_deadlinerule), created_at, due_at,
        CASE WHEN due_at < now() THEN due_at END
    FROM reviews_apv WHERE due_at IS NOT NULL;
INSERT INTO reviews_claim (apv_id, user_id, claimed_at, expires_at)
    SELECT apv_id, (SELECT id FROM auth_user WHERE username = 'reviewer'), now(),
        now() + interval '1 day'
    FROM reviews_apv WHERE pr_number %% 500 = 3;
INSERT INTO reviews_comment (
    comment_id, apv_id, author_id, author_name, text, revision, path, side, line_text, created_at
) SELECT gen_random_uuid(), apv_id, NULL, 'Rita', 'Why?', 1, '', '', '', now()
    FROM reviews_apv WHERE pr_number %% 500 = 3;
INSERT INTO reviews_assignment (apv_id, user_id, group_id, assigned_at)
    SELECT apv_id, CASE pr_number %% 4 WHEN 0 THEN one.id END,
        CASE pr_number %% 4 WHEN 1 THEN (SELECT min(id) FROM auth_group) END, now()
    FROM reviews_apv, auth_user AS one
    WHERE one.username = 'reviewer' AND pr_number %% 4 < 2;
"""
"""Half of the APVs are assigned, and half have a deadline, a tenth of which has passed. Of every
500 APVs one differs from the others, in everything.
"""
FILTERS = (
    "",
    *("severity=CRITICAL", "patch_strategy=code_rewrite", "wargame_verdict=failure"),
    *("package_ecosystem=PyPI", "package_name=package-3", "package_name=nobody"),
    *("pull_request=yes", "pull_request=no", "cve_id=CVE-2026-10003", "cve_id=CVE-1999-0001"),
    *("repository=forge/shop/app-3", "repository=forge/nobody"),
    *("author=dependabot[bot]", "author=snyk-bot", "author=nobody"),
    *("branch=renovate/*", "branch=*/package-3", "branch=nobody*", "branch=*"),
    *("label=deps", "label=rare", "label=nobody"),
    *("path=services/", "path=services/app-3/*", "path=*.lock", "path=nobody/", "path=?"),
    *("step=minor", "step=major", "step=unknown"),
    *("dependency=direct", "dependency=transitive", "dependency=unknown"),
    *("age=1d-", "age=-2h", "age=900w-"),
    *("epss=0.1-", "epss=0.99-", "epss=unknown", "kev=no", "kev=yes", "kev=unknown"),
    *("package_version=1.3", "fixed_version=2.31.0", "fixed_version=nobody"),
    *("search=package-3", "search=nobody", "search=proxy&within=text"),
    *("fold=package", "fold=package&severity=CRITICAL", "fold=package&page=5"),
    *("fold=cve", "fold=repository", "fold=repository&kev=yes"),
    *("claimed=me", "claimed=free", "claimed=anybody", "approvals=none", "approvals=last"),
    *("assigned=me", "assigned=groups", "assigned=nobody", "assigned=anybody"),
    *("due=overdue", "due=soon", "due=none", "due=-8h", "due=30d-", "sort=due"),
    *("sort=due&due=overdue", "sort=due&due=soon"),
    *("sort=due&severity=CRITICAL", "sort=due&due=none"),
    *("commented=yes", "commented=no"),
    "severity=CRITICAL&author=snyk-bot&path=*.lock&epss=0-0.5&age=1d-",
)

VIEWS = (
    *("severity=CRITICAL", "patch_strategy=code_rewrite", "author=snyk-bot", "path=services/"),
    *("step=major", "kev=yes", "assigned=me", "claimed=free", "label=rare", "epss=0.99-"),
)
"""Those of ten saved views, which are counted together."""
COUNTS = "views/counts"
SAVE = """
INSERT INTO reviews_savedview (owner_id, name, filter, sort, position, created_at)
    SELECT one.id, view, view, 'priority', 0, now()
    FROM auth_user AS one, unnest(%s::text[]) AS view WHERE one.username = 'reviewer'
"""


def main() -> int:
    arguments = argparse.ArgumentParser(prog="tools.queue_filters", description=__doc__)
    arguments.add_argument("--rounds", type=int, default=9, help="pages of each, of each site")
    arguments.add_argument("--only", default="", help="what the filters to time contain")
    given = arguments.parse_args()
    some = [one for one in (*FILTERS, COUNTS) if given.only in one]
    with filled(FEW) as few, filled(MANY) as many:
        slow = [one for one in some if compare(one, few, many, given.rounds) > MOST]
    return 1 if slow else 0


@contextmanager
def filled(count: int) -> Iterator[Server]:
    """Serve a site with so many pending APVs."""
    site = Site(f"filters-{count}")
    site.manage("shell", "-c", FIRST)
    site.execute("SET session_replication_role = replica;" + FILL.format(count=count))
    site.execute(SAVE, [*VIEWS])
    site.vacuum()
    with site.uvicorn() as server:
        yield server


def compare(text: str, few: Server, many: Server, rounds: int) -> float:
    """Print the times of the whole short queue and of a filter's page; return their ratio.

    Instead of a filter, `text` may be COUNTS: those of all saved views.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):  # by turns, so that a busy moment meets both
        times[0].append(milliseconds(few, ""))
        times[1].append(milliseconds(many, text))
    short, long = (statistics.median(one) for one in times)
    print(f"{text or 'all':60} {short:7.1f} ms {long:7.1f} ms {long / short:5.2f} ×", flush=True)
    return long / short


def milliseconds(server: Server, text: str) -> float:
    began = time.perf_counter()
    answer = server.client("reviewer").get("/" + (text if text == COUNTS else f"?{text}"))
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    sys.exit(main())
