"""Words for the terminal."""

from django.core.exceptions import ValidationError


def in_a_line(error: ValidationError) -> str:
    """Return what is wrong with which field, in one line."""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return "; ".join(f"{name}: {' '.join(why)}" for name, why in error.message_dict.items())
