"""What a fake forge carried out for those who asked it over its API, so that it can be counted."""

from collections import Counter
from typing import NamedTuple


class Write(NamedTuple):
    """Something that changed a pull request. `head_sha` is the commit that it had before.

    `kind` is merge, close, comment, review (a thread on GitLab), assign, branch (its deletion),
    enqueue or dequeue. What changed nothing, such as closing what is closed, was not carried out.
    """

    path: str
    number: int
    kind: str
    head_sha: str
    account: str
    text: str = ""


class Ledger:
    """All that was carried out, in its order."""

    def __init__(self) -> None:
        self.writes: list[Write] = []

    def of(self, number: int, kind: str = "", path: str = "") -> list[Write]:
        """Return what was carried out on one pull request, of one kind, in one repository."""
        return [
            one
            for one in self.writes
            if one.number == number and kind in {"", one.kind} and path in {"", one.path}
        ]

    def done_twice(self) -> dict[Write, int]:
        """Return what was carried out more than once for the same commit with the same text.

        A queue may be entered and left again; so its kinds do not count.
        """
        counted = Counter(one for one in self.writes if one.kind not in {"enqueue", "dequeue"})
        return {write: count for write, count in counted.items() if count > 1}

    def merged(self) -> dict[tuple[str, int], str]:
        """Return which commit was merged of each pull request."""
        return {(one.path, one.number): one.head_sha for one in self.writes if one.kind == "merge"}
