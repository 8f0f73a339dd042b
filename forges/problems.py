"""What requests to a forge fail with: noted on its row, and in words for people."""

from collections.abc import Iterator
from contextlib import contextmanager

from forges.encryption import CannotDecrypt
from forges.errors import ForgeError, Limited, NotAllowed, Unavailable
from forges.models import Forge

PROBLEMS = (ForgeError, CannotDecrypt)
ENDS_ALL = (CannotDecrypt, Limited, NotAllowed, Unavailable)
"""What the next request to the same forge would fail with, too."""


@contextmanager
def noting(forge: Forge) -> Iterator[None]:
    """Store what the last requests to a forge failed with, or that they did not."""
    try:
        yield
    except ENDS_ALL as error:
        Forge.objects.filter(pk=forge.pk).update(problem=words_of(error))
        raise
    else:
        Forge.objects.filter(pk=forge.pk).exclude(problem="").update(problem="")


def words_of(error: BaseException) -> str:
    """Return why a request to a forge failed, for people."""
    return error.words if isinstance(error, ForgeError) else str(error)
