"""Many APVs at once: faster than one by one, with the same result."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.in_process import client_of
from tests.support.site import apv

pytestmark = pytest.mark.django_db


def statements_to_add(count: int) -> int:
    body = [apv() for _ in range(count)]
    client = client_of("pipelines")
    with CaptureQueriesContext(connection) as queries:
        answer = client.post("/hitl/apvs", body, "application/json")
    assert answer.status_code == 201, answer.content
    return len(queries)


def test_statements_do_not_grow_with_the_number_of_apvs() -> None:
    statements_to_add(1)  # the year's row of codes is new
    assert statements_to_add(30) <= statements_to_add(2)
