"""Scripts and style sheets as they are served."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.templatetags.static import static
from django.test import override_settings

from hitl_project.assets import modules
from hitl_project.assets.contents import content
from hitl_project.assets.sources import sources
from tests.support.site import Server

ROOT = Path(__file__).parents[2]
OURS = {
    "/static/reviews/keys.js": ROOT / "reviews" / "static" / "reviews" / "keys.js",
    "/static/realtime/socket.js": ROOT / "realtime" / "static" / "realtime" / "socket.js",
    "/static/reviews/css/list.css": ROOT / "reviews" / "static" / "reviews" / "css" / "list.css",
}


@pytest.mark.parametrize("path", OURS)
@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_files_of_ours_travel_without_comments(server: Server, path: str, encoding: str) -> None:
    answer = server.client().get(path, headers={"Accept-Encoding": encoding})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding", "identity") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
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


# -- Addresses --------------------------------------------------------------------------------


def test_browser_keeps_what_a_page_names_until_it_changes(server: Server) -> None:
    client = server.client()
    named = re.findall(r'"(/static/[^"]+\?joined=[^"]+)"', client.get("/").text)
    assert {Path(path.partition("?")[0]).name for path in named} >= {
        "console.css",
        "console.js",
        "htmx.min.js",
    }
    for path in named:
        assert "immutable" in client.get(path).headers["Cache-Control"]
        of_another_release = client.get(f"{path}0")
        assert of_another_release.status_code == 200
        assert of_another_release.headers["Cache-Control"] == "max-age=60, public"


def test_files_are_named_as_they_were_written_while_they_are_worked_on() -> None:
    with override_settings(DEBUG=True):
        assert static("reviews/console.js") == "/static/reviews/console.js"
        assert static("reviews/css/console.css") == "/static/reviews/css/console.css"


# -- Joined -----------------------------------------------------------------------------------


def test_joined_sheet_has_the_imported_ones_in_their_order() -> None:
    folder = ROOT / "reviews" / "static" / "reviews" / "css"
    imported = re.findall(r'@import url\("([^"]+)"\)', (folder / "console.css").read_text())
    assert len(imported) > 10
    joined = content("reviews/css/console.css", joined=True).decode()
    places = [
        joined.index(content(f"reviews/css/{one}", joined=False).decode()) for one in imported
    ]
    assert all(before < after for before, after in pairwise(places))
    assert "@import" not in joined


def test_joined_script_has_each_module_once_after_those_that_it_needs() -> None:
    joined = modules.joined(modules.ENTRY)
    assert not re.search(r"^(import|export) ", joined, re.MULTILINE)
    defined = re.findall(r'^modules\["(.+)"\] = ', joined, re.MULTILINE)
    assert len(defined) == len(set(defined)) > 20
    seen: set[str] = set()
    for line in joined.splitlines():
        if found := re.match(r'modules\["(.+)"\] = ', line):
            seen.add(found[1])
        elif used := re.search(r' = modules\["(.+)"\];$', line):
            assert used[1] in seen


@pytest.mark.parametrize("name", [name for name in sources() if name.endswith(".js")])
def test_no_module_is_loaded_twice(name: str) -> None:
    text = modules.joined(name)
    fetched = re.findall(r'^import .*"/static/(.+)\?joined";$', text, re.MULTILINE)
    assert not {*fetched} & {*modules.loaded()}
    assert not re.search(r'^import [^"]*"(?!/static/[^"]+\?joined")', text, re.MULTILINE)
    assert not re.search(r'^[^*/]*\bimport\("\.', text, re.MULTILINE)
    later = re.findall(r'\bimport\("(.+?)"\)', content(name, joined=True).decode())
    if "/vendor/" not in name:
        assert [one for one in later if not one.endswith(".js?joined")] == []


def test_what_a_module_takes_from_another_is_exported_there() -> None:
    joined = modules.joined(modules.ENTRY)
    exported = {
        name: set(names.split(", "))
        for name, names in re.findall(
            r'^modules\["(.+?)"\] = .*?^return \{ (.*?) \};\n\}\)\(\);$',
            joined,
            re.MULTILINE | re.DOTALL,
        )
    }
    linked = [modules.joined(name) for name in sources() if name.endswith(".js")]
    taken = re.findall(
        r'^const \{([^{}]+)\} = modules\["(.+?)"\];$', "\n".join(linked), re.MULTILINE | re.DOTALL
    )
    assert len(taken) > 100
    for names, name in taken:
        wanted = {one.partition(":")[0].strip() for one in names.split(",")} - {""}
        assert wanted <= exported[name], name
