"""`manage.py serve` from scratch, as `make run` calls it, with its own embedded servers."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from hitl_project.management.commands.serve import address_for_browser, link_to
from tests.support.installations import ELSEWHERE, Installation, assert_one_line
from tests.support.processes import job_workers
from tests.support.site import PASSWORD, ROOT, Server, Site, sign_in
from tests.support.waiting import wait_for


def stop(server: Server, number: int) -> str:
    server.process.send_signal(number)
    server.process.wait(30)
    return server.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_start_prepares_everything_and_a_signal_stops_it(
    installation: Installation, number: int
) -> None:
    server = installation.serve()
    printed = server.log.read_text()
    for user in ("admin", "lead", "reviewer", "pipeline"):
        assert re.search(rf"^  {user} +{PASSWORD}", printed, re.MULTILINE)
    with httpx.Client(base_url=server.origin) as client:
        sign_in(client, "reviewer")
        assert client.get("/hitl/reviews").json()["total"] == 25
        assert client.get("/hitl/health/ready").json()["status"] == "ready"
    assert len(installation.embedded()) >= 2
    assert "Traceback" not in stop(server, number)
    assert server.process.returncode == 0
    wait_for(lambda: not installation.embedded(), "the embedded servers to stop")


def test_second_start_finds_its_data_and_other_processes_reach_it(
    installation: Installation,
) -> None:
    first = installation.serve()
    code = "from reviews.models import APV; print(APV.objects.count())"
    done = installation.run("shell", "-v", "0", "-c", code)
    assert done.stdout.strip() == "25", done.stderr
    assert first.answers()  # the other process left without stopping anything
    secret = (installation.folder / "secret_key").read_text()
    stop(first, signal.SIGTERM)

    second = installation.serve()
    assert "exist already" in second.log.read_text()
    with httpx.Client(base_url=second.origin) as client:
        sign_in(client, "reviewer")
        assert client.get("/hitl/reviews").json()["total"] == 25
    assert (installation.folder / "secret_key").read_text() == secret
    assert (installation.folder / "secret_key").stat().st_mode & 0o777 == 0o600


def test_killed_server_leaves_nothing_that_a_later_start_trips_over(
    installation: Installation,
) -> None:
    stop(installation.serve(), signal.SIGKILL)
    assert len(installation.embedded()) >= 2
    stop(installation.serve(), signal.SIGTERM)
    wait_for(lambda: not installation.embedded(), "the embedded servers to stop")


def test_port_in_use_is_said_in_one_line(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = installation.run("serve", "--prepare", "--port", str(port))
    assert done.returncode != 0
    assert_one_line(done, f"cannot listen on 127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL must be a URL that starts with"),
        ({"REDIS_URL": "localhost"}, "REDIS_URL must be a URL that starts with"),
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set when DATABASE_URL is set"),
        ({"PORT": "http"}, "PORT must be a whole number"),
        ({"PORT": "70000"}, "PORT must be"),
        ({"DEBUG": "perhaps"}, "DEBUG must be on or off"),
        ({"DATABASE_URL": "postgresql://hitl:50%zz@localhost/hitl"}, "DATABASE_URL is not a URL"),
        ({"DATABASE_URL": "postgresql://localhost/hitl?colour=red"}, "DATABASE_URL is not a URL"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be debug, info, warning or error"),
        *(
            ({"HITL_ALLOWED_ORIGINS": origins}, "HITL_ALLOWED_ORIGINS must hold origins")
            for origins in (
                "console.example.com",
                "https://console.example.com/",
                "https://ok.example.com,https://*.example.com",
            )
        ),
        *(
            ({"HITL_CONSOLE_URL": address}, "HITL_CONSOLE_URL must be")
            for address in (
                "console.example.com",
                "ftp://console.example.com",
                "https:",
                "https://console.example.com/hitl",
                "https://me:secret@console.example.com",
                "https://console.example.com?a=b",
                "https://console.example.com/)[x](",
            )
        ),
        ({"HITL_UNDO_SECONDS": "-1"}, "HITL_UNDO_SECONDS must be a whole number from 0 to 3600"),
        ({"HITL_UNDO_SECONDS": "3601"}, "HITL_UNDO_SECONDS must be"),
        ({"HITL_EFFECT_HOURS": "0"}, "HITL_EFFECT_HOURS must be a whole number from 1 to 8760"),
        ({}, "cannot reach PostgreSQL"),
    ],
    ids=str,
)
def test_wrong_setting_is_said_in_one_line(
    installation: Installation, variables: dict[str, str], reason: str
) -> None:
    done = installation.run("serve", **{"PORT": "0", **ELSEWHERE, **variables})
    assert done.returncode != 0
    assert_one_line(done, reason)


def test_log_level_may_be_written_in_lower_case(installation: Installation) -> None:
    assert installation.run("check", LOG_LEVEL="warning").returncode == 0


def test_help_names_the_defaults(installation: Installation) -> None:
    shown = installation.run("serve", "--help", HOST="127.0.0.9", PORT="8123").stdout
    assert "(default: 127.0.0.9)" in " ".join(shown.split())
    assert "(default: 8123)" in " ".join(shown.split())


def test_lines_of_the_env_file_that_are_no_variables_are_named(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "env"
    file.write_bytes(b"# caf\xe9\n\nPASSWORD hunter2\nexport DEBUG=perhaps\nHOST=caf\xe9\n")
    done = installation.run("check", HITL_ENV_FILE=str(file))
    assert done.stderr.splitlines() == [
        f"{file}, line 3 is passed over: not NAME=value",
        f"{file}, line 5 is passed over: not UTF-8",
        "error: DEBUG must be on or off, not 'perhaps'",
    ]


def test_start_warns_of_misspelled_variables_and_of_a_silent_redis(site: Site) -> None:
    redis = "redis://:hunter2@127.0.0.1:1/0"
    url = "https://console.example.com"  # this and the next are the command's, and known
    with site.uvicorn(
        HITL_OPEN_ACESS="on", REDIS_URL=redis, HITL_URL=url, HITL_TOKEN="hunter2"
    ) as server:
        printed = server.printed()
    assert "unknown variable HITL_OPEN_ACESS; did you mean HITL_OPEN_ACCESS?" in printed
    assert printed.count("unknown variable") == 1
    assert "Redis does not answer at redis://127.0.0.1:1/0: news will take" in printed
    assert "hunter2" not in printed


@pytest.mark.parametrize(
    ("host", "allowed", "behind_tls", "address"),
    [
        ("127.0.0.1", ["localhost", "127.0.0.1"], False, "http://127.0.0.1:80/"),
        ("::1", ["[::1]"], False, "http://[::1]:80/"),
        ("0.0.0.0", ["localhost", "127.0.0.1"], False, "http://localhost:80/"),
        ("127.0.0.1", [".example.com"], True, "https://example.com/"),
        ("0.0.0.0", ["*"], True, "http://0.0.0.0:80/"),
    ],
)
def test_address_shown_is_one_the_service_answers_to(
    settings: Any, host: str, allowed: list[str], behind_tls: bool, address: str
) -> None:
    settings.ALLOWED_HOSTS, settings.BEHIND_TLS = allowed, behind_tls
    assert f"{address_for_browser(host, 80)[0]}/" == address


def test_jobs_of_a_local_installation_link_to_the_address_that_it_serves(site: Site) -> None:
    with site.uvicorn(HITL_JOB_WORKERS="1") as server:
        assert addresses_of_jobs(server) == {server.origin}
    with site.uvicorn(HITL_JOB_WORKERS="1", HITL_CONSOLE_URL="https://Ours.example.com/") as server:
        assert addresses_of_jobs(server) == {"https://Ours.example.com/"}


def addresses_of_jobs(server: Server) -> set[str | None]:
    """Return where the job workers of a server find the console, as their environment says."""
    workers = wait_for(lambda: job_workers(server), "a worker to start")
    return {one.environ().get("HITL_CONSOLE_URL") for one in workers}


def test_guess_at_the_address_is_left_to_local_installations(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HITL_CONSOLE_URL", "")
    settings.HITL_CONSOLE_URL, settings.BEHIND_TLS = "", True
    link_to("https://example.com")
    assert (settings.HITL_CONSOLE_URL, os.environ["HITL_CONSOLE_URL"]) == ("", "")
    settings.BEHIND_TLS = False
    link_to("http://localhost:8003")
    assert os.environ["HITL_CONSOLE_URL"] == "http://localhost:8003"


def test_no_demo_user_is_made_whose_password_could_not_be_shown(
    installation: Installation,
) -> None:
    assert installation.run("migrate", "-v", "0").returncode == 0
    command = [sys.executable, "manage.py", "create_demo_users"]
    with open("/dev/full", "w") as full:
        failed = subprocess.run(
            command, cwd=ROOT, env=installation.environment, stdout=full, stderr=full, check=False
        )
    assert failed.returncode != 0
    made = installation.run("create_demo_users").stdout
    assert made.count(PASSWORD) == 4
    assert "changepassword NAME" in installation.run("create_demo_users").stdout


def test_runserver_serves_pages_and_the_socket_through_daphne(site: Site) -> None:
    with site.daphne() as server:
        assert "daphne" in server.log.read_text().lower()

        async def client_id() -> str:
            async with server.socket() as opened:
                return str(opened.ack["client_id"])

        assert asyncio.run(client_id())
