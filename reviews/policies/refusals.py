"""Refuse approvals that policies do not allow, and say which policy asks for what."""

from collections.abc import Sequence

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from reviews.errors import InvalidInput, NotAllowed
from reviews.policies.evaluation import Assessed, Evaluation
from reviews.policies.requirements import Scope

FIELDS = {Scope.APV: "decision", Scope.JUSTIFICATION: "justification"}
"""The field of a decision whose error says what is not met."""


def check(evaluation: Evaluation) -> None:
    """Raise NotAllowed or InvalidInput if the policies refuse an approval."""
    if unmet := evaluation.unmet(Scope.PERSON):
        raise NotAllowed(" ".join(map(sentence, unmet)))
    errors = {
        field: [sentence(one) for one in unmet]
        for scope, field in FIELDS.items()
        if (unmet := evaluation.unmet(scope))
    }
    if errors:
        raise InvalidInput(errors)


def sentence(one: Assessed) -> str:
    """Return why an approval is refused, which policy says so, and who could meet it."""
    message = _("The policy “{policy}” does not allow this approval: {words}. Ask {who}.")
    if one.scope == Scope.JUSTIFICATION:
        message = _("The policy “{policy}” asks for {words}.")
    finding = one.finding
    return message.format(policy=one.rule.policy, words=finding.words, who=finding.who)


def why_refused(evaluation: Evaluation) -> str:
    """Return why no justification lets this person approve now, "" if one may."""
    unmet: Sequence[Assessed] = evaluation.unmet(Scope.PERSON, Scope.APV)
    return " ".join(str(capfirst(sentence(one))) for one in unmet)
