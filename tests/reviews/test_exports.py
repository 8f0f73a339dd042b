"""Exports hold every decision, however many there are and however they are sent."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator

import pytest

from reviews.console.export import PIECE
from tests.support.site import Server, Site, decision

pytestmark = pytest.mark.server

COUNT = 2 * PIECE + 7
COPY = """
    SET session_replication_role = replica;
    INSERT INTO reviews_decision SELECT copy.* FROM reviews_decision AS one,
        generate_series(2, %s) AS n,
        jsonb_populate_record(one, jsonb_build_object(
            'decision_id', gen_random_uuid(), 'revision', n,
            'decided_at', one.decided_at - n * interval '1 second'
        )) AS copy
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with more decisions than a piece of an export has."""
    site = Site("exports")
    with site.uvicorn() as running:
        apv_id = running.add_apv()["apv_id"]
        answer = running.post("/hitl/decisions", decision(apv_id), user="lead")
        assert answer.status_code == 200, answer.text
        site.execute(COPY.replace("%s", str(COUNT)))
        yield running
    site.close()


def sent(server: Server, path: str, encoding: str) -> bytes:
    """Return the bytes of an export as they come."""
    with server.client("lead").stream("GET", path, headers={"Accept-Encoding": encoding}) as answer:
        assert answer.status_code == 200
        assert answer.headers.get("Content-Encoding", "identity") == encoding
        assert "Accept-Encoding" in answer.headers["Vary"]
        return b"".join(answer.iter_raw())


@pytest.mark.parametrize("path", ["/decisions.jsonl", "/decisions.csv"])
def test_compressed_export_is_one_stream(server: Server, path: str) -> None:
    """Browsers read only the first stream of several, and say nothing."""
    plain, packed = (sent(server, path, encoding) for encoding in ("identity", "gzip"))
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    assert reader.decompress(packed) == plain
    assert reader.eof
    assert not reader.unused_data
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


def test_export_has_every_decision_once(server: Server) -> None:
    lines = sent(server, "/decisions.jsonl", "identity").decode().splitlines()
    ids = [json.loads(line)["decision_id"] for line in lines]
    assert len(ids) == len(set(ids)) == COUNT
    text = server.client("lead").get("/decisions.csv").text
    assert [row["decision_id"] for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))] == ids
