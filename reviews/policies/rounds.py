"""Read the case of an APV from the database: its round of approvals, and who approves next."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from accounts.models import AccountOwner
from forges.models import ForgeAccount
from reviews.decision_kinds import DecisionKind
from reviews.filters import parse
from reviews.filters.facts import Facts, facts_of
from reviews.filters.teamwork import Commented
from reviews.models import APV, Decision, PolicyVersion
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


@dataclass(frozen=True)
class Surroundings:
    """What else a decision on a locked APV depends on, read in one query."""

    groups: frozenset[str]
    """The names of the groups of who decides."""
    has_policies: bool
    """Whether any policy is active."""
    has_comments: bool
    is_claimed: bool

    @property
    def facts(self) -> Facts:
        """Return the facts of the APV that need not be read again."""
        return {"commented": Commented.fact_if(self.has_comments)}


LOOK = """
SELECT
    ARRAY(
        SELECT name::text FROM auth_group JOIN auth_user_groups ON group_id = auth_group.id
        WHERE user_id = %(user)s
    ),
    EXISTS (SELECT FROM reviews_policy WHERE is_active),
    EXISTS (SELECT FROM reviews_comment WHERE apv_id = %(apv)s AND deleted_at IS NULL),
    EXISTS (SELECT FROM reviews_claim WHERE apv_id = %(apv)s)
"""


def look_around(apv: APV, user: Any) -> Surroundings:
    """Return what a decision of `user` on an APV depends on besides the APV itself."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"user": user.pk, "apv": apv.pk})
        groups, *others = cursor.fetchone()
    return Surroundings(frozenset(groups), *others)


def round_of(
    apv: APV,
    approver: Any = None,
    justification: str | None = None,
    around: Surroundings | None = None,
) -> Round:
    """Return the round of an APV as it is now; `approver` is the user who approves next.

    `around` is what was read of their surroundings, if it was.
    """
    if approver is not None:
        around = around or look_around(apv, approver)
    facts = facts_of(apv, known=around.facts if around else None)
    if around and not apv.approvals and not around.has_policies:
        return _free_round(apv, facts, Approver(approver.pk, around.groups), justification)
    case = Case(
        checks_passed=apv.validation_passed,
        wargame_verdict=apv.wargame_verdict,
        approvals=tuple(_approver_of(one) for one in approvals_of(apv)),
        approver=approver_of(approver, apv) if approver is not None else None,
        justification=justification,
    )
    return Round(facts, tuple(applying(facts)), case)


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
