"""Long names, cut in the middle, because their ends distinguish them."""

import re
import unicodedata

SHORT = 16
"""Names up to this many characters stand whole."""
TAIL = range(8, 19)
"""How many characters of a longer one are never cut: from a separator, if one is in reach."""


def split(name: str) -> tuple[str, str]:
    """Return the part of a name that may be cut and the rest; "" and all of a short name."""
    if len(name) <= SHORT:
        return "", name
    at = _start_of_tail(name)
    while at and unicodedata.combining(name[at]):
        at -= 1
    return name[:at], name[at:]


def _start_of_tail(name: str) -> int:
    starts = [found.end() for found in re.finditer(r"[/:@._-]", name)]
    within = [start for start in starts if len(name) - start in TAIL]
    return within[0] if within else len(name) - TAIL[-1] + 4
