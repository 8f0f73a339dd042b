"""Effects in any state, by a way that their table allows."""

from django.utils import timezone

from reviews.choices import EffectState
from reviews.effects.states import FIRST, FOLLOWING
from reviews.models import Decision, Effect


def way_to(state: EffectState) -> list[EffectState]:
    """Return a shortest way through FOLLOWING from a first state to `state`."""
    ways = [[one] for one in FIRST]
    for way in ways:  # it grows meanwhile
        if way[-1] == state:
            return way
        ways += [[*way, one] for one in FOLLOWING[way[-1]] if one not in way]
    raise AssertionError(f"nothing leads to {state}")


def effect_in(
    state: EffectState, decision: Decision, head_commit: str = "", kind: str = "merge"
) -> Effect:
    """Store an effect of a decision that has none, in a state."""
    effect = Effect(decision=decision, kind=kind, head_commit=head_commit)
    for one in way_to(state):
        if one == EffectState.RUNNING:
            effect.attempts += 1
        effect.change_state(one, timezone.now())
        effect.save()
    return effect
