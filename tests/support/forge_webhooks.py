"""Webhooks to the test client, signed as each kind of forge signs them."""

import json
from typing import Any

from django.db import connection
from django.test import Client as Browser

from forges.models import Credentials, Forge
from tests.support.forges.webhooks import hex_hmac

SECRET = "a secret of webhooks"


def connected(kind: str) -> Forge:
    url = "https://git.example.com"
    made = Forge(name=f"our-{kind}", kind=kind, url=url, api_url=url)
    made.set_credentials(Credentials(token="t"))
    made.set_secrets([SECRET])
    made.save()
    return made


def payload(forge: Forge, number: int = 5, remote_id: int = 7, path: str = "acme/shop") -> Any:
    """Return the payload about a pull request, as each forge writes it."""
    if forge.kind == "gitlab":
        return {
            "object_kind": "merge_request",
            "project": {"id": remote_id, "path_with_namespace": path},
            "object_attributes": {"iid": number, "action": "update"},
        }
    return {
        "action": "synchronize",
        "number": number,
        "pull_request": {"number": number},
        "repository": {"id": remote_id, "full_name": path},
    }


EVENTS = {"github": "X-GitHub-Event", "gitlab": "X-Gitlab-Event", "gitea": "X-Gitea-Event"}
IDS = {"github": "X-GitHub-Delivery", "gitlab": "Idempotency-Key", "gitea": "X-Gitea-Delivery"}


def send(
    forge: Forge, body: Any, delivery_id: str | None = "d-1", *, event: str = "", **headers: str
) -> Any:
    """Send a signed webhook, and return the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {EVENTS[forge.kind]: event or "pull_request", **signature(forge, raw), **headers}
    if delivery_id is not None:
        sent[IDS[forge.kind]] = delivery_id
    address = f"/hitl/forges/{forge.name}/webhook"
    browser = Browser(enforce_csrf_checks=True)
    return browser.post(address, raw, content_type="application/json", headers=sent)


def signature(forge: Forge, raw: bytes, secret: str = SECRET) -> dict[str, str]:
    if forge.kind == "gitlab":
        return {"X-Gitlab-Token": secret}
    return {"X-Hub-Signature-256": f"sha256={hex_hmac(secret, raw)}"}


def jobs(task: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        sql = "SELECT args::text FROM procrastinate_jobs WHERE task_name = %s ORDER BY id"
        cursor.execute(sql, [task])
        return [json.loads(args) for (args,) in cursor.fetchall()]
