"""The console through nginx with TLS, as deploy/nginx.conf has it."""

import json
import re
import ssl
import subprocess
from http.client import HTTPSConnection
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.forges import FakeGitHub
from tests.support.forges.watched import connected
from tests.support.forges.webhooks import hex_hmac
from tests.support.nginx import CONFIGURATION, NAME, Nginx, nginx_before
from tests.support.people import issue, opened
from tests.support.problems import assert_problem
from tests.support.site import PASSWORD, ROOT, apv
from tools.faults.world import World

MIB = 1024 * 1024
CLIENT = "127.0.0.7"
"""Another address of this machine, so that a client is not mistaken for its proxy."""


@pytest.fixture
def named(nginx: Nginx) -> httpx.Client:
    """A client that asks for the console by its name, from an address of its own."""
    return httpx.Client(
        base_url=nginx.origin,
        headers={"Host": NAME},
        transport=httpx.HTTPTransport(local_address=CLIENT, verify=True),
    )


def test_documented_command_makes_a_configuration_for_one_machine() -> None:
    comment = CONFIGURATION.read_text().partition("\nworker_processes")[0].replace("#   ", "")
    command = re.search(r"^sed .*? deploy/nginx\.conf", comment, re.MULTILINE | re.DOTALL)
    assert command
    made = subprocess.run(
        ["sh", "-c", command[0]], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    directives = "\n".join(line for line in made.splitlines() if not line.startswith("#"))
    assert re.findall(r"server ([\w.:]+) ", directives) == 2 * [
        "127.0.0.1:8003",
        "127.0.0.1:8004",
    ]
    assert re.findall(r"listen (\d+)", directives) == ["80", "443"]


# -- TLS --------------------------------------------------------------------------------------


def test_plain_http_is_sent_to_tls_and_opens_no_socket(nginx: Nginx) -> None:
    plain = f"http://127.0.0.1:{nginx.plain_port}"
    answer = httpx.get(f"{plain}/apvs/APV-1?tab=2", headers={"Host": NAME})
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"https://{NAME}/apvs/APV-1?tab=2"
    upgrade = {"Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    assert httpx.get(f"{plain}/hitl/ws", headers=upgrade).status_code == 301


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_old_versions_of_tls_are_refused(nginx: Nginx) -> None:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(httpx.ConnectError, match=r"(?i)alert protocol version|unsupported"):
        httpx.get(nginx.origin, verify=context)


def test_browsers_are_held_to_tls_once_and_by_the_service_alone(named: httpx.Client) -> None:
    for path in ("/sign-in", "/hitl/apvs", "/static/reviews/console.css", "/nowhere"):
        answer = named.get(path)
        assert answer.headers.get_list("Strict-Transport-Security") == [
            "max-age=31536000; includeSubDomains; preload"
        ], path
        assert answer.headers["Server"] == "nginx"


def test_cookies_are_secure(named: httpx.Client) -> None:
    page = named.get("/sign-in")
    token = page.cookies["csrftoken"]
    form = {"username": "reviewer", "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = named.post("/sign-in", data=form, headers={"Referer": f"https://{NAME}/sign-in"})
    assert answer.status_code == 302, answer.text
    cookies = [*page.headers.get_list("Set-Cookie"), *answer.headers.get_list("Set-Cookie")]
    assert {one.partition("=")[0] for one in cookies} >= {"csrftoken", "hitl_session"}
    assert all("Secure" in one and "SameSite=Lax" in one for one in cookies)


# -- Who asks, and how ------------------------------------------------------------------------


def last_request(world: World) -> dict[str, Any]:
    """Return what the log of both servers says of the last request to a nowhere."""
    lines = [line for server in world.servers for line in server.printed().splitlines()]
    found = [json.loads(line) for line in lines if '"GET /nowhere-' in line]
    assert found
    return max(found, key=lambda line: str(line["timestamp"]))


@pytest.mark.parametrize(
    "claim", ["", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 127.0.0.1, 203.0.113.9"]
)
def test_service_sees_the_clients_address_whatever_the_client_claims(
    named: httpx.Client, world: World, claim: str
) -> None:
    headers = dict([claim.split(": ")]) if claim else {}
    named.get(f"/nowhere-{len(claim)}", headers=headers)
    assert last_request(world)["ip"] == CLIENT


def test_client_that_goes_around_nginx_is_not_believed(world: World) -> None:
    transport = httpx.HTTPTransport(local_address=CLIENT)
    with httpx.Client(base_url=world.servers[0].origin, transport=transport) as client:
        claims = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        client.get("/nowhere-around", headers=claims)
    assert last_request(world)["ip"] == CLIENT


def test_client_that_claims_another_protocol_is_not_believed(named: httpx.Client) -> None:
    claims = {"X-Forwarded-Proto": "http", "X_Forwarded_Proto": "http"}
    assert named.get("/sign-in", headers=claims).status_code == 200


def test_other_host_is_refused(nginx: Nginx) -> None:
    claims = {"Host": "evil.example", "X-Forwarded-Host": NAME}
    assert nginx.client("").get("/sign-in", headers=claims).status_code == 400


def test_metrics_are_not_open_to_clients_of_the_proxy(nginx: Nginx) -> None:
    assert nginx.client("").get("/hitl/metrics").status_code == 403
    assert nginx.client("lead").get("/hitl/metrics").status_code == 200


# -- Sockets ----------------------------------------------------------------------------------


async def test_socket_carries_events_to_pages_and_programs(nginx: Nginx, world: World) -> None:
    token = issue(world.site, "reviewer", "--days", "1")
    async with nginx.socket() as page, opened(nginx, f"Bearer {token}") as program:
        for socket in (page, program):
            await socket.subscribe("apvs")
        added = nginx.add_apv()
        for socket in (page, program):
            assert (await socket.until(type="new_apv"))["apv_id"] == added["apv_id"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:{}", "https://127.0.0.1"]
)
async def test_page_of_another_origin_is_refused_before_the_upgrade(
    nginx: Nginx, origin: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with nginx.raw_socket(origin=origin.format(nginx.port)):
            pass
    assert refused.value.response.status_code == 403


async def test_ticket_opens_a_socket_and_stands_in_no_log(nginx: Nginx) -> None:
    ticket = nginx.post("/hitl/ws/ticket", {}).json()["ticket"]
    async with nginx.socket("", uri=f"{nginx.ws}?token={ticket}", origin=None) as socket:
        await socket.subscribe("apvs")
    answer = nginx.client("").get("/nowhere", params={"token": "secret-in-a-query"})
    assert answer.status_code == 404
    logged = nginx.printed()
    assert '"request": "GET /nowhere"' in logged
    assert ticket not in logged
    assert "secret-in-a-query" not in logged


# -- Sizes ------------------------------------------------------------------------------------


def test_long_list_of_apvs_passes_and_a_longer_one_is_refused_by_the_service(nginx: Nginx) -> None:
    body = [apv(patch_diff=apv()["patch_diff"] + " context\n" * 100_000) for _ in range(34)]
    answer = nginx.post("/hitl/apvs", body[:30], user="pipeline")
    assert answer.status_code == 201, answer.text[:500]
    assert len(answer.json()) == 30
    body = [apv(cve_title="x", patch_diff="y" * MIB) for _ in range(33)]
    assert_problem(nginx.post("/hitl/apvs", body, user="pipeline"), 413)


def test_body_of_somebody_unknown_is_refused_before_all_of_it_is_sent(nginx: Nginx) -> None:
    line = HTTPSConnection("127.0.0.1", nginx.port, context=ssl.create_default_context())
    line.putrequest("POST", "/hitl/apvs")
    line.putheader("Transfer-Encoding", "chunked")
    line.endheaders()
    line.send(b"%x\r\n%s\r\n" % (MIB, b"x" * MIB))
    answer = line.getresponse()
    assert answer.status == 401
    assert answer.getheader("Content-Type") == "application/problem+json"
    line.close()


@pytest.mark.parametrize(("size", "status"), [(25 * MIB, 202), (25 * MIB + 1, 413)])
def test_webhook_may_be_as_large_as_forges_send_them(
    nginx: Nginx, world: World, size: int, status: int
) -> None:
    with connected(FakeGitHub, world.site, nginx) as fake:
        body = b'{"a": "' + b"x" * (size - 9) + b'"}'
        digest = hex_hmac(fake.webhooks.secret, body)
        headers = {"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Event": "push"}
        answer = httpx.post(fake.webhooks.url, content=body, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text
        if status == 413:
            assert_problem(answer, 413)


def test_head_may_be_as_large_as_the_service_takes(nginx: Nginx) -> None:
    def answered(size: int) -> int:
        headers = {f"X-Filler-{number}": "x" * 15_000 for number in range(size)}
        return nginx.client("").get("/hitl/health/live", headers=headers).status_code

    assert answered(3) == 200
    assert answered(5) in {400, 431}


async def test_address_has_only_so_many_sockets(world: World) -> None:
    with nginx_before(*world.servers, limit_conn="addresses 3") as nginx:
        async with nginx.socket(), nginx.socket(), nginx.socket():
            with pytest.raises(InvalidStatus) as refused:
                async with nginx.raw_socket():
                    pass
            assert refused.value.response.status_code == 503
        async with nginx.socket():
            pass
