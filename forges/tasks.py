"""The jobs of forges: process a webhook, read a pull request, compare a repository."""

from datetime import datetime

from django.conf import settings
from procrastinate.contrib.django import app

from forges import reconciliation, sync
from forges.errors import ForgeError, Limited
from forges.models import Repository
from forges.pruning import prune_deliveries
from forges.webhooks.processing import process
from jobs.deferring import defer_once
from jobs.retries import Retries


def _until(error: BaseException) -> datetime | None:
    return error.until if isinstance(error, Limited) else None


RETRIES = Retries(expected=(ForgeError,), until=_until)
SYNC_MINUTES = settings.HITL_FORGE_SYNC_MINUTES
SOON, LATER = 0, -10
"""Priorities: what a webhook said, and what nobody waits for."""


@app.task(name="forges.process_delivery", retry=RETRIES)
def process_delivery(delivery_id: int) -> None:
    """Find out which pull requests a webhook is about, and have them read."""
    process(delivery_id, read_soon)


@app.task(name="forges.read_pull_request", retry=RETRIES)
def read_pull_request(repository_id: int, number: int) -> None:
    """Read a pull request, unless its repository is watched no longer."""
    if repository := _watched(repository_id):
        sync.read_pull_request(repository, number)


@app.task(name="forges.reconcile", retry=RETRIES)
def reconcile(repository_id: int) -> None:
    """Read the pull requests of a repository that differ from what is stored."""
    if repository := _watched(repository_id):
        reconciliation.reconcile(repository)


@app.task(name="forges.reconcile_all", queueing_lock="reconcile-all", retry=RETRIES)
def reconcile_all(timestamp: int = 0) -> None:
    """Compare every watched repository with its forge, each in a job of its own."""
    for repository_id in Repository.objects.filter(watched=True).values_list("pk", flat=True):
        reconcile_soon(repository_id)


if SYNC_MINUTES:
    # Cron counts from each full hour: with 45, at :00 and :45. So no interval is longer.
    minutes = "0" if SYNC_MINUTES == 60 else f"*/{SYNC_MINUTES}"
    app.periodic(cron=f"{minutes} * * * *")(reconcile_all)


@app.periodic(cron="41 * * * *")
@app.task(name="forges.prune", queueing_lock="prune-deliveries", retry=Retries())
def prune(timestamp: int) -> None:
    """Delete old deliveries, once an hour."""
    prune_deliveries(days=settings.HITL_DELIVERY_DAYS)


def read_soon(repository_id: int, number: int) -> None:
    """Have a pull request read, once for all who want it read before that begins."""
    defer_once(
        read_pull_request,
        f"pull-request:{repository_id}:{number}",
        priority=SOON,
        repository_id=repository_id,
        number=number,
    )


def reconcile_soon(repository_id: int) -> None:
    defer_once(reconcile, f"reconcile:{repository_id}", priority=LATER, repository_id=repository_id)


def reconcile_at_start() -> None:
    """Make up for the webhooks that came while no worker ran, or never."""
    defer_once(reconcile_all, "reconcile-all", priority=LATER)


def _watched(repository_id: int) -> Repository | None:
    found = Repository.objects.filter(pk=repository_id, watched=True)
    return found.select_related("forge").first()
