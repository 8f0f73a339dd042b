"""The rules by which pull requests are accepted."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reviews.intake.model import PullRequest

BOTS = frozenset(
    [
        "dependabot[bot]",
        "dependabot-preview[bot]",
        "app/dependabot",
        "renovate[bot]",
        "renovate-bot",
        "app/renovate",
        "forking-renovate[bot]",
        "mend-for-github-com[bot]",
        "whitesource-bolt-for-github[bot]",
        "mend-bolt-for-github[bot]",
        "snyk-bot",
        "snyk[bot]",
        "snyk-io[bot]",
        "depfu[bot]",
        "pyup-bot",
        "pyup[bot]",
        "pre-commit-ci[bot]",
        "scala-steward",
        "scala-steward-bot",
        "greenkeeper[bot]",
        "greenkeeperio-bot",
        "imgbot[bot]",
        "step-security-bot",
        "deepsource-autofix[bot]",
    ]
)
"""Accounts that open pull requests about packages and their flaws, in lower case.

`github-actions[bot]` is none of them: every workflow of a repository writes under that name.
"""
BOT_BRANCHES = ("dependabot/*", "renovate/*", "snyk-fix-*", "snyk-upgrade-*", "pyup-*", "depfu/*")
"""How bots name their branches. No rule has them by itself: anybody can name a branch."""
FORM_OF_ACCOUNT = re.compile(r"[\w.@/\[\]-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a repository accepts: a known author, a label, or a pattern of branches.

    Authors and labels are compared without regard to case; patterns as shells match names.
    """

    authors: frozenset[str] = BOTS
    labels: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()

    def judge(self, pull_request: PullRequest) -> tuple[bool, str]:
        """Return whether a pull request is accepted, and the reason."""
        author = pull_request.author.strip()
        if author.lower() in {one.lower() for one in self.authors}:
            return True, f"The author {author} is a known bot."
        if label := self._label(pull_request):
            return True, f'It carries the label "{label}".'
        if pattern := self._pattern(pull_request.branch):
            return True, f"The branch matches {pattern}."
        return False, " ".join([_stranger(author), *_looks_like_a_bot(pull_request.branch)])

    def _label(self, pull_request: PullRequest) -> str | None:
        wanted = {one.casefold() for one in self.labels}
        return next((one for one in pull_request.labels if one.casefold() in wanted), None)

    def _pattern(self, branch: str) -> str | None:
        return next((one for one in self.branches if fnmatchcase(branch, one)), None)


def _stranger(author: str) -> str:
    if not author:
        return "No author is given, and no label or branch matches."
    if not FORM_OF_ACCOUNT.fullmatch(author):
        return "The author is no name of an account, and no label or branch matches."
    return f"The author {author} is no known bot, and no label or branch matches."


def _looks_like_a_bot(branch: str) -> list[str]:
    pattern = next((one for one in BOT_BRANCHES if fnmatchcase(branch, one)), None)
    if pattern is None:
        return []
    return [f"The branch is named like {pattern}, but anybody can name a branch so."]
