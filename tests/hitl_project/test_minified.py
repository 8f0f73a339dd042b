"""Scripts and style sheets as they are served."""

from pathlib import Path

import pytest

from tests.support.site import Server

ROOT = Path(__file__).parents[2]
OURS = {
    "/static/reviews/keys.js": ROOT / "reviews" / "static" / "reviews" / "keys.js",
    "/static/realtime/socket.js": ROOT / "realtime" / "static" / "realtime" / "socket.js",
    "/static/reviews/css/list.css": ROOT / "reviews" / "static" / "reviews" / "css" / "list.css",
}


@pytest.mark.parametrize("path", OURS)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_files_of_ours_travel_without_comments(server: Server, path: str, encoding: str) -> None:
    answer = server.client().get(path, headers={"Accept-Encoding": encoding})
    assert answer.status_code == 200
    assert "/**" not in answer.text
    assert "// " not in answer.text
    source = OURS[path].read_text()
    assert 0.2 * len(source) < len(answer.text) < 0.9 * len(source)
    if encoding == "identity":
        assert int(answer.headers["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize("path", OURS)
def test_compressed_files_have_one_size(server: Server, path: str) -> None:
    answers = [server.client().get(path) for _ in range(5)]
    assert len({answer.headers["Content-Length"] for answer in answers}) == 1
    assert int(answers[0].headers["Content-Length"]) < len(answers[0].content) / 2


@pytest.mark.parametrize("path", OURS)
def test_files_that_are_known_are_not_sent_again(server: Server, path: str) -> None:
    client = server.client()
    tag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""


def test_files_of_others_come_as_they_are(server: Server) -> None:
    vendor = ROOT / "reviews" / "static" / "reviews" / "vendor"
    for name in ("htmx.min.js", "uPlot.iife.min.js", "uPlot.min.css"):
        answer = server.client().get(f"/static/reviews/vendor/{name}")
        assert answer.content == (vendor / name).read_bytes()
