"""What can be done with many APVs together, each action declared once.

An action does one APV at a time by the service that a single APV has, so that it obeys the same
rules. It raises ReviewError if that is not possible.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from reviews import services
from reviews.decision_kinds import DecisionKind
from reviews.models import APV, BatchItem, Decision
from reviews.placeholders import filled_in

UNDONE = "Undone"
"""The reason that is recorded, in one language for everybody who reads the record."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """What can be done with many APVs: `do` does it with one, `check` raises what `do` would.

    `kind` is the kind of decision that it makes, if it makes one. `needs_justification` says
    whether the person must write why. What is not `offered` follows from another batch.
    """

    name: str
    label: Any
    do: Callable[[BatchItem, Any], Decision | None]
    check: Callable[[APV, Any, dict[str, Any]], None]
    kind: DecisionKind | None = None
    key: str = ""
    tone: str = ""
    needs_justification: bool = False
    offered: bool = True


def _deciding(kind: DecisionKind) -> Action:
    """Return the action that makes a kind of decision."""

    def do(item: BatchItem, user: Any) -> Decision:
        batch = item.batch
        return services.decide(
            apv_id=item.apv_id,
            reviewer=user,
            decision=kind,
            justification=filled_in(batch.justification, item.apv, user),
            confidence=batch.confidence,
            version=item.version,
        )

    def check(apv: APV, user: Any, given: dict[str, Any]) -> None:
        services.check(
            apv=apv,
            reviewer=user,
            decision=kind,
            justification=filled_in(given["justification"], apv, user),
            confidence=given["confidence"],
            version=given["version"],
        )

    return Action(
        name=kind.value,
        label=kind.label,
        do=do,
        check=check,
        kind=kind,
        key=kind.traits.key,
        tone=kind.traits.tone,
        needs_justification=True,
    )


def _undo(item: BatchItem, user: Any) -> None:
    assert item.decision_id is not None
    services.retract(decision_id=item.decision_id, by=user, reason=UNDONE)


UNDO = Action(
    name="undo", label=_("undo"), do=_undo, check=lambda apv, user, given: None, offered=False
)
ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        *(_deciding(kind) for kind in DecisionKind if not kind.traits.needs_modifications),
        UNDO,
    )
}
OFFERED = tuple(action for action in ACTIONS.values() if action.offered)
