"""The revisions of an APV on its page: when each began, and what changed since one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext_lazy as _

from realtime.compiled_queries import CompiledQuery
from reviews.choices import RevisionReason, Status
from reviews.console.changes import Difference, between
from reviews.console.invisible_characters import reveal
from reviews.diffs.interdiff import Between, interdiff
from reviews.models import APV, KEPT_OF_REVISIONS, Decision, Revision
from reviews.pull_requests.addresses import commit_address

MOST_SHOWN, MOST_LINES = 20, 2000
COMPARED = (*KEPT_OF_REVISIONS, "head_commit", "changes", "advisories")
BRIEF = ("number", "reason", "head_commit", "same_patch", "created_at")
KINDS = {
    "only_before": _("not changed any more"),
    "only_after": _("changed now as well"),
    "changed": _("changed in another way"),
}


@dataclass(frozen=True)
class Shown:
    """A revision in the list of them, with the decisions that were made on it."""

    revision: Revision
    is_current: bool
    address: str
    decisions: list[Decision]


@dataclass(frozen=True)
class Revisions:
    """The revisions of an APV, the newest first; `more` are not shown."""

    shown: list[Shown]
    more: int

    @property
    def are_several(self) -> bool:
        return len(self.shown) > 1

    @property
    def current(self) -> Revision:
        return self.shown[0].revision


SHOWN = CompiledQuery(
    lambda pk: Revision.objects.filter(apv=pk).newest_first().only(*BRIEF)[:MOST_SHOWN],
    UUID(int=1),
)


def revisions_of(apv: APV, decisions: Sequence[Decision]) -> Revisions:
    """Return the revisions of an APV; only the APV itself has the first while it is alone."""
    stored = SHOWN.rows(apv.pk)
    alone = Revision.of(apv, reason=RevisionReason.OPENED, created_at=apv.created_at)
    found = stored or [alone]
    shown = [
        Shown(
            one,
            one.number == apv.revision,
            commit_address(apv, one.head_commit),
            [made for made in decisions if made.revision == one.number],
        )
        for one in found
    ]
    return Revisions(shown, max(0, apv.revision - len(shown)))


def is_past(apv: APV, decision: Decision) -> bool:
    """Return whether a decision does not stand any more: the APV waits for another one."""
    return decision.is_final and apv.status in {
        Status.PENDING,
        Status.ESCALATED,
        Status.WITHDRAWN,
    }


# -- Since a revision -------------------------------------------------------------------------


@dataclass(frozen=True)
class Since:
    """What changed on an APV since one of its revisions."""

    revision: Revision
    files: list["FileSince"]
    evidence: list[Difference]

    @property
    def same_patch(self) -> bool:
        return bool(self.revision.patch_diff) and not self.files


@dataclass(frozen=True)
class FileSince:
    """A file whose patch changed since; `more` lines are not shown."""

    between: Between
    words: Any
    lines: Sequence[tuple[str, str]]
    more: int


def since(apv: APV, number: int) -> Since:
    """Return what changed on an APV since the revision with a number. Raise Http404."""
    revision = apv.revisions.filter(number=number).first()
    if revision is None:
        raise Http404
    files = [_shown(one) for one in interdiff(revision.patch_diff, apv.patch_diff)]
    return Since(revision, files, between(_as_it_was(revision), apv, COMPARED))


def _shown(one: Between) -> FileSince:
    lines = one.lines or []
    shown = [(line.sign, reveal(line.text)) for line in islice(lines, MOST_LINES)]
    return FileSince(one, KINDS[one.kind], shown, max(0, len(lines) - MOST_LINES))


def _as_it_was(revision: Revision) -> APV:
    """Return an unsaved APV with what a revision keeps."""
    kept = {
        name: revision.evidence[name] for name in KEPT_OF_REVISIONS if name in revision.evidence
    }
    return APV(
        **kept,
        head_commit=revision.head_commit,
        changes=revision.changes,
        advisories=revision.advisories,
    )
