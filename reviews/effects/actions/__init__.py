"""What carries out each kind of effect."""

from collections.abc import Callable, Mapping

from reviews.choices import EffectKind
from reviews.effects.actions.closing import close
from reviews.effects.actions.escalating import escalate
from reviews.effects.actions.merging import merge
from reviews.effects.actions.requesting_changes import request_changes
from reviews.effects.attempt import Attempt, Result

ACTIONS: Mapping[EffectKind, Callable[[Attempt], Result]] = {
    EffectKind.MERGE: merge,
    EffectKind.CLOSE: close,
    EffectKind.REQUEST_CHANGES: request_changes,
    EffectKind.ESCALATE: escalate,
}
"""Each looks first, asks the forge, and raises a ForgeError if it cannot tell what happened."""
