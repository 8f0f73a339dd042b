"""How pages and their files are compressed."""

import pytest
from django.test import RequestFactory

from hitl_project.middleware.encodings import best_encoding
from tests.support.site import Server


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.0", ""),
        ("br;q=0.05", "br"),
        ("identity", ""),
        ("brotli, x-gzip", ""),
        ("*", ""),
        ("", ""),
    ],
)
def test_brotli_comes_before_gzip_unless_it_is_refused(accepted: str, encoding: str) -> None:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepted})
    assert best_encoding(request) == encoding


@pytest.mark.parametrize("path", ["/", "/sign-in"])
def test_page_comes_whole_in_each_encoding_and_hides_its_length(server: Server, path: str) -> None:
    client = server.client()
    for encoding in ("br", "gzip", "identity"):
        answer = client.get(path, headers={"Accept-Encoding": encoding})
        assert answer.headers.get("Content-Encoding", "identity") == encoding
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert answer.text.startswith("<!doctype html>")
        assert answer.text.endswith("</html>\n")
    padding = {client.get(path).headers["X-Padding"] for _ in range(10)}
    assert len(padding) > 3


def test_rest_is_left_to_a_proxy(server: Server) -> None:
    answer = server.client().get("/hitl/reviews", headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in answer.headers
