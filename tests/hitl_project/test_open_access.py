"""HITL_OPEN_ACCESS: whom it admits, and its warnings."""

import os
import subprocess
import sys
from typing import Any

import httpx
import pytest

from tests.support.people import refusal
from tests.support.site import ROOT, Site

pytestmark = pytest.mark.server

LOUD = "HITL_OPEN_ACCESS is on: everybody who reaches this service acts as the demo reviewer."


@pytest.mark.parametrize(("name", "level"), [("uvicorn", "ERROR"), ("daphne", "INFO")])
async def test_open_access_lets_in_who_shows_nothing_and_nobody_who_shows_something_bad(
    site: Site, name: str, level: str
) -> None:
    with getattr(site, name)(HITL_OPEN_ACCESS="on", LOG_LEVEL=level) as server:
        async with httpx.AsyncClient(base_url=server.origin) as client:
            assert (await client.get("/hitl/reviews")).status_code == 200
            ticket = (await client.post("/hitl/ws/ticket")).json()["ticket"]
            for headers in ({"Authorization": "Bearer x"}, {"Cookie": "hitl_session=x"}):
                assert (await client.get("/hitl/reviews", headers=headers)).status_code == 401
                assert await refusal(server, headers=headers) == (1008, "Invalid token")
            assert (await client.get("/admin/")).status_code == 302
        for options in ({}, {"origin": None}, {"uri": f"{server.ws}?token={ticket}"}):
            async with server.socket("", **options) as socket:
                await socket.subscribe("apvs", "decisions", "stats")
        assert await refusal(server, uri=f"{server.ws}?token=x") == (1008, "Invalid token")
        assert LOUD in server.printed()


def check(**variables: str) -> "subprocess.CompletedProcess[str]":
    environment: Any = {**os.environ, "ALLOWED_HOSTS": "console.example.com", **variables}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "ERROR"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_open_access_fails_the_deployment_check() -> None:
    done = check(HITL_OPEN_ACCESS="on")
    assert done.returncode == 1
    assert LOUD in done.stderr
    assert check().returncode == 0


def test_deployment_check_names_hosts_that_are_open_and_proxies_that_are_not_named() -> None:
    named = {"HITL_CONSOLE_URL": "https://console.example.com", "HITL_TRUSTED_PROXIES": "127.0.0.1"}
    assert "hitl_project.W" not in check(**named).stderr
    assert "HITL_TRUSTED_PROXIES is unset" in check().stderr
    assert "ALLOWED_HOSTS holds *" in check(ALLOWED_HOSTS="*").stderr


def test_deployment_check_names_a_console_without_an_address_or_at_another_host() -> None:
    assert "HITL_CONSOLE_URL is unset" in check().stderr
    said = check(HITL_CONSOLE_URL="https://[2001:db8::1]:8443").stderr
    assert "HITL_CONSOLE_URL leads to [2001:db8::1]:8443, which is not among" in said
