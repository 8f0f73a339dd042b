"""Translated names for models of other packages that have none."""

from typing import Any


def reword(model: Any, one: Any, many: Any, **fields: Any) -> None:
    """Give another package's model and its fields these names in the admin.

    Migrations do not change: they compare what the package itself declared.
    """
    model._meta.verbose_name, model._meta.verbose_name_plural = one, many
    for name, words in fields.items():
        model._meta.get_field(name).verbose_name = words
