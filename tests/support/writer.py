"""A process with several writers: `python -m tests.support.writer PROCESS THREADS COUNT`.

It prints a line when it is ready, starts when it reads one, and prints the result of each
transaction as JSON: the ids of the APVs that must exist and of those that must not.
"""

import asyncio
import json
import os
import random
import sys
import time

import django
from asgiref.sync import sync_to_async

ROLLED_BACK = 0.2
LONGEST_SLEEP = 0.0005
"""Seconds; one kind of sleep comes before the counter is locked, the other before the commit."""

Outcome = dict[str, list[str]]


def write(writer: int, count: int) -> Outcome:
    """Run `count` transactions that each add an APV, and roll back some of them."""
    from django.db import transaction

    from reviews.models import APV

    chance = random.Random(writer)
    outcome: Outcome = {"committed": [], "rolled_back": []}
    for number in range(count):
        # Each writer has its own codes, since numbering would serialise the writers before the log
        # does.
        code = f"APV-{1000 + writer}-{number:03d}"
        fate = "rolled_back" if chance.random() < ROLLED_BACK else "committed"
        with transaction.atomic():
            time.sleep(chance.uniform(0, LONGEST_SLEEP))
            added = APV.objects.create(
                apv_code=code, severity="LOW", package_name=fate, patch_strategy="version_bump"
            )
            time.sleep(chance.uniform(0, LONGEST_SLEEP))
            transaction.set_rollback(fate == "rolled_back")
        outcome[fate].append(str(added.apv_id))
    return outcome


async def write_all(writers: range, count: int) -> list[Outcome]:
    """Run the writers concurrently, on threads of an event loop as a server's requests do."""
    run = sync_to_async(write, thread_sensitive=False)
    return await asyncio.gather(*[run(writer, count) for writer in writers])


def main() -> None:
    process, threads, count = (int(argument) for argument in sys.argv[1:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
    django.setup()

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    outcomes = asyncio.run(write_all(range(process * threads, (process + 1) * threads), count))
    merged = {fate: [one for found in outcomes for one in found[fate]] for fate in outcomes[0]}
    sys.stdout.write(json.dumps(merged) + "\n")


if __name__ == "__main__":
    main()
