"""The comparison with Review Board: what is measured of a page, and what is written of it."""

import gzip
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest

from tools.beside import report
from tools.beside.measuring import Answer, System, in_turn

HTML = "<table>" + "<tr class=row><td>requests</td></tr>" * 50 + "</table>"


class Handler(BaseHTTPRequestHandler):
    """Sends a list, packed, and keeps the paths that were asked for."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = gzip.compress(HTML.encode())
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


def test_pages_are_requested_in_turn_and_their_rows_and_bytes_counted(client: httpx.Client) -> None:
    Handler.asked.clear()
    one, other = (
        System(name, os.getpid(), client, {"the page": f"/{name}"}, "<tr class=row>")
        for name in ("one", "other")
    )
    first, second = in_turn([one, other], "the page", 3)
    assert Handler.asked == ["/one", "/other"] * 4
    assert first.rows == second.rows == 50
    assert first.size == len(HTML)
    assert first.sent == len(gzip.compress(HTML.encode()))
    assert first.cpu > 0
    assert first.wall > 0


def answer(cpu: float, rows: int) -> Answer:
    return Answer(cpu=cpu, wall=2 * cpu, rows=rows, sent=1024, size=2048)


def test_table_has_the_median_of_the_rounds_and_of_their_ratios() -> None:
    rounds = [[answer(ours, 50), answer(theirs, 25)] for ours, theirs in ((5, 10), (6, 10), (8, 8))]
    rows = report.table(["ours", "theirs"], {"the page": rounds})
    assert "| the page: CPU of the server | 6.0 ms | 10.0 ms | 0.60 ×, 0.50–1.00 |" in rows
    assert (
        "| the page: CPU of the server for a row | 0.12 ms | 0.40 ms | 0.30 ×, 0.25–0.50 |" in rows
    )
    assert "| the page: rows | 50 | 25 | 2.00 × |" in rows
