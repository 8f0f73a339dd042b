"""Fakes of GitHub, GitLab and Gitea (and Forgejo): stateful, on a port of the loopback interface.

Each speaks its forge's API as documented, over real git repositories: commits, diffs, merges,
rebases and conflicts are git's. What all three keep is in `models.py`, what people and bots do in
`people.py`, what each speaks in its own file, and what they share of that in `core.py`; faults are
in `http.py`, webhooks in `webhooks.py`, git in `git.py`.

    with FakeGitHub() as forge:
        repo = forge.repository("acme/shop", {"package.json": "{}"})
        pull = forge.open_pull_request(repo, "bump", {"package.json": "{…}"}, title="Bump lodash",
                                       author="dependabot[bot]", message="…", labels=["security"])
        client = client_for(forge.row())          # a row that is not saved
        repository = forge.watched("acme/shop")   # stored, with the forge

What people and bots do: `push(pull, files)` and with `force=True` a force-push, `rebase(pull)`,
`push_to_main(repo, files)`, `edit(pull, title=…, labels=…, draft=…)`, `close(pull, by=…)`,
`reopen(pull)`, `merge(pull, by=…, method=…)`, `add_check(repo, sha, name, state)` (`is_run=True`
for a check run of GitHub; the state is the forge's word), `rename(repo, path)`. A login that ends
with [bot] is a bot's. All of it may come from any thread: people wait while a request is being
carried out, and requests wait for people.

What a repository allows: `repo.required = ("ci",)` protects `main`, `repo.methods = ("squash",)`
are the ways to merge, `repo.archived` closes the repository. With `repo.queue`, GitHub merges by a
merge queue only: `merge_queued(repo)` merges what is in it, `fail_queued(pull)` drops an entry.

What arrived: `forge.asked` (method, path, query, headers, body) and `forge.writes`; on a pull
request `comments`, `reviews`, `threads`, `assignees`, `state`, `merged_sha`, `entry`. What a
request may not: `tokens` maps them to accounts, `remaining` is the rest of the rate limit, `scopes`
and `permissions` what the credentials may do, `FakeGitLab.unchecked` how many merges it refuses
because it has not looked yet.

What was carried out over the API, also if its answer was lost: `forge.ledger.writes`, those `of` a
pull request, `done_twice()`, and `merged()`, the commit that was merged of each pull request.

What goes wrong: `forge.fault(…)` for the next request, or `times=n`, and `with forge.failing(…)`
for a while; `forge.heal()` ends all. Restricted with `on=`, what a request is for on any forge
(look, merge, close, comment, review, assign, status, branch, enqueue, dequeue), `number=` of a pull
request, `method=` and a regular expression for `path=`. Both give the fault: `happened` counts.

    forge.fault(reply=answers(503), times=3)   # or answers(429, Retry_After="2"), 405, 409
    forge.fault(reply=answers(301, Location="https://elsewhere.example/"))
    forge.fault(reply=html())                     # a page with status 200
    forge.fault(on="merge", drop=True)            # do it, and close without an answer
    forge.fault(cut=True)                         # half of the body
    forge.fault(delay=3)                          # late
    forge.fault(trickle=1)                        # a byte each second; endless=True: of a header
    forge.fault(on="merge", number=7, before=lambda: forge.push(pull, {…}, force=True))
    forge.fault(on="merge", number=7, before=lambda: forge.merge(pull, by="maria"))

Webhooks: `forge.deliver_to(url, secret)`, then each change sends one, signed as the forge signs.
`with forge.webhooks.disturbed(times=2, batch=3)` delivers each twice and three at a time in reverse
order, `times=0` none. `forge.webhooks.hold()` keeps them; `.lose()` drops what is kept,
`.release(reversed, times=2)` sends it in another order or twice; `.settle()` waits until all are
answered, `.sent` has the answers. App credentials: `FakeGitHub.app_row()`. The fakes know `git`, so
that a test with one is no `fast` test.

`stand_ins.py` runs what others made: `emulate`, a GitHub, and Prism, which holds requests against
GitHub's description. `completed.py` stands before emulate, with the same faults.
"""

from collections.abc import Callable

from forges.clients.base import Client
from forges.models import Forge
from tests.support.forges.core import ACCOUNT, TOKEN, FakeForge
from tests.support.forges.gitea import FakeGitea
from tests.support.forges.github import FakeGitHub
from tests.support.forges.gitlab import FakeGitLab
from tests.support.forges.http import Fault, answers, html
from tests.support.forges.models import Pull, Repo

FAKES: tuple[type[FakeForge], ...] = (FakeGitHub, FakeGitLab, FakeGitea)
Connect = Callable[[Forge], Client]
"""What the fixture `connect` returns."""

__all__ = [
    "ACCOUNT",
    "FAKES",
    "TOKEN",
    "Connect",
    "FakeForge",
    "FakeGitHub",
    "FakeGitLab",
    "FakeGitea",
    "Fault",
    "Pull",
    "Repo",
    "answers",
    "html",
]
