"""What policies cost where there are none, and what is kept of each decision."""

import json

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviews.models import Decision
from reviews.policies import staffing
from tests.support.in_process import client_of
from tests.support.pages import text_of
from tests.support.policies import approve, person, policy, stored

pytestmark = pytest.mark.django_db


def asked(one: User) -> list[str]:
    """Return the queries of an approval."""
    apv = stored()
    with CaptureQueriesContext(connection) as queries:
        approve(apv, one)
    return [query["sql"] for query in queries]


def test_without_active_policies_a_decision_takes_one_look() -> None:
    ana = person("ana", "reviewers", "security")
    version = policy("off", approvals=1)
    version.policy.is_active = False
    version.policy.save()
    made = asked(ana)
    assert len([one for one in made if "reviews_policy" in one]) == 1
    assert not [one for one in made if "accountowner" in one or "forgeaccount" in one]
    facts = Decision.objects.get().facts
    assert facts is not None
    assert set(facts["reviewer"]["groups"]) == {"reviewers", "security"}


def test_approval_is_looked_for_by_its_apv_and_not_in_all_that_its_reviewer_did() -> None:
    ana = person("ana", "reviewers")
    rows = Decision.objects.filter(apv=stored(), revision=1, reviewer=ana)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of no rows is read whole
        plan = rows.filter(action_taken="awaiting_approval").explain()
    assert "decision_awaiting" in plan


def test_facts_of_a_huge_apv_are_bounded() -> None:
    ana = person("ana", "reviewers")
    paths = "".join(f"--- a/{n}\n+++ b/{'x' * 200}{n}\n@@ -1 +1 @@\n-a\n+b\n" for n in range(3000))
    one = stored(patch_diff=paths, cve_description="y" * 20_000)
    facts = approve(one, ana).facts or {}
    assert len(json.dumps(facts)) < 60_000
    assert "path" in facts["apv"]["cut"]
    assert facts["apv"]["path"]
    assert "cut" not in (approve(stored(), ana).facts or {})["apv"]


def test_policy_that_lost_its_last_approver_needs_attention() -> None:
    lead: Client = client_of("leads", "Lena Lead")
    ana = person("ana", "reviewers", "security")
    policy("security", from_groups={"security": 1})
    assert "Nobody present" not in text_of(lead.get("/?status=attention"))
    ana.is_active = False
    ana.save()
    page = text_of(lead.get("/?status=attention"))
    assert "Nobody present could satisfy the policy “security”" in page
    assert "Nothing needs attention" not in page
    assert lead.get("/").context["queue"].attention == 1
    with CaptureQueriesContext(connection) as queries:
        assert len(staffing.unsatisfiable()) == 1
    assert len(queries) <= 3
    ana.is_active = True
    ana.save()
    assert lead.get("/").context["queue"].attention == 0
