"""An escalation may name who is to decide: a lead, or a group."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from reviews import services
from reviews.choices import Status
from reviews.errors import InvalidInput
from reviews.models import APV, Assignment, Decision, Notice
from tests.support.effect_rows import member
from tests.support.in_process import signed_in
from tests.support.site import Server, apv

pytestmark = pytest.mark.django_db

WHY = "Two packages change, and I know one of them only."


@pytest.fixture
def rita() -> User:
    return member("reviewers", "Rita Reviewer")


@pytest.fixture
def lena() -> User:
    return member("leads", "Lena Lead")


@pytest.fixture
def pending() -> APV:
    return APV.objects.create(**apv())


def escalate(apv: APV, by: User, **to: str) -> Decision:
    fields: Any = {"decision": "escalate", "justification": WHY, **to}
    return services.decide(apv_id=apv.pk, reviewer=by, **fields)


def test_named_lead_is_assigned_and_told(pending: APV, rita: User, lena: User) -> None:
    decision = escalate(pending, rita, escalate_to_user=lena.username)
    pending.refresh_from_db()
    assert pending.status == Status.ESCALATED
    assert Assignment.objects.get(apv=pending).user == lena
    assert Notice.objects.get(user=lena).apv == pending
    assert decision.escalate_to_user == lena.username


def test_named_group_is_assigned(pending: APV, rita: User) -> None:
    group = Group.objects.get(name="leads")
    escalate(pending, rita, escalate_to_group="leads")
    assert Assignment.objects.get(apv=pending).group == group


def test_without_a_name_nobody_is_assigned(pending: APV, rita: User) -> None:
    escalate(pending, rita)
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("kind", "to", "field"),
    [
        ("escalate", {"escalate_to_user": "nobody"}, "escalate_to_user"),
        ("escalate", {"escalate_to_user": "rita-reviewer"}, "escalate_to_user"),
        ("escalate", {"escalate_to_group": "nobody"}, "escalate_to_group"),
        (
            "escalate",
            {"escalate_to_user": "lena-lead", "escalate_to_group": "leads"},
            "escalate_to_group",
        ),
        ("approve", {"escalate_to_user": "lena-lead"}, "escalate_to_user"),
    ],
)
def test_wrong_addressee_is_refused_and_leaves_nothing(
    pending: APV, kind: str, to: dict[str, str], field: str
) -> None:
    reviewer = User.objects.create_user("rita-reviewer")
    reviewer.groups.add(Group.objects.get(name="reviewers"))
    User.objects.create_user("lena-lead").groups.add(Group.objects.get(name="leads"))
    fields: Any = {"decision": kind, "justification": WHY, **to}
    with pytest.raises(InvalidInput) as refused:
        services.decide(apv_id=pending.pk, reviewer=reviewer, **fields)
    assert list(refused.value.errors) == [field]
    assert not Decision.objects.exists()
    assert not Assignment.objects.exists()


# -- In the console -------------------------------------------------------------------------------


def form_of(apv: APV, **fields: str) -> dict[str, str]:
    return {
        "decision": "escalate",
        "justification": WHY,
        "confidence": "",
        "version": str(apv.version),
        **fields,
    }


def sent(client: Client, apv: APV, **fields: str) -> Any:
    """Send the form, and answer the question."""
    path = f"/apvs/{apv.apv_code}"
    asked = client.post(path, form_of(apv, **fields))
    question = asked.context["question"] if asked.context and "question" in asked.context else None
    return client.post(path, dict(question.fields)) if question else asked


def test_form_offers_leads_and_groups(pending: APV, rita: User, lena: User) -> None:
    page = signed_in(rita).get(f"/apvs/{pending.apv_code}").content.decode()
    assert f'value="user:{lena.username}"' in page
    assert f'value="user:{rita.username}"' not in page
    assert 'value="group:leads"' in page


def test_form_escalates_to_a_lead(pending: APV, rita: User, lena: User) -> None:
    answer = sent(signed_in(rita), pending, escalate_to=f"user:{lena.username}")
    assert answer.status_code == 302
    assert Decision.objects.get().escalate_to_user == lena.username
    page = signed_in(lena).get(f"/apvs/{pending.apv_code}").content.decode()
    assert f"<bdi>{lena.username}</bdi>" in page


def test_question_shows_the_addressee_and_seals_it(pending: APV, rita: User, lena: User) -> None:
    client, path = signed_in(rita), f"/apvs/{pending.apv_code}"
    asked = client.post(path, form_of(pending, escalate_to=f"user:{lena.username}"))
    assert lena.username in asked.content.decode()
    answer = {**dict(asked.context["question"].fields), "escalate_to": "group:leads"}
    assert client.post(path, answer).status_code != 302
    assert not Decision.objects.exists()


def test_addressee_of_another_kind_is_left_out(pending: APV, rita: User, lena: User) -> None:
    """The choice stays in the form when the reviewer decides otherwise."""
    to = f"user:{lena.username}"
    answer = sent(signed_in(rita), pending, decision="approve", escalate_to=to)
    assert answer.status_code == 302
    assert Decision.objects.get().escalate_to_user == ""


def test_wrong_addressee_is_said_at_its_field(pending: APV, rita: User) -> None:
    answer = signed_in(rita).post(
        f"/apvs/{pending.apv_code}", form_of(pending, escalate_to="user:nobody")
    )
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["escalate_to"]


# -- Over REST ------------------------------------------------------------------------------------


def test_rest_escalates_to_a_lead(server: Server) -> None:
    added = server.add_apv()
    answer = server.decide(added["apv_id"], decision="escalate", escalate_to_user="lead")
    assert answer.status_code == 200, answer.text
    assert answer.json()["escalate_to_user"] == "lead"
    assignment = server.client().get(f"/hitl/apvs/{added['apv_id']}/assignment")
    assert assignment.json()["user"] == "lead"


def test_rest_names_the_field_of_a_wrong_addressee(server: Server) -> None:
    added = server.add_apv()
    answer = server.decide(added["apv_id"], decision="escalate", escalate_to_user="nobody")
    assert answer.status_code == 400
    assert "escalate_to_user" in answer.json()["errors"]
