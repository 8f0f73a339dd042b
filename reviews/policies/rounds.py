"""Read the case of an APV from the database: its round of approvals, and who approves next."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef

from accounts.models import AccountOwner
from forges.models import ForgeAccount
from reviews.decision_kinds import DecisionKind
from reviews.filters import parse
from reviews.filters.facts import Facts, facts_of
from reviews.models import APV, Decision, Policy, PolicyVersion
from reviews.policies.case import Approver, Case, Tie
from reviews.policies.evaluation import Evaluation, rules_of
from reviews.policies.snapshots import bounded


@dataclass(frozen=True)
class Round:
    """What an approval of an APV is measured by: the versions that apply, and the case."""

    facts: Facts
    versions: tuple[PolicyVersion, ...]
    case: Case

    @property
    def evaluation(self) -> Evaluation:
        return Evaluation(self.case, rules_of(self.versions))

    @property
    def hashes(self) -> list[str]:
        """Return the hashes of the versions that apply, as a decision keeps them."""
        return [one.sha256 for one in self.versions]

    @property
    def snapshot(self) -> dict[str, Any]:
        """Return what the policies see, as a decision keeps it."""
        case = self.case
        return {
            "apv": bounded(self.facts),
            "checks_passed": case.checks_passed,
            "wargame_verdict": case.wargame_verdict,
            "reviewer": case.approver.as_json() if case.approver else {},
        }


def round_of(apv: APV, approver: Any = None, justification: str | None = None) -> Round:
    """Return the round of an APV as it is now; `approver` is the user who approves next."""
    facts = facts_of(apv)
    if approver is not None and not apv.approvals:
        groups, has_policies = _look(approver)
        if not has_policies:
            return _free_round(apv, facts, Approver(approver.pk, groups), justification)
    case = Case(
        checks_passed=apv.validation_passed,
        wargame_verdict=apv.wargame_verdict,
        approvals=tuple(_approver_of(one) for one in approvals_of(apv)),
        approver=approver_of(approver, apv) if approver is not None else None,
        justification=justification,
    )
    return Round(facts, tuple(applying(facts)), case)


def _look(user: Any) -> tuple[frozenset[str], bool]:
    """Return the groups of a user, and whether there is any active policy, in one query."""
    groups = Group.objects.filter(user=OuterRef("pk")).values("name")
    active = Policy.objects.filter(is_active=True)
    rows = get_user_model()._default_manager.filter(pk=user.pk)
    found = rows.values_list(ArraySubquery(groups), Exists(active)).first()
    return (frozenset(found[0]), found[1]) if found else (frozenset(), True)


def _free_round(apv: APV, facts: Facts, approver: Approver, justification: str | None) -> Round:
    """Return the round of an APV that no policy asks anything of, without another look.

    Of the ties it keeps who added the APV; a trial finds the others.
    """
    ties = frozenset([Tie.SUBMITTER] if apv.submitted_by_id == approver.pk else [])
    case = Case(
        checks_passed=apv.validation_passed,
        wargame_verdict=apv.wargame_verdict,
        approver=Approver(approver.pk, approver.groups, ties),
        justification=justification,
    )
    return Round(facts, (), case)


def applying(facts: Facts) -> list[PolicyVersion]:
    """Return the versions in force whose filter an APV with these facts matches."""
    every = PolicyVersion.objects.in_force()
    return [one for one in every if parse(one.filter).matches(facts)]


def approvals_of(apv: APV) -> list[Decision]:
    """Return the approvals of an APV's current revision that wait for others, oldest first."""
    waiting = apv.decisions.standing().awaiting().filter(revision=apv.revision)
    return list(waiting.order_by("decided_at", "decision_id"))


def _approver_of(decision: Decision) -> Approver:
    return Approver.read(decision.reviewer_id, (decision.facts or {}).get("reviewer", {}))


def approver_of(user: Any, apv: APV) -> Approver:
    """Return a user as policies see them: their groups, and how they are tied to an APV."""
    groups = frozenset(user.groups.values_list("name", flat=True))
    return Approver(user.pk, groups, frozenset(_ties(user, apv)))


def _ties(user: Any, apv: APV) -> set[Tie]:
    found = {
        Tie.SUBMITTER: apv.submitted_by_id == user.pk,
        Tie.OWNER: _owns_submitter(user, apv),
        Tie.AUTHOR: is_author(user, apv),
        Tie.ESCALATOR: _escalated(user, apv),
    }
    return {tie for tie, holds in found.items() if holds}


def _owns_submitter(user: Any, apv: APV) -> bool:
    if apv.submitted_by_id is None:
        return False
    return AccountOwner.objects.filter(account=apv.submitted_by_id, owner=user).exists()


def is_author(user: Any, apv: APV) -> bool:
    """Return whether a user opened the pull request, as far as the console knows their accounts.

    A user name that equals the author's counts too: that refuses one too many rather than one too
    few.
    """
    if apv.pull_request is None:
        return False
    author = apv.pull_request.author
    if user.get_username().casefold() == author.casefold():
        return True
    forge = apv.pull_request.repository.forge_id
    return ForgeAccount.objects.filter(forge=forge, name__iexact=author, user=user).exists()


def author_is_known(apv: APV) -> bool:
    """Return whether it is known who opened the pull request, or that no person did."""
    if apv.pull_request is None or apv.pull_request.author_is_bot:
        return True
    author, forge = apv.pull_request.author, apv.pull_request.repository.forge_id
    accounts = ForgeAccount.objects.filter(forge=forge, name__iexact=author)
    users = get_user_model()._default_manager.filter(username__iexact=author)
    return accounts.exists() or users.exists()


def _escalated(user: Any, apv: APV) -> bool:
    escalations = apv.decisions.standing().filter(decision=DecisionKind.ESCALATE)
    return bool(escalations.filter(reviewer=user).exists())
