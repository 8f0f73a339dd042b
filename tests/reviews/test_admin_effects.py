"""Effects, retractions and gates in the admin: all to be read, nothing to be changed."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reviews import services
from reviews.choices import EffectState
from reviews.effects import records
from reviews.models import APV, Decision, Effect, Gate, Retraction
from tests.support.site import apv

pytestmark = pytest.mark.django_db

EVIL = "no <script>alert(1)</script>"


@pytest.fixture
def root() -> Any:
    return get_user_model().objects.create_superuser("root", "root@example.com", "x")


@pytest.fixture
def staff(client: Client, root: Any) -> Client:
    client.force_login(root)
    return client


@pytest.fixture
def decision(root: Any) -> Decision:
    one = APV.objects.create(**apv())
    return services.decide(
        apv_id=one.pk, decision="approve", justification="Looked at closely.", reviewer=root
    )


@pytest.fixture
def failed(decision: Decision) -> Effect:
    effect = Effect.objects.select_related("decision__apv").get()
    address = "https://ci.example.com/runs/7"
    records.move(effect, EffectState.FAILED, answer=EVIL, outcome_url=address)
    return effect


@pytest.fixture
def gate(decision: Decision) -> Gate:
    return Gate.objects.create(
        apv=decision.apv,
        state="failure",
        description="Rejected",
        head_commit="c" * 40,
        set_at=timezone.now(),
        problem=EVIL,
    )


def url(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:reviews_{model._meta.model_name}_{page}", args=arguments)


def rows(staff: Client, model: Any, query: str) -> int:
    return int(staff.get(url(model, "changelist") + query).context["cl"].result_count)


def test_effects_are_found_by_state_kind_time_and_code(staff: Client, failed: Effect) -> None:
    code = failed.decision.apv.apv_code
    today = f"{timezone.now():%Y-%m-%d}"
    for query in (
        "",
        "?state__exact=failed",
        "?kind__exact=merge",
        f"?changed_at__gte={today} 00:00:00%2B00:00",
        f"?q={code}",
    ):
        assert rows(staff, Effect, query) == 1, query
    for query in ("?state__exact=done", "?kind__exact=close", "?q=absent"):
        assert rows(staff, Effect, query) == 0, query


def test_decisions_page_has_the_effect_and_the_retraction(
    staff: Client, root: Any, failed: Effect
) -> None:
    services.retract(decision_id=failed.decision_id, by=root, reason="The <b>wrong</b> one.")
    page = staff.get(url(Decision, "change", failed.decision_id)).text
    assert "https://ci.example.com/runs/7" in page
    assert "no &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "The &lt;b&gt;wrong&lt;/b&gt; one." in page
    assert "<script>alert(1)" not in page
    assert failed.decision.apv.apv_code in staff.get(url(Retraction, "changelist")).text


def test_decision_that_does_nothing_has_a_page_too(staff: Client, root: Any) -> None:
    one = APV.objects.create(**apv(pr_number=None, pr_url=""))
    made = services.decide(
        apv_id=one.pk, decision="dismiss", justification="Nothing to be done.", reviewer=root
    )
    assert staff.get(url(Decision, "change", made.pk)).status_code == 200


def test_no_page_shows_the_id_of_an_effect(staff: Client, failed: Effect, gate: Gate) -> None:
    """It marks the comments on the forge: who knew it could have one of their own taken for it."""
    decision = failed.decision
    for path in (
        url(Effect, "changelist"),
        url(Decision, "changelist"),
        url(Decision, "change", decision.pk),
        url(APV, "change", decision.apv_id),
        url(Gate, "change", gate.pk),
    ):
        page = staff.get(path)
        assert page.status_code == 200, path
        assert str(failed.pk) not in page.text, path
        assert failed.pk.hex not in page.text, path
    link = url(Decision, "change", decision.pk)
    assert f'href="{link}"' in staff.get(url(Effect, "changelist")).text
    assert staff.get(url(Effect, "change", failed.pk)).headers["Location"] == link


def test_gates_show_what_was_set_last_and_what_failed(staff: Client, gate: Gate) -> None:
    for path in (url(Gate, "changelist"), url(Gate, "change", gate.pk)):
        page = staff.get(path).text
        assert "Rejected" in page
        assert "no &lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert(1)" not in page
    assert rows(staff, Gate, "?problem__isempty=0") == 1
    assert rows(staff, Gate, "?problem__isempty=1") == 0


def test_nobody_adds_changes_or_deletes_them(
    staff: Client, root: Any, failed: Effect, gate: Gate
) -> None:
    services.retract(decision_id=failed.decision_id, by=root, reason="The wrong one.")
    taken_back = Retraction.objects.get()
    before = [*Effect.objects.values(), *Gate.objects.values(), *Retraction.objects.values()]
    for row in (failed, taken_back, gate):
        model = type(row)
        assert staff.get(url(model, "add")).status_code == 403
        assert staff.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        staff.post(url(model, "change", row.pk), {"reason": "Another one.", "state": "done"})
        bulk = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
        staff.post(url(model, "changelist"), bulk)
    after = [*Effect.objects.values(), *Gate.objects.values(), *Retraction.objects.values()]
    assert after == before


@pytest.mark.parametrize("model", [Effect, Retraction, Gate])
def test_only_those_who_may_view_them_do(client: Client, model: Any, failed: Effect) -> None:
    clerk = get_user_model().objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    assert client.get(url(model, "changelist")).status_code == 403
    hidden = client.get(url(Effect, "change", failed.pk)).headers["Location"]
    assert hidden == url(Effect, "changelist")
    name = f"view_{model._meta.model_name}"
    clerk.user_permissions.add(Permission.objects.get(codename=name))
    assert client.get(url(model, "changelist")).status_code == 200
