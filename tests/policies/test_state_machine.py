"""Whatever people decide, revise and take back: what is merged has every approval it needs."""

import os
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from reviews import services
from reviews.choices import EffectKind, EffectState, RevisionReason, Status
from reviews.errors import Conflict, InvalidInput, NotAllowed
from reviews.models import Decision, Effect, Policy
from reviews.policies.trying import last_days, not_reproduced
from tests.support.policies import approve, person, policy, stored

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "20"))
ANY = st.integers(0, 10_000)
POLICIES: dict[str, dict[str, Any]] = {
    "two": {"approvals": 2},
    "three": {"approvals": 3},
    "security": {"from_groups": {"security": 1}},
    "teams": {"from_different_groups": ["backend", "security"]},
    "others": {"not_by_submitter": True},
    "checks": {"checks_passed": True},
}
GROUPS = {
    "ana": {"backend"},
    "bo": {"security"},
    "cem": {"backend", "security"},
    "dee": set[str](),
}


@pytest.mark.django_db
def test_effect_is_queued_if_and_only_if_every_requirement_is_met() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            derandomize="CI" in os.environ,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


class Machine(RuleBasedStateMachine):
    """One APV and four leads. The model knows approvals as names, and rules as plain Python."""

    @initialize()
    def begin(self) -> None:
        self._stack = ExitStack()
        self._stack.enter_context(transaction.atomic())
        for name in ("backend", "security"):
            Group.objects.get_or_create(name=name)
        self.people = {name: person(name, "leads", *groups) for name, groups in GROUPS.items()}
        self.apv = stored(validation_passed=False)
        self.apv.submitted_by = self.people["ana"]
        self.apv.save()
        self.round: list[str] = []
        self.active: set[str] = set()

    def teardown(self) -> None:
        """Replay what was recorded, under whatever policies applied then, and undo all."""
        if hasattr(self, "_stack"):
            try:
                replayed = list(not_reproduced(last_days()))
            finally:
                self._undo()
            assert not replayed

    def _undo(self) -> None:
        transaction.set_rollback(True)
        self._stack.close()

    # -- What policies say, in plain words -------------------------------------------------------

    def refuses(self, name: str) -> bool:
        if "others" in self.active and name == "ana":
            return True
        return "checks" in self.active and not self.apv.validation_passed

    def is_enough(self, names: list[str]) -> bool:
        wanted = max(
            [1, *(count for one, count in (("two", 2), ("three", 3)) if one in self.active)]
        )
        secure = [one for one in names if "security" in GROUPS[one]]
        back = [one for one in names if "backend" in GROUPS[one]]
        teams = any(one != other for one in secure for other in back)
        return (
            len(names) >= wanted
            and ("security" not in self.active or bool(secure))
            and ("teams" not in self.active or teams)
        )

    # -- What happens ----------------------------------------------------------------------------

    @rule(name=st.sampled_from(sorted(POLICIES)))
    def switch(self, name: str) -> None:
        found = Policy.objects.filter(name=name).first()
        if found is None:
            policy(name, **POLICIES[name])
        else:
            boss = User.objects.get(username="boss")
            services.set_active(policy_id=found.pk, by=boss, active=name not in self.active)
        self.active ^= {name}

    @rule(name=st.sampled_from(sorted(GROUPS)))
    def approve(self, name: str) -> None:
        self.apv.refresh_from_db()
        before, is_open = Effect.objects.count(), self.apv.status in services.DECIDERS
        expected = is_open and name not in self.round and not self.refuses(name)
        merges = expected and self.is_enough([*self.round, name])
        with suppress(Conflict, InvalidInput, NotAllowed):
            approve(self.apv, self.people[name])
            assert expected
            self.round = [] if merges else [*self.round, name]
            expected = False
        assert not expected, "an approval was refused that no policy forbids"
        assert Effect.objects.count() - before == merges

    @rule(
        name=st.sampled_from(sorted(GROUPS)), kind=st.sampled_from(["reject", "modify", "escalate"])
    )
    def decide_otherwise(self, name: str, kind: str) -> None:
        with suppress(Conflict, InvalidInput, NotAllowed), transaction.atomic():
            approve(self.apv, self.people[name], kind)
            if kind != "escalate":
                self.round = []

    @rule(passed=st.booleans())
    def revise(self, passed: bool) -> None:
        self.apv.refresh_from_db()
        values = {"validation_passed": passed}
        with transaction.atomic():
            services.revise(self.apv, values, RevisionReason.EVIDENCE)
        self.round = []

    @rule(which=ANY)
    def retract(self, which: int) -> None:
        found = list(Decision.objects.standing().order_by("decided_at", "pk"))
        if not found:
            return
        one = found[which % len(found)]
        with suppress(Conflict):
            services.retract(decision_id=one.pk, by=self.people["dee"], reason="A slip.")
            name = one.reviewer.username
            self.round = [other for other in self.round if other != name] if one.is_awaiting else []

    # -- What must be true -----------------------------------------------------------------------

    @invariant()
    def round_is_counted(self) -> None:
        self.apv.refresh_from_db()
        if self.apv.status in services.DECIDERS:
            assert self.apv.approvals == len(self.round)

    @invariant()
    def what_is_to_be_merged_is_approved(self) -> None:
        merges = Effect.objects.filter(kind=EffectKind.MERGE, superseded=False)
        for effect in merges.exclude(state=EffectState.CANCELLED):
            assert self.apv.status == Status.APPROVED
            assert not effect.decision.is_awaiting
