"""How pages and their files are compressed."""

import pytest
from django.test import RequestFactory

from hitl_project.middleware.encodings import best_encoding


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
