"""`emulate` with what it lacks and GitHub has: diffs, statuses, and heads that follow a push.

It stands between the console and emulate, hands everything on, and makes what is missing from what
emulate itself has stored: refs, commits, trees and blobs. tests/forges/test_stand_ins.py names what
is missing.
"""

import base64
import difflib
from typing import Any

import httpx

from tests.support.forges.github import REQUESTS
from tests.support.forges.http import Asked, HttpServer, Reply, route

DIFF = "application/vnd.github.diff"
PULL = "/repos/{owner}/{repo}/pulls/{number}"
HANDED_ON = ("authorization", "accept", "content-type")


class Completed(HttpServer):
    """A proxy to the emulate at `upstream`; `admin` is a token that may read everything.

    It has the faults of the fakes.
    """

    requests = REQUESTS

    def __init__(self, upstream: str, admin: str) -> None:
        super().__init__()
        self._upstream = httpx.Client(base_url=upstream)
        self._admin = {"Authorization": f"Bearer {admin}"}

    def _get(self, path: str) -> Any:
        return self._upstream.get(path, headers=self._admin).raise_for_status().json()

    @route("GET", PULL)
    def _pull(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        reply = self._hand_on(asked)
        if reply.status != 200:
            return reply
        pull = httpx.Response(200, content=reply.body()).json()
        self._follow_push(f"/repos/{owner}/{repo}", pull)
        if asked.headers.get("accept") != DIFF:
            return Reply(value=pull)
        base, head = pull["base"]["sha"], pull["head"]["sha"]
        return Reply(data=self._diff(f"/repos/{owner}/{repo}", base, head).encode())

    @route("PUT", PULL + "/merge")
    def _merge(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull = self._get(f"/repos/{owner}/{repo}/pulls/{number}")
        self._follow_push(f"/repos/{owner}/{repo}", pull)
        if asked.value().get("sha", pull["head"]["sha"]) != pull["head"]["sha"]:
            return Reply(409, {"message": "Head branch was modified. Review and try again."})
        return self._hand_on(asked)

    @route("GET", "/repos/{owner}/{repo}/pulls")
    def _pulls(self, asked: Asked, owner: str, repo: str) -> Reply:
        reply = self._hand_on(asked)
        pulls = httpx.Response(200, content=reply.body()).json()
        for pull in pulls:
            self._follow_push(f"/repos/{owner}/{repo}", pull)
        return Reply(value=pulls)

    @route("POST", "/repos/{owner}/{repo}/statuses/{sha}")
    def _set_status(self, asked: Asked, owner: str, repo: str, sha: str) -> Reply:
        """Keep a status as a check run, which is what emulate's protection of branches reads."""
        told = asked.value()
        run = {"name": told["context"], "head_sha": sha, "status": "in_progress"}
        if told["state"] != "pending":
            run |= {"status": "completed", "conclusion": told["state"]}
        where = f"/repos/{owner}/{repo}/check-runs"
        self._upstream.post(where, json=run, headers=self._admin).raise_for_status()
        return Reply(201, {"context": told["context"], "state": told["state"]})

    @route("GET", "/repos/{owner}/{repo}/commits/{sha}/status")
    def _status(self, asked: Asked, owner: str, repo: str, sha: str) -> Any:
        return {"state": "pending", "sha": sha, "total_count": 0, "statuses": []}

    @route("*", "/{path*}")
    def _untouched(self, asked: Asked, path: str) -> Reply:
        return self._hand_on(asked)

    def _hand_on(self, asked: Asked) -> Reply:
        headers = {name: asked.headers[name] for name in HANDED_ON if name in asked.headers}
        answer = self._upstream.request(
            asked.method, asked.path, params=asked.query, headers=headers, content=asked.body
        )
        kind = answer.headers.get("content-type", "application/json")
        kept = {name: answer.headers[name] for name in ("link", "etag") if name in answer.headers}
        return Reply(answer.status_code, data=answer.content, headers={"Content-Type": kind} | kept)

    def _follow_push(self, repository: str, pull: dict[str, Any]) -> None:
        ref = self._get(f"{repository}/git/ref/heads/{pull['head']['ref']}")
        pull["head"]["sha"] = ref["object"]["sha"]

    # -- Diffs -----------------------------------------------------------------------------------

    def _diff(self, repository: str, base: str, head: str) -> str:
        old, new = self._files(repository, base), self._files(repository, head)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        return "".join(
            self._diff_of(repository, name, old.get(name), new.get(name)) for name in changed
        )

    def _files(self, repository: str, commit: str) -> dict[str, str]:
        """Return the blob of each file of a commit."""
        tree = self._get(f"{repository}/git/commits/{commit}")["tree"]["sha"]
        entries = self._get(f"{repository}/git/trees/{tree}?recursive=1")["tree"]
        return {one["path"]: one["sha"] for one in entries if one["type"] == "blob"}

    def _diff_of(self, repository: str, name: str, old: str | None, new: str | None) -> str:
        source = f"a/{name}" if old else "/dev/null"
        target = f"b/{name}" if new else "/dev/null"
        before, after = (self._lines(repository, blob) for blob in (old, new))
        lines = difflib.unified_diff(before, after, source, target)
        head = f"diff --git a/{name} b/{name}\n"
        if not (old and new):
            head += f"{'new' if new else 'deleted'} file mode 100644\n"
        return head + "".join(lines)

    def _lines(self, repository: str, blob: str | None) -> list[str]:
        if blob is None:
            return []
        content = self._get(f"{repository}/git/blobs/{blob}")["content"]
        return base64.b64decode(content).decode().splitlines(keepends=True)
