"""The command `hitl`, as a process of its own against a real server."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.hitl_command import Hitl
from tests.support.lost_answers import LostAnswers
from tests.support.site import DIFF, Server, add, apv
from tests.support.waiting import START_SECONDS

JUSTIFICATION = "The bump is minimal and the wargame holds."
BECAUSE = ("--justification", JUSTIFICATION)
ESCAPE = "\033["


@pytest.fixture
def pipeline(server: Server, tokens: dict[str, str]) -> Hitl:
    return Hitl(server.origin, tokens["pipeline"])


@pytest.fixture
def reviewer(server: Server, tokens: dict[str, str]) -> Hitl:
    return Hitl(server.origin, tokens["reviewer"])


@pytest.fixture
def way(server: Server) -> LostAnswers:
    return LostAnswers(server.origin)


@pytest.fixture
def address(way: LostAnswers) -> Iterator[str]:
    with way.serving() as url:
        yield url


def written(folder: Path, content: Any, name: str = "apv.json") -> str:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(file)


def assert_fails(done: Any, code: int, *words: str) -> None:
    """Check that a command ended with a code and one line that has these words."""
    assert done.returncode == code, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("hitl: ")
    for word in words:
        assert word in line


# -- Adding -----------------------------------------------------------------------------------


def test_apv_of_a_file_is_added_with_its_diff(
    pipeline: Hitl, reviewer: Hitl, tmp_path: Path
) -> None:
    file = written(tmp_path, apv(package_name=f"one-{uuid4().hex}", patch_diff=""))
    diff = written(tmp_path, DIFF, "fix.patch")
    [code, apv_id] = pipeline.printed("add", file, "--diff", diff).split()
    shown = json.loads(reviewer.printed("show", code, "--json"))
    assert (shown["apv_id"], shown["patch_diff"]) == (apv_id, DIFF)


def test_same_file_again_adds_nothing_again_unless_told(
    pipeline: Hitl, server: Server, tmp_path: Path
) -> None:
    package = f"again-{uuid4().hex}"
    file = written(tmp_path, [apv(package_name=package)] * 2)
    first = pipeline.printed("add", file)
    assert pipeline.printed("add", file) == first
    assert pipeline.printed("add", file, "--again") != first
    by_key = pipeline.printed("add", file, "--key", f"run-{package}")
    assert pipeline.printed("add", file, "--key", f"run-{package}") == by_key != first
    listed = server.client().get("/hitl/apvs", params={"package_name": package}).json()
    assert listed["total"] == 6


def test_lines_and_lists_of_apvs_are_read_from_standard_input(pipeline: Hitl) -> None:
    rows = [apv(package_name=f"lines-{uuid4().hex}") for _ in range(3)]
    text = "\n".join(json.dumps(row) for row in rows[:2]) + "\n\n" + json.dumps(rows[2:], indent=2)
    printed = pipeline.printed("add", "-", "--json", stdin=text)
    assert [json.loads(line)["package_name"] for line in printed.splitlines()] == [
        row["package_name"] for row in rows
    ]


def test_batches_that_are_alike_are_added_each(
    pipeline: Hitl, server: Server, tmp_path: Path
) -> None:
    package = f"alike-{uuid4().hex}"
    pipeline.printed("add", written(tmp_path, [apv(package_name=package)] * 201))
    listed = server.client().get("/hitl/apvs", params={"package_name": package}).json()
    assert listed["total"] == 201


def test_many_apvs_are_added_with_progress_on_a_terminal_only(
    pipeline: Hitl, tmp_path: Path
) -> None:
    rows = [apv(package_name=f"many-{number}-{uuid4().hex}") for number in range(250)]
    shown = pipeline.on_terminal("add", written(tmp_path, rows))
    assert "100 of 250 APVs added" in shown
    assert "200 of 250 APVs added" in shown
    again = pipeline.run("add", written(tmp_path, rows))
    assert (again.returncode, again.stderr, len(again.stdout.splitlines())) == (0, "", 250)


def test_answer_that_is_lost_adds_once(
    server: Server, tokens: dict[str, str], way: LostAnswers, address: str, tmp_path: Path
) -> None:
    package = f"lost-{uuid4().hex}"
    way.fates = ["lost", "half"]
    file = written(tmp_path, apv(package_name=package))
    Hitl(address, tokens["pipeline"]).printed("add", file)
    assert len(way.seen) == 3
    listed = server.client().get("/hitl/apvs", params={"package_name": package}).json()
    assert listed["total"] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "there is no APV in it"),
        ("[]", "there is no APV in it"),
        ("3", "APV 1 is no JSON object"),
        ('{"a": 1,\n "b"}', "line 2, column 5"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_file_that_is_none_is_refused_by_name(
    pipeline: Hitl, tmp_path: Path, content: str, words: str
) -> None:
    file = written(tmp_path, content)
    assert_fails(pipeline.run("add", file), 2, file, words)


def test_file_that_is_not_there_is_named(pipeline: Hitl, tmp_path: Path) -> None:
    assert_fails(pipeline.run("add", str(tmp_path / "none")), 2, "none", "No such file")
    file = tmp_path / "apv.json"
    file.write_bytes(b"\xff")
    assert_fails(pipeline.run("add", str(file)), 2, "not UTF-8")


def test_field_that_is_wrong_is_named(pipeline: Hitl, tmp_path: Path) -> None:
    done = pipeline.run("add", written(tmp_path, apv(severity="LOUD")))
    assert_fails(done, 1, "Bad Request (400)", "severity: ")


# -- Reading ----------------------------------------------------------------------------------


def test_queue_is_a_table_or_lines_of_json(pipeline: Hitl, reviewer: Hitl) -> None:
    package = f"listed-{uuid4().hex}"
    pipeline.printed("add", "-", stdin=json.dumps([apv(package_name=package)] * 3))
    done = reviewer.run("queue", "--package", package, "--limit", "2")
    head, *rows = done.stdout.splitlines()
    assert head.split()[:3] == ["CODE", "SEVERITY", "PACKAGE"]
    assert len(rows) == 2
    assert "2 of 3 shown" in done.stderr
    lines = reviewer.printed("queue", "--package", package, "--severity", "high", "--all", "--json")
    assert {json.loads(line)["package_name"] for line in lines.splitlines()} == {package}
    assert len(lines.splitlines()) == 3
    assert reviewer.printed("queue", "--package", package, "--severity", "low", "--json") == ""


def test_colours_are_for_terminals_without_no_color(pipeline: Hitl, reviewer: Hitl) -> None:
    package = f"colour-{uuid4().hex}"
    pipeline.printed("add", "-", stdin=json.dumps(apv(package_name=package)))
    wanted = ("queue", "--package", package)
    assert ESCAPE in reviewer.on_terminal(*wanted)
    assert ESCAPE not in reviewer.on_terminal(*wanted, NO_COLOR="1")
    assert ESCAPE not in reviewer.on_terminal(*wanted, TERM="dumb")
    assert ESCAPE not in reviewer.printed(*wanted)


def test_texts_of_others_cannot_steer_the_terminal(pipeline: Hitl, reviewer: Hitl) -> None:
    hostile = "\u202e\x9b31m\x1b[2Jsafe"
    row = apv(package_name="hostile", cve_title=hostile, patch_diff=f"+{hostile}\n")
    [code, _] = pipeline.printed("add", "-", "--again", stdin=json.dumps(row)).split()
    shown = reviewer.printed("show", code)
    assert "safe" in shown
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    assert reviewer.printed("show", code, "--json").isascii()


def test_reader_of_a_pipe_may_leave(reviewer: Hitl, server: Server) -> None:
    add(server, 60)
    process = reviewer.start("queue", "--all", "--json")
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(START_SECONDS) in {0, 141}


# -- Deciding ---------------------------------------------------------------------------------


def test_decision_is_made_taken_back_and_made_again(pipeline: Hitl, reviewer: Hitl) -> None:
    [code, _] = pipeline.printed("add", "-", "--again", stdin=json.dumps(apv())).split()
    made = reviewer.printed("decide", code.lower(), "reject", *BECAUSE, "--confidence", "0.9")
    assert f"{code}: reject by Rita Reviewer" in made
    taken_back = reviewer.printed("retract", made.split()[-1], "--reason", "It was another one.")
    assert f"{code}: the decision was taken back" in taken_back
    version = json.loads(reviewer.printed("show", code, "--json"))["version"]
    record = reviewer.printed(
        "decide", code, "approve", *BECAUSE, "--version", str(version), "--json"
    )
    told = pipeline.printed(
        "report", json.loads(record)["decision_id"], "done", "--notes", "Merged."
    )
    assert told == "merge: done\n"


def test_modifications_come_from_a_file(pipeline: Hitl, reviewer: Hitl, tmp_path: Path) -> None:
    [code, _] = pipeline.printed("add", "-", "--again", stdin=json.dumps(apv())).split()
    file = written(tmp_path, {"pin": "2.31.1"})
    made = reviewer.printed("decide", code, "modify", *BECAUSE, "--modifications", file, "--json")
    assert json.loads(made)["modifications"] == {"pin": "2.31.1"}


def test_who_comes_second_is_told(pipeline: Hitl, reviewer: Hitl) -> None:
    [code, _] = pipeline.printed("add", "-", "--again", stdin=json.dumps(apv())).split()
    assert_fails(
        reviewer.run("decide", code, "approve", *BECAUSE, "--version", "9"), 5, "version 1"
    )
    reviewer.printed("decide", code, "approve", *BECAUSE)
    assert_fails(reviewer.run("decide", code, "reject", *BECAUSE), 5, "decided already")


def test_what_is_not_there_is_named(reviewer: Hitl) -> None:
    assert_fails(reviewer.run("show", "APV-1999-999"), 1, "APV-1999-999")
    assert_fails(reviewer.run("show", str(uuid4())), 1, "Not Found (404)")
    assert_fails(reviewer.run("retract", "nothing", "--reason", "x"), 2, "no id of a decision")


# -- Watching ---------------------------------------------------------------------------------


def test_watch_tells_each_event_as_a_line_of_json_and_goes_on_later(
    reviewer: Hitl, server: Server, tmp_path: Path
) -> None:
    watch = ("watch", "apvs", "stats", "--json", "--positions", str(tmp_path / "positions.json"))

    def told(process: "subprocess.Popen[str]", last: str) -> list[str]:
        """Return the APVs that it tells of until the last one, then interrupt it."""
        found: list[str] = []
        assert process.stdout
        while last not in found:
            message = json.loads(process.stdout.readline())
            found += [message["apv_id"]] if message["type"] == "new_apv" else []
        process.send_signal(signal.SIGINT)
        assert process.wait(START_SECONDS) == 130
        return found

    process = reviewer.start(*watch)
    assert process.stdout
    assert json.loads(process.stdout.readline())["type"] == "stats_update"
    first = add(server, 3)
    assert told(process, first[-1]) == first
    missed = add(server, 2)
    later = told(reviewer.start(*watch), missed[-1])
    assert later in (missed, [first[-1], *missed]), "the one that it told last may come again"


def test_watch_is_readable_for_people(reviewer: Hitl, server: Server) -> None:
    process = reviewer.start("watch", "apvs", "stats")
    assert process.stdout
    assert "stats_update" in process.stdout.readline()
    [apv_id] = add(server, 1)
    while "new_apv" not in (line := process.stdout.readline()):
        assert line
    code = server.client().get(f"/hitl/apvs/{apv_id}").json()["apv_code"]
    assert f"apv_code={code} severity=HIGH" in line
    process.terminate()
    process.wait(START_SECONDS)


# -- Credentials, environment and codes -------------------------------------------------------


def test_bad_token_is_said_without_it(reviewer: Hitl) -> None:
    secret = "hitl_" + "5ec2e7" * 10
    for command in (("queue",), ("watch", "stats")):
        done = reviewer.run(*command, HITL_TOKEN=secret)
        assert_fails(done, 3)
        assert secret not in done.stdout + done.stderr


def test_user_who_may_not_is_told(reviewer: Hitl, tmp_path: Path) -> None:
    assert_fails(reviewer.run("add", written(tmp_path, apv())), 3, "Forbidden (403)")


def test_token_comes_from_a_file(reviewer: Hitl, tmp_path: Path) -> None:
    file = written(tmp_path, reviewer.environment["HITL_TOKEN"] + "\n", "token")
    reviewer.printed("queue", HITL_TOKEN="", HITL_TOKEN_FILE=file)
    assert_fails(
        reviewer.run("queue", HITL_TOKEN="", HITL_TOKEN_FILE="/none"), 2, "HITL_TOKEN_FILE", "/none"
    )


@pytest.mark.parametrize("missing", ["HITL_URL", "HITL_TOKEN"])
def test_missing_variable_is_named(reviewer: Hitl, missing: str) -> None:
    assert_fails(reviewer.run("queue", **{missing: ""}), 2, missing)


def test_server_that_is_away_is_code_4(reviewer: Hitl) -> None:
    done = reviewer.run("queue", "--url", "http://127.0.0.1:1", "--patience", "0")
    assert_fails(done, 4, "http://127.0.0.1:1")


def test_token_is_no_option(reviewer: Hitl) -> None:
    assert reviewer.run("queue", "--token", "x").returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("sing",),
        ("queue", "--severity", "LOUD"),
        ("queue", "--limit", "0"),
        ("decide", "APV-2026-001", "agree", *BECAUSE),
        ("decide", "APV-2026-001", "approve"),
        ("queue", "--patience", "-1"),
    ],
)
def test_wrong_command_line_is_code_2_without_a_traceback(
    reviewer: Hitl, words: tuple[str, ...]
) -> None:
    done = reviewer.run(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: hitl")
    assert "Traceback" not in done.stderr


def test_help_names_each_command_variable_and_exit_code(reviewer: Hitl) -> None:
    text = reviewer.printed("--help")
    for word in ("queue", "watch", "add", "decide", "HITL_TOKEN", "NO_COLOR", "  4    the server"):
        assert word in text
