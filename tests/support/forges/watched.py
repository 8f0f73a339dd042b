"""A fake forge whose repository the console watches, and what both have of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.forges import TOKEN, FakeForge
from tests.support.site import Server, Site

PATH = "acme/shop"


@contextmanager
def connected(kind: type[FakeForge], site: Site, server: Server) -> Iterator[FakeForge]:
    """A fake with a watched repository, which delivers its webhooks to the server."""
    with kind() as fake:
        fake.repository(PATH, {"package.json": "{}\n"})
        name = f"{fake.kind}-{fake.url.rpartition(':')[2]}"
        address = ["--url", fake.url, "--api-url", fake.url + fake.api, "--token-file", "-"]
        printed = site.manage("connect_forge", fake.kind, "--name", name, *address, stdin=TOKEN)
        secret = re.search(r"secret:  (\S+)", printed)
        assert secret, printed
        site.manage("watch_repository", name, PATH)
        fake.deliver_to(f"{server.origin}/hitl/forges/{name}/webhook", secret[1])
        yield fake
        site.manage("watch_repository", name, PATH, "--stop")


def name_of(fake: FakeForge) -> str:
    """Return the name that the forge was connected under."""
    return fake.webhooks.url.split("/")[-2]


STORED = """
SELECT number, title, state, head_sha, draft FROM forges_pullrequest AS pull
JOIN forges_repository AS repository ON repository.id = pull.repository_id
JOIN forges_forge AS forge ON forge.id = repository.forge_id
WHERE forge.name = %s ORDER BY number
"""


def ours(site: Site, fake: FakeForge) -> list[tuple[Any, ...]]:
    """Return the pull requests as the console has them."""
    return site.rows(STORED, name_of(fake))


def theirs(fake: FakeForge) -> list[tuple[Any, ...]]:
    """Return the same of the forge's."""
    pulls = fake.repo_at(PATH).pulls
    return [
        (one.number, one.title, one.state, one.head_sha, one.draft)
        for _, one in sorted(pulls.items())
    ]


def are_equal(site: Site, fake: FakeForge) -> bool:
    return ours(site, fake) == theirs(fake)
