"""Whether two readers agree on a patch, or what explains their difference."""

import re
from typing import Literal

from reviews.diffs import Diff
from tools.compare_diffs.readers import Change, Refused

Verdict = Literal["agrees", "contradiction said", "known limit", "unexplained"]

# What git and unidiff do not read, although nothing in the patch contradicts itself.
LIMITS = {
    r"git diff header lacks filename information": (
        "git: headers that end with CRLF, of files of which no line changes"
    ),
    r"(corrupt|unrecognized) binary patch|inflate: ": "git: binary data, which it alone unpacks",
    r"Target without source": "unidiff: names with spaces, under prefixes other than a/ and b/",
}
REFUSALS = re.compile("|".join(LIMITS))


def verdict(diff: Diff, ours: list[Change], theirs: list[Change] | Refused) -> Verdict:
    """Compare what the console read with what another reader read, or its refusal."""
    if not isinstance(theirs, Refused) and sorted(theirs) == sorted(ours):
        return "agrees"
    if diff.problems:
        return "contradiction said"
    if isinstance(theirs, Refused) and REFUSALS.search(str(theirs)):
        return "known limit"
    return "unexplained"
