"""The states of an effect, and which may follow which. A trigger holds the same table."""

from collections.abc import Mapping

from reviews.choices import EffectState

FOLLOWING: Mapping[EffectState, frozenset[EffectState]] = {
    EffectState.HELD: frozenset(
        {EffectState.QUEUED, EffectState.REFUSED, EffectState.CANCELLED},
    ),
    EffectState.QUEUED: frozenset(
        {EffectState.RUNNING, EffectState.REFUSED, EffectState.CANCELLED},
    ),
    EffectState.RUNNING: frozenset(
        {
            *(EffectState.QUEUED, EffectState.WAITING),
            *(EffectState.DONE, EffectState.REFUSED, EffectState.FAILED),
        }
    ),
    EffectState.WAITING: frozenset(
        {EffectState.RUNNING, EffectState.REFUSED, EffectState.CANCELLED},
    ),
    EffectState.REFUSED: frozenset({EffectState.QUEUED, EffectState.CANCELLED}),
    EffectState.FAILED: frozenset({EffectState.QUEUED, EffectState.CANCELLED}),
    EffectState.EXTERNAL: frozenset(
        {EffectState.DONE, EffectState.FAILED, EffectState.CANCELLED},
    ),
    EffectState.DONE: frozenset(),
    EffectState.CANCELLED: frozenset(),
}
"""For each state, those that may follow it."""

FIRST = (EffectState.HELD, EffectState.QUEUED, EffectState.EXTERNAL)
"""The states in which an effect is made."""
UNBEGUN = (EffectState.HELD, EffectState.QUEUED, EffectState.WAITING)
"""The forge has done nothing of it, and is known to have done nothing."""
OPEN = (*UNBEGUN, EffectState.RUNNING)
"""The console carries it out, now or later."""
STOPPED = (EffectState.REFUSED, EffectState.FAILED)
"""It did not happen, and nothing more happens unless a person wants it."""
CALLED_OFF = (*STOPPED, EffectState.CANCELLED)
"""The forge must not do it later either."""
