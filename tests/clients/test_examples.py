"""The examples of the Python client do what they say, against a real server."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from tests.support.client_wheel import SOURCE
from tests.support.people import add_to_group, issue, new_user
from tests.support.repositories import BARE, git
from tests.support.site import Server, Site, apv
from tests.support.waiting import START_SECONDS, wait_for

EXAMPLES = SOURCE / "examples"
BRANCH = "patches/requests"


@pytest.fixture
def package() -> str:
    return f"example-{uuid4().hex}"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository on its main branch, with a branch that bumps a requirement."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "Somebody")
    git(folder, "config", "user.email", "somebody@example.com")
    for branch, version in (("main", "2.30.0"), (BRANCH, "2.31.0")):
        if branch != "main":
            git(folder, "switch", "--quiet", "--create", branch)
        (folder / "requirements.txt").write_text(f"requests=={version}\n")
        git(folder, "add", "requirements.txt")
        git(folder, "commit", "--quiet", "--message", f"requests {version}")
    git(folder, "switch", "--quiet", "main")
    return folder


def added(server: Server, package: str) -> list[dict[str, Any]]:
    listed = server.client().get("/hitl/apvs", params={"package_name": package}).json()["apvs"]
    whole = (server.client().get(f"/hitl/apvs/{one['apv_id']}") for one in listed)
    return [answer.json() for answer in whole]


# -- Pipelines --------------------------------------------------------------------------------


def github(base: str, head: str) -> tuple[str, dict[str, str]]:
    """Return what the last step of the workflow runs, and its variables."""
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    step = workflow["jobs"]["add-apv"]["steps"][-1]
    known = {
        "vars.HITL_URL": "",
        "secrets.HITL_TOKEN": "",
        "github.event.pull_request.base.sha": base,
        "github.event.pull_request.head.sha": head,
        "github.event.pull_request.number": "7",
        "github.event.pull_request.html_url": "https://git.example.com/shop/pull/7",
    }

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: known[found[1]], text)

    return step["run"], {name: filled(text) for name, text in step["env"].items()}


def gitlab(base: str, head: str) -> tuple[str, dict[str, str]]:
    """Return what the job runs, and the variables that GitLab sets."""
    job = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())["add-apv"]
    variables = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_COMMIT_SHA": head,
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_PROJECT_URL": "https://git.example.com/shop",
    }
    return "\n".join(job["script"]), variables


@pytest.mark.parametrize("pipeline", [github, gitlab])
def test_pipeline_adds_one_apv_however_often_it_runs(
    pipeline: Callable[[str, str], tuple[str, dict[str, str]]],
    installed: Path,
    server: Server,
    tokens: dict[str, str],
    repository: Path,
    package: str,
) -> None:
    base, head = (git(repository, "rev-parse", name).strip() for name in ("main", BRANCH))
    evidence = {**apv(package_name=package)}
    for name in ("patch_diff", "pr_number", "pr_url"):
        del evidence[name]
    (repository / "apv.json").write_text(json.dumps(evidence))
    script, variables = pipeline(base, head)
    environment = {
        **variables,
        **BARE,
        "PATH": f"{installed}:{os.environ['PATH']}",
        "HITL_URL": server.origin,
        "HITL_TOKEN": tokens["pipeline"],
    }
    for _ in range(2):
        subprocess.run(
            ["bash", "-e", "-c", script], cwd=repository, env=environment, check=True, timeout=60
        )
    [found] = added(server, package)
    assert (found["pr_number"], found["head_commit"]) == (7, head)
    assert found["pr_url"].startswith("https://git.example.com/shop/")
    assert "+requests==2.31.0" in found["patch_diff"]


@pytest.mark.parametrize(
    ("file", "schema"),
    [("github-actions.yml", "github-workflows"), ("gitlab-ci.yml", "gitlab-ci")],
)
def test_pipeline_is_one_that_the_forge_accepts(file: str, schema: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*check, EXAMPLES / file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


# -- Programs ---------------------------------------------------------------------------------


def program(
    server: Server, token: str, *words: str, folder: Path, **variables: str
) -> "subprocess.Popen[str]":
    """Start an example."""
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / words[0]), *words[1:]],
        cwd=folder,
        env={
            **BARE,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "HITL_URL": server.origin,
            "HITL_TOKEN": token,
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def chat() -> Iterator[tuple[str, list[str]]]:
    """A chat's webhook, which fails at first, and the texts that it took."""
    texts: list[str] = []
    refusals = [500]

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = refusals.pop() if refusals else 200
            texts.extend([body["text"]] if status == 200 else [])
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    receiver = HTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{receiver.server_address[1]}/secret-path", texts
    receiver.shutdown()
    thread.join()
    receiver.server_close()


