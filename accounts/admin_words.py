"""Names for what other packages left without a translation."""

from typing import Any


def reword(model: Any, one: Any, many: Any, **fields: Any) -> None:
    """Call a model of somebody else's, and its fields, by these names in the admin.

    What migrations compare is untouched: they look at what the package itself wrote.
    """
    model._meta.verbose_name, model._meta.verbose_name_plural = one, many
    for name, words in fields.items():
        model._meta.get_field(name).verbose_name = words
