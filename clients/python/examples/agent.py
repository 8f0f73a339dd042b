"""An agent that asks before it acts: python agent.py BRANCH NUMBER PACKAGE

It has put a patch of a package on a branch, and opened pull request NUMBER for it. It adds an APV,
waits until a person has decided, merges exactly the commit that was approved into the current
branch, and reports what came of it. While it waits it can be stopped and started again.

Its user needs what the groups `pipelines` and `observers` may do.
"""

import subprocess
import sys
from hashlib import sha256

from hitl_client import APV, Client, Decision, HITLError, Reload

WAITING = {"pending", "escalated"}


def main() -> None:
    branch, number, package = sys.argv[1:4]
    head, diff = git("rev-parse", branch), git("diff", f"HEAD...{branch}")
    with Client() as hitl:
        apv = propose(hitl, package, int(number), head, diff)
        print(f"{apv.apv_code} waits for a decision.", flush=True)
        decision = wait_for_decision(hitl, apv)
        if decision is None or decision.decision != "approve":
            raise SystemExit(f"Not merged: {decision.decision if decision else 'withdrawn'}.")
        merge(hitl, decision, branch, diff)


def propose(hitl: Client, package: str, number: int, head: str, diff: str) -> APV:
    """Add the APV; the key makes an agent that was started again find its own."""
    return hitl.add_apv(
        {
            "severity": "HIGH",
            "package_name": package,
            "patch_strategy": "version_bump",
            "patch_diff": diff,
            "pr_number": number,
            "head_commit": head,
        },
        idempotency_key=f"agent-{number}-{head}",
    )


def wait_for_decision(hitl: Client, apv: APV) -> Decision | None:
    """Return the decision that ended the review; None if the APV left the queue without one."""
    since = hitl.queue_page(limit=1).positions  # read first, so that nothing after it is missed
    if hitl.apv(apv.apv_id).status in WAITING:
        for message in hitl.follow("decisions", "changes", since=since):
            is_told = isinstance(message, Reload) or getattr(message, "apv_id", None) == apv.apv_id
            if is_told and hitl.apv(apv.apv_id).status not in WAITING:
                break
    standing = (one for one in hitl.history(apv.apv_id) if one.retraction is None)
    return next(standing, None)


def merge(hitl: Client, decision: Decision, branch: str, diff: str) -> None:
    """Merge the commit that was decided on, and report it."""
    if decision.diff_sha256 != sha256(diff.encode()).hexdigest():
        hitl.report_outcome(decision.decision_id, "failed", notes="The patch is another one now.")
        raise SystemExit(f"Not merged: {branch} has another patch than the one approved.")
    git("merge", "--no-ff", "--message", f"Merge {branch}", decision.head_commit)
    merged = git("rev-parse", "HEAD")
    hitl.report_outcome(decision.decision_id, "done", notes=f"Merged as {merged}.")
    print(f"Merged as {merged}.")


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout if words[0] == "diff" else done.stdout.strip()


if __name__ == "__main__":
    try:
        main()
    except HITLError as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
