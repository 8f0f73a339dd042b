"""Problem documents (RFC 9457), as REST returns them."""

from typing import Any

import httpx


def assert_problem(answer: httpx.Response, status: int, *fields: str) -> dict[str, Any]:
    """Check that a response is a problem document of `status` that names `fields`."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= problem.keys()
    for field in fields:
        assert field in problem["errors"], problem
    return dict(problem)
