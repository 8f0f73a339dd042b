"""PostgreSQL forgets decisions, in a failover, that forges have carried out."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.support.forges import FAKES, FakeForge
from tests.support.forges.watched import PATH, connected, name_of
from tests.support.job_workers import job_worker
from tests.support.metrics import numbers
from tests.support.replicas import Pair, ReplicatedSite
from tests.support.site import Site, decision
from tests.support.waiting import START_SECONDS, wait_for

APV_OF = """
SELECT apv.apv_id::text FROM reviews_apv AS apv
JOIN forges_pullrequest AS pull ON pull.id = apv.pull_request_id
JOIN forges_repository AS repository ON repository.id = pull.repository_id
JOIN forges_forge AS forge ON forge.id = repository.forge_id WHERE forge.name = %s
"""
AROUND = "SELECT details FROM audit_entry WHERE action = 'merged_around'"


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def test_merge_whose_decision_a_replica_lacks_is_told_as_one_around_the_console(
    pair: Pair,
) -> None:
    site = ReplicatedSite(pair, HITL_UNDO_SECONDS="0", HITL_FORGE_SYNC_MINUTES="0")
    with ExitStack() as stack:
        server = stack.enter_context(site.uvicorn())
        fakes = [stack.enter_context(connected(kind, site, server)) for kind in FAKES]
        apvs = {fake: opened(site, fake) for fake in fakes}
        client = server.client("lead")
        pair.hold_back()
        with job_worker(site):
            for apv_id in apvs.values():
                answer = client.post("/hitl/decisions", json=decision(apv_id))
                assert answer.status_code == 200, answer.text
            wait_for(lambda: all(map(is_merged, fakes)), "the merges", START_SECONDS)
        pair.fail_over()
        wait_for(lambda: has_forgotten(client, apvs.values()), "the replica to be used")
        site.manage("sync_forges", *map(name_of, fakes))

        entries = [details for (details,) in site.rows(AROUND)]
        assert len(entries) == len(fakes)
        for fake, apv_id in apvs.items():
            assert any(fake.repo_at(PATH).pulls[1].head_sha in one for one in entries)
            apv = client.get(f"/hitl/reviews/{apv_id}").json()
            assert apv["status"] == "withdrawn"
            page = client.get(f"/apvs/{apv['apv_code']}").text
            assert "Nobody had approved this commit here." in page
        assert numbers(server)["hitl_merges_around_total"] == len(fakes)


def opened(site: Site, fake: FakeForge) -> str:
    """Open a pull request and have it taken in; return its APV."""
    fake.webhooks.hold()
    fake.bump(fake.repo_at(PATH), "bump")
    fake.webhooks.lose()
    site.manage("sync_forges", name_of(fake))
    [(apv_id,)] = site.rows(APV_OF, name_of(fake))
    return str(apv_id)


def is_merged(fake: FakeForge) -> bool:
    return fake.repo_at(PATH).pulls[1].state == "merged"


def has_forgotten(client: httpx.Client, apv_ids: Iterable[str]) -> bool:
    """Return whether a server answers, and all is pending again."""
    answers = [client.get(f"/hitl/reviews/{apv_id}") for apv_id in apv_ids]
    return all(one.is_success and one.json()["status"] == "pending" for one in answers)
