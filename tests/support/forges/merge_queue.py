"""The merge queue of the fake GitHub: over GraphQL, and as its people and checks act on it."""

from typing import Any

from tests.support.forges import github_graphql
from tests.support.forges.core import FakeForge
from tests.support.forges.github_graphql import Failed, account_value, pull_id
from tests.support.forges.http import About, Asked, Failure, Reply, locked, route
from tests.support.forges.models import Entry, Pull, Repo


class MergeQueues(FakeForge):
    """What a GitHub has besides: `repo.queue` requires the queue for each merge into `main`."""

    # -- What its checks do ----------------------------------------------------------------------

    @locked
    def merge_queued(self, repo: Repo) -> list[str]:
        """Merge what is queued, in its order, as if all checks of the queue had passed."""
        return [self._merge_entry(one) for one in self._queued(repo)]

    @locked
    def fail_queued(self, pull: Pull) -> None:
        """Drop a pull request from the queue, as if a check of the queue had failed."""
        self._drop(pull)

    def _merge_entry(self, pull: Pull) -> str:
        account = pull.entry.enqueuer if pull.entry else pull.author
        pull.entry = None
        self.note(pull, "merge", account)
        return self.merge(pull, account.login)

    def _queued(self, repo: Repo) -> list[Pull]:
        found = [one for one in repo.pulls.values() if one.entry]
        return sorted(found, key=lambda one: one.entry.order if one.entry else 0)

    def _drop(self, pull: Pull) -> None:
        if pull.entry:
            pull.entry = None
            self._changed(pull, "dequeued")

    def _changed(self, pull: Pull, action: str) -> None:
        """Drop the entry of what was pushed to or ended, as GitHub does."""
        super()._changed(pull, action)
        if action in {"synchronize", "closed"}:
            self._drop(pull)

    # -- GraphQL ---------------------------------------------------------------------------------

    def about_queue(self, asked: Asked) -> About:
        """Return whether a document looks, enqueues or dequeues, and which pull request."""
        value = asked.value()
        given = value.get("variables", {})
        kinds = ("enqueue", "dequeue")
        kind = next((one for one in kinds if f"{one}PullRequest(" in value["query"]), "look")
        number = given.get("number") or str(given.get("pull", "")).rpartition("_")[2]
        return About(kind, int(number) if number else None)

    @route("POST", "/graphql")
    def _graphql(self, asked: Asked) -> Reply:
        return github_graphql.execute(
            asked.value(),
            {
                "viewer": lambda _: account_value(self.asking(asked)),
                "repository": lambda _, **where: self._repository_node(**where),
                "enqueuePullRequest": lambda _, input: self._enqueue(asked, **input),
                "dequeuePullRequest": lambda _, input: self._dequeue(asked, **input),
            },
        )

    def _repository_node(self, owner: str, name: str, followRenames: bool) -> dict[str, Any]:  # noqa: N803
        path = f"{owner}/{name}"
        for repo in self.repos.values():
            if repo.path == path or (followRenames and path in repo.moved_from):
                return {"pullRequest": lambda _, number, repo=repo: self._pull_node(repo, number)}
        raise Failed("NOT_FOUND", f"Could not resolve to a Repository with the name '{path}'.")

    def _pull_node(self, repo: Repo, number: int) -> dict[str, Any]:
        if number not in repo.pulls:
            raise Failed(
                "NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}."
            )
        pull = repo.pulls[number]
        return {
            "id": pull_id(pull),
            "headRefOid": pull.head_sha,
            "isMergeQueueEnabled": repo.queue,
            "isInMergeQueue": pull.entry is not None,
            "mergeQueueEntry": self._entry_node(pull),
        }

    def _entry_node(self, pull: Pull) -> dict[str, Any] | None:
        if pull.entry is None:
            return None
        position = self._queued(pull.repo).index(pull) + 1
        enqueuer = account_value(pull.entry.enqueuer)
        return {
            "state": pull.entry.state,
            "position": position,
            "enqueuer": enqueuer,
            "headCommit": {"oid": pull.entry.commit},
        }

    def _node(self, name: str) -> Pull:
        for repo in self.repos.values():
            for pull in repo.pulls.values():
                if pull_id(pull) == name:
                    return pull
        raise Failed("NOT_FOUND", f"Could not resolve to a node with the global id of '{name}'.")

    def _enqueue(
        self, asked: Asked, pullRequestId: str, expectedHeadOid: str = "", jump: bool = False  # noqa: N803
    ) -> dict[str, Any]:  # fmt: skip
        pull = self._node(pullRequestId)
        if expectedHeadOid and expectedHeadOid != pull.head_sha:
            raise Failed("UNPROCESSABLE", "Expected head sha didn't match current head ref.")
        if why := self._why_not_queued(pull):
            raise Failed("UNPROCESSABLE", f"Pull request {why}")
        pull.entry = Entry(self.asking(asked), next(self._ids), self._merged_on_trial(pull))
        self.note(pull, "enqueue", self.asking(asked))
        self._changed(pull, "enqueued")
        return {"mergeQueueEntry": self._entry_node(pull)}

    def _merged_on_trial(self, pull: Pull) -> str:
        """Return a commit as the queue makes one for its checks, on a branch of its own."""
        git, branch = pull.repo.git, f"gh-readonly-queue/{pull.base}/pr-{pull.number}"
        git.set_branch(branch, git.head(pull.base))
        return git.merge(branch, pull.head_sha, "merge", f"Try #{pull.number}")

    def _why_not_queued(self, pull: Pull) -> str:
        """Return why a pull request may not enter the queue, "" if it may."""
        if pull.entry:
            return "is already in the queue"
        if not pull.repo.queue:
            return "is not targeting a branch with a merge queue"
        try:
            self.check_merge(pull)
        except Failure as failure:
            return failure.message
        return ""

    def _dequeue(self, asked: Asked, id: str) -> dict[str, Any]:
        pull = self._node(id)
        if pull.entry is None:
            raise Failed("UNPROCESSABLE", "Pull request is not in the queue")
        node = self._entry_node(pull)
        self.note(pull, "dequeue", self.asking(asked))
        self._drop(pull)
        return {"mergeQueueEntry": node}
