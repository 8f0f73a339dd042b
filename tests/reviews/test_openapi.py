"""The API follows its own description, for any input."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.effort import tries
from tests.support.site import Server, Site

SECONDS = tries(300, thorough=800)
EXAMPLES = tries(15, thorough=200)
"""For each operation, besides those that its description leads to."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def test_no_request_gives_a_500_or_an_undocumented_answer(
    uvicorn_server: Server, site: Site, tmp_path: Path
) -> None:
    uvicorn_server.decide(uvicorn_server.add_apv()["apv_id"])
    log_before = len(uvicorn_server.log.read_text())
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "schemathesis"), "run"),
            *(f"{uvicorn_server.origin}/hitl/schema", "--url", uvicorn_server.origin),
            *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(EXAMPLES), "--seed", "1", "--generation-database", "none"),
            *("--suppress-health-check", "all", "--no-color"),
            *credentials(uvicorn_server, "admin"),
        ],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
    assert "Traceback" not in uvicorn_server.log.read_text()[log_before:]


def credentials(server: Server, user: str) -> list[str]:
    cookies = server.client(user).cookies
    cookie = f"hitl_session={cookies['hitl_session']}; csrftoken={cookies['csrftoken']}"
    return ["--header", f"Cookie: {cookie}", "--header", f"X-CSRFToken: {cookies['csrftoken']}"]
