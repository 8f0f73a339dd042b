"""Numbers in the format of the reader's language."""

from django.utils.formats import number_format


def digits(number: float) -> str:
    """Return a number with separated thousands: 12,480 or 12.480."""
    return number_format(number, force_grouping=True)


def percent(share: float) -> str:
    """Return a share from 0 to 1 in whole percent."""
    return f"{digits(round(100 * share))} %"
