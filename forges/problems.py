"""What requests to a forge fail with, noted on its row."""

from collections.abc import Iterator
from contextlib import contextmanager

from forges.errors import Limited, NotAllowed, Unavailable
from forges.models import Forge

ENDS_ALL = (Limited, NotAllowed, Unavailable)
"""What the next request to the same forge would fail with, too."""


@contextmanager
def noting(forge: Forge) -> Iterator[None]:
    """Store what the last requests to a forge failed with, or that they did not."""
    try:
        yield
    except ENDS_ALL as error:
        Forge.objects.filter(pk=forge.pk).update(problem=error.words)
        raise
    else:
        Forge.objects.filter(pk=forge.pk).exclude(problem="").update(problem="")
