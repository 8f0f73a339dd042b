"""The kinds of decision, each declared once with everything that belongs to it."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from reviews.choices import Action, EffectKind, Status


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The properties of a kind of decision.

    `outcome` is the new status of the APV; `action` is the word for what the decision triggers, and
    `effect` describes it, with `{number}` for the pull request. `effect_kind` is what carries it
    out on the forge, None if there is nothing to do. `count` is its name in the
    statistics. `key` chooses it on the keyboard, and `tone` is the colour of its button and badge.
    A decision that is not `final` leaves the APV open for leads, who cannot make the same one
    again. One that `needs_pull_request` is only possible with one, one that is `for_none` only
    without; `impossible` explains that in the form. `needs_modifications` means that it must say
    what to change. The machine may recommend a `recommendable` one.
    """

    outcome: Status
    action: Action
    effect: Any
    count: str
    key: str
    tone: str
    effect_kind: EffectKind | None = None
    final: bool = True
    needs_pull_request: bool = False
    for_none: bool = False
    impossible: Any = ""
    needs_modifications: bool = False
    recommendable: bool = False


class DecisionKind(models.TextChoices):
    """The kinds of decision, in the order in which the form offers them."""

    traits: Traits

    def __new__(cls, value: str, traits: Any = None) -> "DecisionKind":
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.traits = traits
        return kind

    APPROVE = (
        "approve",
        Traits(
            outcome=Status.APPROVED,
            action=Action.PR_MERGED,
            effect=_("pull request #{number} is to be merged"),
            count="approved_count",
            key="a",
            tone="good",
            effect_kind=EffectKind.MERGE,
            needs_pull_request=True,
            impossible=_("Not possible: this APV has no pull request to merge"),
            recommendable=True,
        ),
        _("approve"),
    )
    REJECT = (
        "reject",
        Traits(
            outcome=Status.REJECTED,
            action=Action.PR_CLOSED,
            effect=_("pull request #{number} is to be closed, unmerged"),
            count="rejected_count",
            key="r",
            tone="bad",
            effect_kind=EffectKind.CLOSE,
            needs_pull_request=True,
            impossible=_("Not possible: this APV has no pull request to close"),
            recommendable=True,
        ),
        _("reject"),
    )
    MODIFY = (
        "modify",
        Traits(
            outcome=Status.CHANGES_REQUESTED,
            action=Action.CHANGES_REQUESTED,
            effect=_("changes are requested"),
            count="modified_count",
            key="m",
            tone="warn",
            effect_kind=EffectKind.REQUEST_CHANGES,
            needs_modifications=True,
        ),
        _("modify"),
    )
    ESCALATE = (
        "escalate",
        Traits(
            outcome=Status.ESCALATED,
            action=Action.ASSIGNED_TO_LEAD,
            effect=_("a lead is to decide"),
            count="escalated_count",
            key="e",
            tone="accent",
            effect_kind=EffectKind.ESCALATE,
            final=False,
            impossible=_("It is with the leads already"),
        ),
        _("escalate"),
    )
    DISMISS = (
        "dismiss",
        Traits(
            outcome=Status.DISMISSED,
            action=Action.DISMISSED,
            effect=_("it leaves the queue; there is nothing to merge or close"),
            count="dismissed_count",
            key="d",
            tone="quiet",
            for_none=True,
            impossible=_("Not possible: this APV has a pull request, reject it instead"),
        ),
        _("dismiss"),
    )

    def fits(self, pr_number: int | None, status: str) -> bool:
        """Return whether this decision is possible with this pull request, if any, and status."""
        if self.traits.needs_pull_request and pr_number is None:
            return False
        if self.traits.for_none and pr_number is not None:
            return False
        return self.traits.final or status != self.traits.outcome


RECOMMENDABLE = tuple(kind for kind in DecisionKind if kind.traits.recommendable)
"""What the machine may recommend."""
FINAL = tuple(kind for kind in DecisionKind if kind.traits.final)
