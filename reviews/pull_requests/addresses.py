"""Where repositories and commits can be seen on their forge."""

import re
from urllib.parse import quote

from forges.choices import ForgeKind
from forges.models import PullRequest
from reviews.models import APV, COMMIT_PATTERN, Effect


def address_of_repository(pull_request: PullRequest) -> str:
    repository = pull_request.repository
    return f"{repository.forge.url.rstrip('/')}/{quote(repository.path)}"


def commit_address(apv: APV, commit: str) -> str:
    """Return the address of a commit on the forge, or "" if there is none."""
    if not re.fullmatch(COMMIT_PATTERN, commit) or apv.pull_request is None:
        return ""
    is_gitlab = apv.pull_request.repository.forge.kind == ForgeKind.GITLAB
    path = "-/commit" if is_gitlab else "commit"
    return f"{address_of_repository(apv.pull_request)}/{path}/{commit}"


def outcome_address(effect: Effect) -> str:
    """Return where what came of a decision can be seen, "" if nowhere."""
    address = effect.outcome_url or commit_address(effect.decision.apv, effect.merged_commit)
    return str(address)
