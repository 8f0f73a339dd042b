"""Explain to a reader what the policies ask for of an APV, and what their approval would do."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviews.models import APV
from reviews.permissions import Permission
from reviews.policies.evaluation import Assessed, Evaluation
from reviews.policies.refusals import why_refused
from reviews.policies.rounds import Round, round_of


@dataclass(frozen=True)
class Explained:
    """A requirement as people read it: met, or what is missing, and who could meet it."""

    requirement: str
    label: str
    policy: str
    met: bool
    words: str
    who: str


class Explanation:
    """What the policies ask for of an APV, as `reader` sees it."""

    def __init__(self, apv: APV, reader: Any) -> None:
        approves = reader.has_perm(Permission.DECIDE_APV)
        self.round: Round = round_of(apv, reader if approves else None)

    @cached_property
    def _evaluation(self) -> Evaluation:
        return self.round.evaluation

    @property
    def requirements(self) -> list[Explained]:
        return [_explained(one) for one in self._evaluation.assessed]

    @property
    def approvals(self) -> int:
        return self._evaluation.approvals

    @property
    def needed(self) -> int:
        return self._evaluation.needed

    @property
    def has_approved(self) -> bool:
        """Return whether an approval of the reader waits for others."""
        case = self.round.case
        return bool(case.approver and case.approver.pk in {one.pk for one in case.approvals})

    @property
    def is_met(self) -> bool:
        """Return whether the approvals that wait are all that is asked for: a policy changed."""
        return self.approvals > 0 and self._evaluation.missing == 0

    @property
    def why_not(self) -> str:
        """Return why the reader cannot approve now, "" if they can."""
        if self.has_approved and self.is_met:
            return _(
                "You approved it, and since a policy changed, nothing more is asked for: the next"
                " approval carries it out. Somebody else gives it, or you take yours back and"
                " approve again."
            )
        if self.has_approved:
            return _("You approved it already: it waits for somebody else.")
        return why_refused(self._evaluation)

    @property
    def follows(self) -> str:
        """Return what the reader's approval would do besides what approvals do; "" without rounds.

        It is only asked for where the reader can approve.
        """
        after = self._evaluation.after_approval()
        if after.missing:
            message = ngettext(
                "it is approval {number} of {needed}, and {missing} more is needed",
                "it is approval {number} of {needed}, and {missing} more are needed",
                after.missing,
            )
            return message.format(
                number=after.approvals, needed=after.needed, missing=after.missing
            )
        if self.is_met:
            return _("it carries out what others approved before a policy changed")
        if after.approvals > 1:
            return _("it is the last of {needed} approvals").format(needed=after.needed)
        return ""

    @property
    def completes(self) -> bool:
        """Return whether the reader's approval would be the last that is needed."""
        return self._evaluation.after_approval().missing == 0


def _explained(one: Assessed) -> Explained:
    requirement = one.rule.requirement
    return Explained(
        requirement=requirement.name,
        label=str(requirement.label),
        policy=one.rule.policy,
        met=one.finding.met,
        words=one.finding.words,
        who=one.finding.who,
    )
