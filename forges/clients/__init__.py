"""One client for each kind of forge, behind one interface."""

from functools import partial
from urllib.parse import urlsplit

from forges import request_counts
from forges.choices import ForgeKind
from forges.clients.base import Client
from forges.clients.gitea import Gitea
from forges.clients.github import GitHub
from forges.clients.gitlab import GitLab
from forges.encryption import CannotDecrypt
from forges.errors import NotAllowed
from forges.models import Forge

CLIENTS: dict[str, type[GitHub | GitLab | Gitea]] = {
    ForgeKind.GITHUB: GitHub,
    ForgeKind.GITLAB: GitLab,
    ForgeKind.GITEA: Gitea,
}


def client_for(forge: Forge) -> Client:
    """Return a client of a forge, to be closed after use. Raise ForgeError if there can be none."""
    try:
        credentials = forge.decrypted_credentials()
    except CannotDecrypt as error:
        raise NotAllowed(str(error)) from error
    client = CLIENTS[forge.kind](forge.name, forge.api_url, credentials, forge.ca_certificates)
    client.on_close = partial(request_counts.add, forge)
    return client


def usual_api_url(kind: str, url: str) -> str:
    """Return where a forge that people open at `url` usually has its API."""
    if kind == ForgeKind.GITHUB and urlsplit(url).hostname in {"github.com", "www.github.com"}:
        return "https://api.github.com"
    path = {ForgeKind.GITHUB: "api/v3", ForgeKind.GITLAB: "api/v4", ForgeKind.GITEA: "api/v1"}
    return f"{url.rstrip('/')}/{path[ForgeKind(kind)]}"
