"""The jobs of the review: decisions, commit statuses, claims that end, deadlines, and batches."""

from uuid import UUID

from django.conf import settings
from procrastinate.contrib.django import app

from forges.tasks import RETRIES
from jobs.retries import Retries
from reviews.batches import pruning, running
from reviews.deadlines import recounting, watching
from reviews.effects import carrying_out, gate, merge_queue
from reviews.services import claiming

GATE = 5
"""The priority of setting a commit status."""


@app.task(name="reviews.carry_out", retry=RETRIES)
def carry_out(effect_id: str) -> None:
    """Carry an effect out, or find that it is not due; another job follows if it has not ended."""
    carrying_out.carry_out(UUID(effect_id))


@app.periodic(cron="* * * * *")
@app.task(name="reviews.carry_out_overdue", queueing_lock="carry-out-overdue", retry=Retries())
def carry_out_overdue(timestamp: int) -> None:
    """Have effects carried out whose job was lost, once a minute."""
    carrying_out.sweep()


@app.periodic(cron="7-59/10 * * * *")
@app.task(name="reviews.set_refused_gates", queueing_lock="set-refused-gates", retry=Retries())
def set_refused_gates(timestamp: int) -> None:
    """Have commit statuses set that forges refused, every ten minutes."""
    gate.sweep()


@app.task(name="reviews.leave_merge_queue", retry=RETRIES)
def leave_merge_queue(effect_id: str) -> None:
    """Take the pull request of a cancelled effect out of the merge queue."""
    merge_queue.leave(UUID(effect_id))


@app.task(name="reviews.set_gate", retry=RETRIES)
def set_gate(apv_id: str) -> None:
    """Set the status of an APV's head commit."""
    gate.set_now(UUID(apv_id))


@app.periodic(cron="* * * * *")
@app.task(name="reviews.expire_claims", retry=Retries())
def expire_claims(timestamp: int) -> None:
    """End the claims whose time is over, once a minute, and soon after a page was left."""
    claiming.expire()


@app.periodic(cron="23 * * * *")
@app.task(name="reviews.prune_batches", queueing_lock="prune-batches", retry=Retries())
def prune_batches(timestamp: int) -> None:
    """Delete old batches, once an hour."""
    pruning.prune_batches(days=settings.HITL_BATCH_DAYS)


@app.task(name="reviews.run_batch", retry=Retries())
def run_batch(batch_id: str) -> None:
    """Go on with a batch; another job follows if it takes longer than a job may."""
    running.run(UUID(batch_id))


@app.periodic(cron="* * * * *")
@app.task(name="reviews.watch_deadlines", retry=Retries())
def watch_deadlines(timestamp: int) -> None:
    """Warn before deadlines and escalate after them, once a minute and when the next one comes."""
    watching.watch()


@app.task(name="reviews.recount_deadlines", retry=Retries())
def recount_deadlines(timestamp: int) -> None:
    """Go on counting all deadlines anew; another job follows if it takes longer than a job may."""
    recounting.go_on()
