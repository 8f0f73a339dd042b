"""The condition in SQL and the predicate of a filter choose the same APVs."""

import json
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.filters import PARAMETERS, Person, facts_of, parse
from reviews.models import APV
from tests.support.effort import tries
from tests.support.filters import (
    FIELDS,
    NOW,
    PULL_REQUESTS,
    TEAMWORK,
    VALUES,
    group,
    person,
    put_to_work,
    store,
    texts_of_filters,
)

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = st.lists(st.tuples(FIELDS, PULL_REQUESTS, TEAMWORK), min_size=3, max_size=8)


def test_every_parameter_is_tried() -> None:
    assert VALUES.keys() == PARAMETERS.keys()


@settings(max_examples=tries(40, thorough=1000), deadline=None)
@given(rows=ROWS, texts=st.lists(texts_of_filters(), min_size=10, max_size=20))
def test_sql_and_predicate_choose_the_same_apvs(rows: list[Any], texts: list[str]) -> None:
    with transaction.atomic():
        me = person(0)
        me.groups.set([group(0), group(1)])
        for fields, pull_request, teamwork in rows:
            put_to_work(store(fields, pull_request), teamwork)
        apvs = APV.objects.select_related("pull_request__repository__forge")
        for text in texts:
            check(text, list(apvs), Person.of(me))
        transaction.set_rollback(True)


def check(text: str, apvs: list[APV], me: Person) -> None:
    read, facts = (
        parse(text, personal=True),
        {apv.pk: json.loads(json.dumps(facts_of(apv, NOW))) for apv in apvs},
    )
    one = read.of(me)
    chosen = set(APV.objects.filter(one.q(now=NOW)).values_list("pk", flat=True))
    assert {pk for pk, known in facts.items() if one.matches(known)} == chosen, text
    assert parse(read.text, personal=True) == read
