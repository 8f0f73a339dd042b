"""How much a test does: `--hypothesis-profile=thorough` runs its long form."""

from hypothesis import settings


def tries(usual: int, *, thorough: int) -> int:
    """Return how often a test tries what it does at random, in this run."""
    return thorough if settings.get_current_profile_name() == "thorough" else usual
