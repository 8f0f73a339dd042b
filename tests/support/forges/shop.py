"""A repository on `emulate`, a GitHub that nobody here wrote, and what a bot does there."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

PATH = "acme/shop"
CONSOLE, BOT = "token-of-the-console", "token-of-the-bot"
SECRET = "a secret of webhooks"
BRANCH = "dependabot/npm_and_yarn/lodash-4.17.21"
MANIFEST = '{{\n  "dependencies": {{\n    "lodash": "{}"\n  }}\n}}\n'
SEED = {
    "tokens": {
        CONSOLE: {"login": "acme", "scopes": ["repo", "user"]},
        BOT: {"login": "dependabot[bot]", "scopes": ["repo"]},
    },
    "github": {
        "users": [{"login": "acme"}, {"login": "dependabot[bot]"}],
        "repos": [{"owner": "acme", "name": "shop", "auto_init": True}],
    },
}


class Shop:
    """The repository on the forge, and what a bot does there."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._owner = self._client(CONSOLE)
        self._bot = self._client(BOT)

    def _client(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self._url}/repos/{PATH}", headers=headers)

    def send_webhooks(self, url: str) -> None:
        config = {"url": url, "content_type": "json", "secret": SECRET}
        self._post("/hooks", name="web", active=True, events=["*"], config=config)

    def begin(self) -> None:
        """Depend on a vulnerable version."""
        self._post_commit("main", "4.17.20", self._head("main"))

    def bump(self, version: str, branch: str = BRANCH) -> None:
        """Push a bump as a bot does: one commit on main, by force if the branch exists."""
        self._post_commit(branch, version, self._head("main"))

    def open(self, branch: str = BRANCH) -> int:
        values = {"title": "Bump lodash from 4.17.20 to 4.17.21", "head": branch, "base": "main"}
        return int(self._bot.post("/pulls", json=values).raise_for_status().json()["number"])

    @contextmanager
    def protected(self, name: str) -> Iterator[None]:
        """Protect `main` for a while: nothing is merged without a success of this name."""
        checks = {"strict": False, "contexts": [name]}
        rule = {"required_status_checks": checks, "enforce_admins": True}
        given = rule | {"required_pull_request_reviews": None, "restrictions": None}
        self._owner.put("/branches/main/protection", json=given).raise_for_status()
        yield
        self._owner.delete("/branches/main/protection").raise_for_status()

    def pull(self, number: int) -> Any:
        """Return a pull request as the forge describes it."""
        return self._owner.get(f"/pulls/{number}").raise_for_status().json()

    def told(self, number: int) -> list[str]:
        """Return the texts of the comments and reviews of a pull request."""
        paths = (f"/issues/{number}/comments", f"/pulls/{number}/reviews")
        return [one["body"] for path in paths for one in self._owner.get(path).json()]

    def set_state(self, number: int, state: str) -> None:
        self._owner.patch(f"/pulls/{number}", json={"state": state}).raise_for_status()

    def _post(self, path: str, **values: Any) -> Any:
        return self._owner.post(path, json=values).raise_for_status().json()

    def _head(self, branch: str) -> str:
        answer = self._owner.get(f"/git/ref/heads/{branch}").raise_for_status()
        return str(answer.json()["object"]["sha"])

    def _post_commit(self, branch: str, version: str, parent: str) -> None:
        content = base64.b64encode(MANIFEST.format(version).encode()).decode()
        blob = self._post("/git/blobs", content=content, encoding="base64")
        entry = {"path": "package.json", "mode": "100644", "type": "blob", "sha": blob["sha"]}
        base = self._owner.get(f"/git/commits/{parent}").json()["tree"]["sha"]
        tree = self._post("/git/trees", base_tree=base, tree=[entry])
        message = f"Bump lodash to {version}"
        made = self._post("/git/commits", message=message, tree=tree["sha"], parents=[parent])
        known = self._owner.get(f"/git/ref/heads/{branch}").status_code == 200
        if known:
            values = {"sha": made["sha"], "force": True}
            self._owner.patch(f"/git/refs/heads/{branch}", json=values).raise_for_status()
        else:
            self._post("/git/refs", ref=f"refs/heads/{branch}", sha=made["sha"])
