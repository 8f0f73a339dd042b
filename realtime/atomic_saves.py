"""Models whose rows commit together with what their post_save receivers publish.

For a save without a transaction, Django commits before it sends post_save. Here it commits after.
"""

from functools import wraps
from typing import Any

from django.db import models

from realtime.transactions import publishing


class AtomicSave(models.Model):
    """A model of this project whose saves commit after their receivers ran."""

    class Meta:
        abstract = True

    def save_base(self, *args: Any, **options: Any) -> None:
        with publishing(savepoint=False):
            super().save_base(*args, **options)


def make_saves_atomic(model: type[models.Model]) -> None:
    """Give a model of another package the behaviour of AtomicSave, by replacing its `save_base`."""
    save_base: Any = model.save_base

    @wraps(save_base)
    def together(*args: Any, **options: Any) -> None:
        with publishing(savepoint=False):
            save_base(*args, **options)

    model.save_base = together  # type: ignore[method-assign]