def test_chat_gets_each_decision_though_it_or_the_watcher_was_down(
    chat: tuple[str, list[str]], server: Server, tokens: dict[str, str], tmp_path: Path
) -> None:
    webhook, texts = chat
    positions = tmp_path / "positions.json"

    def start() -> "subprocess.Popen[str]":
        words = ("chat.py", str(positions))
        return program(
            server, tokens["reviewer"], *words, folder=tmp_path, CHAT_WEBHOOK_URL=webhook
        )

    def decided() -> str:
        made = server.add_apv()
        assert server.decide(made["apv_id"]).status_code == 200
        return f"{made['apv_code']}: approve by Rita Reviewer"

    wanted: list[str] = []
    for _ in range(2):
        process = start()
        wait_for(positions.exists, "the first position", START_SECONDS)
        wanted.append(decided())
        wait_for(lambda: set(wanted) <= set(texts), "the chat to be told", START_SECONDS)
        process.kill()
        _, errors = process.communicate()
        assert "secret-path" not in errors
        wanted.append(decided())  # while nobody watches
    process = start()
    wait_for(lambda: set(wanted) <= set(texts), "the chat to be told", START_SECONDS)
    process.kill()
    process.communicate()
    assert list(dict.fromkeys(text for text in texts if text in wanted)) == wanted


@pytest.fixture
def agent_token(site: Site) -> str:
    """A token of a user who may add APVs, read decisions and report what came of them."""
    user = new_user(site, "pipelines")
    add_to_group(site, user, "observers")
    return issue(site, user)


def test_agent_waits_for_the_approval_and_merges_what_was_approved(
    server: Server, agent_token: str, repository: Path, package: str
) -> None:
    head = git(repository, "rev-parse", BRANCH).strip()
    words = ("agent.py", BRANCH, "7", package)
    stopped = program(server, agent_token, *words, folder=repository)
    [found] = wait_for(lambda: added(server, package), "the APV", START_SECONDS)
    stopped.kill()
    stopped.communicate()
    process = program(server, agent_token, *words, folder=repository)
    assert process.stdout
    assert f"{found['apv_code']} waits" in process.stdout.readline()
    assert server.decide(found["apv_id"], decision="escalate").status_code == 200
    made = server.decide(found["apv_id"], user="lead").json()
    printed, errors = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0, errors
    assert "Merged as" in printed
    assert git(repository, "merge-base", "main", head).strip() == head
    assert len(added(server, package)) == 1
    record = server.client().get(f"/hitl/decisions/{made['decision_id']}").json()
    assert record["effect"]["state"] == "done"
    assert git(repository, "rev-parse", "main").strip() in record["outcome_notes"]


def test_agent_does_nothing_without_approval(
    server: Server, agent_token: str, repository: Path, package: str
) -> None:
    before = git(repository, "rev-parse", "main")
    process = program(server, agent_token, "agent.py", BRANCH, "7", package, folder=repository)
    [found] = wait_for(lambda: added(server, package), "the APV", START_SECONDS)
    assert server.decide(found["apv_id"], decision="reject").status_code == 200
    _, errors = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, errors) == (1, "Not merged: reject.\n")
    assert git(repository, "rev-parse", "main") == before
