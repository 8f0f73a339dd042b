"""Many APVs at once: faster than one by one, with the same result."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext
from hypothesis import assume, given
from hypothesis import strategies as st
from rest_framework import serializers

from accounts.api.memory import represented
from realtime.models import Event
from reviews import services
from reviews.api.apv_rules import APVRules
from reviews.api.fields import NumberField
from reviews.api.serializers.apvs import APVLineSerializer, APVSerializer
from reviews.api.usual_values import BooleanField, ChoiceField, GivenFields, TextField
from reviews.models import APV
from tests.support.apv_bodies import USUAL_BODIES, odd_bodies
from tests.support.in_process import client_of
from tests.support.site import apv

pytestmark = pytest.mark.django_db(transaction=True)

OWN = ("apv_id", "apv_code", "created_at", "updated_at")


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


# -- Checking ---------------------------------------------------------------------------------


@contextmanager
def rest_framework_alone() -> Iterator[None]:
    """Check as REST framework does, without what takes usual values at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TextField, "run_validation", serializers.CharField.run_validation)
        patch.setattr(NumberField, "run_validation", serializers.FloatField.run_validation)
        patch.setattr(ChoiceField, "run_validation", serializers.ChoiceField.run_validation)
        patch.setattr(BooleanField, "run_validation", serializers.BooleanField.run_validation)
        for name in ("to_internal_value", "run_validators"):
            patch.setattr(GivenFields, name, getattr(serializers.Serializer, name))
        yield


@given(body=odd_bodies() | USUAL_BODIES | st.sampled_from([None, [], "a", 5]))
def test_values_and_errors_are_those_of_rest_framework(body: Any) -> None:
    rules = APVRules()
    found = rules.check(body)
    with rest_framework_alone():
        expected = rules.check(body)
    assert repr(found) == repr(expected)


@given(bodies=st.lists(odd_bodies(), min_size=2, max_size=4))
def test_one_apv_is_checked_as_if_no_other_was_before(bodies: list[dict[str, Any]]) -> None:
    rules = APVRules()
    assert [repr(rules.check(one)) for one in bodies] == [
        repr(APVRules().check(one)) for one in bodies
    ]


def test_every_text_number_choice_and_flag_is_taken_at_once() -> None:
    fields = APVSerializer().fields.values()
    writable = [one for one in fields if not one.read_only]
    slow = [serializers.CharField, serializers.FloatField]
    slow += [serializers.ChoiceField, serializers.BooleanField]
    assert not {type(one) for one in writable}.intersection(slow)


# -- Storing ----------------------------------------------------------------------------------


def stored(apv: APV) -> dict[str, Any]:
    """Return the columns of an APV, read again, that do not differ every time."""
    row = APV.objects.values().get(pk=apv.pk)
    return {name: value for name, value in row.items() if name not in OWN}


@given(bodies=st.lists(USUAL_BODIES, min_size=1, max_size=3))
def test_rows_are_those_that_single_saves_write(bodies: list[dict[str, Any]]) -> None:
    rules = APVRules()
    valid = [fields for body in bodies if (fields := rules.check(body)[0])]
    together = services.add_apvs(apvs=[APV(**fields) for fields in valid])
    for fields, one in zip(valid, together, strict=True):
        alone = APV(**fields)
        alone.save(force_insert=True)
        assert stored(one) == stored(alone)
        assert model_to_dict(one, exclude=OWN) == model_to_dict(alone, exclude=OWN)
        assert not one._state.adding


def test_added_apvs_know_their_defaults() -> None:
    [added] = services.add_apvs(apvs=[APV(**apv())])
    read = APV.objects.get(pk=added.pk)
    for field in APV._meta.concrete_fields:
        assert getattr(added, field.attname) == getattr(read, field.attname), field.name


def test_rule_of_the_database_that_one_breaks_keeps_all_out() -> None:
    rows = [APV(**apv()), APV(**apv(cve_id="no CVE"))]
    with pytest.raises(IntegrityError, match="apv_cve_form"):
        services.add_apvs(apvs=rows)
    assert not APV.objects.exists()
    services.add_apvs(apvs=[APV(**apv())])  # the connection is usable


@pytest.mark.parametrize("count", [3, 50])
def test_every_event_is_stored_under_the_next_offset(count: int) -> None:
    services.add_apvs(apvs=[APV(**apv())])
    added = services.add_apvs(apvs=[APV(**apv()) for _ in range(count)])
    first, *events = Event.objects.filter(channel="apvs").order_by("offset")
    assert [one.offset - first.offset for one in events] == list(range(1, count + 1))
    assert all(str(apv.pk) in one.message for apv, one in zip(added, events, strict=True))


# -- Answering --------------------------------------------------------------------------------


@given(body=USUAL_BODIES)
@pytest.mark.parametrize("serializer", [APVSerializer, APVLineSerializer])
def test_answer_is_that_of_rest_framework(
    serializer: type[serializers.ModelSerializer[APV]], body: dict[str, Any]
) -> None:
    fields, _errors = APVRules().check(body)
    assume(fields)
    [added] = services.add_apvs(apvs=[APV(**fields)])
    for one in (added, APV.objects.get(pk=added.pk)):
        [found] = represented(serializer, [one])
        assert repr(found) == repr(dict(serializer(one).data))
