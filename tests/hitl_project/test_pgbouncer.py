"""PgBouncer in transaction mode is between the service and PostgreSQL."""

import asyncio
import os
from pathlib import Path

from tests.support.forges import FakeGitHub
from tests.support.forges.watched import PATH, connected
from tests.support.outages import frozen
from tests.support.pgbouncer import pgbouncer
from tests.support.site import Site, apv, decision
from tests.support.waiting import START_SECONDS, wait_for

AT_ONCE = 20
"""More than PgBouncer has connections."""


async def test_sockets_decisions_and_jobs_work_through_it() -> None:
    site = Site("pooled")
    with (
        pgbouncer(site) as url,
        site.uvicorn(DATABASE_URL=url, HITL_DB_POOLER="on", HITL_JOB_WORKERS="1") as server,
    ):
        client = server.client("admin")
        apvs = [client.post("/hitl/apvs", json=apv()).json() for _ in range(AT_ONCE)]

        def decide(apv_id: str) -> int:
            return client.post("/hitl/decisions", json=decision(apv_id)).status_code

        async with server.socket("admin") as socket:
            await socket.subscribe("decisions")
            ids = [one["apv_id"] for one in apvs]
            decided = await asyncio.gather(*(asyncio.to_thread(decide, one) for one in ids))
            assert decided == [200] * AT_ONCE
            for _ in ids:
                await socket.until(type="decision_made")
        with connected(FakeGitHub, site, server) as fake:
            fake.bump(fake.repo_at(PATH), "bump")
            taken_in = "SELECT 1 FROM reviews_apv WHERE pull_request_id IS NOT NULL"
            wait_for(lambda: site.rows(taken_in), "a job to read it", START_SECONDS)


def test_postgres_that_is_frozen_behind_it_is_noticed() -> None:
    site = Site("frozen-behind")
    with (
        pgbouncer(site) as url,
        site.uvicorn(DATABASE_URL=url, HITL_DB_POOLER="on", HITL_DB_SECONDS="3600") as server,
    ):
        client = server.client("admin")
        body = decision(client.post("/hitl/apvs", json=apv()).json()["apv_id"])
        with frozen(Path(os.environ["HITL_VAR"]) / "postgres"):
            assert client.post("/hitl/decisions", json=body).status_code == 503
        wait_for(lambda: client.get("/hitl/health/ready").status_code == 200, "readiness")
        assert client.post("/hitl/decisions", json=body).status_code in {200, 409}
