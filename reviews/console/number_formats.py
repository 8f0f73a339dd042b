"""Numbers as the reader's language writes them."""

from django.utils.formats import number_format


def digits(number: float) -> str:
    """A number with its thousands apart: 12,480 or 12.480."""
    return number_format(number, force_grouping=True)


def percent(share: float) -> str:
    """A share from 0 to 1 in whole percent."""
    return f"{digits(round(100 * share))} %"
