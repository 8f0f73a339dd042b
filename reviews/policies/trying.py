"""Replay recorded decisions: under the policies of their time, or under a draft as well.

Decisions keep what the policies saw, so nothing is asked of APVs as they are now, except who added
them. A replay reads each decision once, in the order in which they were made.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from statistics import median
from uuid import UUID

from accounts.models import AccountOwner
from forges.models import ForgeAccount
from realtime import clock
from reviews.choices import Action
from reviews.decision_kinds import DecisionKind
from reviews.filters import parse
from reviews.models import APV, Decision, PolicyVersion
from reviews.policies.case import Approver, Case, Tie
from reviews.policies.evaluation import Evaluation, Rule, rules_of
from reviews.policies.refusals import sentence
from reviews.policies.requirements import Scope

DAYS = 90
MOST = 100_000
"""How many decisions are replayed, the newest ones; a page replays fewer."""
LISTED = 50
"""How many refused approvals a trial names; it counts all."""
CHUNK = 1000

RoundKey = tuple[UUID, int]
"""An APV and its revision: approvals count together there."""


class Outcome(StrEnum):
    """What becomes of an approval."""

    REFUSED = "refused"
    WAITS = "waits"
    COMPLETE = "complete"


def outcome_of(evaluation: Evaluation) -> Outcome:
    """Return what becomes of the approval of a case."""
    if evaluation.refuses:
        return Outcome.REFUSED
    is_complete = evaluation.after_approval().is_complete
    return Outcome.COMPLETE if is_complete else Outcome.WAITS


def recorded_outcome(decision: Decision) -> Outcome:
    is_awaiting = decision.action_taken == Action.AWAITING_APPROVAL
    return Outcome.WAITS if is_awaiting else Outcome.COMPLETE


# -- What was decided -------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """The decisions that are replayed: from `start` on, `left_out` older ones of the days not."""

    start: datetime
    count: int
    left_out: int

    @property
    def decisions(self) -> Iterator[Decision]:
        """Return the decisions, oldest first, read piece by piece."""
        found = Decision.objects.filter(decided_at__gte=self.start)
        with_rest = found.select_related(*RELATED).only(*COLUMNS)
        return with_rest.order_by("decided_at", "decision_id").iterator(chunk_size=CHUNK)


COLUMNS = (
    *("apv", "revision", "decision", "justification", "reviewer", "reviewer_name"),
    *("action_taken", "decided_at", "policies", "facts"),
    *("apv__apv_code", "apv__submitted_by", "retraction__retracted_at", "reviewer__username"),
    *("apv__pull_request__author", "apv__pull_request__repository__forge"),
)
RELATED = ("retraction", "reviewer", "apv__pull_request__repository")


def last_days(days: int = DAYS, most: int = MOST) -> Span:
    """Return the decisions of the last days, at most so many: the newest ones."""
    since = clock.now() - timedelta(days=days)
    found = Decision.objects.filter(decided_at__gte=since)
    count = found.count()
    if count <= most:
        return Span(since, count, 0)
    newest = found.order_by("-decided_at", "-decision_id").values_list("decided_at", flat=True)
    return Span(newest[most - 1], most, count - most)


class Versions:
    """The rules of policies by the hashes that decisions keep, each read once."""

    def __init__(self) -> None:
        self._rules: dict[tuple[int, ...], list[Rule]] = {}

    @cached_property
    def _by_hash(self) -> Mapping[str, PolicyVersion]:
        return {one.sha256: one for one in PolicyVersion.objects.select_related("policy")}

    def of(self, decision: Decision) -> list[PolicyVersion]:
        """Return the versions that applied to a decision, in the order of the policies."""
        return [self._by_hash[one] for one in decision.policies if one in self._by_hash]

    def rules(self, versions: list[PolicyVersion]) -> list[Rule]:
        key = tuple(map(id, versions))
        if key not in self._rules:
            self._rules[key] = rules_of(versions)
        return self._rules[key]


@dataclass(frozen=True)
class Counted:
    """An approval that waits in a round, until it is taken back."""

    approver: Approver
    until: datetime | None = None

    def stands(self, at: datetime) -> bool:
        return self.until is None or at < self.until


def counted(decision: Decision) -> Counted:
    retraction = decision.retraction_or_none
    return Counted(approver_in(decision), retraction.retracted_at if retraction else None)


def approver_in(decision: Decision) -> Approver:
    return Approver.read(decision.reviewer_id, (decision.facts or {}).get("reviewer", {}))


def case_of(decision: Decision, before: list[Counted]) -> Case:
    """Return the case in which an approval was given."""
    facts = decision.facts or {}
    return Case(
        checks_passed=bool(facts.get("checks_passed")),
        wargame_verdict=facts.get("wargame_verdict"),
        approvals=tuple(one.approver for one in before if one.stands(decision.decided_at)),
        approver=approver_in(decision),
        justification=decision.justification,
    )


def rounds_before(start: datetime) -> dict[RoundKey, list[Counted]]:
    """Return the approvals that were waiting as the replay begins, by APV and revision."""
    later = Decision.objects.filter(decided_at__gte=start)
    older = Decision.objects.awaiting().filter(decided_at__lt=start, apv__in=later.values("apv"))
    found: dict[RoundKey, list[Counted]] = defaultdict(list)
    for one in older.select_related("retraction").order_by("decided_at", "decision_id"):
        found[one.apv_id, one.revision].append(counted(one))
    return found


# -- Under the policies of their time ---------------------------------------------------------


def not_reproduced(span: Span) -> Iterator[tuple[Decision, Outcome]]:
    """Replay each approval under the policies that applied; return those that end otherwise."""
    rounds, versions = rounds_before(span.start), Versions()
    for decision in span.decisions:
        if decision.decision != DecisionKind.APPROVE or decision.facts is None:
            continue
        key = (decision.apv_id, decision.revision)
        case = case_of(decision, rounds[key])
        replayed = outcome_of(Evaluation(case, versions.rules(versions.of(decision))))
        if replayed != recorded_outcome(decision):
            yield decision, replayed
        if recorded_outcome(decision) == Outcome.WAITS:
            rounds[key].append(counted(decision))
        else:
            rounds.pop(key)


# -- Under a draft as well --------------------------------------------------------------------


@dataclass(frozen=True)
class RefusedApproval:
    """An approval that a draft would have refused, and why."""

    code: str
    decided_at: datetime
    reviewer: str
    why: str


@dataclass
class Trial:
    """What a draft would have changed, in so many decisions."""

    span: Span
    approvals: int = 0
    unknown: int = 0
    """Approvals from before decisions kept what policies see: nothing is said of them."""
    matched: int = 0
    refused: int = 0
    named: list[RefusedApproval] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    """For each approval that needed others, the seconds until they had been at work."""
    waiting: int = 0
    """Those for which nobody who could approve was at work until now."""
    sooner: int = 0
    """Approvals that waited, and would have been enough."""
    work: Counter[str] = field(default_factory=Counter)
    """How many more approvals each reviewer would have given."""

    @property
    def workers(self) -> list[tuple[str, int]]:
        """Return the reviewers with their additional approvals, who has the most first."""
        return self.work.most_common()

    @property
    def usual_delay(self) -> float | None:
        """Return the median of the delays in seconds, None if there are none."""
        return median(self.delays) if self.delays else None

    @property
    def longest_delay(self) -> float | None:
        return max(self.delays, default=None)


@dataclass
class Waiting:
    """An APV that was decided, and under the draft would have waited for others."""

    case: Case
    rules: list[Rule]
    since: datetime
    until: datetime | None
    apv: APV
    is_over: bool = False


class Ties:
    """How people are tied to APVs, as far as decisions did not keep it."""

    def __init__(self) -> None:
        self._owners = set(AccountOwner.objects.values_list("account_id", "owner_id"))
        accounts = ForgeAccount.objects.values_list("forge_id", "name", "user_id")
        self._accounts = {(forge, name.casefold(), user) for forge, name, user in accounts}
        self._escalators: dict[UUID, set[int]] = defaultdict(set)

    def note(self, decision: Decision) -> None:
        """Keep who escalates an APV."""
        if decision.decision == DecisionKind.ESCALATE:
            self._escalators[decision.apv_id].add(decision.reviewer_id)

    def tied(self, person: Approver, decision: Decision, apv: APV) -> Approver:
        """Return the person who makes a decision with their ties to an APV."""
        holds = {
            Tie.SUBMITTER: apv.submitted_by_id == person.pk,
            Tie.OWNER: (apv.submitted_by_id, person.pk) in self._owners,
            Tie.AUTHOR: self._is_author(decision, apv),
            Tie.ESCALATOR: person.pk in self._escalators.get(apv.pk, ()),
        }
        found = {tie for tie, is_so in holds.items() if is_so}
        return Approver(person.pk, person.groups, person.ties | found)

    def _is_author(self, decision: Decision, apv: APV) -> bool:
        if apv.pull_request is None:
            return False
        author, forge = apv.pull_request.author.casefold(), apv.pull_request.repository.forge_id
        if decision.reviewer.get_username().casefold() == author:
            return True
        return (forge, author, decision.reviewer_id) in self._accounts


class Replay:
    """Replay decisions under a draft beside the policies that applied.

    Whoever decides on anything is at work then: they give the approvals that wait for somebody
    like them. Each of them is asked once for each APV, so the time is bounded by decisions plus
    APVs that wait times people.
    """

    def __init__(self, draft: PolicyVersion, span: Span) -> None:
        self._draft, self._filter = draft, parse(draft.filter)
        self._trial = Trial(span)
        self._versions = Versions()
        self._rounds = rounds_before(span.start)
        self._complete: set[RoundKey] = set()
        self._waiting: list[Waiting] = []
        self._asked: Counter[int] = Counter()
        self._ties = Ties()

    def run(self) -> Trial:
        for decision in self._trial.span.decisions:
            self._ask(decision)
            self._ties.note(decision)
            if decision.decision == DecisionKind.APPROVE:
                self._approve(decision)
        still = (one for one in self._waiting if not one.is_over and one.until is None)
        self._trial.waiting = sum(1 for _ in still)
        return self._trial

    def _approve(self, decision: Decision) -> None:
        self._trial.approvals += 1
        if decision.facts is None:
            self._trial.unknown += 1
        elif self._filter.matches(decision.facts.get("apv", {})):
            self._trial.matched += 1
            self._try(decision)

    def _try(self, decision: Decision) -> None:
        key = (decision.apv_id, decision.revision)
        if key in self._complete:
            return
        rules = self._versions.rules(self._applying(decision))
        case = case_of(decision, self._rounds[key])
        approver = self._ties.tied(approver_in(decision), decision, decision.apv)
        evaluation = Evaluation(replace(case, approver=approver), rules)
        outcome, recorded = outcome_of(evaluation), recorded_outcome(decision)
        if outcome == Outcome.REFUSED:
            self._refuse(decision, evaluation)
        elif outcome == Outcome.COMPLETE:
            self._complete.add(key)
            self._trial.sooner += recorded == Outcome.WAITS
        else:
            self._rounds[key].append(counted(decision))
            if recorded == Outcome.COMPLETE:
                self._wait(decision, evaluation)

    def _applying(self, decision: Decision) -> list[PolicyVersion]:
        """Return what applied, with the draft instead of other versions of its policy."""
        kept = self._versions.of(decision)
        own = self._draft.policy_id
        others = [one for one in kept if own is None or one.policy_id != own]
        return [*others, self._draft]

    def _refuse(self, decision: Decision, evaluation: Evaluation) -> None:
        self._trial.refused += 1
        if len(self._trial.named) < LISTED:
            unmet = evaluation.unmet(Scope.PERSON, Scope.APV, Scope.JUSTIFICATION)
            why = " ".join(map(sentence, unmet))
            self._trial.named.append(
                RefusedApproval(
                    decision.apv.apv_code, decision.decided_at, decision.reviewer_name, why
                )
            )

    def _wait(self, decision: Decision, evaluation: Evaluation) -> None:
        retraction = decision.retraction_or_none
        self._waiting.append(
            Waiting(
                case=evaluation.after_approval().case,
                rules=list(evaluation.rules),
                since=decision.decided_at,
                until=retraction.retracted_at if retraction else None,
                apv=decision.apv,
            )
        )

    def _ask(self, decision: Decision) -> None:
        """Have the person who decides approve what waits for somebody like them."""
        person = decision.reviewer_id
        first, self._asked[person] = self._asked[person], len(self._waiting)
        for one in self._waiting[first:]:
            if not one.is_over and (one.until is None or decision.decided_at < one.until):
                self._give(one, decision)

    def _give(self, one: Waiting, decision: Decision) -> None:
        person = Approver(decision.reviewer_id, approver_in(decision).groups)
        person = self._ties.tied(person, decision, one.apv)
        if person.pk in {other.pk for other in one.case.approvals}:
            return
        asked = Case(one.case.checks_passed, one.case.wargame_verdict, one.case.approvals, person)
        before = Evaluation(asked, one.rules)
        after = before.after_approval()
        if before.refuses or _lacks(after) == _lacks(before):
            return
        one.case = after.case
        self._trial.work[decision.reviewer_name] += 1
        if after.missing == 0:
            one.is_over = True
            self._trial.delays.append((decision.decided_at - one.since).total_seconds())


def _lacks(evaluation: Evaluation) -> list[str]:
    """Return what a round lacks, in words that change with each approval that helps."""
    return [one.finding.words for one in evaluation.unmet(Scope.ROUND)]


def try_on_past(draft: PolicyVersion, *, days: int = DAYS, most: int = MOST) -> Trial:
    """Replay the decisions of the last days under a draft; return what it would have changed."""
    return Replay(draft, last_days(days, most)).run()
