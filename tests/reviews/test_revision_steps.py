"""Whatever happens to a pull request and its APV, in any order."""

import json
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from realtime.models import Event
from reviews import services
from reviews.errors import AlreadyDecided, InvalidInput
from reviews.models import APV, Decision
from tests.support.forge_rows import BUMP, pull_request, repository, tell

pytestmark = pytest.mark.django_db

OUTCOMES = {
    "approve": "approved",
    "reject": "rejected",
    "modify": "changes_requested",
    "escalate": "escalated",
}
STEPS = st.lists(
    st.sampled_from(["push", "rebase", "evidence", "check", "close", "merge", "reopen", *OUTCOMES]),
    min_size=1,
    max_size=14,
)


class Expected:
    """What the status and the revision must be, by the rules that docs/revisions.md states."""

    def __init__(self) -> None:
        self.status, self.state, self.revision = "pending", "open", 1
        self.decided_on: set[int] = set()

    def step(self, step: str) -> None:
        if step in {"push", "rebase", "evidence"}:
            self._revise()
        elif step in {"close", "merge"} and self.state == "open":
            self._end("closed" if step == "close" else "merged")
        elif step == "reopen" and self.state == "closed":
            self._reopen()
        elif step in OUTCOMES and self._is_open_for(step):
            self.status = OUTCOMES[step]
            self.decided_on.add(self.revision)

    def _revise(self) -> None:
        self.revision += 1
        is_undone = self.status in {"approved", "rejected"} and self.state == "open"
        if is_undone or self.status == "changes_requested":
            self.status = "pending"

    def _end(self, state: str) -> None:
        self.state = state
        leaves = {"pending", "escalated", "changes_requested"}
        contrary = {"closed": "approved", "merged": "rejected"}[state]
        if self.status in leaves or self.status == contrary:
            self.status = "withdrawn"

    def _reopen(self) -> None:
        self.state = "open"
        if self.status in {"withdrawn", "rejected"}:
            self.revision += self.revision in self.decided_on
            self.status = "pending"

    def _is_open_for(self, step: str) -> bool:
        return self.status == "pending" or (self.status == "escalated" and step != "escalate")


class Run:
    """One pull request and its APV, with somebody who may decide."""

    def __init__(self) -> None:
        self.on_forge = pull_request(repository())
        tell(self.on_forge)
        self.numbers = count(1)
        self.reviewer = get_user_model().objects.create_superuser("root", "", "x")

    @property
    def apv(self) -> APV:
        return APV.objects.get(pull_request=self.on_forge)

    def do(self, step: str) -> None:
        number = next(self.numbers)
        steps: dict[str, dict[str, Any]] = {
            "push": {"head_sha": f"{number:040x}", "diff": BUMP.replace("4.17.21", f"5.{number}")},
            "rebase": {"head_sha": f"{number:040x}"},
            "check": {"checks": [{"name": f"c{number}", "state": "success"}]},
            "close": {"state": "closed"},
            "merge": {"state": "merged"},
            "reopen": {"state": "open"},
        }
        fields = steps.get(step, {})
        if fields and not self._is_impossible(step):
            tell(self.on_forge, **fields)
        elif step == "evidence":
            values = {"patch_confidence": number / 1000}
            services.add_evidence(apv_id=self.apv.pk, values=values, version=self.apv.version)
        elif step in OUTCOMES:
            with suppress(AlreadyDecided, InvalidInput):
                self._decide(step)

    def _is_impossible(self, step: str) -> bool:
        """Return whether no forge does that: what was merged stays so, what ended does not end."""
        state = self.on_forge.state
        if step == "reopen":
            return state != "closed"
        return step in {"close", "merge"} and state != "open"

    def _decide(self, kind: str) -> None:
        services.decide(
            apv_id=self.apv.pk,
            reviewer=self.reviewer,
            decision=kind,
            justification="Looked at it closely.",
            modifications={"pin": "exactly"} if kind == "modify" else {},
        )

    def check(self, expected: Expected) -> None:
        apv = self.apv
        assert (apv.status, apv.revision) == (expected.status, expected.revision)
        assert (apv.status == "withdrawn") == (apv.withdrawn_at is not None)
        numbers = list(apv.revisions.order_by("number").values_list("number", flat=True))
        assert numbers == (list(range(1, apv.revision + 1)) if apv.revision > 1 else [])
        final = Decision.objects.filter(apv=apv).exclude(decision="escalate")
        assert all(times == 1 for times in Counter(one.revision for one in final).values())
        self._check_events(apv)

    def _check_events(self, apv: APV) -> None:
        """Check that events in the order of the versions lead to the state that is stored."""
        heard = [json.loads(one.message) for one in Event.objects.exclude(channel="apvs")]
        states = {one["version"]: one["status"] for one in heard if one["type"] == "apv_changed"}
        for one in heard:
            if one["type"] == "decision_made":
                states[one["apv_version"] + 1] = OUTCOMES[one["decision"]]
        if states:
            assert states[max(states)] == apv.status


@given(steps=STEPS)
def test_any_steps_lead_to_the_state_that_the_rules_say(steps: list[str]) -> None:
    with transaction.atomic():
        run, expected = Run(), Expected()
        for step in steps:
            run.do(step)
            expected.step(step)
            run.check(expected)
        transaction.set_rollback(True)
