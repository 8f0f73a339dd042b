"""Jobs that keep the queue itself in order."""

from django.conf import settings
from procrastinate.contrib.django import app

from jobs.pruning import prune_failed
from jobs.retries import Retries


@app.periodic(cron="23 * * * *")
@app.task(name="jobs.prune", queueing_lock="prune-jobs", retry=Retries())
def prune(timestamp: int) -> None:
    """Delete what failed long ago, once an hour."""
    prune_failed(days=settings.HITL_FAILED_JOB_DAYS)
