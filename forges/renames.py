"""Follow repositories that were renamed or moved on their forge."""

import structlog

from forges.models import Repository
from forges.texts import fitting

logger = structlog.get_logger(__name__)


def follow(repository: Repository, *, path: str, remote_id: str) -> None:
    """Store the path and the id that a repository has on its forge now; an empty one stays.

    A path that another row has stays there: that row follows its own repository.
    """
    before = repository.path, repository.remote_id
    path = fitting(Repository, "path", path)
    if path and path != repository.path and not _taken(repository, path):
        logger.info("repository_renamed", old=repository.path, new=path)
        repository.path = path
    repository.remote_id = fitting(Repository, "remote_id", remote_id) or repository.remote_id
    if (repository.path, repository.remote_id) != before:
        repository.save(update_fields=["path", "remote_id"])


def _taken(repository: Repository, path: str) -> bool:
    return Repository.objects.filter(forge=repository.forge_id, path=path).exists()
