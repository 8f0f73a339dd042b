"""Whatever happens in any order: the record equals the forge, and nothing is done twice."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from forges import reconciliation
from forges.choices import ForgeKind
from forges.clients import limits
from forges.clients.base import STATUS_NAME
from forges.models import PullRequest, Repository
from forges.tasks import read_soon
from reviews import services
from reviews.choices import EffectKind, EffectState, Status
from reviews.effects import carrying_out, comments, gate
from reviews.effects.gate import wanted_status
from reviews.effects.states import OPEN, STOPPED
from reviews.errors import (
    AlreadyDecided,
    CannotRetract,
    InvalidInput,
    NotAllowed,
    OutcomeIsSettled,
)
from reviews.models import APV, Decision, Effect
from tests.support.forges import ACCOUNT, FAKES, FakeForge, Pull, answers
from tests.support.in_process_jobs import FOUND_AFTER, Jobs
from tests.support.steps import steps_are_told

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "12"))
ANY = st.integers(0, 10_000)
"""Chooses one of however many there are."""
KINDS = ("approve", "approve", "reject", "modify", "escalate")
WRITES = ("look", "merge", "close", "comment", "review", "assign", "status", "branch")
WRONG: dict[str, dict[str, Any]] = {
    "drop": {"drop": True},
    "cut": {"cut": True},
    "500": {"reply": answers(500)},
    "502": {"reply": answers(502)},
    "429": {"reply": answers(429, Retry_After="2")},
    "403": {"reply": answers(403)},
    "404": {"reply": answers(404)},
}
NOT_NOW: dict[str, dict[str, Any]] = {
    "405": {"reply": answers(405)},
    "409": {"reply": answers(409)},
}
"""What forges answer to merges alone."""
ACTS = ("push", "close", "merge")
"""What others do just before the console does something."""
OTHERS = "mallory"
MOST_PULLS = 3
SHOWN = {"failed": "failure", "error": "failure"}


@pytest.fixture(scope="module", autouse=True)
def fakes() -> Iterator[None]:
    with ExitStack() as stack:
        Machine.fakes = [stack.enter_context(fake()) for fake in FAKES]
        stack.enter_context(steps_are_told(commits="savepoint_commit"))
        yield


@pytest.mark.django_db
def test_whatever_happens_the_record_equals_the_forge() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=24,
            deadline=None,
            derandomize="CI" in os.environ,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


class Machine(RuleBasedStateMachine):
    """A repository on a fake forge, its people and bots, a reviewer, and a worker that may die."""

    fakes: ClassVar[list[FakeForge]]

    @initialize(forge=st.integers(0, 2), undo=st.booleans(), tidy=st.booleans())
    def begin(self, forge: int, undo: bool, tidy: bool) -> None:
        self._stack = ExitStack()
        self._stack.enter_context(_rolled_back())
        self.now = timezone.now()
        self._stack.enter_context(patch("realtime.clock.now", lambda: self.now))
        self._stack.enter_context(override_settings(HITL_UNDO_SECONDS=10 if undo else 0))
        limits.forget()
        self.fake, self.jobs = self.fakes[forge], Jobs()
        self.fake.heal()
        self.repo = self.fake.repository(f"acme/shop-{len(self.fake.repos)}")
        self.repo.required = (STATUS_NAME,)
        self.fake.account("lead")
        self.row = self.fake.watched(self.repo.path)
        Repository.objects.filter(pk=self.row.pk).update(
            deletes_branch=tidy, assignee="lead" if tidy else "", merge_method="squash"
        )
        self.lead = User.objects.create_user("machine-lead")
        self.lead.groups.add(Group.objects.get(name="leads"))
        self.pushes = self.seen = 0
        self.closed_by_others: set[int] = set()
        self.ended_unread: set[int] = set()
        self.open_pull_request()

    def teardown(self) -> None:
        if hasattr(self, "_stack"):
            try:
                self.everything_ends_as_recorded()
            finally:
                self._stack.close()

    # -- What people and bots do on the forge ----------------------------------------------------

    @precondition(lambda self: len(self.repo.pulls) < MOST_PULLS)
    @rule()
    def open_pull_request(self) -> None:
        pull = self.fake.bump(self.repo, f"b{len(self.repo.pulls)}")
        read_soon(self.row.pk, pull.number)
        self.work()

    @rule(which=ANY, force=st.booleans(), told=st.booleans())
    def push(self, which: int, force: bool, told: bool) -> None:
        pull = self.pull(which)
        if pull.state == "open":
            self._push(pull, force)
            self.tell(pull, told)

    @rule(which=ANY, told=st.booleans())
    def close(self, which: int, told: bool) -> None:
        pull = self.pull(which)
        self._close(pull)
        self.tell(pull, told)

    @rule(which=ANY, told=st.booleans())
    def reopen(self, which: int, told: bool) -> None:
        pull = self.pull(which)
        if pull.state == "closed":
            self.fake.reopen(pull)
        self.tell(pull, told)

    @rule(which=ANY, told=st.booleans())
    def merge_around(self, which: int, told: bool) -> None:
        pull = self.pull(which)
        self._merge(pull)
        self.tell(pull, told)

    def _push(self, pull: Pull, force: bool = True) -> None:
        if pull.state == "open":
            self.pushes += 1
            files = {f"{pull.branch}.txt": f"{self.pushes}\n"}
            self.fake.push(pull, files, f"Push {self.pushes}", force=force)

    def _close(self, pull: Pull) -> None:
        if pull.state == "open":
            self.closed_by_others.add(pull.number)
            self._ends(pull)
            self.fake.close(pull, by=OTHERS)

    def _merge(self, pull: Pull) -> None:
        if pull.state == "open":
            self._ends(pull)
            self.fake.merge(pull)

    def _ends(self, pull: Pull) -> None:
        """Note whether the console never read it while it was open; then it has no APV."""
        if not self._apvs(pull).exists():
            self.ended_unread.add(pull.number)

    def _apvs(self, pull: Pull) -> Any:
        of_it = {"pull_request__repository": self.row, "pull_request__number": pull.number}
        return APV.objects.filter(**of_it)

    def tell(self, pull: Pull, told: bool = True) -> None:
        """Deliver a webhook, or lose it."""
        if told:
            read_soon(self.row.pk, pull.number)

    # -- What reviewers do -----------------------------------------------------------------------

    @rule(which=ANY, kind=st.sampled_from(KINDS))
    def decide(self, which: int, kind: str) -> None:
        apv = self.chosen(APV.objects.order_by("created_at", "pk"), which)
        with suppress(AlreadyDecided, InvalidInput, NotAllowed):
            services.decide(
                apv_id=apv.pk,
                reviewer=self.lead,
                decision=kind,
                justification="The machine wants it so.",
                modifications={"version": "2"},
            )

    @rule(which=ANY)
    def retract(self, which: int) -> None:
        if decision := self.chosen(Decision.objects.order_by("-decided_at", "pk"), which):
            with suppress(CannotRetract):
                services.retract(decision_id=decision.pk, by=self.lead, reason="A slip.")

    @rule(which=ANY)
    def try_again(self, which: int) -> None:
        effects = Effect.objects.filter(state__in=STOPPED).order_by("created_at", "pk")
        if effect := self.chosen(effects, which):
            with suppress(OutcomeIsSettled):
                services.try_again(decision_id=effect.decision_id, by=self.lead)

    # -- What goes wrong -------------------------------------------------------------------------

    @rule(on=st.sampled_from(WRITES), how=st.sampled_from(sorted(WRONG)), times=st.integers(1, 3))
    def answer_wrongly(self, on: str, how: str, times: int) -> None:
        self.fake.fault(on=on, times=times, **WRONG[how])

    @rule(how=st.sampled_from(sorted(NOT_NOW)), times=st.integers(1, 3))
    def do_not_merge_yet(self, how: str, times: int) -> None:
        self.fake.fault(on="merge", times=times, **NOT_NOW[how])

    @rule(which=ANY, on=st.sampled_from(WRITES[:5]), act=st.sampled_from(ACTS))
    def act_in_between(self, which: int, on: str, act: str) -> None:
        pull = self.pull(which)
        acts: dict[str, Callable[[Pull], None]]
        acts = {"push": self._push, "close": self._close, "merge": self._merge}
        self.fake.fault(on=on, number=pull.number, before=partial(acts[act], pull))

    # -- What the console does -------------------------------------------------------------------

    @rule()
    def work(self) -> None:
        """Run all jobs that are due."""
        while self.jobs.run_next(self.now):
            pass

    @rule(step=st.integers(1, 40))
    def die(self, step: int) -> None:
        """Run jobs until a worker has been killed at a step of one of them."""
        while self.jobs.run_next(self.now, dies_at=step):
            pass

    @rule(seconds=st.sampled_from((1, 5, 15, 60, 400)))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        carrying_out.sweep()

    @rule()
    def reconcile(self) -> None:
        self.jobs.call(lambda: reconciliation.reconcile(self._watched()))

    # -- What must be true -----------------------------------------------------------------------

    @invariant()
    def nothing_is_merged_that_nobody_approved(self) -> None:
        """Look at each write right after it: what was taken back before counts as not approved."""
        for write in self._new_writes():
            if write.kind in {"merge", "enqueue"}:
                approvals = Decision.objects.filter(
                    decision="approve",
                    head_commit=write.head_sha,
                    apv__pull_request__number=write.number,
                    retraction=None,
                )
                assert approvals.exists(), write

    @invariant()
    def nothing_is_done_twice(self) -> None:
        for pull in self.repo.pulls.values():
            counts = Counter(one.kind for one in self._writes(pull))
            assert counts["merge"] <= 1, pull.number
            assert counts["close"] <= self._effects(pull, EffectKind.CLOSE).count(), pull.number
        texts = Counter(one.text for one in self._writes() if one.kind in {"comment", "review"})
        assert not [text for text, count in texts.items() if count > 1]

    @invariant()
    def what_is_open_has_a_next_attempt(self) -> None:
        for effect in Effect.objects.filter(state__in=OPEN):
            assert effect.next_at is not None
            at = max(effect.next_at, self.now) + FOUND_AFTER
            assert self.jobs.runs_by(at, f"effect:{effect.pk}"), effect.state

    def everything_ends_as_recorded(self) -> None:
        """Let all jobs end on a calm forge, compare once, and look at all records."""
        self.fake.heal()
        self._run_until_ended()
        self.reconcile()
        gate.sweep()
        self._run_until_ended()
        self.nothing_is_merged_that_nobody_approved()
        self.nothing_is_done_twice()
        for pull in self.repo.pulls.values():
            self._check_pull(pull)
            for effect in self._effects(pull):
                self._check_effect(effect, pull)

    def _run_until_ended(self) -> None:
        self.work()
        for _ in range(100):
            if not (at := self.jobs.next_at()):
                break
            self.now = max(self.now, at)
            self.work()
        assert not Effect.objects.filter(state__in=OPEN).exists()

    def _check_pull(self, pull: Pull) -> None:
        if pull.number in self.ended_unread and not self._apvs(pull).exists():
            assert pull.state != "open"
            return
        row = PullRequest.objects.get(repository=self.row, number=pull.number)
        assert (row.state, row.head_sha) == (pull.state, pull.head_sha)
        apv = APV.objects.get(pull_request=row)
        assert (apv.pull_request_state, apv.head_commit) == (pull.state, pull.head_sha)
        assert apv.status in self._possible(pull, apv), (pull.state, apv.status)
        wanted = wanted_status(apv)
        if pull.state == "open" and wanted:
            shown = [one.state for one in self.repo.statuses
                     if (one.sha, one.name) == (pull.head_sha, STATUS_NAME)]  # fmt: skip
            assert SHOWN.get(shown[-1], shown[-1]) == wanted.state

    def _possible(self, pull: Pull, apv: APV) -> set[str]:
        """Return the statuses that an APV may have while its pull request is as it is."""
        if pull.state == "merged":
            return {Status.APPROVED, Status.WITHDRAWN}
        if pull.state == "closed":
            return {Status.REJECTED, Status.WITHDRAWN}
        decided = {Status.APPROVED: EffectKind.MERGE, Status.REJECTED: EffectKind.CLOSE}
        stopped = {
            status
            for status, kind in decided.items()
            if self._effects(pull, kind).filter(state__in=STOPPED).exists()
        }
        return {Status.PENDING, Status.ESCALATED, Status.CHANGES_REQUESTED} | stopped

    def _check_effect(self, effect: Effect, pull: Pull) -> None:
        happened = self._happened(effect, pull)
        if effect.state != EffectState.DONE:
            # Who cannot be assigned refuses an escalation whose comment is there.
            assert not happened or effect.kind == EffectKind.ESCALATE, (
                effect.kind,
                effect.state,
                effect.answer,
            )
        elif effect.kind == EffectKind.MERGE:
            merged = (pull.state, pull.head_sha, pull.merged_sha)
            assert merged == ("merged", effect.head_commit, effect.merged_commit)
        elif effect.kind == EffectKind.CLOSE and pull.number in self.closed_by_others:
            assert happened or effect.answer in {"", self._said_of_closed()}
        else:
            assert happened == 1, (effect.kind, effect.answer)

    def _said_of_closed(self) -> str:
        """Return what is said of a pull request that others closed; Gitea does not tell who."""
        is_told = self.row.forge.kind != ForgeKind.GITEA
        return "it was closed already" + (f" by {OTHERS}" if is_told else "")

    def _happened(self, effect: Effect, pull: Pull) -> int:
        """Return how often the forge did for the console what an effect asks for.

        Neither merges nor closes name the effect; its comment is before a close, and there is one
        merge at most.
        """
        mark, writes = comments.marker(effect), self._writes(pull)
        if effect.kind == EffectKind.MERGE:
            done = self._effects(pull, EffectKind.MERGE).filter(state=EffectState.DONE)
            is_ours = effect.state == EffectState.DONE or not done.exists()
            heads = [one.head_sha for one in writes if one.kind == "merge"]
            return heads.count(effect.head_commit) if is_ours else 0
        if effect.kind == EffectKind.CLOSE:
            return _closes_after(mark, writes)
        return sum(mark in one.text for one in writes)

    # -- Helpers ---------------------------------------------------------------------------------

    def pull(self, which: int) -> Pull:
        return self.repo.pulls[1 + which % len(self.repo.pulls)]

    def chosen(self, rows: Any, which: int) -> Any:
        found = list(rows)
        return found[which % len(found)] if found else None

    def _writes(self, pull: Pull | None = None) -> list[Any]:
        return [
            one
            for one in self.fake.ledger.writes
            if one.path == self.repo.path
            and one.account == ACCOUNT
            and (pull is None or one.number == pull.number)
        ]

    def _new_writes(self) -> list[Any]:
        writes = self._writes()
        new, self.seen = writes[self.seen :], len(writes)
        return new

    def _effects(self, pull: Pull, kind: EffectKind | None = None) -> Any:
        found = Effect.objects.filter(decision__apv__pull_request__number=pull.number)
        return found.filter(kind=kind) if kind else found

    def _watched(self) -> Repository:
        return Repository.objects.select_related("forge").get(pk=self.row.pk)


def _closes_after(mark: str, writes: list[Any]) -> int:
    """Return how often a pull request was closed after the comment of an effect."""
    told, closes = False, 0
    for write in writes:
        if write.kind == "comment":
            told = mark in write.text
        closes += write.kind == "close" and told
    return closes


@contextmanager
def _rolled_back() -> Iterator[None]:
    """A transaction that is always rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
