"""An import in one process, observed over a socket of another."""

import json
import re
from pathlib import Path

import pytest

from tests.support.site import ROOT, Server, Site

PUBLISHED = ROOT.parent / "shared" / "data" / "osv"
"""Real advisories, where somebody put them beside the project."""


def own_advisories(folder: Path) -> Path:
    for number in range(1, 4):
        events = [{"introduced": "0"}, {"fixed": f"1.{number}.0"}]
        advisory = {
            "id": f"GHSA-test-0000-000{number}",
            "aliases": [f"CVE-2024-9900{number}"],
            "summary": "A flaw",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": f"watched-{number}"},
                    "ranges": [{"type": "ECOSYSTEM", "events": events}],
                    "versions": ["1.0.0"],
                }
            ],
        }
        (folder / f"{number}.json").write_text(json.dumps(advisory))
    return folder


@pytest.mark.parametrize("source", ["own", *(["published"] if PUBLISHED.exists() else [])])
async def test_each_imported_apv_is_told_once_without_a_gap(
    uvicorn_server: Server, site: Site, tmp_path: Path, source: str
) -> None:
    folder = own_advisories(tmp_path) if source == "own" else PUBLISHED
    async with uvicorn_server.socket() as socket:
        start = (await socket.subscribe("apvs"))["positions"]["apvs"]["offset"]
        printed = site.manage("import_osv", str(folder))
        found = re.search(r"^\s*added\D*(\d+)|(\d+)\D*added", printed, re.MULTILINE)
        assert found is not None, printed
        added = int(found[1] or found[2])
        assert added > 0
        heard = [await socket.until(type="new_apv") for _ in range(added)]
        assert [one["offset"] for one in heard] == list(range(start + 1, start + added + 1))
        assert len({one["apv_id"] for one in heard}) == added
        again = site.manage("import_osv", str(folder))
        assert await socket.heard_before_pong() == [], again
