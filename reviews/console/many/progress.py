"""How far a batch is, for its page and for the bar next to the list."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.utils.functional import cached_property
from django.utils.text import capfirst

from realtime import clock
from reviews.batches.actions import ACTIONS, UNDO, Action
from reviews.console.many.selection import value_of
from reviews.models import Batch, BatchItem, ItemState

SHOWN_FOR = timedelta(minutes=5)
"""How long the list shows a batch that has ended."""


@dataclass(frozen=True)
class Progress:
    """A batch, and the states of its items."""

    batch: Batch

    @cached_property
    def _counts(self) -> dict[str, int]:
        counted = self.batch.items.order_by().values_list("state").annotate(Count("pk"))
        return {state.value: 0 for state in ItemState} | dict(counted)

    @property
    def action(self) -> Action | None:
        return ACTIONS.get(self.batch.action)

    @property
    def label(self) -> str:
        return str(capfirst(self.action.label if self.action else self.batch.action))

    @property
    def total(self) -> int:
        return sum(self._counts.values())

    @property
    def waiting(self) -> int:
        return self._counts[ItemState.WAITING]

    @property
    def done(self) -> int:
        return self._counts[ItemState.DONE]

    @property
    def failed(self) -> int:
        return self._counts[ItemState.FAILED]

    @property
    def stopped(self) -> int:
        return self._counts[ItemState.STOPPED]

    @property
    def ended(self) -> int:
        return self.total - self.waiting

    @property
    def is_running(self) -> bool:
        return self.waiting > 0

    @property
    def is_undo(self) -> bool:
        return self.batch.action == UNDO.name

    @cached_property
    def undone(self) -> bool:
        return self.batch.undone_by.exists()

    @cached_property
    def items(self) -> list[BatchItem]:
        """Return the items with their APVs: those that need somebody first."""
        first = [ItemState.FAILED, ItemState.STOPPED, ItemState.WAITING, ItemState.DONE]
        found = self.batch.items.select_related("apv", "decision").only(
            *("position", "state", "reason", "version", "batch", "decision__action_taken"),
            *("apv__apv_code", "apv__package_name", "apv__version", "apv__status"),
        )
        return sorted(found, key=lambda item: (first.index(ItemState(item.state)), item.position))

    @property
    def again(self) -> list[str]:
        """Return what was not done, as the form chooses it, at the present versions."""
        left = (ItemState.FAILED, ItemState.STOPPED)
        return [
            value_of(one.apv.apv_code, one.apv.version) for one in self.items if one.state in left
        ]


def latest_of(user: Any) -> Progress | None:
    """Return the batch of a user to show next to the list: one that runs, or ended just now."""
    batch = Batch.objects.filter(user=user.pk).order_by("-created_at").first()
    if batch is None:
        return None
    progress = Progress(batch)
    is_new = batch.created_at > clock.now() - SHOWN_FOR
    return progress if is_new or progress.is_running else None
