"""The models of forges, their repositories and pull requests, and received webhooks."""

from forges.models.delivery import Delivery
from forges.models.forge import Credentials, Forge
from forges.models.pull_request import PullRequest
from forges.models.repository import Repository

__all__ = ["Credentials", "Delivery", "Forge", "PullRequest", "Repository"]
