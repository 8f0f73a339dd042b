"""How many statements a decision takes."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.credentials.api_token import issue_token
from tests.support.policies import person, stored
from tests.support.site import decision


@pytest.mark.django_db
def test_decision_over_rest_takes_eleven_statements_and_a_transaction() -> None:
    """They are: the token, the permissions, the APV, what is around it, the record, the APV's new
    status, the effect, the counters, the events, the audit's head, and its entry."""
    _, token = issue_token(person("rita", "reviewers"), days=1)
    one, program = stored(), Client(headers={"Authorization": f"Bearer {token}"})
    body = json.dumps(decision(str(one.pk)))
    with CaptureQueriesContext(connection) as statements:
        answer = program.post("/hitl/decisions", body, "application/json")
    assert answer.status_code == 200, answer.content
    made = [str(one["sql"]) for one in statements]
    assert len([sql for sql in made if "SAVEPOINT" not in sql]) == 11, made
    assert len([sql for sql in made if sql.startswith("SAVEPOINT")]) == 1
