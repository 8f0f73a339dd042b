"""Take pull requests out of merge queues whose decision was taken back."""

from uuid import UUID

from forges.clients import client_for
from reviews.effects import gate
from reviews.models import Effect


def leave(effect_id: UUID) -> None:
    """Take our own entry out of the queue, if there is one. Raise a ForgeError."""
    rows = Effect.objects.select_related("decision__apv__pull_request__repository__forge")
    apv = rows.get(pk=effect_id).decision.apv
    if (pull_request := apv.pull_request) is None:
        return
    repository = pull_request.repository
    with client_for(repository.forge) as client:
        gate.set_status(client, apv)  # first: a success would let others merge it
        client.dequeue(repository.path, pull_request.number)
