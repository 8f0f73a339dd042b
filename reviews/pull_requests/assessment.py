"""Whether a pull request that was read from a forge becomes an APV, and what this one says of it.

A pull request may contain anything. What is too long is cut, and a validation warning says so;
nothing in it names another repository, another pull request or another APV.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings

from forges.models import PullRequest, Repository
from reviews import intake
from reviews.intake.model import MOST_CHARACTERS, MOST_LABELS, Change
from reviews.lengths import LONGEST_PATH, MOST_CHANGES, longest
from reviews.pull_requests.fields import Fields, fields_of
from reviews.pull_requests.fixed_advisories import Fix, fixes

MOST_ADVISORIES = 200


class Assessment(NamedTuple):
    """Whether a pull request is accepted and why, and what an APV says of it."""

    taken: bool
    why: str
    fields: Fields
    fixes: list[Fix]


def assess(pull_request: PullRequest) -> Assessment:
    """Return what an APV says of a pull request, by the rules of its repository."""
    given, cut = _given(pull_request)
    explanation = intake.explain(given, rules_of(pull_request.repository))
    changes, left_out = _bounded(explanation.changes)
    found = fixes(changes)[:MOST_ADVISORIES]
    warnings = [*cut, *left_out, *explanation.problems]
    fields = fields_of(pull_request, changes, found, warnings)
    taken, why = explanation.taken, explanation.why
    if taken and not found and not pull_request.repository.takes_unfixing:
        taken, why = False, "It fixes no advisory that is known here."
    return Assessment(taken, why, fields, found)


def rules_of(repository: Repository) -> intake.Rules:
    """Return the rules by which a repository takes pull requests in."""
    return intake.Rules(
        intake.BOTS | frozenset(settings.HITL_BOTS),
        tuple(repository.labels),
        tuple(repository.branches),
    )


def _given(pull_request: PullRequest) -> tuple[intake.PullRequest, list[str]]:
    """Return the pull request as the intake reads it, and what was cut."""
    texts = {
        "title": pull_request.title,
        "message": f"{pull_request.body}\n\n{pull_request.message}",
        "author": pull_request.author,
        # Anybody may name a branch of their own fork so that a pattern matches it.
        "branch": "" if pull_request.from_fork else pull_request.head_ref,
        "diff": pull_request.diff,
    }
    cut = [
        f"The {name} is longer than is read: the rest of it was not looked at."
        for name, text in texts.items()
        if len(text) > MOST_CHARACTERS[name]
    ]
    bounded = {name: text[: MOST_CHARACTERS[name]] for name, text in texts.items()}
    labels = tuple(pull_request.labels[:MOST_LABELS])
    return intake.PullRequest(**bounded, labels=labels), cut


def _bounded(changes: Sequence[Change]) -> tuple[list[Change], list[str]]:
    """Return as many changes as are kept, with names as long as are kept."""
    kept = [
        one._replace(
            package=one.package[: longest("package_name")],
            ecosystem=one.ecosystem[: longest("package_ecosystem")],
            old=one.old and one.old[: longest("package_version")],
            new=one.new and one.new[: longest("fixed_version")],
            file=one.file[:LONGEST_PATH],
        )
        for one in changes[:MOST_CHANGES]
    ]
    if len(changes) > MOST_CHANGES:
        return kept, [f"It makes {len(changes):,} changes; the first {MOST_CHANGES:,} are listed."]
    return kept, []
