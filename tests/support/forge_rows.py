"""Rows of forges, repositories and pull requests, as a reader of forges stores them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from forges.models import Forge, PullRequest, Repository
from forges.signals import pull_request_read

BUMP = """diff --git a/package.json b/package.json
index 1111111..2222222 100644
--- a/package.json
+++ b/package.json
@@ -2,6 +2,6 @@
   "name": "shop",
   "dependencies": {
-    "lodash": "4.17.20",
+    "lodash": "4.17.21",
     "left-pad": "1.3.0"
   }
 }
"""
REBASED = BUMP.replace("1111111..2222222", "3333333..4444444").replace(
    "@@ -2,6 +2,6", "@@ -9,6 +9,6"
)
"""The same patch on another commit."""
FURTHER = BUMP.replace("4.17.21", "4.17.22")
"""Another patch."""


def repository(**fields: Any) -> Repository:
    """Store a watched repository on a forge of its own."""
    name = f"forge-{uuid4().hex[:8]}"
    forge = Forge.objects.create(
        name=name,
        kind="github",
        url="https://git.example.com",
        api_url="https://git.example.com/api",
        credentials=b"",
        webhook_secrets=b"",
    )
    return Repository.objects.create(**{"forge": forge, "path": "shop/web", **fields})


def pull_request(of: Repository, number: int = 7, **fields: Any) -> PullRequest:
    """Return an open pull request of Dependabot, not stored."""
    now = timezone.now()
    return PullRequest(
        **{
            "repository": of,
            "number": number,
            "url": f"https://git.example.com/{of.path}/pull/{number}",
            "title": "Bump lodash from 4.17.20 to 4.17.21",
            "body": "Bumps lodash from 4.17.20 to 4.17.21.",
            "author": "dependabot[bot]",
            "author_is_bot": True,
            "head_ref": "dependabot/npm_and_yarn/lodash-4.17.21",
            "head_sha": "a" * 40,
            "base_ref": "main",
            "base_sha": "b" * 40,
            "state": "open",
            "diff": BUMP,
            "forge_updated_at": now,
            "read_at": now,
            **fields,
        }
    )


@contextmanager
def heard() -> Iterator[list[int]]:
    """Collect the numbers of pull requests that the signal tells of."""
    numbers: list[int] = []

    def hear(pull_request: PullRequest, **_: Any) -> None:
        numbers.append(pull_request.number)

    pull_request_read.connect(hear)
    yield numbers
    pull_request_read.disconnect(hear)


def tell(pull_request: PullRequest, **fields: Any) -> None:
    """Store a pull request as it was read, with changed `fields`, and send the signal."""
    for name, value in fields.items():
        setattr(pull_request, name, value)
    with transaction.atomic():
        pull_request.save()
        pull_request_read.send(PullRequest, pull_request=pull_request)
