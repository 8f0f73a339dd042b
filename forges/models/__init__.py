"""The models of forges, their accounts, repositories, pull requests, webhooks and requests."""

from forges.models.account import ForgeAccount
from forges.models.delivery import Delivery
from forges.models.forge import Credentials, Forge
from forges.models.pull_request import PullRequest
from forges.models.repository import Repository
from forges.models.request_count import RequestCount

__all__ = [
    "Credentials",
    "Delivery",
    "Forge",
    "ForgeAccount",
    "PullRequest",
    "Repository",
    "RequestCount",
]
